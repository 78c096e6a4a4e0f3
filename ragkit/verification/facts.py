"""Numbers, dates, quotes and negations of a claim that contradict its passages (pure).

Each check returns the contradiction in one short sentence, "" where there is none.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Collection, Sequence

from ragkit.language.dates import Date
from ragkit.language.quantities import Quantity
from ragkit.language.tokens import Token, content_terms, strip_punctuation, terms
from ragkit.verification.evidence import AnalyzedPassage, Claim, EvidenceWindow

# The share of the claim's terms that a quote must have before a difference is a contradiction.
# Measured: scripts/bench/verification.py.
_SAME_SUBJECT = 0.6
_SAME_SENTENCE = 0.75
_COMPARED_TOKENS = 300
_COUNTED_BY_READERS = 12  # small numbers in words may be the writer's own count


# ---------------------------------------------------------------- numbers and dates


def check_quantities(
    claim: Claim, window: EvidenceWindow, passages: Sequence[AnalyzedPassage]
) -> str:
    """A number, with its unit, that no passage has, or for which the quote has another one."""
    quoted = [q for q in window.passage.quantities if window.start <= q.start < window.end]
    same_subject = window.terms.share(claim.content) >= _SAME_SUBJECT
    for quantity in claim.quantities:
        text = claim.text[quantity.start : quantity.end]
        rivals = [q for q in quoted if quantity.unit and q.unit == quantity.unit]
        if _is_in_passages(quantity, text, passages):
            in_quote = any(quantity.values & other.values for other in quoted)
            if not rivals or in_quote or not same_subject:
                continue
        elif quantity.spelled and not rivals and _smallest(quantity) <= _COUNTED_BY_READERS:
            continue
        other_units = [q for q in window.passage.quantities if q.values & quantity.values]
        return _explain(text, window.passage, rivals or other_units)
    return ""


def _is_in_passages(quantity: Quantity, text: str, passages: Sequence[AnalyzedPassage]) -> bool:
    """Whether a passage has the quantity, written as `text`: as a number, as the year or day of a
    date, as a year of that decade or century, or in Roman numerals."""
    numbers = [other for passage in passages for other in passage.quantities]
    dates = [date for passage in passages for date in passage.dates]
    years = {str(date.year) for date in dates if date.year}
    days = {str(date.day) for date in dates if date.day}
    return (
        any(quantity.matches(other) for other in numbers)
        or bool(quantity.values & years)
        or (bool(quantity.values & days) and not text.isdecimal())
        or is_decade_or_century_of(
            quantity, text, {*years, *(value for other in numbers for value in other.values)}
        )
        or any(_roman(value) in passage.text for value in quantity.values for passage in passages)
    )


def is_decade_or_century_of(quantity: Quantity, text: str, years: Collection[str]) -> bool:
    """Whether the quantity, written as `text`, is the decade or century of one of the years."""
    span = 10 if text.endswith("s") else 100 if quantity.unit in _CENTURIES else 0
    if not span or not _smallest(quantity) < 10_000:
        return False
    value = int(_smallest(quantity))
    first = value if span == 10 else (value - 1) * 100
    return any(year.isdecimal() and first <= int(year) < first + span for year in years)


_CENTURIES = frozenset(terms("century centuries Jahrhundert Jahrhunderts 世纪"))


def _smallest(quantity: Quantity) -> float:
    """The smallest of its values; infinite when it is no plain number (3.11.2)."""
    plain = (v for v in quantity.values if v.replace(".", "", 1).isdecimal())
    return min(map(float, plain), default=math.inf)


def _roman(value: str) -> str:
    """The number in Roman numerals between blanks (`Class II `); for numbers above 39, which are
    seldom written so, a text that no passage has."""
    if not value.isdecimal() or not 1 <= int(value) <= 39:
        return "\0"
    tens, ones = divmod(int(value), 10)
    return f" {'X' * tens}{_ROMAN[ones]} "


_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")


def _explain(text: str, passage: AnalyzedPassage, others: Sequence[Quantity]) -> str:
    for other in others:
        if other.end <= len(passage.text):
            unit = _UNIT_TAIL.match(passage.text, other.end)
            end = unit.end() if unit and other.unit else other.end
            return f"the passage says {passage.text[other.start : end]}, not {text}"
    return f"the number {text} is not in the passage"


_UNIT_TAIL = re.compile(r" ?(?:[%％]|[^\W\d_]{1,20})")


def check_dates(claim: Claim, passages: Sequence[AnalyzedPassage]) -> str:
    """A date that no passage has, neither whole nor as a day and a year."""
    dates = [date for passage in passages for date in passage.dates]
    years = {str(date.year) for date in dates}
    years |= {v for passage in passages for q in passage.quantities for v in q.values}
    for date in claim.dates:
        if any(date.is_refined_by(other) for other in dates):
            continue
        day = Date(0, 0, month=date.month, day=date.day)
        days = [
            other for other in dates if day.is_refined_by(other) and other.year in (None, date.year)
        ]
        if not (days and str(date.year) in years):
            return f"the date {claim.text[date.start : date.end]} is not in the passage"
    return ""


# ---------------------------------------------------------------- quotes


def check_quotes(claim: Claim, passages: Sequence[AnalyzedPassage]) -> str:
    """Three or more words in quotation marks that no passage has."""
    for found in _QUOTED.finditer(claim.text):
        quote = found[0][1:-1]
        if len(quote.split()) < 3 and len(content_terms(quote, claim.language)) < 6:
            continue
        if not any(strip_punctuation(quote) in passage.letters for passage in passages):
            return f"the words {found[0]} are not in the passage"
    return ""


_QUOTED = re.compile(r"“[^“”\n]{4,400}”|„[^“”„\n]{4,400}[“”]|«[^«»\n]{4,400}»|\"[^\"\n]{4,400}\"")


# ---------------------------------------------------------------- negation


def check_negation(claim: Claim, window: EvidenceWindow) -> str:
    """A "not" that only the claim or only the quote has, about the same words."""
    share = window.terms.share(claim.content)
    if share < _SAME_SUBJECT:
        return ""
    base = window.start
    claim_tokens = claim.tokens[:_COMPARED_TOKENS]
    tokens = [Token(t.term, t.start - base, t.end - base) for t in window.tokens]
    tokens = tokens[:_COMPARED_TOKENS]
    ours, theirs = _negations(claim.text, claim_tokens), _negations(window.text, tokens)
    if ours and not theirs and share >= _SAME_SENTENCE and not _DENIALS.search(window.text):
        return "the passage says it without the negation"
    if _is_one_sided(claim_tokens, ours, tokens, theirs, claim.function_terms):
        return "the passage says it without the negation"
    if _is_one_sided(tokens, theirs, claim_tokens, ours, window.passage.function_terms):
        return "the passage says the opposite"
    return ""


_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|nicht|keine?[nmrs]?|nie|niemals|ohne|weder"
    r"|pas|sans|jamais|nunca|sin)\b|n ?['’]t\b"
    r"|不(?![仅但过断同])|没|未(?!来)|无(?![线论])|非(?![常洲])|(?<![特区分级类性个])别(?![的人墅])",
    re.IGNORECASE,
)
# Other ways to deny: with them a "not" in the claim is no contradiction.
_DENIALS = re.compile(
    r"\b(?:fail|unable|refus|lack|hardly|rarely|seldom|few|little|prohibit|forb[aio]|prevent|avoid"
    r"|except|absen|exclud|instead|rather|impossible|unlike|until)\w*",
    re.IGNORECASE,
)


def _negations(text: str, tokens: Sequence[Token]) -> list[int]:
    """The index of the token after each negation."""
    starts = [token.start for token in tokens]
    after = (bisect_left(starts, found.end()) for found in _NEGATION.finditer(text))
    return [number for number in after if number < len(starts)]


def _is_one_sided(
    tokens: Sequence[Token],
    negations: Sequence[int],
    others: Sequence[Token],
    other_negations: Sequence[int],
    function: Collection[str],
) -> bool:
    """Whether the two content words after a negation are in the other text without one."""
    for first in negations:
        near = [token.term for token in tokens[first : first + 6]]
        denied = [term for term in near if term not in function][:2]
        places = {
            term: [n for n, other in enumerate(others) if other.term == term] for term in denied
        }
        if not denied or not all(places.values()):
            continue
        found = [n for positions in places.values() for n in positions]
        if not any(-1 <= n - other <= 6 for n in found for other in other_negations):
            return True
    return False
