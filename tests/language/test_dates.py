"""Promises of finding the dates a text names."""

from __future__ import annotations

import itertools
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.language.dates import (
    Date,
    compare_dates,
    find_dates,
    format_date,
    from_datetime,
    from_mtime,
    parse_date,
    parse_iso_date,
)


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
    ("year", "month", "day", "refined"),
    [(2024, 3, 5, True), (None, 3, 5, True), (2024, None, None, True), (2024, 4, 5, False)],
)
def test_a_date_is_refined_by_one_that_says_all_it_says(
    year: int | None, month: int | None, day: int | None, refined: bool
) -> None:
    assert Date(0, 1, year, month, day).is_refined_by(Date(0, 1, 2024, 3, 5)) is refined


def test_a_date_that_says_more_is_not_refined_by_one_that_says_less() -> None:
    assert not Date(0, 1, 2024, 3, 5).is_refined_by(Date(0, 1, 2024, 3, None))


IN_MANY_LANGUAGES = [
    ("de", "am 3. Jänner 2021", (2021, 1, 3)),
    ("de", "bis Ende März 2020", (2020, 3, None)),
    ("fr", "le 5 mars 2024", (2024, 3, 5)),
    ("fr", "le 1er août 2023", (2023, 8, 1)),
    ("fr", "5 févr. 2024", (2024, 2, 5)),
    ("fr", "depuis décembre", (None, 12, None)),
    ("es", "el 5 de marzo de 2024", (2024, 3, 5)),
    ("es", "desde enero de 2020", (2020, 1, None)),
    ("it", "il 1º marzo 2024", (2024, 3, 1)),
    ("it", "in agosto", (None, 8, None)),
    ("pt", "5 de março de 2024", (2024, 3, 5)),
    ("pt", "21 de out. de 2020", (2020, 10, 21)),
    ("nl", "op 5 maart 2024", (2024, 3, 5)),
    ("nl", "vanaf mei 2021", (2021, 5, None)),
    ("ru", "5 марта 2024 г.", (2024, 3, 5)),
    ("ru", "в марте", (None, 3, None)),
    ("ar", "5 مارس 2024", (2024, 3, 5)),
    ("ar", "٥ مارس ٢٠٢٤", (2024, 3, 5)),
    ("ar", "5 كانون الثاني 2024", (2024, 1, 5)),
    ("ja", "2024年3月5日に", (2024, 3, 5)),
    ("ko", "2024년 3월 5일", (2024, 3, 5)),
    ("ko", "3월 5일에", (None, 3, 5)),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [pytest.param(text, parts, id=f"{code}: {text}") for code, text, parts in IN_MANY_LANGUAGES],
)
def test_dates_are_read_in_twelve_languages(
    text: str, expected: tuple[int | None, int | None, int | None]
) -> None:
    assert parts(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("5 out of 10", id="pt: out"),
        pytest.param("a set of rules, set 5 goals", id="it: set"),
        pytest.param("10 ago, 5 years ago", id="es: ago"),
        pytest.param("Rio de Janeiro", id="pt: Janeiro"),
        pytest.param("the death of Augustus", id="nl: Augustus"),
        pytest.param("a mission of Mars", id="fr: Mars"),
        pytest.param("Augustus 14", id="nl: a month before its day"),
    ],
)
def test_what_is_a_month_elsewhere_is_none_here(text: str) -> None:
    assert parts(text) == []


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024", (2024,)),
        ("2024-03", (2024, 3)),
        ("2024/03/05", (2024, 3, 5)),
        ("2024-03-05T10:00:00+02:00", (2024, 3, 5, 10, 0, 0)),
        ("2024-02-30", None),
        ("5 March 2024", None),
        ("", None),
    ],
)
def test_dates_in_iso_order_are_parsed(text: str, moment: tuple[int, ...] | None) -> None:
    assert parse_iso_date(text) == moment
    assert moment is None or parse_date(text) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Tue, 5 Mar 2024 10:00", (2024, 3, 5)),
        ("5. März 2024, 10:00 Uhr", (2024, 3, 5)),
        ("mardi 5 mars 2024", (2024, 3, 5)),
        ("martes, 5 de marzo de 2024", (2024, 3, 5)),
        ("вторник, 5 марта 2024 г.", (2024, 3, 5)),
        ("2024年3月5日星期二", (2024, 3, 5)),
        ("2024년 3월 5일 화요일", (2024, 3, 5)),
        ("الثلاثاء، 5 مارس 2024", (2024, 3, 5)),
        ("March 2024", (2024, 3)),
        ("Report of 5 March 2024", None),
        ("5 March and 6 March 2024", None),
        ("5 March", None),
        ("31 February 2024", None),
    ],
)
def test_dates_in_words_are_parsed_where_they_are_all_that_is_said(
    text: str, moment: tuple[int, ...] | None
) -> None:
    assert parse_date(text) == moment


@given(st.dates() | st.datetimes())
def test_a_date_that_is_formatted_is_parsed_again(value: date) -> None:
    if 1000 <= value.year < 3000:
        moment = from_datetime(value)
        assert parse_iso_date(format_date(moment)) == moment[:6]
        assert len(moment) == (6 if isinstance(value, datetime) else 3)


def test_a_day_lies_in_its_month_and_after_the_month_before() -> None:
    assert compare_dates((2024, 3, 5), (2024, 3)) == 0
    assert compare_dates((2024, 3, 5), (2024, 2)) == 1
    assert compare_dates((2024,), (2024, 3)) == -1
    assert from_mtime(0) is not None
    assert from_mtime(10**40) is None


@given(st.text(alphabet="0123456789-. ,/年月日maymrchofin51de", max_size=60) | st.text(max_size=60))
def test_dates_are_in_order_disjoint_and_within_the_text(text: str) -> None:
    found = find_dates(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))


@pytest.mark.parametrize("unit", ["1", "1. ", "may ", "1 may ", "ab ", "in ", "5 de ", "3月", "é"])
def test_hostile_repetition_costs_no_more_than_its_length(unit: str) -> None:
    find_dates(unit * (100_000 // len(unit)))  # minutes, were any rule quadratic
