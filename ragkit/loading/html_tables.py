"""Tables of the HTML converter with merged cells or several header rows -> one header row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from ragkit.loading.content import MarkdownWriter
from ragkit.loading.table_grid import Cell, write_table

# Tables that do not stand in the text as the converter says: within lists, within tables.
_MISSES = 50


def flatten_tables(text: str, tables: Sequence[Any]) -> str:
    """The converter's Markdown with its `tables` rewritten where their cells are merged or they
    have more than one header row. The others, and those within lists, stay as they are."""
    pieces: list[str] = []
    position, misses = 0, 0
    for table in tables:
        cells = table.grid.cells
        has_header_rows = any(cell.is_header and cell.row for cell in cells)
        is_plain = all(cell.row_span == cell.col_span == 1 for cell in cells)
        holds_table = any("| ---" in cell.content for cell in cells)
        if (is_plain and not has_header_rows) or holds_table:
            continue
        before, bar, _ = table.markdown.partition("| ")
        start = text.find(table.markdown, position) if misses < _MISSES else -1
        at_line = start == 0 or text[start - 1 : start] == "\n"
        if start < 0 or not at_line or not bar or "\n" in before.strip():
            misses += 1
            continue
        writer = MarkdownWriter()
        writer.paragraph(before.strip().strip("*"))
        write_table(writer, _rows(cells))
        pieces += [text[position:start], writer.content().text]
        position = start + len(table.markdown)
    return "".join([*pieces, text[position:]])


def _rows(cells: Sequence[Any]) -> list[list[Cell]]:
    return [
        [
            Cell(cell.content.replace("\\|", "|"), cell.col_span, cell.row_span, cell.is_header)
            for cell in row
        ]
        for _, row in groupby(cells, key=lambda cell: cell.row)
    ]
