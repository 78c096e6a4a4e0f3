"""The answer without a chat model: the best sentences of the passages, cited.

Sentences are ranked by a linear score whose weights were fitted on half the articles of a
question set (`scripts/bench/answers.py` prints what it scores).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ragkit.answering.answer_type import AnswerType, answer_type, contains_answer_type
from ragkit.answering.passage_units import PassageUnit, list_units
from ragkit.query.words import FUNCTION_TERMS, list_content_terms, list_terms
from ragkit.types import Passage, Sentence
from ragkit.verification.evidence import inverse_document_frequency

if TYPE_CHECKING:
    from ragkit.types import Vectors

    Embed = Callable[[Sequence[str]], Vectors]

# What one unit of each signal is worth. Fitted by maximum likelihood (softmax over the sentences).
_WORDING, _NEARBY, _PHRASES, _TYPE, _PRIOR, _MEANING = 6.5, 3.0, 4.0, 1.5, 5.5, 2.0
_NOT_AN_ANSWER = 20.0  # more than all else can make up for
# A sentence joins the answer when the lead's score is at most this much higher.
_DROP = 2.5
_EMBEDDED_SENTENCES = 48


def extract_answer(
    question: str,
    passages: Sequence[Passage],
    *,
    embed: Embed | None = None,
    question_vector: Vectors | None = None,
    limit: int = 5,
) -> tuple[Sentence, ...]:
    """The one to `limit` sentences that answer best: the best one first, then the others in the
    order of the documents.

    Each cites its passage; its evidence is the verbatim quote. One sentence when it clearly
    carries the answer alone; none when the passages hold no text. A sentence that begins with a
    pronoun brings the one before it, one that ends with a colon the one after it. Similarity of
    meaning counts where both `embed` (texts -> (n, d)) and `question_vector` (d,) are given.
    """
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    units = list_units(passages)
    candidates = [unit for unit in units if unit.eligible] or units
    if not candidates:
        return ()
    _score(question, candidates, embed, question_vector)
    chosen = _choose(candidates, limit)
    return tuple(unit.sentence() for unit in _reading_order(chosen))


def term_overlap(question: str, passages: Sequence[Passage]) -> list[float]:
    """How much of the question's wording one sentence of each passage holds, 0 to 1; 0 for a
    passage without text. Words that are rare in the passages count more, words in the headings
    and sentences around count half."""
    best = dict.fromkeys((passage.number for passage in passages), 0.0)
    for unit, share in _shares(question, passages):
        best[unit.passage.number] = max(best[unit.passage.number], share)
    return list(best.values())


def nearest_sentences(question: str, passages: Sequence[Passage]) -> tuple[Sentence, ...]:
    """Of each passage with text the sentence that shares most wording with the question."""
    best: dict[int, tuple[tuple[bool, float], PassageUnit]] = {}
    for unit, share in _shares(question, passages):
        rank = (unit.eligible, share)
        number = unit.passage.number
        if number not in best or rank > best[number][0]:
            best[number] = rank, unit
    return tuple(unit.sentence() for _, unit in best.values())


def _shares(question: str, passages: Sequence[Passage]) -> list[tuple[PassageUnit, float]]:
    units = list_units(passages)
    content = list_content_terms(question)
    rarity = inverse_document_frequency([unit.words for unit in units])
    total = sum(map(rarity, content)) or 1.0
    return [
        (
            unit,
            _known(unit.words, content, rarity) / total
            + _known(unit.nearby - unit.words, content, rarity) / (2 * total),
        )
        for unit in units
    ]


# ---------------------------------------------------------------- score


def _score(
    question: str,
    units: Sequence[PassageUnit],
    embed: Embed | None,
    question_vector: Vectors | None,
) -> None:
    for unit, signals in zip(units, _signals(question, units), strict=True):
        unit.score = sum(signals)
    if embed is None or question_vector is None:
        return
    likely = sorted(units, key=lambda unit: -unit.score)[:_EMBEDDED_SENTENCES]
    similarities = (embed([unit.text for unit in likely]) @ question_vector).tolist()
    # Every model has its own idea of a high cosine; only the order and the gaps mean something.
    lowest, highest = min(similarities), max(similarities)
    for unit, similarity in zip(likely, similarities, strict=True):
        unit.score += _MEANING * (similarity - lowest) / ((highest - lowest) or 1.0)


def _signals(question: str, units: Sequence[PassageUnit]) -> list[tuple[float, ...]]:
    """What each unit's wording, surroundings, phrases, answer type, passage and form are worth."""
    content = list_content_terms(question)
    phrases = set(pairwise(list_terms(question)))
    kind = answer_type(question)
    rarity = inverse_document_frequency([unit.words for unit in units])
    total = sum(map(rarity, content)) or 1.0
    best = max(_prior(unit.passage) for unit in units) or 1.0
    return [
        (
            _WORDING * _known(unit.words, content, rarity) / total,
            _NEARBY * _known(unit.nearby - unit.words, content, rarity) / total,
            _PHRASES * len(phrases & set(pairwise(unit.terms))) / (len(phrases) or 1),
            _TYPE * contains_answer_type(kind, question, unit.text),
            _PRIOR * _prior(unit.passage) / best,
            -_NOT_AN_ANSWER * _says_nothing(unit, content, kind),
        )
        for unit in units
    ]


def _known(words: frozenset[str], content: Sequence[str], rarity: Callable[[str], float]) -> float:
    return sum(rarity(term) for term in content if term in words)


def _says_nothing(unit: PassageUnit, content: Sequence[str], kind: AnswerType) -> bool:
    """A question, a scrap, or nothing beyond the words of the question."""
    if unit.text.endswith(("?", "？")) or len(unit.terms) < 2:
        return True
    return kind != "yes-no" and unit.words <= FUNCTION_TERMS.union(content)


def _prior(passage: Passage) -> float:
    scores = [hit.score for hit in passage.hits]
    return max(scores) if scores else 1.0 / passage.number


# ---------------------------------------------------------------- choice


def _choose(units: Sequence[PassageUnit], limit: int) -> list[PassageUnit]:
    """The lead, then all that score nearly as well and say something else."""
    ranked = sorted(units, key=lambda unit: (-unit.score, unit.passage.number, unit.span.start))
    chosen: list[PassageUnit] = []
    for unit in ranked:
        if len(chosen) >= limit or ranked[0].score - unit.score > _DROP:
            break
        if any(unit is other or _repeats(unit, other) for other in chosen):
            continue
        chosen.append(unit)
        companion = _companion(unit)
        if companion is not None and companion not in chosen and len(chosen) < limit:
            chosen.append(companion)
    return chosen


def _companion(unit: PassageUnit) -> PassageUnit | None:
    """The neighbour without which the unit is not understood."""
    if unit.text.endswith((":", "：")):
        following = unit.next
        if following is not None and following.span.kind == "header":
            following = following.next
        return following if following is not None and following.eligible else None
    if unit.span.kind == "sentence" and _PRONOUN.match(unit.text):
        return unit.previous if unit.previous is not None and unit.previous.eligible else None
    return None


_PRONOUN = re.compile(
    r"(?:he|she|it|they|this|these|those|his|her|its|their|such|er|sie|es|dies(?:e|er|es)?|dabei"
    r"|il|elle|ils|elles)\b|[他她它这此该其]",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")


def _repeats(one: PassageUnit, other: PassageUnit) -> bool:
    """Near-copies with the same numbers. Versions that differ in a number both have their say."""
    if set(_DIGITS.findall(one.text)) != set(_DIGITS.findall(other.text)):
        return False
    shared = len(one.words & other.words)
    return shared >= 0.85 * len(one.words | other.words)


def _reading_order(chosen: Sequence[PassageUnit]) -> list[PassageUnit]:
    lead = chosen[0]
    first = [lead]
    companion = _companion(lead)
    if companion is not None and companion in chosen:
        first = [companion, lead] if companion is lead.previous else [lead, companion]
    rest = [unit for unit in chosen if unit not in first]
    rest.sort(key=lambda u: (u.passage is not lead.passage, u.passage.number, u.span.start))
    return first + rest
