"""The tables of one index: `chunks`, `files` and `catalog`. LanceDB is imported in this room only.

Every write is one atomic commit. Writing goes chunks first, then `files`; deleting goes `files`
first. After a crash between the two a file is done again; none is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from ragkit.errors import IndexNotFoundError, RagkitError
from ragkit.lock import write_lock
from ragkit.object_store import check_conditional_put, is_remote, retrying_options
from ragkit.store import schema
from ragkit.store.async_reader import AsyncTableReader
from ragkit.store.catalog import Catalog, IndexVersions, create_tables, files_table, new_table
from ragkit.store.chunks import ChunkTable
from ragkit.store.connection import (
    CATALOG,
    CHUNKS,
    as_location,
    connect,
    index_exists,
    translate_errors,
)
from ragkit.store.files import FileTable
from ragkit.store.ocr_pages import OCR, OcrPages, StoredPage, ocr_schema
from ragkit.store.search import ChunkSearch
from ragkit.types import Manifest, StorageLocation

__all__ = [
    "Catalog",
    "ChunkTable",
    "FileTable",
    "OcrPages",
    "Store",
    "StoredPage",
    "as_location",
    "index_exists",
]

_WRITING = "unfinished"

_CREATION_SECONDS = 10.0  # another process may be making the same index


class Store:
    """An open index: its `catalog`, and `chunks` and `files` of one of its versions. One process
    writes at a time (`lock`), any number read."""

    def __init__(
        self, place: StorageLocation, database: Any, catalog: Catalog, version: str | None = None
    ) -> None:
        self.location = place
        self.uri = place.uri
        self.catalog = catalog
        self.versions = IndexVersions(place.uri, database, catalog)
        self.version = version or self.versions.current
        self._reader = AsyncTableReader(place, self.version)
        self.chunks = ChunkTable(place.uri, database.open_table(self.version), self._reader)
        self.search = ChunkSearch(self.chunks, self._reader)
        self._database = database

    @classmethod
    def create(cls, place: str | StorageLocation, manifest: Manifest) -> Store:
        """A new, empty index; local folders are made as needed. The catalog is made last: without
        it there is no index, and tables of a creation that was killed are overwritten.

        Raises `RagkitError` when there is one already, `StorageError` for an object store without
        conditional writes.
        """
        place = as_location(place)
        uri = place.uri
        if not is_remote(uri):
            try:
                Path(uri).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                reason = error.strerror or str(error)
                hint = "name another place with --db PATH"
                raise RagkitError(f"no index can be made at {uri}: {reason}; {hint}") from error
        with _write_lock(place, wait_seconds=_CREATION_SECONDS), translate_errors(uri):
            if index_exists(place):
                raise RagkitError(f"there is already an index at {uri}; open it instead")
            database = connect(place)
            create_tables(database, CHUNKS, manifest)
            table = database.create_table(
                CATALOG, schema=schema.catalog_schema(), **new_table(database)
            )
            return cls(place, database, Catalog(uri, table))

    @classmethod
    def open(cls, place: str | StorageLocation) -> Store:
        """The index that is there.

        Raises `IndexNotFoundError` when there is none, `IndexDamagedError` when it cannot be read.
        """
        place = as_location(place)
        uri = place.uri
        if not index_exists(place):
            raise IndexNotFoundError(f"no index at {uri}; make one with: ragkit index FOLDER")
        with translate_errors(uri):
            database = connect(place)
            catalog = Catalog(uri, database.open_table(CATALOG))
            return cls(place, database, catalog)

    @cached_property
    def files(self) -> FileTable:
        """The files table, opened when first needed."""
        with translate_errors(self.uri):
            return FileTable(self.uri, self._database.open_table(files_table(self.version)))

    def open_ocr_pages(self, *, create: bool = False) -> OcrPages | None:
        """What OCR has read; None when there is no such table and it is not to be made."""
        with translate_errors(self.uri):
            if OCR in self._database.list_tables().tables:
                return OcrPages(self.uri, self._database.open_table(OCR))
            if not create:
                return None
            table = self._database.create_table(
                OCR, schema=ocr_schema(), **new_table(self._database)
            )
            return OcrPages(self.uri, table)

    def drop_unused_ocr_pages(self) -> None:
        """Deletes what OCR has read of files that are no longer in the index."""
        pages = self.open_ocr_pages()
        if pages is not None:
            records = self.files.records(["source", "sha256"])
            pages.keep_only({record.sha256 for record in records})

    def close(self) -> None:
        """Frees what searching holds in memory; the next search reads it again."""
        self._reader.close()
        self.search = ChunkSearch(self.chunks, self._reader)

    @property
    def manifest(self) -> Manifest:
        """What this version was built with."""
        return self.chunks.manifest

    def lock(
        self, *, wait_seconds: float = 0.0, on_wait: Callable[[str], object] | None = None
    ) -> AbstractContextManager[None]:
        """The write lock, for a whole run. In an object store there is none: conditional writes,
        primary keys and retried commits replace it; that the store has the first is checked."""
        return _write_lock(self.location, wait_seconds=wait_seconds, on_wait=on_wait)

    @property
    def was_interrupted(self) -> bool:
        """Whether the last run that wrote this version was stopped before its end."""
        return bool(self.catalog.get(self.version_key(_WRITING)))

    def begin_write(self) -> set[str]:
        """Marks this version as being written. Returns the files with chunks but no row, which an
        interrupted run wrote: they are to be replaced or removed."""
        was_interrupted = self.was_interrupted
        self.mark_incomplete()
        return self.chunks.sources() - set(self.files.sources()) if was_interrupted else set()

    def mark_incomplete(self) -> None:
        """Marks this version as incomplete, until `mark_complete`."""
        self.catalog.set(self.version_key(_WRITING), True)

    def mark_complete(self) -> None:
        """Marks this version as complete."""
        self.catalog.set(self.version_key(_WRITING), False)

    def remove(self, sources: Collection[str]) -> None:
        """Removes files: their rows, then their chunks. To be called while this version is marked
        as being written."""
        self.files.delete(sources)
        self.chunks.delete(sources)

    def version_key(self, name: str) -> str:
        """The key in the catalog for a value of this version alone."""
        return name if self.version == CHUNKS else f"{name} of {self.version}"

    def open_version(self, version: str) -> Store:
        """Another version of the same index."""
        with translate_errors(self.uri):
            return Store(self.location, self._database, self.catalog, version)

    def reload(self) -> Store:
        """The current version, with what other processes have committed by now: this object, or
        another one when the current version has changed."""
        self.refresh()
        current = self.versions.current
        return self if current == self.version else self.open_version(current)

    def refresh(self) -> None:
        """Sees what other processes have committed since this object was opened."""
        for table in (self.catalog, self.files, self.chunks):
            table.refresh()

    def maintain(self) -> None:
        """Compacts the tables that are worth the rewrite."""
        for table in (self.chunks, self.files, self.catalog):
            table.maintain()

    def optimize(self, *, workers: int = 0) -> None:
        """Compacts all tables now. With `workers`, that many workers of the connected Ray cluster
        build the indices of the chunks."""
        if workers:
            options = retrying_options(dict(self.location.options)) if is_remote(self.uri) else {}
            self.chunks.optimize_on_cluster(options, workers=workers)
        else:
            self.chunks.optimize()
        self.files.optimize()
        self.catalog.optimize()


def _write_lock(
    place: StorageLocation, *, wait_seconds: float, on_wait: Callable[[str], object] | None = None
) -> AbstractContextManager[None]:
    if is_remote(place.uri):
        return _conditional_put_checked(place)
    return write_lock(Path(place.uri), wait_seconds=wait_seconds, on_wait=on_wait)


@contextmanager
def _conditional_put_checked(place: StorageLocation) -> Iterator[None]:
    check_conditional_put(place)
    yield
