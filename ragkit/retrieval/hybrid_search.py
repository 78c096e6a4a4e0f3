"""Question -> hits: nearest vectors and keyword matches, fused into one ranking.

score = cosine similarity + weight x (keyword + document), where keyword is BM25 / highest BM25 of
the candidates, and document is 0.6 x BM25 / highest BM25 of the chunk's document by its name and
opening: a question about "the Q2 report of Acme" finds pages that do not repeat whose they are.
Score fusion beats reciprocal rank fusion and mostly each ranking alone: scripts/bench/retrieval.py
measures it and chose the figures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from ragkit.errors import IndexChangedError
from ragkit.retrieval.query_parsing import parse_query
from ragkit.store.schema import products
from ragkit.types import Chunk, Embedder, Hit, KeywordQuery

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.store import Store
    from ragkit.store.search import KeywordMatches
    from ragkit.types import Vectors

KEYWORD_WEIGHT = 0.5
_MIN_CANDIDATES = 100
_TRIES = 5
_MATCH_FACTOR = 2  # matches per candidate: more of the nearest rows have their BM25 score, too
DOCUMENT_SHARE = 0.6  # what a document's name and opening are worth beside the words of a chunk
_FIRST_CHUNK_SHARE = 0.6  # of that: the first chunk has words of the opening itself


def hybrid_search(
    store: Store,
    embedder: Embedder,
    question: str,
    *,
    limit: int,
    keyword_weight: float = KEYWORD_WEIGHT,
    sources: Collection[str] | None = None,
    exact: bool = False,
) -> list[Hit]:
    """The `limit` best chunks, best first; empty when the index or `sources` is.

    The candidates are the best 100 or 4 x `limit` by similarity and as many by keywords, each with
    its exact cosine. `keyword_weight=0` is pure cosine similarity. A phrase in quotation marks must
    occur word for word in every hit. `exact` compares every vector, also where a vector index would
    be quicker.

    Raises `IndexChangedError` when another thread writes the table during each of five tries.
    """
    vector, query = embedder.embed_query(question), parse_query(question)

    def search() -> list[Hit]:
        candidates = collect_candidates(
            store,
            vector,
            query,
            depth=candidate_depth(limit),
            keyword_weight=keyword_weight,
            sources=sources,
            exact=exact,
        )
        return best_hits(store, candidates, limit)

    for _ in range(_TRIES - 1):
        with suppress(IndexChangedError):
            return search()
    return search()


def best_hits(store: Store, candidates: HybridCandidates, limit: int) -> list[Hit]:
    """The `limit` candidates with the highest scores as hits, ties by source and ordinal."""
    import numpy as np

    best = np.argsort(-candidates.score, kind="stable")[: limit + _ties(candidates.score, limit)]
    chunks = store.search.load_chunks(candidates.rows[best].tolist())
    hits = [candidates.hit(int(at), chunk) for chunk, at in zip(chunks, best, strict=True)]
    hits.sort(key=lambda hit: (-hit.score, hit.chunk.source, hit.chunk.ordinal))
    return hits[:limit]


@dataclass(frozen=True, slots=True)
class HybridCandidates:
    """What both rankings found, in no order: row ids, cosine similarities, keyword scores (0 to 1,
    0 for no match), what the documents add to these, and fused scores, (n,) each.

    Keyword scores are BM25 / `highest_bm25`; `header_scores` are those of the documents.
    """

    rows: npt.NDArray[np.int64]
    similarity: Vectors
    keyword: Vectors
    document_score: Vectors
    score: Vectors
    header_scores: DocumentScores
    highest_bm25: float = 1.0

    def hit(self, at: int, chunk: Chunk) -> Hit:
        """The candidate at index `at`, whose chunk that is."""
        return Hit(
            chunk,
            float(self.score[at]),
            float(self.similarity[at]),
            float(self.keyword[at]),
            float(self.document_score[at]),
        )


@dataclass(frozen=True, slots=True)
class DocumentScores:
    """BM25 scores of documents by the words in their name and opening: source -> score. `others` is
    the score of those not listed: the lowest one where the list was cut, else 0."""

    scores: Mapping[str, float]
    others: float = 0.0

    def of_chunks(self, positions: Sequence[tuple[str, int]]) -> Vectors:
        """What their documents add to the keyword scores of chunks, by source and ordinal: (n,),
        0 to `DOCUMENT_SHARE`."""
        import numpy as np

        highest = max(self.scores.values(), default=0.0)
        if not highest:
            return np.zeros(len(positions), dtype=np.float32)
        score = np.array([self.scores.get(source, self.others) for source, _ in positions])
        first = np.array([ordinal == 0 for _, ordinal in positions], dtype=np.bool_)
        share = DOCUMENT_SHARE * np.where(first, _FIRST_CHUNK_SHARE, 1.0)
        added: Vectors = (share * score / highest).astype(np.float32)
        return added


def candidate_depth(limit: int) -> int:
    """How many candidates each of the two rankings gives in a search for `limit` chunks."""
    return max(_MIN_CANDIDATES, 4 * limit)


def collect_candidates(
    store: Store,
    vector: Vectors,
    query: KeywordQuery,
    *,
    depth: int,
    keyword_weight: float,
    sources: Collection[str] | None,
    exact: bool = False,
) -> HybridCandidates:
    """The union of the `depth` best of both rankings, each row once, with exact cosines."""
    import numpy as np

    def nearest() -> tuple[npt.NDArray[np.int64], Vectors]:
        return store.search.nearest(vector, depth, sources=sources, exact=exact)

    if keyword_weight <= 0 and not query.phrases:
        rows, similarity = nearest()
        nothing = np.zeros(len(rows), dtype=np.float32)
        return HybridCandidates(rows, similarity, nothing, nothing, similarity, DocumentScores({}))
    match = partial(store.search.match, documents=depth, sources=sources)
    keyword_search = _keyword_executor().submit(match, query, _MATCH_FACTOR * depth)
    rows, similarity = nearest()
    matches = keyword_search.result()
    if query.phrases:
        rows, similarity = rows[:0], similarity[:0]  # the nearest rows may lack the phrases
    rows, bm25 = _union(rows, matches, depth)
    positions, vectors = store.search.locate_rows(rows.tolist(), without_vectors=len(similarity))
    similarity = np.concatenate([similarity, products(vectors, vector)])
    lowest = min(matches.headers.values()) if len(matches.headers) >= depth else 0.0
    headers = DocumentScores(matches.headers, lowest)
    document = headers.of_chunks(positions)
    highest = float(bm25.max(initial=0.0)) or 1.0
    keyword = bm25 / highest
    score = fuse_scores(similarity, keyword, document, keyword_weight)
    return HybridCandidates(rows, similarity, keyword, document, score, headers, highest)


def fuse_scores(similarity: Vectors, keyword: Vectors, document: Vectors, weight: float) -> Vectors:
    """(n,) fused scores from cosine similarities (n,), keyword scores (n,), 0 to 1, and what the
    documents add (n,), 0 to `DOCUMENT_SHARE`."""
    return similarity + weight * (keyword + document)


@cache
def _keyword_executor() -> ThreadPoolExecutor:
    """Threads for the keyword search, parallel to the vector search; starting one costs 1 ms."""
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="ragkit-search")


def _union(
    near: npt.NDArray[np.int64], matches: KeywordMatches, depth: int
) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Row ids and BM25 scores, 0 for no match, of both rankings, each row once."""
    import numpy as np

    score = dict(zip(matches.rows.tolist(), matches.scores.tolist(), strict=True))
    found = matches.rows[:depth]
    rows = np.concatenate([near, found[~np.isin(found, near)]])
    return rows, np.array([score.get(row, 0.0) for row in rows.tolist()], dtype=np.float32)


def _ties(scores: Vectors, limit: int) -> int:
    """How many candidates past `limit` share the score of the last one within it."""
    import numpy as np

    if len(scores) <= limit:
        return 0
    ordered = np.sort(scores)[::-1]
    return int((ordered[limit:] == ordered[limit - 1]).sum())
