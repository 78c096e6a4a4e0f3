"""The tables of one index: `chunks`, `files` (the ledger) and `catalog`. LanceDB lives here.

Every write is one atomic commit. Order of writes: chunks first, then the ledger; order of
deletions: the ledger first. A crash between the two leaves a file to be done again, never a hole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from ragkit.errors import IndexNotFoundError, RagkitError
from ragkit.lock import writing
from ragkit.objects import check_conditional_put, is_remote, patient_options
from ragkit.store import schema
from ragkit.store.catalog import Catalog
from ragkit.store.chunks import ChunkTable
from ragkit.store.connect import CATALOG, CHUNKS, connect, exists, located, translated
from ragkit.store.generations import Generations, create_tables, files_of, new_table
from ragkit.store.ledger import Ledger
from ragkit.store.reader import Reader
from ragkit.store.search import ChunkSearch
from ragkit.types import Location, Manifest

__all__ = ["Catalog", "ChunkTable", "Ledger", "Store", "exists", "located"]

_WRITING = "unfinished"

_CREATION_SECONDS = 10.0  # another process may be making the same index


class Store:
    """An open index: `catalog`, and `chunks` and `files` of one generation. One process writes at
    a time (`lock`), any number reads."""

    def __init__(
        self, place: Location, database: Any, catalog: Catalog, generation: str | None = None
    ) -> None:
        self.place = place
        self.uri = place.uri
        self.catalog = catalog
        self.generations = Generations(place.uri, database, catalog)
        self.generation = generation or self.generations.in_force
        reader = Reader(place, self.generation)
        self.chunks = ChunkTable(place.uri, database.open_table(self.generation), reader)
        self.search = ChunkSearch(self.chunks, reader)
        self._database = database

    @classmethod
    def create(cls, place: str | Location, manifest: Manifest) -> Store:
        """A new, empty index; local folders are made as needed. The catalog is made last: without
        it there is no index, and what a killed creation left is made anew.

        Raises `RagkitError` when there is one already, `StorageError` for an object store that
        does not keep what tables rest on.
        """
        place = located(place)
        uri = place.uri
        if not is_remote(uri):
            Path(uri).mkdir(parents=True, exist_ok=True)
        with _write_lock(place, wait_seconds=_CREATION_SECONDS), translated(uri):
            if exists(place):
                raise RagkitError(f"there is already an index at {uri}; open it instead")
            database = connect(place)
            create_tables(database, CHUNKS, manifest)
            table = database.create_table(
                CATALOG, schema=schema.catalog_schema(), **new_table(database)
            )
            return cls(place, database, Catalog(uri, table))

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
            return cls(place, database, catalog)

    @cached_property
    def files(self) -> Ledger:
        """The ledger, opened when first needed."""
        with translated(self.uri):
            return Ledger(self.uri, self._database.open_table(files_of(self.generation)))

    @property
    def manifest(self) -> Manifest:
        """What the chunks were built with."""
        return self.chunks.manifest

    def lock(
        self, *, wait_seconds: float = 0.0, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Held for a whole run that writes. On object storage conditional writes, primary keys
        and commit retries guard instead; that the store has them is checked first."""
        return _write_lock(self.place, wait_seconds=wait_seconds, on_wait=on_wait)

    @property
    def cut_off(self) -> bool:
        """Whether the last run that wrote this generation did not come to its end."""
        return bool(self.catalog.get(self.key(_WRITING)))

    def begin_writing(self) -> set[str]:
        """Marks the generation as being written. The files of which a run that was cut off left
        chunks without a ledger row: to be replaced or removed."""
        cut_off = self.cut_off
        self.mark_writing()
        return self.chunks.sources() - set(self.files.sources()) if cut_off else set()

    def mark_writing(self) -> None:
        """Marks the generation as not whole, until `end_writing`."""
        self.catalog.set(self.key(_WRITING), True)

    def end_writing(self) -> None:
        """Marks the generation as whole."""
        self.catalog.set(self.key(_WRITING), False)

    def remove(self, sources: Collection[str]) -> None:
        """Takes files out of the index: their ledger rows, then their chunks. To be called
        while the generation is marked as being written."""
        self.files.delete(sources)
        self.chunks.delete(sources)

    def key(self, name: str) -> str:
        """The key in the catalog of what is true of this generation alone."""
        return name if self.generation == CHUNKS else f"{name} of {self.generation}"

    def other(self, generation: str) -> Store:
        """Another generation of the same index."""
        with translated(self.uri):
            return Store(self.place, self._database, self.catalog, generation)

    def latest(self) -> Store:
        """The generation in force, with what other processes have committed by now: this object
        where it still is that one."""
        self.refresh()
        in_force = self.generations.in_force
        return self if in_force == self.generation else self.other(in_force)

    def refresh(self) -> None:
        """Sees what other processes have committed since this object was opened."""
        for table in (self.catalog, self.files, self.chunks):
            table.refresh()

    def tidy(self) -> None:
        """Folds what a run has left in pieces, where it is worth the rewrite."""
        for table in (self.chunks, self.files, self.catalog):
            table.tidy()

    def optimize(self, *, workers: int = 0) -> None:
        """Folds everything now. With `workers` the indices of the chunks are built by that many of
        the connected Ray cluster."""
        if workers:
            options = patient_options(dict(self.place.options)) if is_remote(self.uri) else {}
            self.chunks.optimize_on_cluster(options, workers=workers)
        else:
            self.chunks.optimize()
        self.files.optimize()
        self.catalog.optimize()


def _write_lock(
    place: Location, *, wait_seconds: float, on_wait: Callable[[str], None] | None = None
) -> AbstractContextManager[None]:
    if is_remote(place.uri):
        return _guarded(place)
    return writing(Path(place.uri), wait_seconds=wait_seconds, on_wait=on_wait)


@contextmanager
def _guarded(place: Location) -> Iterator[None]:
    check_conditional_put(place)
    yield
