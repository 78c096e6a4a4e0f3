from __future__ import annotations

import random
import struct
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import LoadError
from ragkit.loading import LoadOptions, load
from tests.loading.compound_builder import build_compound

Cell = str | float | bool | None
_FORMATS = ("General", "0.0%", "yyyy-mm-dd", '#,##0.00" kr"')


def record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def unicode(text: str, length: str) -> bytes:
    return struct.pack(f"<{length}B", len(text), 1) + text.encode("utf-16-le")


def cell(row: int, column: int, value: Cell, form: int) -> bytes:
    place = struct.pack("<HHH", row, column, form)
    if isinstance(value, bool):
        return record(0x205, place + bytes([value, 0]))
    if isinstance(value, str):
        if value.startswith("#"):
            return record(0x205, place + bytes([7, 1]))
        return record(0x204, place + unicode(value, "H"))
    return record(0x203, place + struct.pack("<d", value))


def workbook(
    sheets: Mapping[str, Sequence[Sequence[Cell | tuple[float, int]]]],
    *,
    hidden: Sequence[str] = (),
    encrypted: bool = False,
    from_1904: bool = False,
    more: bytes = b"",
) -> bytes:
    """A stream of Excel 97. A cell may be (number, index of its format); `more` are records of
    every sheet."""
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    bodies = []
    for rows in sheets.values():
        body = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                number, form = value if isinstance(value, tuple) else (value, 0)
                if number is not None:
                    body += cell(row, column, number, form)
        bodies.append(body + more + record(0x0A))
    head = begin + (record(0x2F, bytes(6)) if encrypted else b"")
    head += record(0x42, struct.pack("<H", 1200)) + record(0x22, struct.pack("<H", from_1904))
    font = struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + unicode("Arial", "B")
    head += record(0x31, font) * 4
    for index, pattern in enumerate(_FORMATS):
        head += record(0x41E, struct.pack("<H", 164 + index) + unicode(pattern, "H"))
    for index in range(len(_FORMATS)):
        head += record(0xE0, struct.pack("<HHH", 0, 164 + index, 1) + bytes(14))
    listed = [struct.pack("<IBB", 0, name in hidden, 0) + unicode(name, "B") for name in sheets]
    start = len(head) + sum(4 + len(entry) for entry in listed) + 4
    for entry, body in zip(listed, bodies, strict=True):
        head += record(0x85, struct.pack("<I", start) + entry[4:])
        start += len(body)
    return head + record(0x0A) + b"".join(bodies)


def old_excel(*arguments: object, stream: str = "Workbook", **options: object) -> bytes:
    return build_compound({stream: workbook(*arguments, **options)})  # type: ignore[arg-type]


ROWS = [["name", "share", "due"], ["Åse 日本", (0.125, 1), (45356.0, 2)], ["Bo", (1234.5, 3), True]]


def test_a_page_for_each_sheet_and_cells_as_they_are_displayed() -> None:
    document = load(old_excel({"Dues": ROWS, "More": [["a", "b"], [1.0, 2.5]]}), "a.xls")
    assert document.page_labels == ("sheet Dues", "sheet More")
    assert document.text == (
        "# Dues\n\n| name | share | due |\n| --- | --- | --- |\n"
        "| Åse 日本 | 12.5% | 2024-03-05 |\n| Bo | 1,234.50 kr | TRUE |\n\n"
        "# More\n\n| a | b |\n| --- | --- |\n| 1 | 2.5 |"
    )
    assert document.media_type == "text/markdown"


def test_dates_are_counted_from_1904_where_the_file_says_so() -> None:
    assert "2028-03-06" in load(old_excel({"A": ROWS}, from_1904=True), "a.xls").text


def test_merged_names_of_columns_are_repeated() -> None:
    merged = record(0xE5, struct.pack("<5H", 1, 0, 0, 1, 2))
    rows = [["name", "dues", None], [None, "paid", "due"], ["Bo", 1.0, 2.0]]
    text = load(old_excel({"A": rows}, more=merged), "a.xls").text
    assert "dues paid" in text
    assert "dues due" in text


def test_comments_stand_below_the_sheet() -> None:
    shape = record(0x5D, struct.pack("<HHHHH12xHH", 0x15, 18, 0x19, 1, 0, 0, 0))
    text = record(0x1B6, struct.pack("<HH6xHHI", 0, 0, 5, 16, 0)) + record(0x3C, b"\0ask H")
    text += record(0x3C, bytes(16))
    note = record(0x1C, struct.pack("<4H", 1, 28, 0, 1) + unicode("Ada", "H"))
    document = load(old_excel({"A": ROWS}, more=shape + text + note), "a.xls")
    assert document.text.endswith("Comment by Ada on AC2: ask H")


def test_errors_have_the_names_of_excel() -> None:
    assert "#DIV/0!" in load(old_excel({"A": [["x", "#"], [1.0, 2.0]]}), "a.xls").text


def test_a_hidden_sheet_is_read_and_said_to_be_hidden() -> None:
    document = load(old_excel({"A": ROWS, "B": ROWS}, hidden=["B"]), "a.xls")
    assert document.page_labels == ("sheet A", "sheet B (hidden)")


@pytest.mark.parametrize("name", ["a.xls", "a.xlt", "a.xlsx", "a.doc", "a", "a.txt"])
def test_a_workbook_is_found_out_whatever_its_name(name: str) -> None:
    for data in (
        old_excel({"A": ROWS}),
        old_excel({"A": ROWS}, stream="Book"),
        workbook({"A": ROWS}),
    ):
        assert "| Bo |" in load(data, name).text


def test_an_encrypted_workbook_is_reported() -> None:
    with pytest.raises(LoadError, match="needs a password") as caught:
        load(old_excel({"A": ROWS}, encrypted=True), "a.xls")
    assert caught.value.outcome == "skipped"


def test_rows_beyond_the_limit_are_noted() -> None:
    rows = [["n", "m"], *([float(n), 1.0] for n in range(100))]
    document = load(old_excel({"A": rows}), "a.xls", LoadOptions(table_cells=30))
    assert document.notes == ("sheet A: only the first 10 rows were read",)


def test_a_far_cell_takes_little() -> None:
    far = workbook({"A": [["near"]]})[:-4] + cell(65535, 255, "far", 0) + record(0x0A)
    assert "far" in load(build_compound({"Workbook": far}), "a.xls").text


def test_a_damaged_workbook_is_reported() -> None:
    with pytest.raises(LoadError, match="damaged workbook"):
        load(build_compound({"Workbook": b"\x09\x08" + b"\xff" * 600}), "a.xls")


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_damaged_workbooks_load_or_are_reported(seed: int, count: int) -> None:
    data = bytearray(old_excel({"A": ROWS * 20, "B": ROWS}))
    chance = random.Random(seed)
    for _ in range(count):
        data[chance.randrange(8, len(data))] = chance.randrange(256)
    begun = time.process_time()
    with suppress(LoadError):
        load(bytes(data), "a.xls")
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            b"<table border=1><tr><td>kiln</td><td>9</td></tr></table>", "html", id="table"
        ),
        pytest.param(b"\xef\xbb\xbf \n<style>td{}</style><table><tr><td>kiln", "html", id="style"),
        pytest.param(b"<html><body>kiln</body></html>", "html", id="page"),
        pytest.param(b"kiln\t9\nforge\t8\n", "csv", id="tabs"),
        pytest.param(
            b"<?xml version='1.0'?><Workbook><Data>kiln</Data></Workbook>", "xml", id="XML"
        ),
        pytest.param(b"{\\rtf1 kiln}", "rtf", id="RTF"),
        pytest.param(
            b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=B\n\n--B\n"
            b"Content-Type: text/html\n\n<p>kiln</p>\n--B--\n",
            "eml",
            id="a web page in one file",
        ),
    ],
)
@pytest.mark.parametrize("name", ["a.xls", "a.doc"])
def test_other_files_of_that_name_are_read_as_what_they_are(
    data: bytes, expected: str, name: str
) -> None:
    document = load(data, name)
    assert "kiln" in document.text
    if (expected, name) != ("csv", "a.doc"):
        assert dict(document.metadata)["format"] == expected
