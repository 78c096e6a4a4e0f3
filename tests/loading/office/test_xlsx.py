from __future__ import annotations

import datetime
import io
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
import pytest

from ragkit.errors import LoadError
from ragkit.loading import LoadOptions, load


def book(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def test_sheets_are_pages_and_rows_are_tables() -> None:
    document = load(book({"Prices": [["Name", "Price"], ["Tea", 3.5]], "Empty": []}), "a.xlsx")
    assert document.page_labels == ("sheet Prices", "sheet Empty")
    assert document.text.strip() == ("# Prices\n\n| Name | Price |\n| --- | --- |\n| Tea | 3.5 |")
    assert document.pages_without_text == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(3, "3", id="integer"),
        pytest.param(0.1 + 0.2, "0.3", id="float"),
        pytest.param(True, "TRUE", id="truth"),
        pytest.param(datetime.datetime(2024, 1, 31), "2024-01-31", id="date"),
        pytest.param(datetime.datetime(2024, 1, 31, 9, 5), "2024-01-31 09:05:00", id="time"),
        pytest.param("a\nb | c", "a b \\| c", id="lines and bars"),
    ],
)
def test_values_look_as_people_write_them(value: object, shown: str) -> None:
    text = load(book({"S": [["a", "b"], [value, "x"]]}), "a.xlsx").text
    assert text.endswith(f"| {shown} | x |")


def test_titles_and_blank_rows_part_tables() -> None:
    rows = [["Report 2024"], [], ["a", "b"], [1, 2], [], ["c", "d", "e"], [], [3, 4, 5]]
    assert load(book({"S": rows}), "a.xlsx").text == (
        "# S\n\nReport 2024\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n"
        "| c | d | e |\n| --- | --- | --- |\n| 3 | 4 | 5 |"
    )


def test_a_column_of_names_is_a_list_of_lines() -> None:
    assert load(book({"S": [["Ada"], ["Bob"], ["Cy"]]}), "a.xlsx").text == "# S\n\nAda\nBob\nCy"


def test_formulas_without_values_are_shown_themselves() -> None:
    assert "=SUM(A1:A2)" in load(book({"S": [["=SUM(A1:A2)", "=B1"]]}), "a.xlsx").text


def test_cells_are_bounded_and_the_cut_is_noted() -> None:
    data = book({"S": [[row, row, row] for row in range(100)], "T": [["late"]]})
    document = load(data, "a.xlsx", LoadOptions(table_cells=30))
    assert document.notes == (
        "sheet S: only the first 10 rows were read",
        "sheet T: only the first 0 rows were read",
    )
    assert "| 9 | 9 | 9 |" in document.text
    assert "| 10 |" not in document.text


def test_a_cell_in_the_last_corner_costs_nothing() -> None:
    workbook = openpyxl.Workbook()
    workbook.active["A1"] = "first"
    workbook.active["XFD1048576"] = "last"
    target = io.BytesIO()
    workbook.save(target)
    text = load(target.getvalue(), "a.xlsx").text
    assert "first" in text
    assert "last" in text


def test_an_empty_workbook_has_no_text() -> None:
    with pytest.raises(LoadError, match="no text") as caught:
        load(book({"S": []}), "a.xlsx")
    assert caught.value.outcome == "skipped"
