"""A statement and the passages beside each other: which span of them speaks of it?"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ragkit.query.dates import find_dates
from ragkit.query.quantities import find_quantities
from ragkit.query.sentences import Span, readable, split_sentences
from ragkit.query.words import (
    FUNCTION_TERMS,
    Token,
    find_tokens,
    fold,
    guess_language,
    list_terms,
    squeeze,
)
from ragkit.types import Citation, Passage

TermWeights = Callable[[str], float]

_PREFIX_CHARACTERS = 5
_WINDOW_UNITS = 3
# What each further sentence of a quote must add, as a share of the statement's wording.
_UNIT_COST = 0.1
# Between sentences of like wording, the one with the same number is meant.
_NUMBER_BONUS = 0.02


class TermSet:
    """A set of terms that also knows a word by its beginning (`norman` holds `normandy`)."""

    def __init__(self, terms: Iterable[str]) -> None:
        self.terms = frozenset(terms)
        long = (term for term in self.terms if len(term) >= _PREFIX_CHARACTERS)
        self.prefixes = frozenset(term[:_PREFIX_CHARACTERS] for term in long)

    def __contains__(self, term: str) -> bool:
        return term in self.terms or (
            len(term) >= _PREFIX_CHARACTERS and term[:_PREFIX_CHARACTERS] in self.prefixes
        )

    def share(self, wanted: Sequence[str]) -> float:
        """How many of the wanted terms are held, 0 to 1; 1 when none is wanted."""
        return sum(term in self for term in wanted) / len(wanted) if wanted else 1.0


class Claim:
    """A sentence of an answer, taken apart.

    `content` holds the terms that carry its subject, numbers and dates aside, each once. `names`
    are the words written with a capital.
    """

    def __init__(self, text: str) -> None:
        self.text = text = _PREAMBLE.sub("", text)
        self.tokens = find_tokens(text)
        self.terms = frozenset(token.term for token in self.tokens)
        self.dates = find_dates(text)
        numbered = _ENUMERATION.match(text)
        first = numbered.end() if numbered else 0
        self.quantities = [found for found in find_quantities(text) if found.start >= first]
        taken = {at for found in self.quantities for at in range(found.start, found.end)}
        taken |= {at for found in self.dates for at in range(found.start, found.end)}
        words = [token for token in self.tokens if token.start not in taken]
        terms = dict.fromkeys(token.term for token in words)
        self.content = [term for term in terms if term not in FUNCTION_TERMS]
        self.names = [token for token in words if is_name(text, token)]
        self.language = guess_language(text)

    def begins_sentence(self, token: Token) -> bool:
        """Whether the token's capital says nothing because a sentence begins with it."""
        before = self.text[: token.start].rstrip().rstrip("\"'“„‘(`*-—").rstrip()
        return not before or before[-1] in ".!?:"


# "According to passage 2, ..." is about the passages, not about what they say.
_PREAMBLE = re.compile(
    r"^\s*(?:according to|based on|as \w+ in|laut|gemäß|nach)\s[^,.]{0,60}?"
    r"\b(?:passages?|sources?|documents?|context|texts?|quellen?|dokument\w*|textes?)\b[^,.]{0,20},\s*",
    re.IGNORECASE,
)
_ENUMERATION = re.compile(r"\s*\(?\d{1,2}[.)]\s")


def is_name(text: str, token: Token) -> bool:
    """Whether the token is written with a capital and is no function word or lone letter."""
    return (
        token.end - token.start > 1
        and text[token.start].isupper()
        and token.term not in FUNCTION_TERMS
    )


@dataclass(frozen=True, slots=True)
class EvidenceUnit:
    """A sentence, row, heading or code block of a passage, and its tokens."""

    span: Span
    tokens: Sequence[Token]
    terms: TermSet


class AnalyzedPassage:
    """A passage taken apart. `terms` holds the words of its heading and file name as well."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        self.text = passage.text
        tokens = find_tokens(passage.text)
        spans = split_sentences(passage.text, table_header=passage.table_header)
        self.units = list(_share_out(tokens, spans))
        around = "\n".join((passage.heading, passage.table_header, passage.source))
        self.terms = TermSet([*(token.term for token in tokens), *list_terms(around)])
        # Offsets below the end of the text lie in the passage, those above in what is around it.
        self.quantities = find_quantities(f"{passage.text}\n{around}")
        self.dates = find_dates(f"{passage.text}\n{around}")
        self.language = guess_language(passage.text[:2000])

    @cached_property
    def letters(self) -> str:
        """The text without anything between its letters and digits."""
        return squeeze(self.text)

    def window(self, first: int, last: int) -> EvidenceWindow:
        return EvidenceWindow(self, self.units[first : last + 1])


def _share_out(tokens: Sequence[Token], spans: Sequence[Span]) -> Iterator[EvidenceUnit]:
    position = 0
    for span in spans:
        while position < len(tokens) and tokens[position].start < span.start:
            position += 1
        first = position
        while position < len(tokens) and tokens[position].start < span.end:
            position += 1
        inside = tokens[first:position]
        named = list_terms(span.header)  # a row speaks of what its header names
        yield EvidenceUnit(span, inside, TermSet([*(token.term for token in inside), *named]))


class EvidenceWindow:
    """Neighbouring units of one passage, at least one."""

    def __init__(self, reading: AnalyzedPassage, units: Sequence[EvidenceUnit]) -> None:
        self.reading = reading
        self.units = units
        self.start, self.end = units[0].span.start, units[-1].span.end
        self.tokens = [token for unit in units for token in unit.tokens]
        self.terms = TermSet(term for unit in units for term in unit.terms.terms)

    @property
    def text(self) -> str:
        return self.reading.text[self.start : self.end]

    def citation(self) -> Citation:
        """The verbatim quote and its span in the document."""
        passage = self.reading.passage
        start, end = passage.start + self.start, passage.start + self.end
        return Citation(passage.number, passage.source, passage.location, self.text, start, end)


def inverse_document_frequency(readings: Sequence[AnalyzedPassage]) -> TermWeights:
    """The inverse document frequency of a term, the units of the passages being the documents."""
    units = [unit for reading in readings for unit in reading.units]
    counts = Counter(term for unit in units for term in unit.terms.terms)
    return lambda term: math.log(1 + (len(units) - counts[term] + 0.5) / (counts[term] + 0.5))


def find_verbatim(statement: Claim, readings: Sequence[AnalyzedPassage]) -> EvidenceWindow | None:
    """The unit that says the statement word for word; capitals, blanks and the stop may differ."""
    wanted = _plain(statement.text)
    for reading in readings:
        for position, unit in enumerate(reading.units):
            length = unit.span.end - unit.span.start
            if length >= len(wanted) and _plain(readable(reading.text, unit.span)) == wanted:
                return reading.window(position, position)
    return None


def _plain(text: str) -> str:
    return " ".join(fold(text).split()).rstrip(" .!?。！？")


def find_best_window(
    statement: Claim, readings: Sequence[AnalyzedPassage], rarity: TermWeights
) -> EvidenceWindow | None:
    """The one to three neighbouring units that hold most of the statement's wording, rarer words
    counting more; None when the passages are empty. The shorter and earlier of equals."""
    weights = {term: rarity(term) for term in statement.content}
    total = sum(weights.values()) or 1.0
    best_score, best = -math.inf, None
    for reading in readings:
        held = [frozenset(term for term in weights if term in unit.terms) for unit in reading.units]
        numbers = [_count_numbers(statement, reading, unit) for unit in reading.units]
        for first in range(len(held)):
            union: frozenset[str] = frozenset()
            for last in range(first, min(first + _WINDOW_UNITS, len(held))):
                union |= held[last]
                score = sum(weights[term] for term in union) / total - _UNIT_COST * (last - first)
                score += _NUMBER_BONUS * sum(numbers[first : last + 1])
                if score > best_score + 1e-9:
                    best_score, best = score, (reading, first, last)
    return best[0].window(best[1], best[2]) if best else None


def _count_numbers(statement: Claim, reading: AnalyzedPassage, unit: EvidenceUnit) -> int:
    span = range(unit.span.start, unit.span.end)
    inside = [found for found in reading.quantities if found.start in span]
    return sum(any(mine.agrees(theirs) for theirs in inside) for mine in statement.quantities)
