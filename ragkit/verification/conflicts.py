"""Other files that contradict the quotes of an answer in one number or date (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ragkit.types import Citation, Conflict, Passage, Sentence
from ragkit.verification.citations import locate_quote
from ragkit.verification.evidence import AnalyzedPassage, Claim

_SAME_STATEMENT = 0.75  # share of equal terms, numbers and dates aside, of each in the other
_MIN_TERMS = 3


def find_conflicts(
    sentences: Sequence[Sentence], passages: Sequence[Passage]
) -> tuple[Conflict, ...]:
    """The sentences of other files, or of older copies, that say the same as a quote of the answer
    but for one number or one date; each once.

    Where two or more differ, the sentence is about something else ("hall 2 seats 30").
    """
    quotes = dict.fromkeys(one.evidence for one in sentences if one.evidence is not None)
    claims = [(quote, claim) for quote in quotes if _can_conflict(claim := Claim(quote.quote))]
    claims = [(quote, claim) for quote, claim in claims if claim.figures]
    if not claims:
        return ()
    others = [
        (AnalyzedPassage(one), passage.number)
        for passage in passages
        for one in (passage, *passage.near_duplicates)
    ]
    conflicts: dict[tuple[str, int], Conflict] = {}
    for quote, claim in claims:
        for passage, number in others:
            if passage.original.source == quote.source:
                continue
            for other in _conflicting_quotes(claim, passage):
                conflict = Conflict(quote, replace(other, number=number))
                conflicts.setdefault((other.source, other.start), conflict)
    return tuple(conflicts.values())


def _can_conflict(claim: Claim) -> bool:
    return len(claim.content) >= _MIN_TERMS


def _conflicting_quotes(claim: Claim, passage: AnalyzedPassage) -> Iterator[Citation]:
    for at, unit in enumerate(passage.units):
        if unit.terms.share(claim.content) < _SAME_STATEMENT:
            continue
        window = passage.window(at, at)
        other = Claim(window.text)
        if _can_conflict(other) and _same_statement(claim, other) and _one_differs(claim, other):
            yield locate_quote(window.citation(), passage.original)


def _same_statement(one: Claim, other: Claim) -> bool:
    """Whether the two have nearly the same terms, and the same names."""
    ours, theirs = set(one.content), set(other.content)
    names = {name.term for name in (*one.names, *other.names)}
    enough = len(ours & theirs) >= _SAME_STATEMENT * len(ours | theirs)
    return enough and not names & (ours ^ theirs)


def _one_differs(one: Claim, other: Claim) -> bool:
    """Whether exactly one number, or exactly one date, replaces another."""
    pairs = ((one, other), (other, one))
    numbers = tuple(
        sum(not any(mine.matches(its) for its in b.quantities) for mine in a.quantities)
        for a, b in pairs
    )
    dates = tuple(
        sum(
            not any(mine.is_refined_by(its) or its.is_refined_by(mine) for its in b.dates)
            for mine in a.dates
        )
        for a, b in pairs
    )
    return {numbers, dates} == {(0, 0), (1, 1)}
