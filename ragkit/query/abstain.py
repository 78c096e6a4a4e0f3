"""Do the passages hold an answer at all? A score, and the questions its floor is found with (pure).

What score means "no answer" differs between embedding models and collections; `calibrate` finds
it for one index. `scripts/bench/answers.py` prints how well it tells questions apart.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragkit.query.extract import share_wording
from ragkit.query.off_topic import QUESTIONS
from ragkit.query.words import FUNCTION_TERMS, find_tokens, guess_language
from ragkit.types import Passage

# `scripts/bench/answers.py` prints how well the evidence tells questions apart; 0.4 does as well.
_WORDING_WEIGHT = 0.5
# No calibrated floor is higher: a passage with one sentence that holds all of the question's
# words is never refused.
HIGHEST = _WORDING_WEIGHT
_SHUFFLED_WORDS = (3, 6)
_LEAST_TEXTS = 200
_LANGUAGE_SHARE = 0.1  # of the sampled texts, from which on a language is one of the index


@dataclass(frozen=True, slots=True)
class Floor:
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
        shares = share_wording(question, passages)
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


def spoken_languages(texts: Sequence[str]) -> list[str]:
    """The languages of `texts` that there are off-topic questions in; all where there is none."""
    votes = [guess_language(text) for text in texts]
    least = max(1.0, _LANGUAGE_SHARE * len(votes))
    return [code for code in QUESTIONS if votes.count(code) >= least] or list(QUESTIONS)


def shuffled_questions(texts: Sequence[str], count: int) -> list[str]:
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
