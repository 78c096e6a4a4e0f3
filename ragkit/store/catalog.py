"""The table `catalog`: what an index knows about itself, and which versions of it there are.

A version is a chunks table and its file table; all its vectors are of one model. The catalog
names the version in force, the one before it and the one being built. Each change of these names
is one commit, and tables exist before a name points at them: after a crash at any moment one
complete version is in force. Tables that no name points at are dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ragkit.object_store import is_remote
from ragkit.store import schema
from ragkit.store.connection import CHUNKS, FILES, translate_errors
from ragkit.store.keyword_search import build_fts_index
from ragkit.store.table import Table, compact
from ragkit.types import Manifest

_VERSIONS = 32


class Catalog(Table):
    """Keys and values, each write one commit."""

    def get(self, key: str) -> Any:
        """The JSON value under `key`, None when there is none."""
        from lancedb.expr import col, lit

        values = self._select(["value"], col("key") == lit(key))["value"].to_pylist()
        return json.loads(values[0]) if values else None

    def set(self, key: str, value: object) -> None:
        """Stores a JSON value."""
        self.set_all({key: value})

    def set_all(self, values: Mapping[str, object]) -> None:
        """Stores a JSON value under each key, all in one commit."""
        self._upsert("key", schema.catalog_rows(values))

    def maintain(self) -> None:
        """Compacts the table when it has many fragments, and drops old versions now and then: a
        run without changes, too, adds one."""
        with self._changing():
            compact(self._table, always=self._table.version % _VERSIONS == 0)


_CURRENT, _PREVIOUS, _UNFINISHED = "version", "previous_version", "unfinished_version"
_TABLE = re.compile(rf"(?:{CHUNKS}|{FILES})(?:_(\d+))?")


class IndexVersions:
    """Names of the versions of the index. To be changed under the write lock only."""

    def __init__(self, uri: str, database: Any, catalog: Catalog) -> None:
        self._uri = uri
        self._database = database
        self._catalog = catalog

    @property
    def current(self) -> str:
        """The version that is searched."""
        return self._catalog.get(_CURRENT) or CHUNKS

    @property
    def previous(self) -> str | None:
        """The version before that, None when it is dropped or there was none."""
        return self._name(_PREVIOUS)

    @property
    def unfinished(self) -> str | None:
        """The version that is being built, None when there is none."""
        return self._name(_UNFINISHED)

    def begin(self, manifest: Manifest) -> str:
        """Makes a new, empty version beside the current one, and returns its name."""
        self._drop_unreferenced()
        with translate_errors(self._uri):
            names = self._database.list_tables().tables
            numbers = [int(found[1] or 1) for name in names if (found := _TABLE.fullmatch(name))]
            name = f"{CHUNKS}_{max(numbers, default=1) + 1}"
            create_tables(self._database, name, manifest)
        self._catalog.set(_UNFINISHED, name)
        return name

    def activate(self) -> None:
        """Makes the unfinished version the current one, in one commit. The current one becomes the
        previous one, which is dropped."""
        new = self.unfinished
        if new is None:
            raise ValueError("there is no unfinished version")
        self._set({_CURRENT: new, _PREVIOUS: self.current, _UNFINISHED: None})

    def drop_previous(self) -> bool:
        """Drops the previous version; says whether there was one."""
        return self._drop(_PREVIOUS)

    def drop_unfinished(self) -> bool:
        """Drops the unfinished version; says whether there was one."""
        return self._drop(_UNFINISHED)

    def _drop(self, key: str) -> bool:
        existed = self._name(key) is not None
        self._set({key: None})
        return existed

    def _set(self, names: Mapping[str, str | None]) -> None:
        self._catalog.set_all(names)
        self._drop_unreferenced()

    def _name(self, key: str) -> str | None:
        name = self._catalog.get(key)
        return None if name is None else str(name)

    def _drop_unreferenced(self) -> None:
        """Drops tables that no name points at."""
        named = {self.current, self.previous, self.unfinished}
        referenced = {name for one in named if one for name in (one, files_table(one))}
        with translate_errors(self._uri):
            for name in self._database.list_tables().tables:
                if _TABLE.fullmatch(name) and name not in referenced:
                    self._database.drop_table(name, ignore_missing=True)


def create_tables(database: Any, version: str, manifest: Manifest) -> Any:
    """Makes the empty tables of a version, and overwrites those of an attempt that was killed; in
    an object store, without a lock, tables that are there stay. Returns the chunks table."""
    how = new_table(database)
    files, chunks = schema.file_schema(), schema.chunk_schema(manifest)
    database.create_table(files_table(version), schema=files, **how)
    table = database.create_table(version, schema=chunks, **how)
    build_fts_index(table)
    return table


def new_table(database: Any) -> dict[str, Any]:
    """Arguments for making a table that an attempt that was killed may have made already."""
    return {"exist_ok": True} if is_remote(database.uri) else {"mode": "overwrite"}


def files_table(version: str) -> str:
    """The name of the files table of a version."""
    return FILES + version.removeprefix(CHUNKS)
