"""Rows of segments -> the cells of a table, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ragkit.loading.pdf.columns import Column, column_of, find_columns
from ragkit.loading.pdf.segments import Row, is_figure
from ragkit.loading.pdf.table_header import (
    YEAR,
    column_names,
    header_rows,
    is_header,
    is_value,
    label_rows,
    put_below,
)

_FIGURE_SHARE = 0.45  # of the cells right of the labels
_LABELLED_SHARE = 0.5
_NAMED_SHARE = 0.6
_MANY, _FULL_SHARE = 5, 0.9  # so large and full, rows need no names
_FILLED_SHARE = 0.3
_TEXT_FILLED_SHARE = 0.6  # of a table whose cells are words
_CELL_WORDS = 4  # in the mean
_LEADERS, _FEWEST_DOTS = " .·…_", 4
_MOST_HEADER_ROWS = 12
_GOES_ON = re.compile(
    r"(?:,|[-–—]|\b(?:and|or|of|to|for|in|the|from|by|on|with|a|under|und|et|de))$"
)
_MOST_COLUMNS = 40


class Grid(NamedTuple):
    """`cells[0]` is the header; all rows are equally long. `rows_above` are those of the rows
    above that went into it. `lost_characters` counts the dots that lead to a column."""

    cells: list[list[str]]
    rows_above: list[Row]
    lost_characters: int


def find_grids(above: list[Row], rows: list[Row], height: float) -> list[Grid]:
    """The tables that these rows are: another one begins at each header. The rows right above are
    the header of the first. Empty where they are none."""
    with_figures = [row for row in rows if any(is_value(s) for s in row[1:])]
    columns = find_columns(with_figures or [row for row in rows if len(row) > 1], height)
    if not 2 <= len(columns) <= _MOST_COLUMNS:
        return []
    labels = [] if is_header(rows[0], columns) else label_rows(above, columns)
    header = header_rows(above[: len(above) - len(labels)], columns, height)
    if not header:
        labels = []
    grids: list[Grid] = []
    used = [*header, *labels]
    for head, body in _parts([*labels, *rows], columns):
        cells = [_cells(row, columns) for row in body]
        names = column_names([*header, *head], columns, height)
        if not _is_table(names, cells):
            return []
        cells = _joined_labels(cells, body, columns, height)
        lost = sum(_dots(row[0]) for row in cells if _dots(row[0]) >= _FEWEST_DOTS)
        cells = [[_without_leaders(row[0]).strip(), *row[1:]] for row in cells]
        grids.append(Grid([names, *cells], used, lost))
        header, used = [], []
    return grids


def _parts(rows: list[Row], columns: Sequence[Column]) -> list[tuple[list[Row], list[Row]]]:
    """(header, body) of every table among the rows. What looks like a header but has no body below
    it belongs to the body above."""
    parts: list[tuple[list[Row], list[Row]]] = [([], [])]
    for row in rows:
        head, body = parts[-1]
        if not is_header(row, columns) or len(head) == _MOST_HEADER_ROWS:
            body.append(row)
        elif body:
            parts.append(([row], []))
        else:
            head.append(row)
    head, body = parts[-1]
    if not body:
        parts.pop()
        if not parts:
            return [([], head)]
        parts[-1][1].extend(head)
    return parts


def _cells(row: Row, columns: Sequence[Column]) -> list[str]:
    cells = [""] * len(columns)
    if len(row) == 1 and not row[0].is_figure:
        return [row[0].text, *cells[1:]]  # the heading of a group, wherever it stands
    for segment in row:
        index = column_of(segment, columns)
        cells[index] = f"{cells[index]} {segment.text}".strip()
    return cells


def _is_table(names: list[str], body: list[list[str]]) -> bool:
    """Whether the cells are those of a table and no prose, axis, formula or table of contents."""
    full = [row for row in body if any(row[1:])]
    values = [cell for row in full for cell in row[1:] if cell]
    filled = len(values) / max(1, len(full) * (len(body[0]) - 1))
    leading = sum(any(_dots(cell) >= _FEWEST_DOTS for cell in row) for row in full)
    if not full or leading >= 0.5 * len(full):
        return False
    if sum(map(is_figure, values)) < _FIGURE_SHARE * len(values):
        words = sum(len(cell.split()) for row in full for cell in row)
        short = words <= _CELL_WORDS * (len(values) + len(full))
        return short and filled >= _TEXT_FILLED_SHARE and len(full) >= 3 and len(body[0]) >= 3
    named = len(names) > 2 and sum(map(bool, names)) >= _NAMED_SHARE * len(names)
    if len(full) == 1:
        return named and len(values) >= 3 and all(map(is_figure, values))
    labelled = sum(any(map(str.isalpha, row[0])) or bool(YEAR.match(row[0])) for row in full)
    if len(full) >= _MANY and len(body[0]) >= _MANY and filled >= _FULL_SHARE:
        return True
    return (labelled >= _LABELLED_SHARE * len(full) or named) and filled >= _FILLED_SHARE


# ---------------------------------------------------------------- labels


def _joined_labels(
    body: list[list[str]], rows: list[Row], columns: Sequence[Column], height: float
) -> list[list[str]]:
    """Rows whose label goes on over several lines as one."""
    labels = [row[0].box for row in rows if row and column_of(row[0], columns) == 0]
    widest = max((box.right for box in labels), default=0.0)
    joined: list[list[str]] = []
    is_open = False  # whether the last row may be but the beginning of a label
    right = 0.0  # where the last line of that ends
    for cells, row in zip(body, rows, strict=True):
        label, alone = cells[0], not any(cells[1:])
        last = joined[-1] if joined else None
        goes_on = bool(label) and (label[0].islower() or label[0] in "(&")
        if last is None or (label and not (is_open or (goes_on and alone))):
            belongs = False
        elif label:
            belongs = goes_on or _did_not_fit(last[0], label, right, widest, height)
        else:
            belongs = not any(last[1:])
        if last is not None and belongs:
            last[0] = put_below((last[0], label))
            if not alone:
                last[1:] = cells[1:]
            is_open = is_open and alone
        else:
            joined.append(cells)
            is_open = alone and bool(label) and not label.endswith(":")
        right = row[0].box.right if row else 0.0
    return joined


def _did_not_fit(first: str, second: str, right: float, widest: float, height: float) -> bool:
    """Whether a label goes on: its first line ends inside a phrase, or had no room left for the
    first word of the second."""
    word = 0.45 * height * (len(second.split()[0]) + 1)
    return bool(_GOES_ON.search(first)) or right + word > widest + 0.5 * height


def _without_leaders(cell: str) -> str:
    """A cell without the dots that lead to the next column."""
    text = cell.rstrip(_LEADERS)
    return text if _dots(cell) >= _FEWEST_DOTS else cell


def _dots(cell: str) -> int:
    """How many dots a cell ends with."""
    return len("".join(cell[len(cell.rstrip(_LEADERS)) :].split()))
