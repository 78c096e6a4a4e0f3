"""Question -> hits: the cosine leg, the keyword leg, and their fusion.

score = cosine similarity + weight x BM25 / highest BM25 of the candidates. Score fusion beats
reciprocal rank fusion and mostly either leg alone; see scripts/bench/retrieval.py.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragkit.query.keywords import keyword_query
from ragkit.types import Chunk, Embedder, Hit, KeywordQuery

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.store import Store
    from ragkit.types import Vectors

KEYWORD_WEIGHT = 0.5
_LEAST_CANDIDATES = 100


def retrieve(
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
    where an index of them would be quicker.
    """
    import numpy as np

    found = gather(
        store,
        embedder.embed_question(question),
        keyword_query(question),
        depth=candidate_depth(limit),
        keyword_weight=keyword_weight,
        sources=sources,
        exact=exact,
    )
    best = np.argsort(-found.score, kind="stable")[: limit + _ties(found.score, limit)]
    chunks = store.chunks.take(found.rows[best].tolist())
    hits = [found.hit(int(at), chunk) for chunk, at in zip(chunks, best, strict=True)]
    hits.sort(key=lambda hit: (-hit.score, hit.chunk.source, hit.chunk.ordinal))
    return hits[:limit]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What both legs found, in no order: row ids, cosine similarities, BM25 scores (0 for no
    match) and fused scores, (n,) each."""

    rows: npt.NDArray[np.int64]
    similarity: Vectors
    keyword: Vectors
    score: Vectors

    @property
    def highest(self) -> float:
        """The BM25 score that counts as 1."""
        return float(self.keyword.max(initial=0.0)) or 1.0

    def hit(self, at: int, chunk: Chunk) -> Hit:
        """The candidate at a place of the arrays, whose chunk that is."""
        keyword = float(self.keyword[at]) / self.highest
        return Hit(chunk, float(self.score[at]), float(self.similarity[at]), keyword)


def candidate_depth(limit: int) -> int:
    """How many chunks each leg contributes when `limit` are wanted."""
    return max(_LEAST_CANDIDATES, 4 * limit)


def gather(
    store: Store,
    vector: Vectors,
    wanted: KeywordQuery,
    *,
    depth: int,
    keyword_weight: float,
    sources: Collection[str] | None,
    exact: bool = False,
) -> Candidates:
    """The union of the `depth` best of both legs, each row once, with exact cosines."""
    import numpy as np

    def nearest() -> tuple[npt.NDArray[np.int64], Vectors]:
        return store.chunks.nearest(vector, depth, sources=sources, exact=exact)

    if keyword_weight <= 0 and not wanted.phrases:
        rows, similarity = nearest()
        keyword = np.zeros(len(rows), dtype=np.float32)
    else:
        with ThreadPoolExecutor(max_workers=1) as beside:
            near = beside.submit(nearest)
            found, scores, vectors = store.chunks.matching(wanted, depth, sources=sources)
            rows, similarity = near.result()
        if wanted.phrases:
            rows, similarity, keyword = found, vectors @ vector, scores
        else:
            rows, similarity, keyword = _union(rows, similarity, found, vectors @ vector, scores)
    return Candidates(rows, similarity, keyword, fuse(similarity, keyword, keyword_weight))


def fuse(similarity: Vectors, keyword: Vectors, weight: float) -> Vectors:
    """(n,) scores from cosine similarities (n,) and BM25 scores (n,), 0 for no match."""
    top = float(keyword.max(initial=0.0))
    return similarity + weight * keyword / top if top > 0 else similarity


def _union(
    near: npt.NDArray[np.int64],
    near_similarity: Vectors,
    found: npt.NDArray[np.int64],
    found_similarity: Vectors,
    found_score: Vectors,
) -> tuple[npt.NDArray[np.int64], Vectors, Vectors]:
    """Row ids, similarities and BM25 scores of the candidates of both legs, each row once."""
    import numpy as np

    score = dict(zip(found.tolist(), found_score.tolist(), strict=True))
    new = ~np.isin(found, near)
    rows = np.concatenate([near, found[new]])
    similarity = np.concatenate([near_similarity, found_similarity[new]]).astype(np.float32)
    keyword = np.array([score.get(row, 0.0) for row in rows.tolist()], dtype=np.float32)
    return rows, similarity, keyword


def _ties(scores: Vectors, limit: int) -> int:
    """How many candidates past `limit` share the score of the last one within it."""
    import numpy as np

    if len(scores) <= limit:
        return 0
    ordered = np.sort(scores)[::-1]
    return int((ordered[limit:] == ordered[limit - 1]).sum())
