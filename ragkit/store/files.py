"""The table `files`: a row for every file ever discovered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from itertools import starmap
from operator import and_
from typing import TYPE_CHECKING

from ragkit.store import schema
from ragkit.store.connection import translate_errors
from ragkit.store.table import Table
from ragkit.types import FileFingerprint, FileRecord

if TYPE_CHECKING:
    import pyarrow as pa

_SORTED_FILES = 1_000_000  # sorting takes some 130 bytes a file: scripts/bench/reconcile.py
_SAMPLES_PER_PAGE = 64


class FileTable(Table):
    """One row for every file ever discovered: a `FileRecord`."""

    def write(self, records: Iterable[FileRecord]) -> None:
        """Adds or replaces rows in one commit; nothing for none."""
        rows = schema.record_rows(records)
        if len(rows):
            self._upsert("source", rows)

    def records(self, columns: Sequence[str] = ()) -> list[FileRecord]:
        """All rows in ascending order of source. With `columns`, "source" among them, only these
        fields are read; the others have their defaults."""
        rows = self._select(list(columns) or schema.file_schema().names)
        return schema.to_records(rows.sort_by("source"))

    def to_arrow(self) -> pa.Table:
        """All files in ascending order of source: the fields of `FileRecord`."""
        return self._select(schema.file_schema().names).sort_by("source")

    def find(self, sources: Collection[str]) -> list[FileRecord]:
        """The rows of those of these files that there are, in no order."""
        from lancedb.expr import col

        return schema.to_records(self._select(where=col("source").isin(sorted(sources))))

    def reading_versions(self) -> Iterator[FileFingerprint]:
        """Each combination of outcome, chunker and loader version once, without a source."""
        names = ["outcome", "chunker_version", "loader_version"]
        for row in self._select(names).group_by(names).aggregate([]).to_pylist():
            yield FileFingerprint("", **row)

    def fingerprints(
        self, page: int = _SORTED_FILES, *, with_versions: bool = False
    ) -> Iterator[FileFingerprint]:
        """What tells whether a file changed, of all files in ascending order of source; chunker
        and loader versions only `with_versions`.

        Memory holds about `page` rows: a longer table is read in ranges, each sorted by itself.
        """
        from lancedb.expr import col, lit
        from lancedb.query import ColumnOrdering

        by_source = [ColumnOrdering(column_name="source", ascending=True, nulls_first=False)]
        columns = list(FileFingerprint._fields if with_versions else FileFingerprint._fields[:-2])
        bounds = self._bounds(page)
        for low, high in zip([None, *bounds], [*bounds, None], strict=True):
            limits = [] if low is None else [col("source") >= lit(low)]
            limits += [] if high is None else [col("source") < lit(high)]
            with translate_errors(self._uri):
                query = self._table.search().select(columns).order_by(by_source)
                query = query.where(reduce(and_, limits)) if limits else query
                batches = query.to_batches()
                while (batch := next(batches, None)) is not None:
                    values = [batch.column(name).to_pylist() for name in columns]
                    yield from starmap(FileFingerprint, zip(*values, strict=True))

    def _bounds(self, page: int) -> list[str]:
        """Sources that divide the table into ranges of about `page` files."""
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
        """The names of all files."""
        return list(self._select(["source"])["source"].to_pylist())

    def modified_ns(self, sources: Collection[str]) -> dict[str, int]:
        """When files were last changed: source -> time in ns."""
        from lancedb.expr import col

        rows = self._select(["source", "mtime_ns"], col("source").isin(sorted(sources)))
        return dict(zip(rows["source"].to_pylist(), rows["mtime_ns"].to_pylist(), strict=True))

    def outcomes(self) -> dict[str, int]:
        """How many files have each outcome."""
        outcomes = self._select(["outcome"])["outcome"]
        return {v["values"]: v["counts"] for v in outcomes.value_counts().to_pylist()}
