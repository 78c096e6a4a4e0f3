"""Promises of naming what other files say with another figure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ragkit.answering.extractive import nearest_sentences
from ragkit.types import Conflict, Passage, Sentence
from ragkit.verification.conflicts import find_conflicts

QUOTE = "The backups of the archive are kept for 30 days."


def passage(number: int, text: str, source: str = "") -> Passage:
    name = source or f"{number}.md"
    return Passage(number, name, text, 100, 100 + len(text), 5, 5, None, "", "", ())


def quoted(text: str) -> tuple[Sentence, ...]:
    return nearest_sentences(text, [passage(1, text)])


def found(*others: str, quote: str = QUOTE) -> list[str]:
    passages = [passage(1, quote), *(passage(n, text) for n, text in enumerate(others, 2))]
    return [one.other.quote for one in find_conflicts(quoted(quote), passages)]


@pytest.mark.parametrize(
    ("quote", "other"),
    [
        pytest.param(QUOTE, "Backups of the archive are kept for 90 days.", id="number"),
        pytest.param(QUOTE, "The backups of the archive are kept for two days.", id="in words"),
        pytest.param(
            "The board of the museum met on 3 May 2021.",
            "The board of the museum met on 4 May 2021.",
            id="date",
        ),
        pytest.param(
            "Die Sicherungen des Archivs werden 30 Tage aufbewahrt.",
            "Die Sicherungen des Archivs werden 90 Tage aufbewahrt.",
            id="German",
        ),
    ],
)
def test_the_same_statement_with_one_other_figure_is_found(quote: str, other: str) -> None:
    assert found(f"Something else. {other} And more.", quote=quote) == [other]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(QUOTE, id="the same"),
        pytest.param("The backups of the archive are kept for thirty days.", id="same in words"),
        pytest.param("The backups of the archive are kept.", id="no figure"),
        pytest.param("The backups of the theatre are kept for 90 days.", id="another subject"),
        pytest.param("The tapes are cleaned every 90 days by hand.", id="another statement"),
        pytest.param("", id="empty"),
    ],
)
def test_what_says_no_other_figure_is_none(other: str) -> None:
    assert found(other) == []


def test_two_other_figures_are_another_case() -> None:
    assert (
        found(
            "Hall 2 of the museum seats 30 guests.", quote="Hall 1 of the museum seats 20 guests."
        )
        == []
    )


def test_the_file_that_is_quoted_does_not_disagree_with_itself() -> None:
    text = f"{QUOTE} Before 2020: the backups of the archive are kept for 90 days."
    assert find_conflicts(quoted(QUOTE), [passage(1, text)]) == ()


def test_an_older_copy_that_was_folded_disagrees_too_with_its_own_place() -> None:
    old = passage(0, QUOTE.replace("30", "90"), "old.md")
    (one,) = find_conflicts(quoted(QUOTE), [replace(passage(1, QUOTE), near_duplicates=(old,))])
    assert isinstance(one, Conflict)
    assert (one.other.number, one.other.location) == (1, "old.md:5")
    assert (one.other.start, one.other.end) == (100, 100 + len(QUOTE))
    assert one.citation.quote == QUOTE


def test_without_quotes_nothing_is_compared() -> None:
    assert find_conflicts([Sentence("Kept for 90 days.", (1,))], [passage(1, QUOTE)]) == ()
