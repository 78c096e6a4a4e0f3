"""Do the passages hold an answer at all? A score, and the questions its floor is found with (pure).

What score means "no answer" differs between embedding models and collections; `calibrate` finds
it for one index. `scripts/bench/answers.py` prints how well it tells questions apart.
"""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ragkit.answering.extractive import term_overlap
from ragkit.errors import ModelError
from ragkit.query.off_topic import QUESTIONS
from ragkit.query.words import FUNCTION_TERMS, find_tokens, guess_language
from ragkit.retrieval.hybrid_search import hybrid_search
from ragkit.retrieval.passages import to_passages
from ragkit.types import Embedder, Passage

if TYPE_CHECKING:
    from ragkit.store import Store


# `scripts/bench/answers.py` prints how well the evidence tells questions apart; 0.4 does as well.
_WORDING_WEIGHT = 0.5
# No calibrated floor is higher: a passage with one sentence that holds all of the question's
# words is never refused.
HIGHEST = _WORDING_WEIGHT
_SHUFFLED_WORDS = (3, 6)
_LEAST_TEXTS = 200
_LANGUAGE_SHARE = 0.1  # of the sampled texts, from which on a language is one of the index


@dataclass(frozen=True, slots=True)
class AbstentionThreshold:
    """Below `score` the evidence for an answer is too little.

    `baselines`: language code -> the cosine that the best passage has with questions of that
    language about something else; "" for any other language. Models find any text in a rare
    language near any question in it.
    """

    score: float
    baselines: Mapping[str, float]

    def evidence(self, question: str, passages: Sequence[Passage]) -> float:
        """How much the passages seem to hold an answer, 0 to 1: what the best of them has in
        similarity beyond the baseline and in wording shared with the question."""
        baseline = self.baselines.get(guess_language(question), self.baselines[""])
        shares = term_overlap(question, passages)
        return max(
            (
                (1 - _WORDING_WEIGHT) * _beyond(baseline, passage) + _WORDING_WEIGHT * share
                for passage, share in zip(passages, shares, strict=True)
            ),
            default=0.0,
        )


def _beyond(baseline: float, passage: Passage) -> float:
    similarity = max((hit.similarity for hit in passage.hits), default=0.0)
    return max(0.0, similarity - baseline) / max(1e-6, 1.0 - baseline)


def languages_of(texts: Sequence[str]) -> list[str]:
    """The languages of `texts` that there are off-topic questions in; all where there is none."""
    votes = [guess_language(text) for text in texts]
    least = max(1.0, _LANGUAGE_SHARE * len(votes))
    return [code for code in QUESTIONS if votes.count(code) >= least] or list(QUESTIONS)


def nonsense_questions(texts: Sequence[str], count: int) -> list[str]:
    """Questions of `texts`' own words that make no sense: each word is from another text.

    Always the same for the same texts. None for few texts: in a small collection, words of
    different texts stand in one sentence by chance.
    """
    if len(texts) < _LEAST_TEXTS:
        return []
    dice = random.Random(len(texts))  # noqa: S311 - repeatable, not secret
    pools = [pool for pool in map(_content_words, texts) if pool]
    return [" ".join(map(dice.choice, _draw(dice, pools))) + "?" for _ in range(count)]


def _draw(dice: random.Random, pools: Sequence[list[str]]) -> list[list[str]]:
    return dice.sample(pools, min(len(pools), dice.randint(*_SHUFFLED_WORDS)))


def _content_words(text: str) -> list[str]:
    tokens = [token for token in find_tokens(text) if token.term not in FUNCTION_TERMS]
    words = (text[token.start : token.end] for token in tokens)
    return [word for word in words if _WORD.fullmatch(word)]


_WORD = re.compile(r"[^\W\d_]{2,}")


logger = logging.getLogger(__name__)

FALSE_ANSWER_RATE = 0.1  # of the questions about something else
_KEY = "floor"
_SHUFFLED = 24
_SAMPLED_CHUNKS = 200
_PASSAGES = 8
# By this factor the number of chunks may change before the floor is found anew.
_MUCH = 1.5
_HALF = 0.5


def load_threshold(store: Store) -> AbstentionThreshold | None:
    """The floor kept in the index, None when it has none."""
    kept = store.catalog.get(store.version_key(_KEY))
    return None if kept is None else AbstentionThreshold(kept["score"], kept["baselines"])


def update_threshold(store: Store, embedder: Embedder, *, written: int, changed: bool) -> None:
    """Finds the floor of an index and keeps it there, when it has none, or much has changed since
    it was found: there are many more or fewer chunks, or as many were `written` as half of them.
    Costs 16 to 200 searches then, else one reading of the catalog and at most one writing.

    An index whose model fails now stays without one: it is complete all the same.
    """
    kept = store.catalog.get(store.version_key(_KEY))
    if kept is not None and not changed:
        return
    chunks = store.chunks.count()
    if not chunks:
        return
    if kept is not None:
        since = kept.get("written", 0) + written
        if 1 / _MUCH <= chunks / kept["chunks"] <= _MUCH and since <= _HALF * kept["chunks"]:
            if written:
                store.catalog.set(store.version_key(_KEY), {**kept, "written": since})
            return
    try:
        with store.search.kept.low_memory():
            floor = calibrate_threshold(store, embedder)
    except ModelError as error:
        logger.info("the floor of %s is not calibrated: %s", store.uri, error)
        return
    store.catalog.set(store.version_key(_KEY), {**asdict(floor), "chunks": chunks, "written": 0})


def calibrate_threshold(store: Store, embedder: Embedder) -> AbstentionThreshold:
    """The floor that one in ten questions about something else reaches; higher where nonsense
    made of the index's own words gets higher: half of the way to what half of it reaches."""
    import numpy as np

    texts = store.chunks.sample_texts(_SAMPLED_CHUNKS)
    spoken = languages_of(texts)
    found = {code: [_search(store, embedder, one) for one in QUESTIONS[code]] for code in spoken}
    baselines = {code: float(np.median([_best(p) for _, p in found[code]])) for code in spoken}
    baselines[""] = min(baselines.values())
    unplaced = AbstentionThreshold(0.0, baselines)
    off_topic = [unplaced.evidence(*one) for code in spoken for one in found[code]]
    score = float(np.quantile(off_topic, 1 - FALSE_ANSWER_RATE))
    nonsense = nonsense_questions(texts, _SHUFFLED)
    if nonsense:
        reached = [unplaced.evidence(*_search(store, embedder, one)) for one in nonsense]
        score += max(0.0, float(np.median(reached)) - score) / 2
    return AbstentionThreshold(min(score, HIGHEST), baselines)


def _search(store: Store, embedder: Embedder, question: str) -> tuple[str, tuple[Passage, ...]]:
    hits = hybrid_search(store, embedder, question, limit=_PASSAGES)
    return question, to_passages(hits, limit=_PASSAGES)


def _best(passages: Sequence[Passage]) -> float:
    return max((hit.similarity for one in passages for hit in one.hits), default=0.0)
