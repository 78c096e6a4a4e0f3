"""Excel files (.xlsx, .xlsm, .xltx, .xltm) -> one page a sheet, rows as Markdown tables, cells as
they are displayed, then charts, text boxes and comments. Macros are not looked at."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.office.archive import dublin_core, office_archive
from ragkit.loading.office.number_format import format_cell
from ragkit.loading.office.repair import open_or_repair
from ragkit.loading.office.spreadsheet import write_grid
from ragkit.loading.office.workbook import Comment, SheetPart, WorkbookParts

# The most that a sheet can hold; a file may claim more.
_ROWS = 1_048_576
_ABOUT_CHARACTERS = 100


def load_xlsx(data: bytes, options: LoadOptions) -> LoadedContent:
    """A workbook, its pages labelled "sheet NAME", hidden ones "sheet NAME (hidden)". Formulas
    give the value last computed; one without any is shown itself.

    Raises LoadError when it is damaged.
    """
    archive, copy = office_archive(data, options)

    with warnings.catch_warnings():  # openpyxl warns of all it does not know
        warnings.simplefilter("ignore")
        (parts, values, formulas), notes = open_or_repair(_open, copy, "workbook")
        reader = _Reader(parts, options.table_cells)
        for sheet in parts.sheets():
            reader.sheet(sheet, values.get(sheet.title), formulas.get(sheet.title))
    metadata = dublin_core(archive.optional_xml("docProps/core.xml"))
    return reader.writer.content(metadata=metadata, notes=[*notes, *reader.notes])


def _open(file: BytesIO) -> tuple[WorkbookParts, dict[str, Any], dict[str, Any]]:
    """The parts of a workbook; its sheets of cells by title, with values; those same with
    formulas, where some have no value."""
    import openpyxl

    def opened(*, values: bool) -> dict[str, Any]:
        book = openpyxl.load_workbook(file, read_only=True, data_only=values, keep_links=False)
        return {sheet.title: sheet for sheet in book.worksheets}

    parts = WorkbookParts(file)
    lacking = any(map(parts.lacks_values, parts.sheets()))
    return parts, opened(values=True), opened(values=False) if lacking else {}


class _Reader:
    """Writes the sheets, with a note for each that was not read whole."""

    def __init__(self, parts: WorkbookParts, cells_left: int) -> None:
        self.writer = MarkdownWriter()
        self.notes: list[str] = []
        self._parts = parts
        self._cells_left = cells_left

    def sheet(self, part: SheetPart, values: Any, formulas: Any) -> None:
        """One sheet; `values` is None for a sheet that is a chart, `formulas` where all of them
        have values."""
        self.writer.page(f"sheet {part.title}" + (" (hidden)" if part.is_hidden else ""))
        comments = self._parts.comments(part)
        rows = _Rows(values, formulas, self._cells_left, comments)
        try:
            if values is not None:
                write_grid(self.writer, part.title, rows, self._parts.merged_cells(part))
            self._parts.write_drawings(self.writer, part)
        except Exception:  # noqa: BLE001  as above; the other sheets are worth having
            self.notes.append(f"sheet {part.title} is damaged: not all of it was read")
        self._cells_left = rows.cells_left
        for comment in comments:
            about = rows.commented.get((comment.row, comment.column), "")
            about = f" ({about})" if about else ""
            by = f" by {comment.author}" if comment.author else ""
            self.writer.paragraph(f"Comment{by} on {comment.reference}{about}: {comment.text}")
        if rows.cut:
            self.notes.append(f"sheet {part.title}: only the first {rows.count:,} rows were read")


class _Rows:
    """The rows of a sheet as texts, until `cells_left` cells are used up. `commented` are the
    texts of the cells that have comments, by (row, column) from 0."""

    def __init__(
        self, values: Any, formulas: Any, cells_left: int, comments: list[Comment]
    ) -> None:
        self._values = values
        self._formulas = formulas
        self._places = {(comment.row, comment.column) for comment in comments}
        self.commented: dict[tuple[int, int], str] = {}
        self.cells_left = cells_left
        self.count = 0
        self.cut = False

    def __iter__(self) -> Iterator[list[str]]:
        formulas = _rows(self._formulas) if self._formulas is not None else itertools.repeat(())
        for row, instead in zip(_rows(self._values), formulas, strict=False):
            if self.cells_left <= 0:
                self.cut = True
                return
            self.cells_left -= len(row)
            texts = [_shown(cell) for cell in row]
            for column, cell in enumerate(instead):
                if not texts[column] and row[column].data_type == "n" and cell.data_type == "f":
                    texts[column] = str(getattr(cell.value, "text", cell.value))
            for column in range(len(texts)) if self._places else ():
                if (self.count, column) in self._places:
                    self.commented[self.count, column] = texts[column][:_ABOUT_CHARACTERS]
            self.count += 1
            yield texts


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()  # what a file says of its size may be false
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(max_row=_ROWS)
    return rows


def _shown(cell: Any) -> str:
    if cell.value is None:
        return ""
    try:
        pattern = cell.number_format
    except (IndexError, KeyError):  # a style that the file does not have
        pattern = ""
    return format_cell(cell.value, pattern)
