"""Old Excel files (.xls, from Excel 2 to 2003) -> one page a sheet, cells as they are displayed.

Read by xlrd, which is pure Python: on a damaged file it raises, at once, where python-calamine may
end the process.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from ragkit.errors import LoadError
from ragkit.loading.compound_file import CompoundFile
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.detect_format import COMPOUND_FILE, needs_password
from ragkit.loading.office.number_format import format_number
from ragkit.loading.office.spreadsheet import Spans, write_grid

_SHEETS = 500
_NUMBER, _DATE, _BOOLEAN, _ERROR = 2, 3, 4, 5  # types of cells
_DAYS_1904 = 1462  # between the two days that dates are counted from


def load_xls(data: bytes, options: LoadOptions) -> LoadedContent:
    """A workbook, its pages labelled "sheet NAME", hidden ones "sheet NAME (hidden)". Formulas
    give the value last computed.

    Raises LoadError: skipped when encrypted, failed when damaged.
    """
    metadata: tuple[tuple[str, str], ...] = ()
    if data.startswith(COMPOUND_FILE):
        file = CompoundFile(data)
        metadata = file.metadata()
        data = file.read(["Workbook"]) or file.read(["Book"])
    book = _open(data)
    writer = MarkdownWriter()
    notes = list(_write_sheets(book, writer, options.table_cells))
    return writer.content(metadata=metadata, notes=notes)


def _open(stream: bytes) -> Any:
    import xlrd

    # Without the formats where those are what is damaged.
    for with_formats in (True, False):
        try:
            return xlrd.open_workbook(
                file_contents=stream,
                logfile=io.StringIO(),
                on_demand=True,
                ragged_rows=True,
                formatting_info=with_formats,
            )
        except Exception as error:  # the vendor lets struct's and its own errors through
            if "encrypted" in str(error):
                raise needs_password() from error
            if not with_formats:
                raise LoadError("damaged workbook: its parts do not fit together") from error
    raise AssertionError


def _write_sheets(book: Any, writer: MarkdownWriter, limit: int) -> Iterator[str]:
    """Writes the sheets and yields a note for each that was not read whole."""
    cells_left = limit
    for number, name in enumerate(book.sheet_names()[:_SHEETS]):
        sheet = _sheet(book, number)
        writer.page(f"sheet {name}{' (hidden)' if sheet is not None and sheet.visibility else ''}")
        rows = _Rows(book, sheet, cells_left)
        try:
            write_grid(writer, name, rows, _spans(sheet))
            for (row, column), note in sorted(sheet.cell_note_map.items()):
                by = f" by {note.author}" if note.author else ""
                writer.paragraph(f"Comment{by} on {_address(row, column)}: {note.text}")
        except Exception:  # noqa: BLE001  as above; the other sheets are worth having
            yield f"sheet {name} is damaged: not all of it was read"
        cells_left = rows.cells_left
        if rows.cut:
            yield f"sheet {name}: only the first {rows.count:,} rows were read"
        book.unload_sheet(number)


def _sheet(book: Any, number: int) -> Any:
    """A sheet, None for a damaged one."""
    try:
        return book.sheet_by_index(number)
    except Exception:  # noqa: BLE001  as above
        return None


def _spans(sheet: Any) -> Spans:
    return {
        (row, column): (row_end - row, column_end - column)
        for row, row_end, column, column_end in sheet.merged_cells
    }


class _Rows:
    """The rows of a sheet as texts, until `cells_left` cells are used up."""

    def __init__(self, book: Any, sheet: Any, cells_left: int) -> None:
        self._book = book
        self._sheet = sheet
        self.cells_left = cells_left
        self.count = 0
        self.cut = False

    def __iter__(self) -> Iterator[Sequence[str]]:
        for number in range(self._sheet.nrows):
            if self.cells_left <= 0:
                self.cut = True
                return
            row = self._sheet.row(number)
            self.cells_left -= len(row) + 1
            self.count += 1
            yield list(map(self._shown, row))

    def _shown(self, cell: Any) -> str:
        if cell.ctype in (_NUMBER, _DATE):
            moved = _DAYS_1904 if cell.ctype == _DATE and self._book.datemode else 0
            return format_number(cell.value + moved, self._pattern(cell))
        if cell.ctype == _BOOLEAN:
            return "TRUE" if cell.value else "FALSE"
        if cell.ctype == _ERROR:
            from xlrd import error_text_from_code

            return str(error_text_from_code.get(cell.value, "#ERROR"))
        return str(cell.value)

    def _pattern(self, cell: Any) -> str:
        """How a number is displayed; a date in full where its format is not known."""
        if cell.xf_index is not None and cell.xf_index < len(self._book.xf_list):
            known = self._book.format_map.get(self._book.xf_list[cell.xf_index].format_key)
            if known is not None:
                return str(known.format_str)
        return "yyyy-mm-dd hh:mm" if cell.ctype == _DATE else ""


def _address(row: int, column: int) -> str:
    """`B3` of (2, 1)."""
    letters = chr(65 + column % 26)
    return f"{chr(64 + column // 26) if column >= 26 else ''}{letters}{row + 1}"
