"""Question -> hits: the cosine leg, the keyword leg, and their fusion.

score = cosine similarity + weight x BM25 / highest BM25 of the candidates. Score fusion beats
reciprocal rank fusion and mostly either leg alone; see scripts/bench/retrieval.py.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ragkit.query.keywords import keyword_query
from ragkit.types import Embedder, Hit

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
) -> list[Hit]:
    """The `limit` best chunks, best first; empty when the index or `sources` is.

    Both legs over-fetch (at least 100, or 4 x `limit`); a candidate of the keyword leg gets its
    exact cosine from its stored vector. `keyword_weight=0` is pure cosine similarity. A phrase
    in quotation marks must occur word for word in every hit.
    """
    import numpy as np

    depth = max(_LEAST_CANDIDATES, 4 * limit)
    vector = embedder.embed_question(question)
    rows, similarity = store.chunks.nearest(vector, depth, sources=sources)
    keyword = np.zeros(len(rows), dtype=np.float32)
    wanted = keyword_query(question)
    if keyword_weight > 0 or wanted.phrases:
        found, scores, vectors = store.chunks.matching(wanted, depth, sources=sources)
        if wanted.phrases:
            rows, similarity, keyword = found, vectors @ vector, scores
        else:
            rows, similarity, keyword = _union(rows, similarity, found, vectors @ vector, scores)
    fused = fuse(similarity, keyword, keyword_weight)
    best = np.argsort(-fused, kind="stable")[: limit + _ties(fused, limit)]
    chunks = store.chunks.take(rows[best].tolist())
    top = float(keyword.max(initial=0.0)) or 1.0
    hits = [
        Hit(chunk, float(fused[at]), float(similarity[at]), float(keyword[at]) / top)
        for chunk, at in zip(chunks, best, strict=True)
    ]
    hits.sort(key=lambda hit: (-hit.score, hit.chunk.source, hit.chunk.ordinal))
    return hits[:limit]


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
