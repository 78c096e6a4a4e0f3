"""The rows of a sheet -> its title, and a Markdown table for each block of rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ragkit.loading.content import MarkdownWriter
from ragkit.loading.table_grid import HEADER_ROWS, LABEL_CHARACTERS, Cell, split_header

# (row, column) of a merged cell, both from 0 -> how many rows and columns it spans.
Spans = Mapping[tuple[int, int], tuple[int, int]]
_Row = Sequence[str]


def write_grid(
    writer: MarkdownWriter, title: str, rows: Iterable[_Row], spans: Spans | None = None
) -> None:
    """A sheet: its name as a heading, then each block of rows as a table.

    Blank rows part blocks. Rows of one cell before a block are its title, not its header. Names
    merged over several columns of the header are repeated for each, labels merged over several
    rows, too. `spans` may be filled while the rows are read.
    """
    merged: Spans = {} if spans is None else spans
    titled = False
    pending: list[tuple[int, _Row]] = []
    numbered = enumerate(_labels_repeated(rows, merged))
    for filled, group in itertools.groupby(numbered, key=lambda row: any(row[1])):
        if not filled:
            continue
        if not titled:
            writer.heading(1, title)
            titled = True
        block = [*pending, *group]
        above = _title_rows(block, merged)
        table = block[above:]
        for _, row in block[:above] if table else ():
            writer.paragraph(next(filter(None, row)))
        # A header that a blank line parts from its rows.
        pending = table if len(table) == 1 else []
        if not pending:
            _write_block(writer, table or block, merged if table else {})
    if pending:
        writer.table([row for _, row in pending])


def _labels_repeated(rows: Iterable[_Row], spans: Spans) -> Iterator[_Row]:
    """The rows, the text of cells merged over several of them in each."""
    hanging: dict[int, tuple[int, str]] = {}
    for number, row in enumerate(rows):
        filled = list(row)
        for column, (_, text) in hanging.items():
            filled.extend([""] * (column + 1 - len(filled)))
            filled[column] = filled[column] or text
        hanging = {c: (left - 1, text) for c, (left, text) in hanging.items() if left > 1}
        for column, text in enumerate(row) if spans else ():
            height = spans.get((number, column), (1, 1))[0]
            if height > 1 and text and len(text) <= LABEL_CHARACTERS:
                hanging[column] = (height - 1, text)
        yield filled


def _title_rows(block: Sequence[tuple[int, _Row]], spans: Spans) -> int:
    """How many rows of one cell a block begins with. A name merged over some columns of the
    header, beside the column of labels, is none."""
    columns = [_first_column(row) for _, row in block]
    for index, (number, row) in enumerate(block):
        column = columns[index]
        is_group = spans.get((number, column), (1, 1))[1] > 1 and column > min(columns)
        if sum(map(bool, row)) != 1 or is_group:
            return index
    return len(block)


def _first_column(row: _Row) -> int:
    return next(column for column, text in enumerate(row) if text)


def _write_block(writer: MarkdownWriter, block: list[tuple[int, _Row]], spans: Spans) -> None:
    rows = [row for _, row in block]
    head = [_cells(number, row, spans) for number, row in block[: HEADER_ROWS + 2]]
    if any(cell.columns > 1 for row in head for cell in row):
        titles, header, count = split_header(head)
        for title in titles:
            writer.paragraph(title)
        rows = [header, *rows[count:]]
    writer.table(rows)


def _cells(number: int, row: _Row, spans: Spans) -> list[Cell]:
    """The cells of a row, those that a wide one covers left out."""
    cells, covered = [], 0
    for column, text in enumerate(row):
        if column >= covered:
            span = spans.get((number, column), (1, 1))[1]
            covered = column + span
            cells.append(Cell(text, columns=span))
    return cells
