"""One LanceDB table: what all tables of an index have in common, and when one is rewritten."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ragkit.store.connection import translate_errors

if TYPE_CHECKING:
    import pyarrow as pa

# Past these a table is compacted at the end of a run: rows outside its indices cost a query 35 ms
# per 1,000.
UNINDEXED_ROWS = 200
MOST_FRAGMENTS = 20
_KEEP_VERSIONS = timedelta(hours=1)  # a reader may still hold a version that old
_SOURCES_PER_COMMIT = 5_000


class Table:
    """A table of the index at `uri`. Errors of LanceDB are raised as ours."""

    def __init__(self, uri: str, table: Any) -> None:
        self._uri = uri
        self._table = table

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Around everything that gives this object another version of the table."""
        with translate_errors(self._uri):
            yield

    def count(self) -> int:
        """How many rows there are."""
        with translate_errors(self._uri):
            return int(self._table.count_rows())

    def delete(self, sources: Collection[str]) -> None:
        """Deletes the rows of these files, some thousands in one commit."""
        from lancedb.expr import col

        ordered = sorted(sources)
        with self._changing():
            for start in range(0, len(ordered), _SOURCES_PER_COMMIT):
                self._table.delete(col("source").isin(ordered[start : start + _SOURCES_PER_COMMIT]))

    def refresh(self) -> None:
        """Sees what other processes have committed since."""
        with self._changing():
            self._table.checkout_latest()

    def maintain(self) -> None:
        """Compacts the table when it is worth the rewrite."""
        with self._changing():
            compact(self._table)

    def optimize(self) -> None:
        """Compacts the table, however little there is to compact."""
        with self._changing():
            compact(self._table, always=True)

    def _upsert(self, key: str, rows: pa.Table) -> None:
        """Adds rows, or replaces those with the same `key`, in one commit."""
        with self._changing():
            (
                self._table.merge_insert(key)
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .use_index(False)
                .execute(rows)
            )

    def _select(self, columns: Sequence[str] | None = None, where: Any = None) -> pa.Table:
        """These columns (None: all) of the rows for which the expression `where` holds."""
        with translate_errors(self._uri):
            query = self._table.search()
            if where is not None:
                query = query.where(where)
            return (query if columns is None else query.select(list(columns))).to_arrow()


def compact(table: Any, *, always: bool = False) -> None:
    """Joins small fragments and adds new rows to the indices, when there are enough of them to
    be worth the rewrite or `always`; drops versions that no reader can hold any more."""
    if always or fragments(table) > MOST_FRAGMENTS or unindexed_rows(table) > UNINDEXED_ROWS:
        table.optimize(cleanup_older_than=_KEEP_VERSIONS)


def fragments(table: Any) -> int:
    """In how many pieces a table lies; a look at rows of many takes long."""
    return int(table.stats()["fragment_stats"]["num_fragments"])


def unindexed_rows(table: Any) -> int:
    """How many rows the index that is furthest behind does not hold; 0 without an index."""
    stats = (table.index_stats(index.name) for index in table.list_indices())
    return max((int(one.num_unindexed_rows) for one in stats if one is not None), default=0)
