"""Tables of a PDF page, found by where their words stand, as pipe tables between other lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ragkit.loading.content import pipe_table
from ragkit.loading.pdf.page import Line, Word
from ragkit.loading.pdf.segments import (
    Row,
    Segment,
    line_height,
    lines_of_rows,
    rows_of,
    segments_of,
)
from ragkit.loading.pdf.table_grid import Grid, find_grids

# A table has so many rows with figures, and no more lines without between two of them.
_FEWEST_ROWS = 1
_MOST_BETWEEN = 4
_MOST_HEADER_LINES = 40
_CAPTION_LINES = 5
_CAPTION_CHARACTERS = 160
# Lines further apart, in heights of a line, do not belong together.
_FAR = 4.0
# A header's cells of several lines are read one after another: so far up again.
_UP = 8.0


class Table(NamedTuple):
    """A table of a page in Markdown. `lost_characters` counts the dots that lead to its columns."""

    text: str
    lost_characters: int


def split_tables(lines: Sequence[Line]) -> Iterator[Table | list[Line]]:
    """The lines of a page in order, those of a table replaced by it. The short lines right above a
    table, its title and unit, are a list of their own."""
    height = line_height(lines)
    lines = lines_of_rows(lines, height)
    begin = 0
    for start, end, grids in _Page(lines, height).tables():
        caption = max(_caption(lines, start, height), begin)
        yield from filter(None, (list(lines[begin:caption]), list(lines[caption:start])))
        for grid in grids:
            yield Table(pipe_table(grid.cells), grid.lost_characters)
        begin = end
    if begin < len(lines):
        yield list(lines[begin:])


# (first line, line after the last, the tables between them)
_Found = tuple[int, int, list[Grid]]


class _Page:
    """The lines of a page, and what are rows among them: first those with figures, then among the
    others those of several pieces."""

    def __init__(self, lines: Sequence[Line], height: float) -> None:
        self._lines, self._height = lines, height
        self._segments = [segments_of(line, height) for line in lines]

    def tables(self) -> list[_Found]:
        found = list(self._tables(0, len(self._lines), _has_figure))
        edges = [0, *(edge for start, end, _ in found for edge in (start, end)), len(self._lines)]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            found += self._tables(start, end, _has_pieces)
        return sorted(found, key=lambda one: one[0])

    def _tables(self, start: int, end: int, is_row: Callable[[Row], bool]) -> Iterator[_Found]:
        rows = [is_row(row) for row in self._segments[:end]]
        at = start
        while at < end:
            stop = self._end(at, rows)
            yield from self._tables_within(at, stop, start, rows)
            at = max(stop, at + 1)

    def _tables_within(
        self, start: int, end: int, above: int, rows: Sequence[bool]
    ) -> Iterator[_Found]:
        """The tables of lines that seem to be one: where they are none, the lines that are no rows
        part one table from another. `above`: the first line that may be header."""
        if sum(rows[start:end]) < _FEWEST_ROWS:
            return
        lines, height = self._lines, self._height
        first = max(self._start(start), above)
        head, body = rows_of(lines[first:start], height), rows_of(lines[start:end], height)
        if grids := find_grids(head, body, height):
            yield start - _line_count(lines, start, grids[0].rows_above), end, grids
            return
        edges = [at for at in range(start, end) if at == start or rows[at] != rows[at - 1]]
        for at, stop in pairwise([*edges, end]):
            if rows[at] and (at, stop) != (start, end):
                yield from self._tables_within(at, stop, above, rows)

    def _end(self, start: int, rows: Sequence[bool]) -> int:
        """The line after the last row that belongs to the one at `start`, if that is one."""
        end = last = start
        for at in range(start, len(rows)):
            if at > start and not _follows(self._lines[at - 1], self._lines[at], self._height):
                break
            if rows[at]:
                last, end = at, at + 1
            elif at - last > _MOST_BETWEEN or end == start:
                break
        return end

    def _start(self, start: int) -> int:
        """The first of the lines above that may be header: not running text, not far away."""
        box = self._lines[start].box
        top = box.top if box is not None else 0.0
        first = start
        while first and start - first < _MOST_HEADER_LINES:
            above = self._lines[first - 1]
            if not above.words or above.box is None:
                break
            if above.box.bottom - top > _FAR * self._height:
                break
            top = max(top, above.box.top)
            first -= 1
        return first


def _has_figure(row: Row) -> bool:
    """Whether a figure stands apart from the words before it."""
    return len(row) >= 2 and any(segment.is_figure for segment in row[1:])


def _has_pieces(row: Row) -> bool:
    return len(row) >= 3


def _follows(before: Line, line: Line, height: float) -> bool:
    """Whether a line stands beside or not far below the one before."""
    if before.box is None or line.box is None:
        return False
    down = before.box.bottom - line.box.top
    return -_UP * height < down < _FAR * height


def _line_count(lines: Sequence[Line], start: int, rows: list[Row]) -> int:
    """How many lines right above `start` went into these rows, with all their words."""
    count = 0
    while count < start and all(
        any(_holds(segment, word) for row in rows for segment in row)
        for word in lines[start - count - 1].words
    ):
        if not lines[start - count - 1].words:
            break
        count += 1
    return count


def _holds(segment: Segment, word: Word) -> bool:
    box, part = segment.box, word.box
    return (
        box.left <= part.left
        and part.right <= box.right
        and box.bottom <= part.bottom
        and part.top <= box.top
    )


def _caption(lines: Sequence[Line], start: int, height: float) -> int:
    """The first of the short lines right above line `start`."""
    first = start
    while first and start - first < _CAPTION_LINES:
        line = lines[first - 1]
        short = bool(line.words) and len(line.text) <= _CAPTION_CHARACTERS
        if not short or not _follows(line, lines[first], height) or _ends_sentence(line.text):
            break
        first -= 1
    return first


def _ends_sentence(text: str) -> bool:
    return re.search(r"[a-z]{2}[.;]$", text) is not None
