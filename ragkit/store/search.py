"""Finding chunks, by vector and by keywords, and loading those that were found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragkit.store import schema
from ragkit.store.ann_index import nearest
from ragkit.store.async_reader import AsyncTableReader
from ragkit.store.keyword_search import (
    boolean_query,
    clause_queries,
    header_query,
    merge_matches,
    row_scores,
)
from ragkit.store.memory_cache import TableCache, find_rows
from ragkit.store.schema import matrix, normalize_rows
from ragkit.types import Chunk, KeywordQuery

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from ragkit.store.chunks import ChunkTable
    from ragkit.types import Vectors


@dataclass(frozen=True, slots=True)
class KeywordMatches:
    """Keyword matches: row ids (n,) and BM25 scores (n,), best first; `headers`: the documents
    whose header matches, source -> BM25 score."""

    rows: npt.NDArray[np.int64]
    scores: Vectors
    headers: dict[str, float]


class ChunkSearch:
    """Searches in the chunks of one version, from any thread. Row ids are valid until the table is
    written; outdated ones raise `IndexChangedError`."""

    def __init__(self, chunks: ChunkTable, reader: AsyncTableReader) -> None:
        self._chunks = chunks
        self._reader = reader
        self.cache = TableCache(reader, lambda: chunks.manifest.embedder.dimension)

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

        self.cache.count_search()
        if sources is None and (table := self.cache.full_table()):
            return table.nearest(vector, limit)
        index = None if exact else self._chunks.vector_index

        def query(table: Any) -> Any:
            asked = table.query().nearest_to(vector).column("vector")
            asked = nearest(asked, index, limit=limit, all_partitions=sources is not None)
            return _restrict(asked.with_row_id(), sources)

        (rows,) = self._reader.fetch(query)
        return rows["_rowid"].to_numpy().astype(np.int64), 1 - rows["_distance"].to_numpy()

    def match(
        self,
        wanted: KeywordQuery,
        limit: int,
        *,
        documents: int = 1,
        sources: Collection[str] | None = None,
    ) -> KeywordMatches:
        """The `limit` rows and so many `documents` that match best. Rows without any of the words,
        or without one of the phrases, are left out."""
        row_index = self.cache.row_index()

        def words(table: Any) -> Any:
            asked = table.query().nearest_to_text(boolean_query(wanted))
            return _restrict(asked.limit(limit).select(["_score"]).with_row_id(), sources)

        def openings(table: Any) -> Any:
            asked = table.query().nearest_to_text(header_query(wanted))
            columns = ["_score"] if row_index else ["source", "_score"]
            return _restrict(asked.limit(documents).select(columns).with_row_id(), sources)

        at_once = sources is not None or wanted.phrases
        queries = [words] if at_once else clause_queries(wanted, limit)
        *found, opened = self._reader.fetch(*queries, openings)
        first_rows, opening_scores = row_scores(opened)
        names = row_index.sources(first_rows) if row_index else opened["source"].to_pylist()
        rows, scores = merge_matches(found, limit)
        return KeywordMatches(rows, scores, dict(zip(names, opening_scores.tolist(), strict=True)))

    def locate_rows(
        self, row_ids: Sequence[int], *, without_vectors: int = 0
    ) -> tuple[list[tuple[str, int]], Vectors]:
        """The source and ordinal of rows, in their order, and the vectors of length 1 of all but
        the first `without_vectors`: (n - without_vectors, d)."""
        others = row_ids[without_vectors:]
        if not row_ids:
            return [], self._vectors([])
        if table := self.cache.full_table():
            return table.row_index.positions(row_ids), table.vectors_of(others)
        if row_index := self.cache.row_index():
            return row_index.positions(row_ids), self._vectors(others)
        rows = self._load_columns(row_ids, ["source", "ordinal", "vector"])
        found = list(zip(rows["source"].to_pylist(), rows["ordinal"].to_pylist(), strict=True))
        return found, normalize_rows(matrix(rows["vector"]))[without_vectors:]

    def load_chunks(self, row_ids: Sequence[int]) -> list[Chunk]:
        """The chunks of rows that `nearest` or `matching` named, in that order."""
        if not row_ids:
            return []
        if table := self.cache.full_table():
            return table.load_chunks(row_ids)
        if row_index := self.cache.row_index():
            return row_index.chunks(row_ids, self._load_columns(row_ids, ["text"])["text"])
        return schema.to_chunks(self._load_columns(row_ids, schema.CHUNK_COLUMNS))

    def _vectors(self, row_ids: Sequence[int]) -> Vectors:
        import numpy as np

        if not row_ids:
            return np.empty((0, self._chunks.manifest.embedder.dimension), dtype=np.float32)
        return normalize_rows(matrix(self._load_columns(row_ids, ["vector"])["vector"]))

    def _load_columns(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """These columns of rows, in the order of the ids. Raises `IndexChangedError`."""
        import numpy as np

        def query(table: Any) -> Any:
            return table.take_row_ids(list(row_ids)).select([*columns, "_rowid"])

        (rows,) = self._reader.fetch(query)
        ids = rows["_rowid"].to_numpy().astype(np.int64)
        order = np.argsort(ids)
        return rows.take(order[find_rows(ids[order], row_ids)])


def _restrict(query: Any, sources: Collection[str] | None) -> Any:
    if sources is None:
        return query
    from lancedb.expr import col

    return query.where(col("source").isin(sorted(sources)))
