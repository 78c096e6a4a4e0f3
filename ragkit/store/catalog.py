"""The table `catalog`: what an index knows about itself, as JSON values under keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ragkit.store import schema
from ragkit.store.compaction import compact
from ragkit.store.connection import translate_errors

_VERSIONS = 32


class Catalog:
    """Keys and values, each write one commit."""

    def __init__(self, uri: str, table: Any) -> None:
        self._uri = uri
        self._table = table

    def get(self, key: str) -> Any:
        """The JSON value kept under `key`, None when there is none."""
        from lancedb.expr import col, lit

        with translate_errors(self._uri):
            rows = self._table.search().where(col("key") == lit(key)).to_list()
        return json.loads(rows[0]["value"]) if rows else None

    def set(self, key: str, value: object) -> None:
        """Keeps a JSON value."""
        self.set_all({key: value})

    def set_all(self, values: Mapping[str, object]) -> None:
        """Keeps a JSON value under each key, all in one commit."""
        with translate_errors(self._uri):
            (
                self._table.merge_insert("key")
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .use_index(False)
                .execute(schema.catalog_rows(values))
            )

    def refresh(self) -> None:
        """Sees what other processes have committed since."""
        with translate_errors(self._uri):
            self._table.checkout_latest()

    def optimize(self) -> None:
        """As `maintain`, however little there is to compact."""
        with translate_errors(self._uri):
            compact(self._table, always=True)

    def maintain(self) -> None:
        """Folds small fragments together when there are many, and drops old versions now and
        then: a run without changes, too, adds one."""
        with translate_errors(self._uri):
            compact(self._table, always=self._table.version % _VERSIONS == 0)
