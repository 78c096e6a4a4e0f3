from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment

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
        pytest.param(datetime.datetime(2024, 1, 31, 9, 5), "2024-01-31 9:05:00", id="time"),
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


def saved(workbook: Any) -> bytes:
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def lines(document: Any) -> list[str]:
    return [line for line in document.text.split("\n") if line]


def replaced(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """A file with something replaced in one of its parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as parts, zipfile.ZipFile(target, "w") as changed:
        for part in parts.namelist():
            content = parts.read(part)
            if part == name:
                assert old in content
                content = content.replace(old, new)
            changed.writestr(part, content)
    return target.getvalue()


def test_cells_are_read_as_they_are_displayed() -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(["Share", "Price", "Start", "Time", "Amount"])
    start = datetime.datetime(2024, 3, 7)
    sheet.append([0.125, 1234567.5, start, datetime.timedelta(hours=26, minutes=30), -5])
    formats = ["0.0%", '#,##0.00 "EUR"', "dd.mm.yyyy", "[h]:mm", "0.00;(0.00)"]
    for column, pattern in enumerate(formats, 1):
        sheet.cell(2, column).number_format = pattern
    assert lines(load(saved(workbook), "a.xlsx"))[-1] == (
        "| 12.5% | 1,234,567.50 EUR | 07.03.2024 | 26:30 | (5.00) |"
    )


def test_a_formula_is_shown_only_where_it_has_no_value() -> None:
    data = book({"S": [["a", "b", "c"], [2, "=A2*2", "=A2*3"], [3, "=A3*2", '=""']]})
    name = "xl/worksheets/sheet1.xml"
    data = replaced(data, name, b"<f>A2*2</f><v></v>", b"<f>A2*2</f><v>4</v>")
    data = replaced(
        data, name, b'<c r="C3"><f>""</f><v></v></c>', b'<c r="C3" t="str"><f>""</f><v></v></c>'
    )
    text = lines(load(data, "a.xlsx"))
    assert text[-2:] == ["| 2 | 4 | =A2*3 |", "| 3 | =A3*2 |  |"]


def test_comments_name_their_cell() -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(["Region", "Growth"])
    workbook.active.append(["North", 3])
    workbook.active["B2"].comment = Comment("Ask first", "Ada")
    assert lines(load(saved(workbook), "a.xlsx"))[-1] == "Comment by Ada on B2 (3): Ask first"


def test_conversations_replace_the_comments_that_old_readers_get() -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(["North", 3])
    workbook.active["A1"].comment = Comment("[Threaded comment] Your version ...", "tc=1")
    data = saved(workbook)
    relations = "xl/worksheets/_rels/sheet1.xml.rels"
    office = b"http://schemas.microsoft.com/office/2017/10/relationships/"
    more = b'<Relationship Id="t" Type="%sthreadedComment" Target="/xl/t.xml" />' % office
    data = replaced(data, relations, b"</Relationships>", more + b"</Relationships>")
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a") as parts:
        parts.writestr(
            "xl/t.xml",
            "<ThreadedComments><threadedComment ref='A1'><text>Why?</text></threadedComment>"
            "<threadedComment ref='A1'><text>It rained.</text></threadedComment>"
            "</ThreadedComments>",
        )
    assert lines(load(target.getvalue(), "a.xlsx"))[-2:] == [
        "Comment on A1 (North): Why?",
        "Comment on A1 (North): It rained.",
    ]


def test_hidden_sheets_say_so() -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(["seen"])
    for title, state in (("Rates", "hidden"), ("Deep", "veryHidden")):
        sheet = workbook.create_sheet(title)
        sheet.append([title])
        sheet.sheet_state = state
    document = load(saved(workbook), "a.xlsx")
    assert document.page_labels == ("sheet Sheet", "sheet Rates (hidden)", "sheet Deep (hidden)")


def test_merged_headers_are_joined_and_merged_labels_repeated() -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (
        ["Net sales (in millions)"],
        [None, "Three Months Ended", None, "Nine Months Ended"],
        ["Segment", 2022, 2021, 2022, 2021],
        ["Americas", 1, 2, 3, 4],
        [None, 5, 6, 7, 8],
    ):
        sheet.append(row)
    for merged in ("A1:E1", "B2:C2", "D2:E2", "A4:A5"):
        sheet.merge_cells(merged)
    assert lines(load(saved(workbook), "a.xlsx")) == [
        "# Sheet",
        "Net sales (in millions)",
        "| Segment | Three Months Ended 2022 | Three Months Ended 2021 | Nine Months Ended 2022 "
        "| Nine Months Ended 2021 |",
        "| --- | --- | --- | --- | --- |",
        "| Americas | 1 | 2 | 3 | 4 |",
        "| Americas | 5 | 6 | 7 | 8 |",
    ]


def test_charts_and_text_boxes_follow_the_rows() -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(["Quarter", "Sales"])
    chart = BarChart()
    chart.title = "Sales by quarter"
    chart.add_data(Reference(sheet, range_string="Sheet!$B$1:$B$2"), titles_from_data=True)
    sheet.add_chart(chart, "D2")
    drawing = "xl/drawings/drawing1.xml"
    a = b'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    box = b"<oneCellAnchor><sp><txBody><a:p %s><a:r><a:t>boxed words</a:t></a:r></a:p>" % a
    box += b"</txBody></sp></oneCellAnchor></wsDr>"
    text = load(replaced(saved(workbook), drawing, b"</wsDr>", box), "a.xlsx").text
    assert text.endswith("boxed words\n\nChart: Sales by quarter")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.xlsm", "application/vnd.ms-excel.sheet.macroEnabled.main+xml"),
        ("a.xltm", "application/vnd.ms-excel.template.macroEnabled.main+xml"),
        ("a.xltx", "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml"),
    ],
)
def test_templates_and_files_with_macros_are_read_like_workbooks(name: str, kind: str) -> None:
    plain = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    data = replaced(book({"S": [["words"]]}), "[Content_Types].xml", plain, kind.encode())
    assert "words" in load(data, name).text


def test_a_workbook_without_sound_styles_is_read() -> None:
    data = book({"S": [["Name", "Price"], ["Tea", 3]]})
    name = "xl/styles.xml"
    data = replaced(data, name, b"<fonts", b"<cellXfs><xf numFmtId='x'/></cellXfs><fonts")
    document = load(data, "a.xlsx")
    assert lines(document)[-1] == "| Tea | 3 |"
    assert "xl/styles.xml" in document.notes[0]
