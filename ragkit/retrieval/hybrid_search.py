"""Question -> hits: the cosine leg, the keyword leg, and their fusion.

score = cosine similarity + weight x (keyword + document), where keyword is BM25 / highest BM25 of
the candidates, and document is 0.6 x BM25 / highest BM25 of the chunk's document by its name and
opening: a question about "the Q2 report of Acme" finds pages that do not repeat whose they are.
Score fusion beats reciprocal rank fusion and mostly either leg alone; scripts/bench/retrieval.py
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
_LEAST_CANDIDATES = 100
_TRIES = 5
_SCORED = 2  # times as many rows as candidates: more of the nearest have their BM25, too
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

    Both legs over-fetch (at least 100, or 4 x `limit`); a candidate of the keyword leg gets its
    exact cosine from its stored vector. `keyword_weight=0` is pure cosine similarity. A phrase
    in quotation marks must occur word for word in every hit. `exact` compares every vector, also
    where an index of them would be quicker. A search is made again when another thread has written
    the table meanwhile; raises `IndexChangedError` after five times.
    """
    vector, wanted = embedder.embed_query(question), parse_query(question)

    def once() -> list[Hit]:
        found = collect_candidates(
            store,
            vector,
            wanted,
            depth=candidate_depth(limit),
            keyword_weight=keyword_weight,
            sources=sources,
            exact=exact,
        )
        return _best(store, found, limit)

    for _ in range(_TRIES - 1):
        with suppress(IndexChangedError):
            return once()
    return once()


def _best(store: Store, found: HybridCandidates, limit: int) -> list[Hit]:
    import numpy as np

    best = np.argsort(-found.score, kind="stable")[: limit + _ties(found.score, limit)]
    chunks = store.search.load_chunks(found.rows[best].tolist())
    hits = [found.hit(int(at), chunk) for chunk, at in zip(chunks, best, strict=True)]
    hits.sort(key=lambda hit: (-hit.score, hit.chunk.source, hit.chunk.ordinal))
    return hits[:limit]


@dataclass(frozen=True, slots=True)
class HybridCandidates:
    """What both legs found, in no order: row ids, cosine similarities, BM25 scores (0 for no
    match), what the documents add to these, and fused scores, (n,) each. `openings` has the score
    of each document by its opening."""

    rows: npt.NDArray[np.int64]
    similarity: Vectors
    keyword: Vectors
    document_score: Vectors
    score: Vectors
    header_scores: DocumentScores

    @property
    def highest(self) -> float:
        """The BM25 score that counts as 1."""
        return float(self.keyword.max(initial=0.0)) or 1.0

    def hit(self, at: int, chunk: Chunk) -> Hit:
        """The candidate at a place of the arrays, whose chunk that is."""
        keyword = float(self.keyword[at]) / self.highest
        return Hit(
            chunk,
            float(self.score[at]),
            float(self.similarity[at]),
            keyword,
            float(self.document_score[at]),
        )


@dataclass(frozen=True, slots=True)
class DocumentScores:
    """Documents whose name or opening has words of the question: source -> BM25 score. `others`
    is the score of those not listed: that of the last where the list was cut, else 0."""

    scores: Mapping[str, float]
    others: float = 0.0

    def document(self, source: str, ordinal: int) -> float:
        """What its document adds to the keyword score of a chunk: 0 to `DOCUMENT_SHARE`."""
        return float(self.documents([(source, ordinal)])[0])

    def documents(self, places: Sequence[tuple[str, int]]) -> Vectors:
        """What their documents add to the keyword scores of chunks, by source and ordinal: (n,),
        0 to `DOCUMENT_SHARE`."""
        import numpy as np

        highest = max(self.scores.values(), default=0.0)
        if not highest:
            return np.zeros(len(places), dtype=np.float32)
        score = np.array([self.scores.get(source, self.others) for source, _ in places])
        first = np.array([ordinal == 0 for _, ordinal in places], dtype=np.bool_)
        share = DOCUMENT_SHARE * np.where(first, _FIRST_CHUNK_SHARE, 1.0)
        added: Vectors = (share * score / highest).astype(np.float32)
        return added


def candidate_depth(limit: int) -> int:
    """How many chunks each leg contributes when `limit` are wanted."""
    return max(_LEAST_CANDIDATES, 4 * limit)


def collect_candidates(
    store: Store,
    vector: Vectors,
    wanted: KeywordQuery,
    *,
    depth: int,
    keyword_weight: float,
    sources: Collection[str] | None,
    exact: bool = False,
) -> HybridCandidates:
    """The union of the `depth` best of both legs, each row once, with exact cosines."""
    import numpy as np

    def nearest() -> tuple[npt.NDArray[np.int64], Vectors]:
        return store.search.nearest(vector, depth, sources=sources, exact=exact)

    if keyword_weight <= 0 and not wanted.phrases:
        rows, similarity = nearest()
        nothing = np.zeros(len(rows), dtype=np.float32)
        return HybridCandidates(rows, similarity, nothing, nothing, similarity, DocumentScores({}))
    asked = partial(store.search.match, documents=depth, sources=sources)
    words = _keyword_executor().submit(asked, wanted, _SCORED * depth)
    rows, similarity = nearest()
    matches = words.result()
    if wanted.phrases:
        rows, similarity = rows[:0], similarity[:0]  # a near row may lack them
    rows, keyword = _union(rows, matches, depth)
    known = len(similarity)
    places, vectors = store.search.locate_rows(rows.tolist(), without_vectors=known)
    similarity = np.concatenate([similarity, products(vectors, vector)])
    listed = matches.headers
    openings = DocumentScores(listed, min(listed.values()) if len(listed) >= depth else 0.0)
    document = openings.documents(places)
    score = fuse_scores(similarity, keyword, document, keyword_weight)
    return HybridCandidates(rows, similarity, keyword, document, score, openings)


def fuse_scores(similarity: Vectors, keyword: Vectors, document: Vectors, weight: float) -> Vectors:
    """(n,) scores from cosine similarities (n,), BM25 scores (n,), 0 for no match, and what the
    documents add (n,), 0 to `DOCUMENT_SHARE`."""
    top = float(keyword.max(initial=0.0)) or 1.0
    return similarity + weight * (keyword / top + document)


@cache
def _keyword_executor() -> ThreadPoolExecutor:
    """Threads for the words, while the vectors are searched; to start one each time takes 1 ms."""
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="ragkit-search")


def _union(
    near: npt.NDArray[np.int64], matches: KeywordMatches, depth: int
) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Row ids and BM25 scores, 0 for no match, of the candidates of both legs, each row once."""
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
