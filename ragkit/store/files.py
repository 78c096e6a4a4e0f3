"""The table `files`, the ledger: a row for every file ever discovered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from operator import and_
from typing import Any

from ragkit.store import schema
from ragkit.store.compaction import compact
from ragkit.store.connection import translate_errors
from ragkit.types import FileFingerprint, FileRecord

_SOURCES_PER_COMMIT = 5_000
_SORTED_FILES = 1_000_000  # sorting takes some 130 bytes a file: scripts/bench/reconcile.py
_SAMPLES_PER_PAGE = 64


class FileTable:
    """What is known of each file."""

    def __init__(self, uri: str, table: Any) -> None:
        self._uri = uri
        self._table = table

    def write(self, records: Iterable[FileRecord]) -> None:
        """Adds or replaces ledger rows in one commit; nothing for none."""
        rows = schema.record_rows(records)
        if not len(rows):
            return
        with translate_errors(self._uri):
            (
                self._table.merge_insert("source")
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .use_index(False)
                .execute(rows)
            )

    def delete(self, sources: Collection[str]) -> None:
        """Deletes the rows of these files."""
        with translate_errors(self._uri):
            delete_sources(self._table, sources)

    def records(self, columns: Sequence[str] = ()) -> list[FileRecord]:
        """The ledger in ascending order of source. With `columns`, "source" among them, only
        these fields are read; the others have their defaults."""
        with translate_errors(self._uri):
            names = list(columns) or schema.file_schema().names
            rows = self._table.search().select(names).to_arrow()
        return schema.to_records(rows.sort_by("source"))

    def find(self, sources: Collection[str]) -> list[FileRecord]:
        """The records of those of these files that the ledger holds, in no order."""
        from lancedb.expr import col

        with translate_errors(self._uri):
            query = self._table.search().where(col("source").isin(sorted(sources)))
            return schema.to_records(query.to_arrow())

    def fingerprints(self, page: int = _SORTED_FILES) -> Iterator[FileFingerprint]:
        """What tells whether a file changed, of all files in ascending order of source.

        Memory holds about `page` rows: a longer ledger is read in ranges, each sorted by itself.
        """
        from lancedb.expr import col, lit
        from lancedb.query import ColumnOrdering

        by_source = [ColumnOrdering(column_name="source", ascending=True, nulls_first=False)]
        bounds = self._bounds(page)
        for low, high in zip([None, *bounds], [*bounds, None], strict=True):
            limits = [] if low is None else [col("source") >= lit(low)]
            limits += [] if high is None else [col("source") < lit(high)]
            with translate_errors(self._uri):
                query = (
                    self._table.search().select(list(FileFingerprint._fields)).order_by(by_source)
                )
                query = query.where(reduce(and_, limits)) if limits else query
                batches = query.to_batches()
                while (batch := next(batches, None)) is not None:
                    columns = [batch.column(name).to_pylist() for name in FileFingerprint._fields]
                    yield from map(FileFingerprint._make, zip(*columns, strict=True))

    def _bounds(self, page: int) -> list[str]:
        """Sources that part the ledger into ranges of about `page` files."""
        with translate_errors(self._uri):
            count = self._table.count_rows()
            if count <= page:
                return []
            step = max(1, page // _SAMPLES_PER_PAGE)
            sample: list[str] = []
            seen = 0
            for batch in self._table.search().select(["source"]).to_batches():
                sources = batch.column("source")
                sample += [sources[at].as_py() for at in range(-seen % step, len(batch), step)]
                seen += len(batch)
        sample.sort()
        ranges = -(-count // page)
        return sorted({sample[at * len(sample) // ranges] for at in range(1, ranges)})

    def sources(self) -> list[str]:
        """The names of all files in the ledger."""
        with translate_errors(self._uri):
            return list(self._table.search().select(["source"]).to_arrow()["source"].to_pylist())

    def modified_ns(self, sources: Collection[str]) -> dict[str, int]:
        """When files were last changed: source -> time in ns."""
        from lancedb.expr import col

        with translate_errors(self._uri):
            query = self._table.search().where(col("source").isin(sorted(sources)))
            rows = query.select(["source", "mtime_ns"]).to_arrow()
        return dict(zip(rows["source"].to_pylist(), rows["mtime_ns"].to_pylist(), strict=True))

    def outcomes(self) -> dict[str, int]:
        """How many files of the ledger have each outcome."""
        with translate_errors(self._uri):
            outcomes = self._table.search().select(["outcome"]).to_arrow()["outcome"]
        return {v["values"]: v["counts"] for v in outcomes.value_counts().to_pylist()}

    def refresh(self) -> None:
        """Sees what other processes have committed since."""
        with translate_errors(self._uri):
            self._table.checkout_latest()

    def optimize(self) -> None:
        """As `maintain`, however little there is to compact."""
        with translate_errors(self._uri):
            compact(self._table, always=True)

    def maintain(self) -> None:
        """Folds small fragments together when there are many."""
        with translate_errors(self._uri):
            compact(self._table)


def delete_sources(table: Any, sources: Collection[str]) -> None:
    """Deletes the rows of these files from a table that has a column `source`."""
    from lancedb.expr import col

    ordered = sorted(sources)
    for start in range(0, len(ordered), _SOURCES_PER_COMMIT):
        table.delete(col("source").isin(ordered[start : start + _SOURCES_PER_COMMIT]))
