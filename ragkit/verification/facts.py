"""What in a statement the passages do not say: numbers, dates, quotes, negations.

Each check returns a short sentence for a person, "" when it finds nothing.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Collection, Sequence

from ragkit.query.dates import Date
from ragkit.query.quantities import Quantity
from ragkit.query.words import FUNCTION_TERMS, Token, list_content_terms, squeeze
from ragkit.verification.evidence import AnalyzedPassage, Claim, EvidenceWindow

# How much of the wording a quote must hold before a difference from it counts as a
# contradiction. Measured: scripts/bench/verification.py.
_SAME_SUBJECT = 0.6
_SAME_SENTENCE = 0.75
_COMPARED_TOKENS = 300
_COUNTED_BY_READERS = 12  # small numbers in words may be the writer's own count


# ---------------------------------------------------------------- numbers and dates


def check_quantities(
    statement: Claim, window: EvidenceWindow, readings: Sequence[AnalyzedPassage]
) -> str:
    """A number, with its unit, that no passage holds; or that the quote gives differently."""
    known = [quantity for reading in readings for quantity in reading.quantities]
    years = {str(date.year) for reading in readings for date in reading.dates if date.year}
    days = {str(date.day) for reading in readings for date in reading.dates if date.day}
    named = {*years, *(value for quantity in known for value in quantity.values)}
    quoted = [q for q in window.reading.quantities if window.start <= q.start < window.end]
    same_subject = window.terms.share(statement.content) >= _SAME_SUBJECT
    for claimed in statement.quantities:
        said = statement.text[claimed.start : claimed.end]
        rivals = [q for q in quoted if claimed.unit and q.unit == claimed.unit]
        held = (
            any(claimed.agrees(other) for other in known)
            or claimed.values & years
            or (claimed.values & days and not said.isdecimal())
            or is_decade_or_century_of(claimed, said, named)
            or any(
                _roman(value) in reading.text for value in claimed.values for reading in readings
            )
        )
        if held:
            in_quote = any(claimed.values & other.values for other in quoted)
            if not rivals or in_quote or not same_subject:
                continue
        elif claimed.spelled and not rivals and _smallest(claimed) <= _COUNTED_BY_READERS:
            continue
        other_units = [q for q in window.reading.quantities if q.values & claimed.values]
        return _explain(said, window.reading, rivals or other_units)
    return ""


def is_decade_or_century_of(claimed: Quantity, said: str, years: Collection[str]) -> bool:
    """Whether the quantity, written as `said`, is the decade or century of one of the years."""
    span = 10 if said.endswith("s") else 100 if claimed.unit in _CENTURIES else 0
    if not span or not _smallest(claimed) < 10_000:
        return False
    value = int(_smallest(claimed))
    first = value if span == 10 else (value - 1) * 100
    return any(year.isdecimal() and first <= int(year) < first + span for year in years)


_CENTURIES = frozenset(list_content_terms("century centuries Jahrhundert Jahrhunderts 世纪"))


def _smallest(quantity: Quantity) -> float:
    """The least of its readings; infinite when it is no plain number (3.11.2)."""
    plain = (v for v in quantity.values if v.replace(".", "", 1).isdecimal())
    return min(map(float, plain), default=math.inf)


def _roman(value: str) -> str:
    """The number in Roman numerals between blanks (`Class II `); a text no passage holds for
    numbers that are seldom written so."""
    if not value.isdecimal() or not 1 <= int(value) <= 39:
        return "\0"
    tens, ones = divmod(int(value), 10)
    return f" {'X' * tens}{_ROMAN[ones]} "


_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")


def _explain(said: str, reading: AnalyzedPassage, others: Sequence[Quantity]) -> str:
    for other in others:
        if other.end <= len(reading.text):
            unit = _UNIT_TAIL.match(reading.text, other.end)
            end = unit.end() if unit and other.unit else other.end
            return f"the passage says {reading.text[other.start : end]}, not {said}"
    return f"the number {said} is not in the passage"


_UNIT_TAIL = re.compile(r" ?(?:[%％]|[^\W\d_]{1,20})")


def check_dates(statement: Claim, readings: Sequence[AnalyzedPassage]) -> str:
    """A date that the passages do not hold, be it in two parts."""
    known = [date for reading in readings for date in reading.dates]
    years = {str(date.year) for date in known}
    years |= {v for reading in readings for q in reading.quantities for v in q.values}
    for claimed in statement.dates:
        if any(claimed.within(date) for date in known):
            continue
        day = Date(0, 0, month=claimed.month, day=claimed.day)
        apart = [date for date in known if day.within(date) and date.year in (None, claimed.year)]
        if not (apart and str(claimed.year) in years):
            return f"the date {statement.text[claimed.start : claimed.end]} is not in the passage"
    return ""


# ---------------------------------------------------------------- quotes


def check_quotes(statement: Claim, readings: Sequence[AnalyzedPassage]) -> str:
    """Words in quotation marks, three or more, that no passage holds as they stand."""
    for found in _QUOTED.finditer(statement.text):
        quote = found[0][1:-1]
        if len(quote.split()) < 3 and len(list_content_terms(quote)) < 6:
            continue
        if not any(squeeze(quote) in reading.letters for reading in readings):
            return f"the words {found[0]} are not in the passage"
    return ""


_QUOTED = re.compile(r"“[^“”\n]{4,400}”|„[^“”„\n]{4,400}[“”]|«[^«»\n]{4,400}»|\"[^\"\n]{4,400}\"")


# ---------------------------------------------------------------- negation


def check_negation(statement: Claim, window: EvidenceWindow) -> str:
    """A "not" in the statement or in the quote that the other has not, about the same words."""
    share = window.terms.share(statement.content)
    if share < _SAME_SUBJECT:
        return ""
    base = window.start
    my_tokens = statement.tokens[:_COMPARED_TOKENS]
    tokens = [Token(t.term, t.start - base, t.end - base) for t in window.tokens]
    tokens = tokens[:_COMPARED_TOKENS]
    mine, theirs = _negations(statement.text, my_tokens), _negations(window.text, tokens)
    if mine and not theirs and share >= _SAME_SENTENCE and not _DENIALS.search(window.text):
        return "the passage says it without the negation"
    if _is_one_sided(my_tokens, mine, tokens, theirs):
        return "the passage says it without the negation"
    if _is_one_sided(tokens, theirs, my_tokens, mine):
        return "the passage says the opposite"
    return ""


_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|nicht|keine?[nmrs]?|nie|niemals|ohne|weder"
    r"|pas|sans|jamais|nunca|sin)\b|n ?['’]t\b"
    r"|不(?![仅但过断同])|没|未(?!来)|无(?![线论])|非(?![常洲])|(?<![特区分级类性个])别(?![的人墅])",
    re.IGNORECASE,
)
# Other ways to deny, which make a "not" in the statement no contradiction.
_DENIALS = re.compile(
    r"\b(?:fail|unable|refus|lack|hardly|rarely|seldom|few|little|prohibit|forb[aio]|prevent|avoid"
    r"|except|absen|exclud|instead|rather|impossible|unlike|until)\w*",
    re.IGNORECASE,
)


def _negations(text: str, tokens: Sequence[Token]) -> list[int]:
    """The number of the token after each negation that stands before one."""
    starts = [token.start for token in tokens]
    after = (bisect_left(starts, found.end()) for found in _NEGATION.finditer(text))
    return [number for number in after if number < len(starts)]


def _is_one_sided(
    tokens: Sequence[Token],
    negations: Sequence[int],
    others: Sequence[Token],
    other_negations: Sequence[int],
) -> bool:
    """Whether the two content words after a negation stand in the other text, un-negated."""
    for first in negations:
        near = [token.term for token in tokens[first : first + 6]]
        denied = [term for term in near if term not in FUNCTION_TERMS][:2]
        places = {
            term: [n for n, other in enumerate(others) if other.term == term] for term in denied
        }
        if not denied or not all(places.values()):
            continue
        found = [n for positions in places.values() for n in positions]
        if not any(-1 <= n - other <= 6 for n in found for other in other_negations):
            return True
    return False
