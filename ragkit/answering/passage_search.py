"""Question -> the passages to answer from, and whether they are evidence enough."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragkit.answering.abstention import AbstentionThreshold, load_threshold
from ragkit.answering.request import AskRequest
from ragkit.retrieval.hybrid_search import hybrid_search
from ragkit.retrieval.passages import to_passages
from ragkit.retrieval.rerank import RERANKED
from ragkit.types import Embedder, Hit, Passage

if TYPE_CHECKING:
    from ragkit.store import Store

HITS_PER_PASSAGE = 3  # neighbours are merged and near-duplicates folded
_NO_THRESHOLD = AbstentionThreshold(0.0, {"": 0.0})
_QUOTATION_MARKS = re.compile('["“”„«»「」]')


@dataclass(frozen=True, slots=True)
class RetrievedContext:
    """The best passages, and how well they answer the question: `evidence`, 0 to 1, which is too
    little below `threshold`."""

    passages: tuple[Passage, ...]
    evidence: float
    threshold: float

    @property
    def has_evidence(self) -> bool:
        return bool(self.passages) and self.evidence >= self.threshold


def retrieve_context(store: Store, embedder: Embedder, request: AskRequest) -> RetrievedContext:
    """The passages for a question, in both of its wordings where it has a standalone one.

    Near-duplicates are folded before the passages are counted. A question whose quoted phrases are
    nowhere is searched again without quotation marks.
    """
    questions = dict.fromkeys((request.standalone_question, request.question))
    hits = _interleave([_search(store, embedder, one, request) for one in questions])
    modified = store.files.modified_ns({hit.chunk.source for hit in hits})
    passages = to_passages(
        hits, limit=request.limit, per_document=request.per_document, modified=modified
    )
    threshold = load_threshold(store) or _NO_THRESHOLD
    if request.min_score is not None:
        threshold = replace(threshold, score=request.min_score)
    evidence = threshold.evidence(request.standalone_question, passages)
    return RetrievedContext(passages, evidence, threshold.score)


def _search(store: Store, embedder: Embedder, question: str, request: AskRequest) -> list[Hit]:
    count = request.limit * HITS_PER_PASSAGE
    if request.rerank_step is not None:
        count = max(count, RERANKED)

    def search(text: str) -> list[Hit]:
        return hybrid_search(
            store,
            embedder,
            text,
            limit=count,
            keyword_weight=request.keyword_weight,
            sources=request.sources,
            exact=request.exact,
        )

    hits = search(question) or search(_QUOTATION_MARKS.sub(" ", question))
    return request.rerank_step(question, hits) if request.rerank_step is not None else hits


def _interleave(searches: Sequence[list[Hit]]) -> list[Hit]:
    """The hits of all searches, each chunk once: two of the first search, then one of each other,
    and so on."""
    ranked = [
        (rank if not search else 2 * rank + 1.5, search, hit)
        for search, hits in enumerate(searches)
        for rank, hit in enumerate(hits)
    ]
    ranked.sort(key=lambda row: row[:2])
    merged: dict[tuple[str, int], Hit] = {}
    for *_, hit in ranked:
        merged.setdefault((hit.chunk.source, hit.chunk.ordinal), hit)
    return list(merged.values())
