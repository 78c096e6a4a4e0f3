"""A claim and its evidence: the span of the passages that has most of its words (pure)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ragkit.language.dates import Date, find_dates
from ragkit.language.detect import detect_language
from ragkit.language.quantities import Quantity, find_quantities
from ragkit.language.sentences import Span, split_sentences, to_plain_text
from ragkit.language.tokens import (
    Token,
    function_terms,
    normalize,
    strip_punctuation,
    terms,
    tokenize,
)
from ragkit.types import Citation, Passage

Figure = Quantity | Date
TermWeights = Callable[[str], float]

_PREFIX_CHARACTERS = 5
_WINDOW_UNITS = 3
# What each further sentence of a quote must add to the share of the claim's terms.
_UNIT_COST = 0.1
# Prefers the sentence with the same number among those with the same words.
_NUMBER_BONUS = 0.02


class TermSet:
    """A set of terms that matches longer words by their first five letters, too (`norman`,
    `normandy`)."""

    def __init__(self, terms: Iterable[str]) -> None:
        self.terms = frozenset(terms)
        long = (term for term in self.terms if len(term) >= _PREFIX_CHARACTERS)
        self.prefixes = frozenset(term[:_PREFIX_CHARACTERS] for term in long)

    def __contains__(self, term: str) -> bool:
        return term in self.terms or (
            len(term) >= _PREFIX_CHARACTERS and term[:_PREFIX_CHARACTERS] in self.prefixes
        )

    def share(self, terms: Sequence[str]) -> float:
        """The share of the terms that are in the set, 0 to 1; 1 for no terms."""
        return sum(term in self for term in terms) / len(terms) if terms else 1.0


class Claim:
    """A sentence of an answer and its parts.

    `content` are its content terms, numbers and dates aside, each once; `names` the words written
    with a capital; `figures` its numbers and dates.
    """

    def __init__(self, text: str) -> None:
        self.text = text = _PREAMBLE.sub("", text)
        self.language = detect_language(text)
        self.function_terms = function_terms(self.language)
        self.tokens = tokenize(text)
        self.terms = frozenset(token.term for token in self.tokens)
        self.dates = find_dates(text)
        numbered = _ENUMERATION.match(text)
        first = numbered.end() if numbered else 0
        self.quantities = [found for found in find_quantities(text) if found.start >= first]
        self.figures: list[Figure] = [*self.quantities, *self.dates]
        figure_at = {at for figure in self.figures for at in range(figure.start, figure.end)}
        words = [token for token in self.tokens if token.start not in figure_at]
        terms = dict.fromkeys(token.term for token in words)
        self.content = [term for term in terms if term not in self.function_terms]
        self.names = [token for token in words if is_name(text, token, self.function_terms)]

    def begins_sentence(self, token: Token) -> bool:
        """Whether a sentence begins with the token: its capital is no sign of a name then."""
        before = self.text[: token.start].rstrip().rstrip("\"'“„‘(`*-—").rstrip()
        return not before or before[-1] in ".!?:"


# "According to passage 2, ..." is about the passages.
_PREAMBLE = re.compile(
    r"^\s*(?:according to|based on|as \w+ in|laut|gemäß|nach)\s[^,.]{0,60}?"
    r"\b(?:passages?|sources?|documents?|context|texts?|quellen?|dokument\w*|textes?)\b[^,.]{0,20},\s*",
    re.IGNORECASE,
)
_ENUMERATION = re.compile(r"\s*\(?\d{1,2}[.)]\s")


def is_name(text: str, token: Token, function: Collection[str]) -> bool:
    """Whether the token is written with a capital and is no function word or lone letter."""
    return (
        token.end - token.start > 1 and text[token.start].isupper() and token.term not in function
    )


@dataclass(frozen=True, slots=True)
class EvidenceUnit:
    """A sentence, row, heading or code block of a passage, and its tokens."""

    span: Span
    tokens: Sequence[Token]
    terms: TermSet


class AnalyzedPassage:
    """A passage and its parts. `terms`, `quantities` and `dates` include those of its heading, its
    table header and its file name."""

    def __init__(self, passage: Passage) -> None:
        self.original = passage
        self.text = passage.text
        tokens = tokenize(passage.text)
        spans = split_sentences(passage.text, table_header=passage.table_header)
        self.units = list(_split_units(tokens, spans))
        context = "\n".join((passage.heading, passage.table_header, passage.source))
        self.terms = TermSet([*(token.term for token in tokens), *terms(context)])
        # Offsets up to the end of the text are in the passage, those above in its context.
        self.quantities = find_quantities(f"{passage.text}\n{context}")
        self.dates = find_dates(f"{passage.text}\n{context}")
        self.figures: list[Figure] = [*self.quantities, *self.dates]
        self.language = detect_language(passage.text)
        self.function_terms = function_terms(self.language)

    @cached_property
    def letters(self) -> str:
        """The text without anything between its letters and digits."""
        return strip_punctuation(self.text)

    def window(self, first: int, last: int) -> EvidenceWindow:
        return EvidenceWindow(self, self.units[first : last + 1])


def _split_units(tokens: Sequence[Token], spans: Sequence[Span]) -> Iterator[EvidenceUnit]:
    position = 0
    for span in spans:
        while position < len(tokens) and tokens[position].start < span.start:
            position += 1
        first = position
        while position < len(tokens) and tokens[position].start < span.end:
            position += 1
        inside = tokens[first:position]
        header = terms(span.header)  # of a table row
        yield EvidenceUnit(span, inside, TermSet([*(token.term for token in inside), *header]))


class EvidenceWindow:
    """One or more neighbouring units of a passage."""

    def __init__(self, passage: AnalyzedPassage, units: Sequence[EvidenceUnit]) -> None:
        self.passage = passage
        self.units = units
        self.start, self.end = units[0].span.start, units[-1].span.end
        self.tokens = [token for unit in units for token in unit.tokens]
        self.terms = TermSet(term for unit in units for term in unit.terms.terms)

    @property
    def text(self) -> str:
        return self.passage.text[self.start : self.end]

    def citation(self) -> Citation:
        """The window as a verbatim quote, with its span in the document."""
        passage = self.passage.original
        start, end = passage.start + self.start, passage.start + self.end
        return Citation(passage.number, passage.source, passage.location, self.text, start, end)


def inverse_document_frequency(units: Collection[Iterable[str]]) -> TermWeights:
    """The inverse document frequency of a term, as in BM25, with the terms of sentences, each once,
    as the documents."""
    counts = Counter(term for terms in units for term in terms)
    total = len(units)
    return lambda term: math.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5))


def find_verbatim(claim: Claim, passages: Sequence[AnalyzedPassage]) -> EvidenceWindow | None:
    """The unit that has the claim word for word; letter case, blanks and the stop may differ."""
    text = _plain(claim.text)
    for passage in passages:
        for position, unit in enumerate(passage.units):
            length = unit.span.end - unit.span.start
            if length >= len(text) and _plain(to_plain_text(passage.text, unit.span)) == text:
                return passage.window(position, position)
    return None


def _plain(text: str) -> str:
    return " ".join(normalize(text).split()).rstrip(" .!?。！？")


def find_best_window(
    claim: Claim, passages: Sequence[AnalyzedPassage], weight_of: TermWeights
) -> EvidenceWindow | None:
    """The one to three neighbouring units with the highest weight of the claim's terms; None when
    the passages are empty, the shorter and earlier of equal ones."""
    weights = {term: weight_of(term) for term in claim.content}
    total = sum(weights.values()) or 1.0
    best_score, best = -math.inf, None
    for passage in passages:
        shared = [frozenset(t for t in weights if t in unit.terms) for unit in passage.units]
        numbers = [_count_numbers(claim, passage, unit) for unit in passage.units]
        for first in range(len(shared)):
            union: frozenset[str] = frozenset()
            for last in range(first, min(first + _WINDOW_UNITS, len(shared))):
                union |= shared[last]
                score = sum(weights[term] for term in union) / total - _UNIT_COST * (last - first)
                score += _NUMBER_BONUS * sum(numbers[first : last + 1])
                if score > best_score + 1e-9:
                    best_score, best = score, (passage, first, last)
    return best[0].window(best[1], best[2]) if best else None


def _count_numbers(claim: Claim, passage: AnalyzedPassage, unit: EvidenceUnit) -> int:
    span = range(unit.span.start, unit.span.end)
    inside = [found for found in passage.quantities if found.start in span]
    return sum(any(mine.matches(theirs) for theirs in inside) for mine in claim.quantities)
