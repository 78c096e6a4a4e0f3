"""What other files say with another number or date than the quotes of an answer (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ragkit.types import Citation, Conflict, Passage, Sentence
from ragkit.verification.citations import locate_quote
from ragkit.verification.evidence import AnalyzedPassage, Claim

_SAME_STATEMENT = 0.75  # of the wording, numbers and dates aside, both ways
_LEAST_WORDS = 3


def find_conflicts(
    sentences: Sequence[Sentence], passages: Sequence[Passage]
) -> tuple[Conflict, ...]:
    """For each quoted statement, those of other files, or of older copies, in the same words but
    for one number or one date.

    Where two or more differ, another case is spoken of ("hall 2 seats 30"). Each place once.
    """
    quoted = dict.fromkeys(one.evidence for one in sentences if one.evidence is not None)
    statements = [(citation, Claim(citation.quote)) for citation in quoted]
    statements = [pair for pair in statements if _figures(pair[1]) and _enough(pair[1])]
    if not statements:
        return ()
    places = [
        AnalyzedPassage(place)
        for passage in passages
        for place in (passage, *passage.near_duplicates)
    ]
    numbers = [passage.number for passage in passages for _ in (passage, *passage.near_duplicates)]
    found: dict[tuple[str, int], Conflict] = {}
    for citation, statement in statements:
        for reading, number in zip(places, numbers, strict=True):
            if reading.passage.source == citation.source:
                continue
            for other in _other_figures(statement, reading, number):
                found.setdefault((other.source, other.start), Conflict(citation, other))
    return tuple(found.values())


def _enough(statement: Claim) -> bool:
    return len(statement.content) >= _LEAST_WORDS


def _figures(statement: Claim) -> int:
    return len(statement.quantities) + len(statement.dates)


def _other_figures(statement: Claim, reading: AnalyzedPassage, number: int) -> Iterator[Citation]:
    for place, unit in enumerate(reading.units):
        if unit.terms.share(statement.content) < _SAME_STATEMENT:
            continue
        window = reading.window(place, place)
        other = Claim(window.text)
        if _enough(other) and _say_the_same(statement, other) and _differ(statement, other):
            yield replace(locate_quote(window.citation(), reading.passage), number=number)


def _say_the_same(one: Claim, other: Claim) -> bool:
    mine, theirs = set(one.content), set(other.content)
    names = {name.term for name in (*one.names, *other.names)}
    return len(mine & theirs) >= _SAME_STATEMENT * len(mine | theirs) and not names & (
        mine ^ theirs
    )


def _differ(one: Claim, other: Claim) -> bool:
    """Whether exactly one number or date stands in the place of another."""
    numbers = [
        [mine for mine in ours if not any(mine.agrees(its) for its in theirs)]
        for ours, theirs in (
            (one.quantities, other.quantities),
            (other.quantities, one.quantities),
        )
    ]
    dates = [
        [mine for mine in ours if not any(mine.within(its) or its.within(mine) for its in theirs)]
        for ours, theirs in ((one.dates, other.dates), (other.dates, one.dates))
    ]
    return {(len(numbers[0]), len(numbers[1])), (len(dates[0]), len(dates[1]))} == {(0, 0), (1, 1)}
