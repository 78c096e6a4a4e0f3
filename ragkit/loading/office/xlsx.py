"""Excel files (.xlsx) -> one page a sheet, rows as Markdown tables."""

from __future__ import annotations

import datetime
import itertools
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.office.archive import dublin_core, office_archive

# The most that a sheet can hold; a file may claim more.
_ROWS = 1_048_576
_SHEETS = 500


def load_xlsx(data: bytes, options: LoadOptions) -> LoadedContent:
    """A workbook, its pages labelled "sheet NAME". Formulas give the value last computed.

    Raises LoadError when it is damaged.
    """
    import openpyxl

    archive, copy = office_archive(data, options)
    notes: list[str] = []
    for values_only in (True, False):  # without any computed value, the formulas are shown
        copy.seek(0)
        writer = MarkdownWriter()
        with warnings.catch_warnings():  # openpyxl warns of all it does not know
            warnings.simplefilter("ignore")
            try:
                book = openpyxl.load_workbook(
                    copy, read_only=True, data_only=values_only, keep_links=False
                )
                sheets = book.worksheets[:_SHEETS]
            except Exception as error:  # the vendor lets its parsers' errors through
                raise LoadError("damaged workbook: its parts do not fit together") from error
            notes = list(_write_sheets(sheets, writer, options.table_cells))
        content = writer.content(
            metadata=dublin_core(archive.xml("docProps/core.xml")), notes=notes
        )
        if content.pages_without_text < len(content.page_starts):
            break
    return content


def _write_sheets(sheets: Iterable[Any], writer: MarkdownWriter, limit: int) -> Iterator[str]:
    """Writes the sheets and yields a note for each that was not read whole."""
    cells_left = limit
    for sheet in sheets:
        writer.page(f"sheet {sheet.title}")
        reader = _Rows(sheet, cells_left)
        try:
            write_grid(writer, sheet.title, reader)
        except Exception:  # noqa: BLE001  as above; the other sheets are worth having
            yield f"sheet {sheet.title} is damaged: not all of it was read"
        cells_left = reader.cells_left
        if reader.cut:
            yield f"sheet {sheet.title}: only the first {reader.count:,} rows were read"


class _Rows:
    """The rows of a sheet as texts, until `cells_left` cells are used up."""

    def __init__(self, sheet: Any, cells_left: int) -> None:
        sheet.reset_dimensions()  # what a file says of its size may be false
        self._rows = sheet.iter_rows(values_only=True, max_row=_ROWS)
        self.cells_left = cells_left
        self.count = 0
        self.cut = False

    def __iter__(self) -> Iterator[list[str]]:
        for row in self._rows:
            if self.cells_left <= 0:
                self.cut = True
                return
            self.cells_left -= len(row)
            self.count += 1
            yield [_shown(value) for value in row]


def _shown(value: object) -> str:
    """A cell as a person would write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return str(value)


def write_grid(writer: MarkdownWriter, title: str, rows: Iterable[Sequence[str]]) -> None:
    """A sheet: its name as a heading, then each block of rows as a table.

    Blank rows part blocks. Rows of one cell before a block are its title, not its header.
    """
    titled = False
    pending: list[Sequence[str]] = []
    for filled, group in itertools.groupby(rows, key=any):
        if not filled:
            continue
        if not titled:
            writer.heading(1, title)
            titled = True
        block = [*pending, *group]
        table = list(itertools.dropwhile(lambda row: sum(map(bool, row)) == 1, block))
        for row in block[: len(block) - len(table)] if table else ():
            writer.paragraph(next(filter(None, row)))
        # A header that a blank line parts from its rows.
        pending = table if len(table) == 1 else []
        if not pending:
            writer.table(table or block)
    if pending:
        writer.table(pending)
