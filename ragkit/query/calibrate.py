"""An index -> the floor below which its passages hold no answer.

Asked are questions that the index cannot answer: about something else altogether, and shuffled
words of its own. `scripts/bench/answers.py` prints how many real questions the floor refuses.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from ragkit.errors import ModelError
from ragkit.query.abstain import HIGHEST, Floor, shuffled_questions, spoken_languages
from ragkit.query.off_topic import QUESTIONS
from ragkit.query.passages import to_passages
from ragkit.query.retrieve import retrieve
from ragkit.types import Embedder, Passage

if TYPE_CHECKING:
    from ragkit.store import Store

logger = logging.getLogger(__name__)

FALSE_ANSWER_RATE = 0.1  # of the questions about something else
_KEY = "floor"
_SHUFFLED = 24
_SAMPLED_CHUNKS = 200
_PASSAGES = 8
# By this factor the number of chunks may change before the floor is found anew.
_MUCH = 1.5
_HALF = 0.5


def read_floor(store: Store) -> Floor | None:
    """The floor kept in the index, None when it has none."""
    kept = store.catalog.get(store.key(_KEY))
    return None if kept is None else Floor(kept["score"], kept["baselines"])


def keep_floor(store: Store, embedder: Embedder, *, written: int, changed: bool) -> None:
    """Finds the floor of an index and keeps it there, when it has none, or much has changed since
    it was found: there are many more or fewer chunks, or as many were `written` as half of them.
    Costs 16 to 200 searches then, else one reading of the catalog and at most one writing.

    An index whose model fails now stays without one: it is complete all the same.
    """
    kept = store.catalog.get(store.key(_KEY))
    if kept is not None and not changed:
        return
    chunks = store.chunks.count()
    if not chunks:
        return
    if kept is not None:
        since = kept.get("written", 0) + written
        if 1 / _MUCH <= chunks / kept["chunks"] <= _MUCH and since <= _HALF * kept["chunks"]:
            if written:
                store.catalog.set(store.key(_KEY), {**kept, "written": since})
            return
    try:
        with store.search.kept.sparing():
            floor = calibrate(store, embedder)
    except ModelError as error:
        logger.info("the floor of %s is not calibrated: %s", store.uri, error)
        return
    store.catalog.set(store.key(_KEY), {**asdict(floor), "chunks": chunks, "written": 0})


def calibrate(store: Store, embedder: Embedder) -> Floor:
    """The floor that one in ten questions about something else reaches; higher where nonsense
    made of the index's own words gets higher: half of the way to what half of it reaches."""
    import numpy as np

    texts = store.chunks.sample_texts(_SAMPLED_CHUNKS)
    spoken = spoken_languages(texts)
    found = {code: [_search(store, embedder, one) for one in QUESTIONS[code]] for code in spoken}
    baselines = {code: float(np.median([_best(p) for _, p in found[code]])) for code in spoken}
    baselines[""] = min(baselines.values())
    unplaced = Floor(0.0, baselines)
    off_topic = [unplaced.evidence(*one) for code in spoken for one in found[code]]
    score = float(np.quantile(off_topic, 1 - FALSE_ANSWER_RATE))
    nonsense = shuffled_questions(texts, _SHUFFLED)
    if nonsense:
        reached = [unplaced.evidence(*_search(store, embedder, one)) for one in nonsense]
        score += max(0.0, float(np.median(reached)) - score) / 2
    return Floor(min(score, HIGHEST), baselines)


def _search(store: Store, embedder: Embedder, question: str) -> tuple[str, tuple[Passage, ...]]:
    hits = retrieve(store, embedder, question, limit=_PASSAGES)
    return question, to_passages(hits, limit=_PASSAGES)


def _best(passages: Sequence[Passage]) -> float:
    return max((hit.similarity for one in passages for hit in one.hits), default=0.0)
