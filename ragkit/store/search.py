"""Two ways to find chunks, by meaning and by words, and what is needed of those that were found."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from ragkit.store import schema
from ragkit.store.arrays import matrix
from ragkit.store.full_text import full_text, opening_text
from ragkit.store.matching import LONGEST, MANY_ROWS, match_by_clause
from ragkit.store.reader import Query, Reader
from ragkit.store.resident import MOST_BYTES, Resident, load
from ragkit.store.vector_index import nearest
from ragkit.types import Chunk, KeywordQuery

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.store.chunks import ChunkTable
    from ragkit.types import Vectors

# The first search of a process is not worth reading all vectors, unless that is as quick.
_RESIDENT_FROM, _AT_ONCE_BYTES = 2, 2 << 20


class ChunkSearch:
    """Searches in the chunks of one generation, from any thread. Row ids hold until the table
    is written."""

    def __init__(self, chunks: ChunkTable, reader: Reader) -> None:
        self._chunks = chunks
        self._reader = reader
        self._searches = 0
        self._loading = threading.Lock()
        self._resident: tuple[int, Resident | None] = (-1, None)  # of which state of the table

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
    ) -> tuple[npt.NDArray[np.int64], Vectors, Vectors]:
        """The `limit` rows that match best: row ids (n,), BM25 scores (n,) and vectors (n, d),
        best first. Rows without any of the words, or without one of the phrases, are left out."""
        import numpy as np

        if sources is None and self._by_clause(wanted, limit):
            return match_by_clause(self._reader, wanted, limit)
        resident = self._in_memory()
        columns = ["_score"] if resident else ["vector", "_score"]

        def query(table: Any) -> Any:
            asked = table.query().nearest_to_text(full_text(wanted))
            return _among(asked.limit(limit).select(columns).with_row_id(), sources)

        (found,) = self._reader.fetch(query)
        rows = found["_rowid"].to_numpy().astype(np.int64)
        scores = found["_score"].to_numpy().astype(np.float32)
        return rows, scores, resident.vectors_of(rows) if resident else matrix(found["vector"])

    def opening(
        self, wanted: KeywordQuery, limit: int, *, sources: Collection[str] | None = None
    ) -> dict[str, float]:
        """The `limit` documents whose name and opening match best: source -> BM25 score."""

        def query(table: Any) -> Any:
            asked = table.query().nearest_to_text(opening_text(wanted))
            return _among(asked.limit(limit).select(["source", "_score"]), sources)

        (rows,) = self._reader.fetch(query)
        return dict(zip(rows["source"].to_pylist(), rows["_score"].to_pylist(), strict=True))

    def places(self, row_ids: Sequence[int]) -> list[tuple[str, int]]:
        """The source and ordinal of rows, in their order."""
        if not row_ids:
            return []
        if resident := self._in_memory():
            return resident.places(row_ids)
        names = ["source", "ordinal", "_rowid"]
        (rows,) = self._reader.fetch(_taken(row_ids, names))
        columns = (rows[name].to_pylist() for name in names)
        by_id = {
            row_id: (source, ordinal) for source, ordinal, row_id in zip(*columns, strict=True)
        }
        return [by_id[row_id] for row_id in row_ids]

    def take(self, row_ids: Sequence[int]) -> list[Chunk]:
        """The chunks of rows that `nearest` or `matching` named, in that order."""
        if not row_ids:
            return []
        if resident := self._in_memory():
            return resident.take(row_ids)
        (rows,) = self._reader.fetch(_taken(row_ids, [*schema.CHUNK_COLUMNS, "_rowid"]))
        by_id = dict(zip(rows["_rowid"].to_pylist(), schema.to_chunks(rows), strict=True))
        return [by_id[row_id] for row_id in row_ids]

    def _in_memory(self) -> Resident | None:
        """The rows, of a small table that is searched again and again."""
        state = self._reader.state
        with self._loading:  # once, though both legs of a search ask for them
            if self._resident[0] != state:
                size = 4 * self._chunks.count() * self._chunks.manifest.embedder.dimension
                if self._searches < _RESIDENT_FROM and size > _AT_ONCE_BYTES:
                    return None
                self._resident = (state, load(self._reader) if 0 < size <= MOST_BYTES else None)
            return self._resident[1]

    def _by_clause(self, wanted: KeywordQuery, limit: int) -> bool:
        return not wanted.phrases and limit <= LONGEST and self._chunks.count() >= MANY_ROWS


def _taken(row_ids: Sequence[int], columns: Sequence[str]) -> Query:
    return lambda table: table.take_row_ids(list(row_ids)).select(list(columns))


def _among(query: Any, sources: Collection[str] | None) -> Any:
    if sources is None:
        return query
    from lancedb.expr import col

    return query.where(col("source").isin(sorted(sources)))
