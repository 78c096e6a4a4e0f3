"""The tables of one index: `chunks`, `files` (the ledger) and `catalog`. LanceDB lives here.

Every write is one atomic commit. Order of writes: chunks first, then the ledger; a crash between
the two leaves a file to be done again, never a hole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from ragkit.errors import IndexNotFoundError
from ragkit.objects import check_conditional_put, is_remote
from ragkit.store import schema
from ragkit.store.catalog import Catalog
from ragkit.store.chunks import ChunkTable
from ragkit.store.connect import CATALOG, CHUNKS, FILES, connect, exists, located, translated
from ragkit.store.full_text import index_words
from ragkit.store.ledger import Ledger
from ragkit.store.lock import writing
from ragkit.types import Location, Manifest

__all__ = ["Catalog", "ChunkTable", "Ledger", "Store", "exists", "located"]

_GENERATION = "generation"


class Store:
    """An open index: `chunks`, `files` and `catalog`. One process writes at a time (`lock`), any
    number reads."""

    def __init__(
        self, place: Location, database: Any, catalog: Catalog, chunks: ChunkTable
    ) -> None:
        self.place = place
        self.uri = place.uri
        self.catalog = catalog
        self.chunks = chunks
        self._database = database

    @classmethod
    def create(cls, place: str | Location, manifest: Manifest) -> Store:
        """A new, empty index; local folders are made as needed.

        Raises `StorageError` for an object store that does not keep what tables rest on.
        """
        place = located(place)
        uri = place.uri
        if is_remote(uri):
            check_conditional_put(place)
        with translated(uri):
            database = connect(place)
            catalog = Catalog(uri, database.create_table(CATALOG, schema=schema.catalog_schema()))
            database.create_table(FILES, schema=schema.file_schema())
            table = database.create_table(CHUNKS, schema=schema.chunk_schema(manifest))
            index_words(table)
            catalog.set(_GENERATION, CHUNKS)
            return cls(place, database, catalog, ChunkTable(uri, table))

    @classmethod
    def open(cls, place: str | Location) -> Store:
        """The index that is there.

        Raises `IndexNotFoundError` when there is none, `IndexDamagedError` when it cannot be read.
        """
        place = located(place)
        uri = place.uri
        if not exists(place):
            raise IndexNotFoundError(f"no index at {uri}; make one with: ragkit index FOLDER")
        with translated(uri):
            database = connect(place)
            catalog = Catalog(uri, database.open_table(CATALOG))
            name = catalog.get(_GENERATION) or CHUNKS
            return cls(place, database, catalog, ChunkTable(uri, database.open_table(name)))

    @cached_property
    def files(self) -> Ledger:
        """The ledger, opened when first needed."""
        with translated(self.uri):
            return Ledger(self.uri, self._database.open_table(FILES))

    @property
    def manifest(self) -> Manifest:
        """What the chunks were built with."""
        return self.chunks.manifest

    def lock(
        self, *, wait_seconds: float = 0.0, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Held for a whole run that writes. On object storage conditional writes, primary keys
        and commit retries guard instead; that the store has them is checked first."""
        if is_remote(self.uri):
            return _guarded(self.place)
        return writing(Path(self.uri), wait_seconds=wait_seconds, on_wait=on_wait)

    def remove(self, sources: Collection[str]) -> None:
        """Takes files out of the index: their chunks, then their ledger rows."""
        self.chunks.delete(sources)
        self.files.delete(sources)

    def remove_orphans(self) -> None:
        """Deletes chunks whose file has no ledger row: a run that was cut off left them."""
        self.remove(self.chunks.sources() - set(self.files.sources()))

    def refresh(self) -> None:
        """Sees what other processes have committed since this object was opened."""
        for table in (self.catalog, self.files, self.chunks):
            table.refresh()

    def tidy(self) -> None:
        """Folds what a run has left in pieces, where it is worth the rewrite."""
        for table in (self.chunks, self.files, self.catalog):
            table.tidy()


@contextmanager
def _guarded(place: Location) -> Iterator[None]:
    check_conditional_put(place)
    yield
