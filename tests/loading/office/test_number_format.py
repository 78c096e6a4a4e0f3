from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.loading.office.number_format import format_cell, format_number

MORNING = datetime.datetime(2024, 3, 7, 9, 5, 3)


@pytest.mark.parametrize(
    ("value", "pattern", "shown"),
    [
        (0.125, "0.0%", "12.5%"),
        (0.08, "0.0 %", "8.0 %"),
        (1234567.5, '#,##0.00 "EUR"', "1,234,567.50 EUR"),
        (1234567.5, "#,##0", "1,234,568"),
        (-1234.5, "#,##0.00;[Red](#,##0.00)", "(1,234.50)"),
        (-1234.5, "$#,##0.00", "-$1,234.50"),
        (12.5, "[$€-407] #,##0.00", "€ 12.50"),
        (12.5, "#,##0.00\\ [$€-1]", "12.50 €"),
        (0, '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)', "-"),
        (1234567, '0.0,,"M"', "1.2M"),
        (12345, "0.00E+00", "1.23E+04"),
        (1500, '[>=1000]#,##0.0,"K";0', "1.5K"),
        (-15, '[>=1000]#,##0.0,"K";0', "-15"),
        (5551234, "000-0000", "555-1234"),
        (123456789, "###\\-##\\-####", "123-45-6789"),
        (42, "00000", "00042"),
        (3, "0.##", "3"),
        (2.5, "0", "3"),
        (-0.001, "0.00", "0.00"),
        (3, 'General "pcs"', "3 pcs"),
        (0.5, "# ?/?", "0.5"),
        (0.1 + 0.2, "General", "0.3"),
        (10**16, "General", "10000000000000000"),
        (5, ";;;", "5"),
        (5, '"yes";"no"', "yes"),
        (45358, "dd.mm.yyyy", "07.03.2024"),
        (float("nan"), "0.0", "NAN"),
        (1e16, "General", "1E+16"),
    ],
)
def test_numbers_are_shown_by_their_format(value: float, pattern: str, shown: str) -> None:
    assert format_number(value, pattern) == shown


@pytest.mark.parametrize(
    ("value", "pattern", "shown"),
    [
        (MORNING, "dd.mm.yyyy", "07.03.2024"),
        (MORNING, "yyyy-mm-dd h:mm:ss", "2024-03-07 9:05:03"),
        (MORNING, "mm-dd-yy", "2024-03-07"),
        (MORNING, "d. mmmm yyyy", "7. March 2024"),
        (MORNING, "ddd, mmm d", "Thu, Mar 7"),
        (MORNING, "h:mm AM/PM", "9:05 AM"),
        (MORNING, "mm:ss.0", "05:03"),
        (MORNING, "[$-409]d\\-mmm\\-yy;@", "7-Mar-24"),
        (MORNING, 'yyyy"年"m"月"d"日"', "2024年3月7日"),
        (MORNING, "General", "2024-03-07 09:05:03"),
        (datetime.datetime(2024, 1, 31), "yyyy-mm-dd h:mm:ss", "2024-01-31"),
        (datetime.time(14, 30), "h:mm:ss", "14:30:00"),
        (datetime.timedelta(days=1, hours=2, minutes=30), "[hh]:mm:ss", "26:30:00"),
        (True, "0", "TRUE"),
        (None, "0", ""),
        ("00042", "0.0", "00042"),
    ],
)
def test_dates_times_and_durations_are_shown_by_their_format(
    value: object, pattern: str, shown: str
) -> None:
    assert format_cell(value, pattern) == shown


SIGNS = '0#?.,;%"\\[]$€eE+-_*@ /ymdhsAMPgneral<>=1'
DATES = st.datetimes() | st.timedeltas() | st.times() | st.dates()


@given(st.floats() | st.integers(), st.text(SIGNS, max_size=30))
def test_no_format_raises(value: float, pattern: str) -> None:
    format_number(value, pattern)


@given(DATES, st.text(SIGNS, max_size=20))
def test_no_format_of_dates_raises(value: object, pattern: str) -> None:
    format_cell(value, pattern)
