"""Promises of finding the numbers a text names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.language.quantities import find_quantities


def read(text: str) -> list[tuple[set[str], str]]:
    return [(set(found.values), found.unit) for found in find_quantities(text)]


@pytest.mark.parametrize(
    ("text", "values", "unit"),
    [
        pytest.param("7", {"7"}, "", id="digit"),
        pytest.param("1,178,914 people", {"1178914"}, "peopl", id="thousands"),
        pytest.param("1.178.914", {"1178914"}, "", id="German thousands"),
        pytest.param("1,234.5", {"1234.5"}, "", id="both marks"),
        pytest.param("1.234,50 €", {"1234.5"}, "euro", id="German both marks"),
        pytest.param("1.234", {"1.234", "1234"}, "", id="either language"),
        pytest.param("2’500 km", {"2500"}, "kilometre", id="Swiss"),
        pytest.param("3.11.2", {"3.11.2"}, "", id="version"),
        pytest.param("30%", {"30"}, "%", id="per cent sign"),
        pytest.param("30 per cent", {"30"}, "%", id="per cent"),
        pytest.param("30 Prozent", {"30"}, "%", id="Prozent"),
        pytest.param("$5m", {"5000000"}, "dollar", id="money and scale"),
        pytest.param("3.5 million tons", {"3500000"}, "ton", id="scale word"),
        pytest.param("5 Mio. Euro", {"5000000"}, "euro", id="German scale"),
        pytest.param("5km", {"5"}, "kilometre", id="unit attached"),
        pytest.param("the 10th century", {"10"}, "centur", id="ordinal"),
        pytest.param("the 1990s", {"1990"}, "", id="decade"),
        pytest.param("twenty-five years", {"25"}, "year", id="words"),
        pytest.param("a three-legged stool", {"3"}, "leg", id="compound"),
        pytest.param("two hundred dollars", {"200"}, "dollar", id="words and scale"),
        pytest.param("a thousand men", {"1000"}, "men", id="a thousand"),
        pytest.param("fünfundzwanzig Stunden", {"25"}, "hour", id="German words"),
        pytest.param("三十天", {"30"}, "day", id="Chinese"),
        pytest.param("二百五十公里", {"250"}, "kilometre", id="Chinese hundreds"),
        pytest.param("3万人", {"30000"}, "", id="Chinese scale"),
        pytest.param("40 分钟", {"40"}, "minute", id="Chinese unit"),
        pytest.param("5 kilomètres", {"5"}, "kilometre", id="fr"),
        pytest.param("30 pour cent", {"30"}, "%", id="fr, two words"),
        pytest.param("12 mil millones", {"12000000000"}, "", id="es, scale of two words"),
        pytest.param("30 por ciento", {"30"}, "%", id="es"),
        pytest.param("45 miglia", {"45"}, "mile", id="it"),
        pytest.param("2 bilhões", {"2000000000"}, "", id="pt, scale"),
        pytest.param("1,5 miljoen euro", {"1500000"}, "euro", id="nl, scale"),
        pytest.param("10 часов", {"10"}, "hour", id="ru, a case"),
        pytest.param("3,5 млн", {"3500000"}, "", id="ru, scale"),
        pytest.param("6 ساعات", {"6"}, "hour", id="ar, plural"),
        pytest.param("3時間", {"3"}, "hour", id="ja"),
        pytest.param("1億円", {"100000000"}, "", id="ja, scale"),
        pytest.param("5시간", {"5"}, "hour", id="ko"),
    ],
)
def test_a_number_is_read_with_its_unit(text: str, values: set[str], unit: str) -> None:
    assert read(text) == [(values, unit)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("on 5 March 2024", id="a date"),
        pytest.param("a 3D print over 5G", id="names"),
        pytest.param("file_2 and x86", id="inside words"),
        pytest.param("one of them", id="one"),
        pytest.param("一个月", id="Chinese one"),
    ],
)
def test_what_is_no_number_is_left_alone(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("45 days", "45 days", True),
        ("45 days", "forty-five Tage", True),
        ("45 days", "45 hours", False),
        ("45 days", "45", True),
        ("45 servers", "45 machines", True),
        ("45 days", "54 days", False),
    ],
)
def test_numbers_agree_unless_value_or_measure_differ(one: str, other: str, agree: bool) -> None:
    (first,), (second,) = find_quantities(one), find_quantities(other)
    assert first.matches(second) is agree
    assert second.matches(first) is agree


@given(
    st.text(alphabet="0123456789.,'% $€kmth-一二十万百天 MayI/年月日", max_size=60)
    | st.text(max_size=60)
)
def test_any_text_is_read_in_order_and_within_its_length(text: str) -> None:
    found = find_quantities(text)
    assert [q.start for q in found] == sorted(q.start for q in found)
    assert all(0 <= q.start < q.end <= len(text) and q.values for q in found)


@pytest.mark.parametrize("unit", ["1", "1.", "1 ", "$", "十", "1,", "may ", "1 may "])
def test_hostile_repetition_costs_no_more_than_its_length(unit: str) -> None:
    find_quantities(unit * (20_000 // len(unit)))  # minutes, were any rule quadratic
