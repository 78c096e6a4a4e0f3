"""Abstention: whether the passages hold an answer at all, and the threshold for it.

Which score means "no answer" differs between embedding models and collections, so each index
calibrates its own threshold. `scripts/bench/answers.py` measures how well it tells questions apart.
"""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ragkit.answering.extractive import term_overlap
from ragkit.errors import ModelError
from ragkit.language.detect import detect_language
from ragkit.language.tokens import function_terms, tokenize
from ragkit.retrieval.hybrid_search import hybrid_search
from ragkit.retrieval.passages import to_passages
from ragkit.types import Embedder, Passage

if TYPE_CHECKING:
    from ragkit.store import Store

logger = logging.getLogger(__name__)

FALSE_ANSWER_RATE = 0.1  # of the questions about something else
_OVERLAP_WEIGHT = 0.5  # 0.4 does as well: scripts/bench/answers.py
# A passage with one sentence that has all terms of the question is never refused.
MAX_THRESHOLD = _OVERLAP_WEIGHT
_PASSAGES = 8
_SAMPLED_CHUNKS = 200
_QUESTIONS_IF_UNKNOWN = 4
_MIN_LANGUAGE_SHARE = 0.1  # of the sampled chunks, for a language of the index
_NONSENSE_QUESTIONS = 24
_NONSENSE_WORDS = (3, 6)
_MIN_TEXTS = 200  # in fewer, words of different texts are in one sentence by chance
# Changes of an index after which the threshold is calibrated again.
_COUNT_FACTOR = 1.5
_WRITTEN_SHARE = 0.5
_KEY = "abstention_threshold"


@dataclass(frozen=True, slots=True)
class AbstentionThreshold:
    """Evidence below `score` is too little for an answer.

    `baselines`: language code -> the cosine that the best passage has with questions in that
    language about something else; "" for any other language. Models put all texts in a language
    that is rare in the index near all questions in it.
    """

    score: float
    baselines: Mapping[str, float]

    def evidence(self, question: str, passages: Sequence[Passage]) -> float:
        """How well the best passage answers the question, 0 to 1: half its similarity above the
        baseline, half the terms it shares with the question; 0 for no passages."""
        baseline = self.baselines.get(detect_language(question), self.baselines[""])
        overlaps = term_overlap(question, passages)
        return max(
            (
                (1 - _OVERLAP_WEIGHT) * _above(baseline, passage) + _OVERLAP_WEIGHT * overlap
                for passage, overlap in zip(passages, overlaps, strict=True)
            ),
            default=0.0,
        )


def _above(baseline: float, passage: Passage) -> float:
    return max(0.0, _best_similarity([passage]) - baseline) / max(1e-6, 1.0 - baseline)


def _best_similarity(passages: Sequence[Passage]) -> float:
    return max((hit.similarity for one in passages for hit in one.hits), default=0.0)


def load_threshold(store: Store) -> AbstentionThreshold | None:
    """The threshold saved in the index; None when there is none."""
    saved = store.catalog.get(store.version_key(_KEY))
    return None if saved is None else AbstentionThreshold(saved["score"], saved["baselines"])


def update_threshold(store: Store, embedder: Embedder, *, written: int, changed: bool) -> None:
    """Calibrates and saves the threshold of an index that has none or has changed much since: its
    number of chunks by half, or as many chunks as half of them `written`.

    Costs 16 to 200 searches then, else a reading of the catalog and at most one writing. When the
    model fails the index has no threshold; it is complete all the same.
    """
    saved = store.catalog.get(store.version_key(_KEY))
    if saved is not None and not changed:
        return
    chunks = store.chunks.count()
    if not chunks:
        return
    if saved is not None:
        since = saved.get("written", 0) + written
        same_size = 1 / _COUNT_FACTOR <= chunks / saved["chunks"] <= _COUNT_FACTOR
        if same_size and since <= _WRITTEN_SHARE * saved["chunks"]:
            if written:
                store.catalog.set(store.version_key(_KEY), {**saved, "written": since})
            return
    try:
        with store.search.cache.low_memory():
            threshold = calibrate_threshold(store, embedder)
    except ModelError as error:
        logger.info("the abstention threshold of %s is not calibrated: %s", store.uri, error)
        return
    row = {**asdict(threshold), "chunks": chunks, "written": 0}
    store.catalog.set(store.version_key(_KEY), row)


def calibrate_threshold(store: Store, embedder: Embedder) -> AbstentionThreshold:
    """The evidence that one in ten questions about something else reaches. Where questions made of
    the index's own words reach more, it is raised half of the way to their median."""
    import numpy as np

    texts = store.chunks.sample_texts(_SAMPLED_CHUNKS)
    questions = off_topic_questions()
    asked = {code: questions[code] for code in languages_of(texts)}
    if not asked:  # a few in every language, for each costs a search
        asked = {code: some[:_QUESTIONS_IF_UNKNOWN] for code, some in questions.items()}
    results = {code: [_search(store, embedder, q) for q in some] for code, some in asked.items()}
    baselines = {
        code: float(np.median([_best_similarity(passages) for _, passages in some]))
        for code, some in results.items()
    }
    baselines[""] = min(baselines.values())
    scale = AbstentionThreshold(0.0, baselines)
    off_topic = [scale.evidence(*result) for some in results.values() for result in some]
    score = float(np.quantile(off_topic, 1 - FALSE_ANSWER_RATE))
    if nonsense := nonsense_questions(texts, _NONSENSE_QUESTIONS):
        reached = [scale.evidence(*_search(store, embedder, one)) for one in nonsense]
        score += max(0.0, float(np.median(reached)) - score) / 2
    return AbstentionThreshold(min(score, MAX_THRESHOLD), baselines)


def _search(store: Store, embedder: Embedder, question: str) -> tuple[str, tuple[Passage, ...]]:
    hits = hybrid_search(store, embedder, question, limit=_PASSAGES)
    return question, to_passages(hits, limit=_PASSAGES)


@cache
def off_topic_questions() -> dict[str, tuple[str, ...]]:
    """Language code -> questions on private matters, which no documents answer; as many in each."""
    file = Path(__file__).with_name("data") / "off_topic_questions.json"
    by_language: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
    return {code: tuple(questions) for code, questions in by_language.items()}


def languages_of(texts: Sequence[str]) -> list[str]:
    """The languages of `texts` that there are off-topic questions in; empty where none is
    recognised, as in code."""
    votes = [detect_language(text) for text in texts]
    least = max(1.0, _MIN_LANGUAGE_SHARE * len(votes))
    return [code for code in off_topic_questions() if votes.count(code) >= least]


def nonsense_questions(texts: Sequence[str], count: int) -> list[str]:
    """Questions that make no sense: each word is from another text. None for few texts; always the
    same for the same texts."""
    if len(texts) < _MIN_TEXTS:
        return []
    dice = random.Random(len(texts))  # noqa: S311 - repeatable, not secret
    pools = [pool for pool in map(_content_words, texts) if pool]

    def words() -> list[str]:
        some = dice.sample(pools, min(len(pools), dice.randint(*_NONSENSE_WORDS)))
        return list(map(dice.choice, some))

    return [" ".join(words()) + "?" for _ in range(count)]


def _content_words(text: str) -> list[str]:
    function = function_terms(detect_language(text))
    tokens = [token for token in tokenize(text) if token.term not in function]
    words = (text[token.start : token.end] for token in tokens)
    return [word for word in words if _WORD.fullmatch(word)]


_WORD = re.compile(r"[^\W\d_]{2,}")
