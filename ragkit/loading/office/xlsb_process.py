"""Reads a binary workbook (.xlsb) in a process of its own: `FILE ROWS CELLS PATH...`.

python-calamine is fast and panics on some files; one cell in the last row and column has it ask
for all the memory there is, which ends the process. It is run as a script, so that nothing else
of ragkit is imported; PATH is where to import from.
"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import python_calamine

_SHEETS = 500


def main() -> None:
    """Writes a line of JSON for each sheet, [name, is hidden], and for each of its rows, the
    cells in an object; {} where the number of cells is used up, null where a sheet is damaged."""
    source, target, cells, *sys.path[:] = sys.argv[1:]
    import python_calamine

    left = int(cells)
    book = python_calamine.CalamineWorkbook.from_path(source)
    visible = python_calamine.SheetVisibleEnum.Visible
    with Path(target).open("w", encoding="utf-8") as lines:
        for sheet in book.sheets_metadata[:_SHEETS]:
            lines.write(json.dumps([sheet.name, sheet.visible != visible]) + "\n")
            lines.flush()  # what follows may end the process
            if sheet.typ != python_calamine.SheetTypeEnum.WorkSheet:
                continue
            try:
                left = _write_rows(book.get_sheet_by_name(sheet.name), left, lines)
            except BaseException:  # noqa: BLE001  a panic of the vendor's is no Exception
                lines.write("null\n")


def _write_rows(sheet: python_calamine.CalamineSheet, left: int, lines: TextIO) -> int:
    """Writes the rows and gives how many cells are left."""
    for row in sheet.iter_rows():
        left -= len(row) + 1
        if left < 0:
            lines.write("{}\n")
            break
        lines.write(json.dumps({"cells": list(map(_plain, row))}) + "\n")
    return left


def _plain(value: object) -> object:
    """A cell as JSON has it; a date as it is written, without the time where that is midnight."""
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return str(value).removesuffix(" 00:00:00")
    return value


if __name__ == "__main__":
    main()
