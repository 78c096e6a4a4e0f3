"""Tables with merged cells and header rows of several lines -> rows under one header row.

A name that stands over several columns is repeated for each of them ("Three Months Ended June 25,
2022"), a label that stands beside several rows for each of those; so every row can be understood
by itself. What spans the whole table above its header is its title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from ragkit.loading.content import MarkdownWriter

HEADER_ROWS = 6
# A merged cell with more text than this is said once.
LABEL_CHARACTERS = 200
_SPAN = 100
# A file may claim merged cells without end: so many times its own cells are laid out.
_GROWTH = 20
_FIGURE = re.compile(r"[^\w\s]{0,4}\s?\d[\d.,' ]*[^\w\s]{0,4}")
_YEAR = re.compile(r"(?:19|20)\d\d")
# What stands in a cell of its own beside the figure it belongs to.
_BEFORE = frozenset(("$", "€", "£", "¥", "US$", "(", "-"))
_BEHIND = frozenset((")", "%", ")%", "% )", "%)"))


class Cell(NamedTuple):
    """A cell as the markup has it. `columns` and `rows` are how many it spans; `continued` goes on
    with the cell above it, as Word writes merged cells."""

    text: str = ""
    columns: int = 1
    rows: int = 1
    is_header: bool = False
    continued: bool = False


class _Slot(NamedTuple):
    """A place of the grid. `cell` is the number of the cell that covers it."""

    text: str
    cell: int
    columns: int
    is_header: bool
    is_first: bool  # of the columns of its cell
    is_own: bool  # in the first row of its cell


_Line = dict[int, _Slot]


def write_table(writer: MarkdownWriter, rows: Sequence[Sequence[Cell]]) -> None:
    """A table in Markdown, its title before it."""
    titles, cells = flat_table(rows)
    for title in titles:
        writer.paragraph(title)
    writer.table(cells)


def flat_table(rows: Sequence[Sequence[Cell]]) -> tuple[list[str], list[list[str]]]:
    """The titles of a table and its rows, all equally long, the first of which is the header."""
    grid = [line for line in _grid(rows) if any(slot.text for slot in line.values())]
    width = max((column + 1 for line in grid for column in line), default=0)
    if len(grid) * width > _GROWTH * sum(map(len, rows)) + 10_000:
        return [], [[cell.text for cell in row] for row in rows]
    titles: list[str] = []
    while len(grid) > 1 and (title := _title(grid[0], width)):
        titles.append(title)
        del grid[0]
    count = _header_rows(grid)
    groups = _column_groups(grid, count, width)
    header = [_header_text(grid[:count], group[0]) for group in groups]
    cells = frozenset(slot.cell for line in grid[:count] for slot in line.values())
    body = [[_body_text(line, group, cells) for group in groups] for line in grid[count:]]
    return titles, [header, *body] if header else []


def split_header(rows: Sequence[Sequence[Cell]]) -> tuple[list[str], list[str], int]:
    """The titles of a table whose first rows these are, its one header row, and how many of the
    rows it takes up; for tables that are too large to be laid out whole."""
    grid = list(_grid(rows))
    width = max((column + 1 for line in grid for column in line), default=0)
    titles: list[str] = []
    while len(titles) < len(grid) - 1 and (title := _title(grid[len(titles)], width)):
        titles.append(title)
    count = _header_rows(grid[len(titles) :])
    lines = grid[len(titles) : len(titles) + count]
    return titles, [_header_text(lines, column) for column in range(width)], len(titles) + count


def _grid(rows: Sequence[Sequence[Cell]]) -> Iterator[_Line]:
    """The rows by columns, spans laid out as browsers do it."""
    room = _GROWTH * sum(map(len, rows)) + 1000
    number = 0
    hanging: dict[int, tuple[int, _Slot]] = {}
    above: _Line = {}
    for row in rows:
        line = {column: slot for column, (_, slot) in hanging.items()}
        hanging = {c: (left - 1, slot) for c, (left, slot) in hanging.items() if left > 1}
        column = 0
        for cell in row:
            while column in line:
                column += 1
            span = min(max(cell.columns, 1), _SPAN) if room > 0 else 1
            number += 1
            for at in range(column, column + span):
                slot = _Slot(cell.text, number, span, cell.is_header, at == column, True)
                if cell.continued:
                    slot = above.get(at, slot)._replace(is_own=False, is_header=cell.is_header)
                line[at] = slot
                if cell.rows > 1 and room > 0:
                    hanging[at] = (min(cell.rows, 1000) - 1, slot._replace(is_own=False))
            room -= span
            column += span
        room -= len(hanging)
        if room <= 0:
            hanging = {}
        yield line
        above = line


def _title(line: _Line, width: int) -> str:
    """The text of a row whose only cell spans the table, else ""."""
    first = line.get(0)
    return first.text if first is not None and first.is_own and first.columns >= width > 1 else ""


def _header_rows(grid: Sequence[_Line]) -> int:
    """How many rows are the header: those the markup says, else those whose spanning names stand
    over narrower ones."""
    marked = 0
    for line in grid:
        if not all(slot.is_header for slot in line.values() if slot.text):
            break
        marked += 1
    if 1 < marked <= HEADER_ROWS and marked < len(grid):
        return marked
    count = 1
    while count < min(HEADER_ROWS, len(grid) - 1):
        if _has_figures(grid[count]) or not _is_split(grid[count - 1], grid[count]):
            break
        # A label below blank places begins the body, unless figures begin only below it.
        labelled = _label(grid[count]) and not any(map(_label, grid[:count]))
        if labelled and not _has_figures(grid[count + 1]):
            break
        count += 1
    return count


def _label(line: _Line) -> str:
    return line[0].text if 0 in line else ""


def _has_figures(line: _Line) -> bool:
    texts = [slot.text for column, slot in line.items() if column and slot.text and slot.is_own]
    return any(_FIGURE.fullmatch(text) and not _YEAR.fullmatch(text) for text in texts)


def _is_split(upper: _Line, lower: _Line) -> bool:
    """Whether a cell of `upper` stands over two or more cells of `lower`."""
    below: dict[int, set[int]] = {}
    for column, slot in upper.items():
        under = lower.get(column)
        if slot.text and slot.columns > 1 and under is not None and under.text and under.is_own:
            below.setdefault(slot.cell, set()).add(under.cell)
    return any(len(cells) > 1 for cells in below.values())


def _column_groups(grid: Sequence[_Line], count: int, width: int) -> list[list[int]]:
    """The columns. Those under one name become one where no row has more than one value in them:
    filings have the "$" and the ")" of a figure in columns of their own."""
    names = {c: slot for line in grid[:count] for c, slot in line.items() if slot.text}
    groups: list[list[int]] = []
    for _, same in groupby(range(width), lambda c: names[c].cell if c in names else -c - 1):
        group = list(same)
        values = max((_values(line, group) for line in grid[count:]), default=1)
        if values > 1:
            groups.extend([column] for column in group)
        elif values or group[0] not in names or names[group[0]].columns == len(group):
            groups.append(group)  # all but the gaps between columns
    return groups


def _values(line: _Line, group: Sequence[int]) -> int:
    texts = [slot.text for slot in _shown(line, group)]
    return sum(text not in _BEFORE and text not in _BEHIND for text in texts)


def _shown(line: _Line, group: Sequence[int]) -> list[_Slot]:
    """The cells of a row that show text in these columns; a wide one does so in its first."""
    slots = [line[column] for column in group if column in line]
    return [slot for slot in slots if slot.text and slot.is_first]


def _header_text(lines: Sequence[_Line], column: int) -> str:
    """The names above a column, from the widest to its own, each once."""
    slots = [line[column] for line in lines if column in line]
    return " ".join(dict.fromkeys(slot.text for slot in slots if slot.text))


def _body_text(line: _Line, group: Sequence[int], header: frozenset[int]) -> str:
    text = ""
    for slot in _shown(line, group):
        repeats = slot.cell not in header and len(slot.text) <= LABEL_CHARACTERS
        if slot.is_own or repeats:
            glued = text in _BEFORE or slot.text in _BEHIND
            text = f"{text}{slot.text}" if glued else f"{text} {slot.text}".strip()
    return text
