from __future__ import annotations

import time

import pytest

from ragkit.loading.pdf.running_heads import find_running_heads


def kept(pages: list[list[str]]) -> list[list[str]]:
    heads = find_running_heads(pages)
    return [
        [line for index, line in enumerate(page) if index not in dropped]
        for page, dropped in zip(pages, heads, strict=True)
    ]


def test_lines_that_carry_data_stay() -> None:
    pages = [
        ["Mill and Sons Ltd.", "Wage slip", "Number 4471", f"Month: {month}", f"Net {9000 + n}.50"]
        for n, month in enumerate(("March", "April", "May", "June", "July"))
    ]
    for page, lines in zip(pages, kept(pages), strict=True):
        assert page[2:] == [line for line in lines if line in page[2:]]


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(lambda n: f"{n}", id="bare"),
        pytest.param(lambda n: f"Page {n} of 9", id="page of"),
        pytest.param(lambda n: f"- {n} -", id="dashes"),
        pytest.param(lambda n: ["i", "ii", "iii", "iv", "v", "vi", "vii"][n - 1], id="roman"),
    ],
)
def test_page_numbers_go(number) -> None:  # type: ignore[no-untyped-def]
    pages = [[f"The text of {name} is short.", number(n)] for n, name in enumerate("abcdefg", 1)]
    assert all(len(lines) == 1 for lines in kept(pages))


def test_the_name_above_a_statement_stays() -> None:
    prose = ["the words of the text run on and on over the whole page"] * 30
    pages = [["BARN AND MILL INC.", *prose] for _ in range(8)]
    pages[5] = ["BARN AND MILL INC.", "STATEMENTS OF INCOME", *prose]
    lines = kept(pages)
    assert lines[5][:2] == ["BARN AND MILL INC.", "STATEMENTS OF INCOME"]
    assert lines[6][0] != "BARN AND MILL INC."


def test_the_only_line_of_a_page_is_kept_once() -> None:
    assert sum(map(len, kept([["Annual report"]] * 6))) == 1


@pytest.mark.parametrize("line", ["İl Sağlık Müdürlüğü", "xı vı", "#" * 190 + " x", "١٢"])
def test_odd_lines_are_read_at_once(line: str) -> None:
    begun = time.process_time()
    find_running_heads([[line, line, line]] * 10)
    assert time.process_time() - begun < 1
