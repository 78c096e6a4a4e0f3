from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import pytest

from ragkit.errors import LoadError
from ragkit.loading import LoadOptions, load
from tests.loading.conftest import build_zip

Cell = str | float | bool | None
_NAMES = "http://schemas.openxmlformats.org"
_KIND = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"


def record(kind: int, data: bytes = b"") -> bytes:
    number = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
    length, size = b"", len(data)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return number + length + bytes([size]) + data


def wide(text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return struct.pack("<I", len(encoded) // 2) + encoded


def sheet(rows: Mapping[int, Mapping[int, Cell | tuple[float, int]]]) -> bytes:
    last = max((column for row in rows.values() for column in row), default=0)
    data = record(129) + record(148, struct.pack("<4I", 0, max(rows, default=0), 0, last))
    data += record(145)
    for number, row in rows.items():
        data += record(0, struct.pack("<I", number) + bytes(13))
        for column, value in row.items():
            number_, form = value if isinstance(value, tuple) else (value, 0)
            place = struct.pack("<II", column, form)
            if isinstance(number_, bool):
                data += record(4, place + bytes([number_]))
            elif isinstance(number_, str):
                data += record(6, place + wide(number_))
            elif number_ is not None:
                data += record(5, place + struct.pack("<d", number_))
    return data + record(146) + record(130)


def binary_workbook(
    sheets: Mapping[str, Sequence[Sequence[Cell | tuple[float, int]]]],
    *,
    hidden: Sequence[str] = (),
    parts: Mapping[str, bytes] | None = None,
) -> bytes:
    """A workbook; a cell may be (number, 1): a date. `parts` replace parts of the file."""
    listed, relations = b"", ""
    made: dict[str, bytes | str] = {"[Content_Types].xml": f"<Types>{_KIND}</Types>"}
    for number, (name, rows) in enumerate(sheets.items(), 1):
        state = struct.pack("<II", name in hidden, number)
        listed += record(156, state + wide(f"r{number}") + wide(name))
        kind = f"{_NAMES}/officeDocument/2006/relationships/worksheet"
        target = f"worksheets/sheet{number}.bin"
        relations += f'<Relationship Id="r{number}" Type="{kind}" Target="{target}"/>'
        made[f"xl/{target}"] = sheet({r: dict(enumerate(row)) for r, row in enumerate(rows)})
    made["xl/workbook.bin"] = record(131) + record(143) + listed + record(144) + record(132)
    made["xl/_rels/workbook.bin.rels"] = (
        f'<Relationships xmlns="{_NAMES}/package/2006/relationships">{relations}</Relationships>'
    )
    forms = b"".join(record(47, struct.pack("<HH", 0, form) + bytes(12)) for form in (0, 164))
    formats = record(615, struct.pack("<I", 1)) + record(
        44, struct.pack("<H", 164) + wide("d.m.yy")
    )
    formats += record(616) + record(617, struct.pack("<I", 2)) + forms + record(618)
    made["xl/styles.bin"] = record(278) + formats + record(279)
    return build_zip({**made, **(parts or {})})


ROWS = [["name", "share", "due"], ["Åse 日本", 0.125, (45356.0, 1)], ["Bo", 3.0, True]]


def test_a_page_for_each_sheet() -> None:
    document = load(binary_workbook({"Dues": ROWS, "More": ROWS[:2]}, hidden=["More"]), "a.xlsb")
    assert document.page_labels == ("sheet Dues", "sheet More (hidden)")
    assert document.text[: document.page_starts[1]] == (
        "# Dues\n\n| name | share | due |\n| --- | --- | --- |\n"
        "| Åse 日本 | 0.125 | 2024-03-05 |\n| Bo | 3 | TRUE |\n\n"
    )
    assert document.notes == ()


def test_rows_beyond_the_limit_are_noted() -> None:
    rows = [["n", "m"], *([float(n), 1.0] for n in range(100))]
    document = load(binary_workbook({"A": rows}), "a.xlsb", LoadOptions(table_cells=30))
    assert document.notes == ("sheet A: only the first 10 rows were read",)


def test_a_far_cell_ends_its_own_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    far = sheet({0: {0: "near"}, 1_048_575: {16_383: "far"}})
    data = binary_workbook({"A": ROWS, "B": []}, parts={"xl/worksheets/sheet2.bin": far})
    document = load(data, "a.xlsb")
    assert "Åse" in document.text
    assert document.notes == ("sheet B is damaged: not all of it was read",)


def test_a_workbook_that_cannot_be_read_names_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    data = binary_workbook({"A": ROWS}, parts={"xl/workbook.bin": b"\x83\x01"})
    with pytest.raises(LoadError, match=r"save it as \.xlsx, or install LibreOffice") as caught:
        load(data, "a.xlsb")
    assert caught.value.outcome == "skipped"


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    data = binary_workbook({"A": ROWS}, parts={"xl/sharedStrings.bin": bytes(9_000_000)})
    with pytest.raises(LoadError, match="unpacks to"):
        load(data, "a.xlsb")


def test_one_that_takes_too_long_is_reported() -> None:
    with pytest.raises(LoadError, match=r"took longer than 0\.001 s; save it as \.xlsx"):
        load(binary_workbook({"A": ROWS}), "a.xlsb", LoadOptions(convert_seconds=0.001))
