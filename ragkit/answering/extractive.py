"""Extractive answers, for want of a chat model: the best sentences of the passages, cited (pure).

Sentences are ranked by a linear score; its weights were fitted by maximum likelihood (softmax over
the sentences) on half the articles of a question set. `scripts/bench/answers.py` measures it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ragkit.answering.answer_type import AnswerType, answer_type, contains_answer_type
from ragkit.language.detect import detect_language
from ragkit.language.sentences import Span, split_sentences, to_plain_text
from ragkit.language.tokens import content_terms, function_terms, terms
from ragkit.types import Citation, Passage, Sentence
from ragkit.verification.evidence import TermWeights, inverse_document_frequency

if TYPE_CHECKING:
    from ragkit.types import Vectors

    Embed = Callable[[Sequence[str]], Vectors]

# The weight of each signal in the score.
_TERMS, _NEARBY, _PHRASES, _TYPE, _PRIOR, _SIMILARITY = 6.5, 3.0, 4.0, 1.5, 5.5, 2.0
_NO_ANSWER = 20.0  # more than all signals together
_MAX_GAP = 2.5  # in score, between the first and another sentence of an answer
_EMBEDDED_SENTENCES = 48
_MAX_CODE_CHARACTERS = 1200  # of an eligible code block


def extract_answer(
    question: str,
    passages: Sequence[Passage],
    *,
    embed: Embed | None = None,
    question_vector: Vectors | None = None,
    limit: int = 5,
) -> tuple[Sentence, ...]:
    """The one to `limit` sentences that answer best: the best one first, then the others in the
    order of the documents; none when the passages have no text.

    Each cites its passage, with the verbatim quote as evidence. A sentence that scores clearly
    highest is alone. One that begins with a pronoun brings the sentence before it, one that ends
    with a colon the sentence after it. Cosine similarity counts where both `embed` (texts ->
    (n, d)) and `question_vector` (d,) are given.
    """
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    units = _list_units(passages)
    candidates = [unit for unit in units if unit.eligible] or units
    if not candidates:
        return ()
    _score(question, candidates, embed, question_vector)
    chosen = _choose(candidates, limit)
    return tuple(unit.sentence() for unit in _reading_order(chosen))


def term_overlap(question: str, passages: Sequence[Passage]) -> list[float]:
    """The highest share of the question's terms in one sentence of each passage, 0 to 1; 0 for a
    passage without text. Terms count by their inverse document frequency, those of the headings
    and sentences around by half of it."""
    best = dict.fromkeys((passage.number for passage in passages), 0.0)
    for unit, share in _term_shares(question, passages):
        best[unit.passage.number] = max(best[unit.passage.number], share)
    return list(best.values())


def nearest_sentences(question: str, passages: Sequence[Passage]) -> tuple[Sentence, ...]:
    """The sentence of each passage with text that has most of the question's terms."""
    best: dict[int, tuple[tuple[bool, float], PassageUnit]] = {}
    for unit, share in _term_shares(question, passages):
        rank = (unit.eligible, share)
        number = unit.passage.number
        if number not in best or rank > best[number][0]:
            best[number] = rank, unit
    return tuple(unit.sentence() for _, unit in best.values())


def _term_shares(question: str, passages: Sequence[Passage]) -> list[tuple[PassageUnit, float]]:
    units = _list_units(passages)
    content = content_terms(question, detect_language(question))
    weight_of = inverse_document_frequency([unit.words for unit in units])
    total = sum(map(weight_of, content)) or 1.0
    return [
        (
            unit,
            _weigh(unit.words, content, weight_of) / total
            + _weigh(unit.nearby - unit.words, content, weight_of) / (2 * total),
        )
        for unit in units
    ]


@dataclass(slots=True, eq=False)
class PassageUnit:
    """A sentence, row, heading or code block of a passage, with what ranking needs.

    `previous` and `next` are its neighbours in the passage; `nearby` are the terms of these and of
    the headings above it. Only `eligible` units can be answers.
    """

    passage: Passage
    span: Span
    text: str
    terms: list[str]
    words: frozenset[str]
    previous: PassageUnit | None = None
    next: PassageUnit | None = None
    nearby: frozenset[str] = frozenset()
    eligible: bool = True
    score: float = 0.0

    def sentence(self) -> Sentence:
        passage, span = self.passage, self.span
        quote = passage.text[span.start : span.end]
        start, end = passage.start + span.start, passage.start + span.end
        evidence = Citation(passage.number, passage.source, passage.location, quote, start, end)
        return Sentence(self.text, (passage.number,), "supported", evidence)


def _list_units(passages: Sequence[Passage]) -> list[PassageUnit]:
    """The units of all passages, in reading order."""
    units: list[PassageUnit] = []
    for passage in passages:
        above = frozenset(terms(passage.heading))
        previous: PassageUnit | None = None
        for span in split_sentences(passage.text, table_header=passage.table_header):
            text = to_plain_text(passage.text, span)
            ours = terms(text)
            unit = PassageUnit(passage, span, text, ours, frozenset(ours), previous, nearby=above)
            too_long = span.kind == "code" and len(text) > _MAX_CODE_CHARACTERS
            unit.eligible = span.kind != "header" and not too_long
            if span.kind == "heading" or _is_title(passage.text, span):
                unit.eligible = False
                above = frozenset(terms(passage.heading)) | unit.words
            if previous is not None:
                previous.next = unit
                previous.nearby |= unit.words
                unit.nearby |= previous.words
            units.append(unit)
            previous = unit
    return units


_TITLE_TERMS = 5
_NOT_A_TITLE = re.compile(r"\d|[.!?:;。！？：；…][\"'”’)»]*$|[:：] ")


def _is_title(text: str, span: Span) -> bool:
    """Whether it is a line of a few words, as headings are in plain text and PDF."""
    line = text[span.start : span.end]
    return (
        span.kind == "sentence"
        and (span.start == 0 or text[: span.start].rstrip(" \t").endswith("\n"))
        and (span.end == len(text) or text[span.end :].lstrip(" \t").startswith(("\n", "\r")))
        and "\n" not in line
        and len(terms(line)) <= _TITLE_TERMS
        and not _NOT_A_TITLE.search(line)
    )


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
    # What a high cosine is differs between models: they are scaled to 0..1.
    lowest, highest = min(similarities), max(similarities)
    for unit, similarity in zip(likely, similarities, strict=True):
        unit.score += _SIMILARITY * (similarity - lowest) / ((highest - lowest) or 1.0)


def _signals(question: str, units: Sequence[PassageUnit]) -> list[tuple[float, ...]]:
    """The weighted signals of each unit: its terms, those around it, its phrases, its answer type,
    the score of its passage, its form."""
    language = detect_language(question)
    content = content_terms(question, language)
    phrases = set(pairwise(terms(question)))
    kind = answer_type(question)
    weight_of = inverse_document_frequency([unit.words for unit in units])
    total = sum(map(weight_of, content)) or 1.0
    best = max(_prior(unit.passage) for unit in units) or 1.0
    return [
        (
            _TERMS * _weigh(unit.words, content, weight_of) / total,
            _NEARBY * _weigh(unit.nearby - unit.words, content, weight_of) / total,
            _PHRASES * len(phrases & set(pairwise(unit.terms))) / (len(phrases) or 1),
            _TYPE * contains_answer_type(kind, question, unit.text),
            _PRIOR * _prior(unit.passage) / best,
            -_NO_ANSWER * _is_no_answer(unit, content, kind, language),
        )
        for unit in units
    ]


def _weigh(words: frozenset[str], content: Sequence[str], weight_of: TermWeights) -> float:
    return sum(weight_of(term) for term in content if term in words)


def _is_no_answer(
    unit: PassageUnit, content: Sequence[str], kind: AnswerType, language: str
) -> bool:
    """Whether it is a question, a single word, or has no other words than the question."""
    if unit.text.endswith(("?", "？")) or len(unit.terms) < 2:
        return True
    return kind != "yes-no" and unit.words <= function_terms(language).union(content)


def _prior(passage: Passage) -> float:
    scores = [hit.score for hit in passage.hits]
    return max(scores) if scores else 1.0 / passage.number


def _choose(units: Sequence[PassageUnit], limit: int) -> list[PassageUnit]:
    """The best unit, then all that score nearly as high and are no near-copies."""
    ranked = sorted(units, key=lambda unit: (-unit.score, unit.passage.number, unit.span.start))
    chosen: list[PassageUnit] = []
    for unit in ranked:
        if len(chosen) >= limit or ranked[0].score - unit.score > _MAX_GAP:
            break
        if any(unit is other or _repeats(unit, other) for other in chosen):
            continue
        chosen.append(unit)
        companion = _companion(unit)
        if companion is not None and companion not in chosen and len(chosen) < limit:
            chosen.append(companion)
    return chosen


def _companion(unit: PassageUnit) -> PassageUnit | None:
    """The neighbour that the unit refers to."""
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
    """Whether they are near-copies with the same numbers."""
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
