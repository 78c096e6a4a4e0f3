"""A question as asked -> the passages to answer from, and whether they hold enough."""

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

HITS_PER_PASSAGE = 3  # neighbours and copies fold: more hits than passages are wanted
_NO_FLOOR = AbstentionThreshold(0.0, {"": 0.0})
_QUOTATION_MARKS = re.compile('["“”„«»「」]')


@dataclass(frozen=True, slots=True)
class RetrievedContext:
    """The best passages. `evidence` is how much they hold of an answer, 0 to 1; below `floor`
    it is too little."""

    passages: tuple[Passage, ...]
    evidence: float
    threshold: float

    @property
    def has_evidence(self) -> bool:
        return bool(self.passages) and self.evidence >= self.threshold


def retrieve_context(store: Store, embedder: Embedder, asked: AskRequest) -> RetrievedContext:
    """The passages for a question, and for what it means where that was put in other words.

    Copies are folded before the passages are counted. A quoted phrase that stands nowhere is
    looked for without the quotation marks.
    """
    questions = dict.fromkeys((asked.standalone_question, asked.question))
    hits = _interleave([_search(store, embedder, one, asked) for one in questions])
    modified = store.files.modified_ns({hit.chunk.source for hit in hits})
    passages = to_passages(
        hits,
        limit=asked.limit,
        per_document=asked.per_document,
        modified=modified,
    )
    floor = load_threshold(store) or _NO_FLOOR
    if asked.min_score is not None:
        floor = replace(floor, score=asked.min_score)
    return RetrievedContext(
        passages, floor.evidence(asked.standalone_question, passages), floor.score
    )


def _search(store: Store, embedder: Embedder, question: str, asked: AskRequest) -> list[Hit]:
    count = asked.limit * HITS_PER_PASSAGE
    if asked.rerank_step is not None:
        count = max(count, RERANKED)

    def search(text: str) -> list[Hit]:
        return hybrid_search(
            store,
            embedder,
            text,
            limit=count,
            keyword_weight=asked.keyword_weight,
            sources=asked.sources,
            exact=asked.exact,
        )

    hits = search(question) or search(_QUOTATION_MARKS.sub(" ", question))
    return asked.rerank_step(question, hits) if asked.rerank_step is not None else hits


def _interleave(searches: Sequence[list[Hit]]) -> list[Hit]:
    """The hits of all searches, each chunk once, by rank; the first search has two turns for
    every turn of another."""
    ranked = [
        (rank if not place else 2 * rank + 1.5, place, hit)
        for place, hits in enumerate(searches)
        for rank, hit in enumerate(hits)
    ]
    ranked.sort(key=lambda turn: turn[:2])
    chunks: dict[tuple[str, int], Hit] = {}
    for *_, hit in ranked:
        chunks.setdefault((hit.chunk.source, hit.chunk.ordinal), hit)
    return list(chunks.values())
