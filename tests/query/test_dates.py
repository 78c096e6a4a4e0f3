"""Promises of finding the dates a text names."""

from __future__ import annotations

import pytest

from ragkit.query.dates import Date, find_dates


def parts(text: str) -> list[tuple[int | None, int | None, int | None]]:
    return [(date.year, date.month, date.day) for date in find_dates(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2024-03-05", [(2024, 3, 5)], id="ISO"),
        pytest.param("on March 5, 2024 at noon", [(2024, 3, 5)], id="month first"),
        pytest.param("on March 5 , 2024", [(2024, 3, 5)], id="tokenised"),
        pytest.param("the 5th of March 2024", [(2024, 3, 5)], id="day first"),
        pytest.param("am 5. März 2024", [(2024, 3, 5)], id="German"),
        pytest.param("05.03.2024", [(2024, 3, 5)], id="German digits"),
        pytest.param("2024年3月5日", [(2024, 3, 5)], id="Chinese"),
        pytest.param("在3月5日", [(None, 3, 5)], id="Chinese without a year"),
        pytest.param("by December 25, Japan", [(None, 12, 25)], id="no year"),
        pytest.param("March 2024", [(2024, 3, None)], id="no day"),
        pytest.param("in March they may march", [(None, 3, None)], id="month alone, no verbs"),
        pytest.param("from 1 May to 31 October 2025", [(None, 5, 1), (2025, 10, 31)], id="two"),
        pytest.param("2024-13-05 and February 53", [], id="impossible"),
        pytest.param("In 1911 there were 12 of them.", [], id="a year is a number"),
        pytest.param("", [], id="empty"),
    ],
)
def test_dates_are_read_in_the_forms_people_write(
    text: str, expected: list[tuple[int | None, int | None, int | None]]
) -> None:
    assert parts(text) == expected


def test_a_date_knows_where_it_stands() -> None:
    text = "It was in March 2024, he said."
    (date,) = find_dates(text)
    assert text[date.start : date.end] == "March 2024"


@pytest.mark.parametrize(
    ("year", "month", "day", "within"),
    [(2024, 3, 5, True), (None, 3, 5, True), (2024, None, None, True), (2024, 4, 5, False)],
)
def test_a_date_is_within_one_that_says_all_it_says(
    year: int | None, month: int | None, day: int | None, within: bool
) -> None:
    assert Date(0, 1, year, month, day).within(Date(0, 1, 2024, 3, 5)) is within


def test_a_date_that_says_more_is_not_within_one_that_says_less() -> None:
    assert not Date(0, 1, 2024, 3, 5).within(Date(0, 1, 2024, 3, None))
