"""Two ways to find chunks, by meaning and by words, and what is needed of those that were found."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ragkit.store import schema
from ragkit.store.arrays import matrix, unit
from ragkit.store.full_text import full_text, opening_text
from ragkit.store.matching import match_by_clause, scored
from ragkit.store.reader import Reader
from ragkit.store.resident import MOST_BYTES, Resident, load
from ragkit.store.vector_index import nearest
from ragkit.types import Chunk, KeywordQuery

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from ragkit.store.chunks import ChunkTable
    from ragkit.types import Vectors

# The first search of a process is not worth reading all vectors, unless that is as quick.
_RESIDENT_FROM, _AT_ONCE_BYTES = 2, 2 << 20
_SPARING_BYTES = 32 << 20


class ChunkSearch:
    """Searches in the chunks of one generation, from any thread. Row ids hold until the table
    is written."""

    def __init__(self, chunks: ChunkTable, reader: Reader) -> None:
        self._chunks = chunks
        self._reader = reader
        self._searches = 0
        self._loading = threading.Lock()
        self._resident: tuple[int, Resident | None] = (-1, None)  # of which state of the table
        self._bytes = (-1, 0)  # of the vectors, in which state of the table
        self._most_bytes = MOST_BYTES

    @contextmanager
    def sparing_memory(self) -> Iterator[None]:
        """For searches of a run that writes: tables are kept in memory up to 32 MB of vectors."""
        self._most_bytes = _SPARING_BYTES
        try:
            yield
        finally:
            self._most_bytes = MOST_BYTES

    def nearest(
        self,
        vector: Vectors,
        limit: int,
        *,
        sources: Collection[str] | None = None,
        exact: bool = False,
    ) -> tuple[npt.NDArray[np.int64], Vectors]:
        """The `limit` rows nearest to a vector of length 1: row ids (n,) and exact cosine
        similarities (n,), best first. `sources` restricts the search before it is made; None means
        all. `exact` compares every row, where an index may miss one in a hundred."""
        import numpy as np

        self._searches += 1
        if sources is None and (resident := self._in_memory()):
            return resident.nearest(vector, limit)
        index = None if exact else self._chunks.vector_index

        def query(table: Any) -> Any:
            asked = table.query().nearest_to(vector).column("vector")
            asked = nearest(asked, index, limit=limit, all_=sources is not None)
            return _among(asked.with_row_id(), sources)

        (rows,) = self._reader.fetch(query)
        return rows["_rowid"].to_numpy().astype(np.int64), 1 - rows["_distance"].to_numpy()

    def matching(
        self, wanted: KeywordQuery, limit: int, *, sources: Collection[str] | None = None
    ) -> tuple[npt.NDArray[np.int64], Vectors]:
        """The `limit` rows that match best: row ids (n,) and BM25 scores (n,), best first. Rows
        without any of the words, or without one of the phrases, are left out."""
        if sources is None and not wanted.phrases:
            return match_by_clause(self._reader, wanted, limit)

        def query(table: Any) -> Any:
            asked = table.query().nearest_to_text(full_text(wanted))
            return _among(asked.limit(limit).select(["_score"]).with_row_id(), sources)

        (found,) = self._reader.fetch(query)
        return scored(found)

    def opening(
        self, wanted: KeywordQuery, limit: int, *, sources: Collection[str] | None = None
    ) -> dict[str, float]:
        """The `limit` documents whose name and opening match best: source -> BM25 score."""

        resident = self._in_memory()
        columns = ["_score"] if resident else ["source", "_score"]

        def query(table: Any) -> Any:
            asked = table.query().nearest_to_text(opening_text(wanted))
            return _among(asked.limit(limit).select(columns).with_row_id(), sources)

        (found,) = self._reader.fetch(query)
        rows, scores = scored(found)
        names = resident.sources(rows) if resident else found["source"].to_pylist()
        return dict(zip(names, scores.tolist(), strict=True))

    def places(self, row_ids: Sequence[int]) -> tuple[list[tuple[str, int]], Vectors]:
        """The source and ordinal of rows, and their vectors (n, d) of length 1, in their order."""
        import numpy as np

        if not row_ids:
            dimension = self._chunks.manifest.embedder.dimension
            return [], np.empty((0, dimension), dtype=np.float32)
        if resident := self._in_memory():
            return resident.places(row_ids)
        rows = self._taken(row_ids, ["source", "ordinal", "vector"])
        found = list(zip(rows["source"].to_pylist(), rows["ordinal"].to_pylist(), strict=True))
        return found, unit(matrix(rows["vector"]))

    def take(self, row_ids: Sequence[int]) -> list[Chunk]:
        """The chunks of rows that `nearest` or `matching` named, in that order."""
        if not row_ids:
            return []
        if resident := self._in_memory():
            return resident.take(row_ids)
        return schema.to_chunks(self._taken(row_ids, schema.CHUNK_COLUMNS))

    def _taken(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """These columns of rows, in the order of the ids."""
        import numpy as np

        def query(table: Any) -> Any:
            return table.take_row_ids(list(row_ids)).select([*columns, "_rowid"])

        (rows,) = self._reader.fetch(query)
        ids = rows["_rowid"].to_numpy()
        order = np.argsort(ids)
        return rows.take(order[np.searchsorted(ids, row_ids, sorter=order)])

    def _in_memory(self) -> Resident | None:
        """The rows, of a small table that is searched again and again."""
        state = self._reader.state
        with self._loading:  # once, though both legs of a search ask for them
            if self._resident[0] == state:
                return self._resident[1]
            dimension = self._chunks.manifest.embedder.dimension
            if self._bytes[0] != state:
                self._bytes = state, 4 * self._reader.count() * dimension
            often = self._searches >= _RESIDENT_FROM
            if not 0 < self._bytes[1] <= (self._most_bytes if often else _AT_ONCE_BYTES):
                return None
            self._resident = state, load(self._reader, dimension)
            return self._resident[1]


def _among(query: Any, sources: Collection[str] | None) -> Any:
    if sources is None:
        return query
    from lancedb.expr import col

    return query.where(col("source").isin(sorted(sources)))
