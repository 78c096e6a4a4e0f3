"""Words of a page as rows of segments: the pieces of a row that wide gaps keep apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, reduce
from statistics import median
from typing import NamedTuple

from ragkit.loading.pdf.page import Box, Line, Word, around

# How wide a gap between two columns is at least, as a share of the height of a line: between words,
# before a figure, between two figures. A blank is about a quarter.
_GAP = 0.95
_GAP_TO_FIGURE = 0.7
_GAP_OF_FIGURES = 0.5
_GAP_AFTER_SIGN = 0.2
# Words stand in one row when their middles differ by less than this share of a line's height.
_SAME_ROW = 0.65
_CELL_WORDS = 12
_FEWEST_ROWS = 3
_FIGURE = re.compile(
    r"[($€£¥₹+\-−–—~<>≤≥±]*\d[\d.,:'’/\-–]*(?:[eE][-+−]?\d+)?\s?(?:[%‰)*†‡xX]|bps|pp|pts|years?|months?|days?)*"
    r"|[$€£¥₹]?\(?[—–−\-‒]{1,3}\)?%?|[Nn]/[AaMm]|NM|NA|nm|\*{1,3}"
)
_BEFORE = re.compile(r"[($€£¥₹+\-−–]+|(?:US|C|A|NT|HK)\$|EUR|USD|GBP|CHF|JPY")
_CURRENCY = re.compile(r"[(+\-−–]*(?:[$€£¥₹]|(?:US|C|A|NT|HK)\$)\(?")
_AFTER = re.compile(r"[%)]+|(?:%|\)|bps|pts)[%)]*")
_MONTH_DAY = re.compile(r"\d{1,2},|\d{4}")


class Segment(NamedTuple):
    """Words side by side: one cell of a row, or a part of one."""

    text: str
    box: Box

    @property
    def is_figure(self) -> bool:
        return is_figure(self.text)

    @property
    def middle(self) -> float:
        return (self.box.left + self.box.right) / 2


Row = list[Segment]


@lru_cache(maxsize=4096)
def _is_sign(text: str) -> bool:
    return _BEFORE.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _is_ending(text: str) -> bool:
    return _AFTER.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _is_currency(text: str) -> bool:
    return _CURRENCY.fullmatch(text) is not None


@lru_cache(maxsize=4096)  # most cells of a filing are asked about several times
def is_figure(text: str) -> bool:
    """Whether a cell holds a number, a sum, a share, a date in figures, or the sign for none."""
    return _FIGURE.fullmatch(text) is not None


def line_height(lines: Iterable[Line]) -> float:
    """The usual height of a line of this page, in points; 0 where no place is known."""
    heights = [line.box.top - line.box.bottom for line in lines if line.box is not None]
    return median(heights) if heights else 0.0


def segments_of(line: Line, height: float) -> Row:
    """The segments of one line; one of a line whose words are not known."""
    if not line.words:
        return [Segment(line.text, line.box)] if line.box is not None else []
    return _segments(line.words, height)


def rows_of(lines: Sequence[Line], height: float) -> list[Row]:
    """The words of these lines by the rows that a reader sees, from the top down."""
    words = [word for line in lines for word in (line.words or _as_word(line))]
    words.sort(key=lambda word: -(word.box.bottom + word.box.top))
    rows: list[list[Word]] = []
    at = 0.0
    for word in words:
        middle = (word.box.bottom + word.box.top) / 2
        if rows and at - middle < _SAME_ROW * height:
            rows[-1].append(word)
        else:
            rows.append([word])
            at = middle
    return [_segments(sorted(row, key=lambda word: word.box.left), height) for row in rows]


def lines_of_rows(lines: Sequence[Line], height: float) -> list[Line]:
    """The lines of a page, those that are the cells of one row put together where a file draws a
    table column by column: the rows then stand where the first of these lines did."""
    rows: list[list[int]] = []
    at = 0.0
    located = [index for index, line in enumerate(lines) if line.words]
    middles = {index: _middle(lines[index]) for index in located}
    for index in sorted(located, key=lambda index: -middles[index]):
        if rows and at - middles[index] < _SAME_ROW * height:
            rows[-1].append(index)
        else:
            rows.append([index])
            at = middles[index]
    result: list[Line | None] = list(lines)
    for run in _cellular_runs(lines, rows, height):
        merged = [_merged([lines[index] for index in row]) for row in run]
        for row in run:
            for index in row:
                result[index] = None
        places = [index for row in run for index in row]
        for place, line in zip(sorted(places), merged, strict=False):
            result[place] = line
    return [line for line in result if line is not None]


def _cellular_runs(
    lines: Sequence[Line], rows: Sequence[list[int]], height: float
) -> Iterator[list[list[int]]]:
    """Runs of rows of several short lines each, many of them figures."""
    run: list[list[int]] = []
    for row in [*rows, []]:
        if len(row) >= 2 and all(len(lines[index].words) <= _CELL_WORDS for index in row):
            run.append(row)
            continue
        if len(run) >= _FEWEST_ROWS and _are_cells(
            [lines[i] for row in run for i in row], len(run), height
        ):
            yield run
        run = []


def _are_cells(lines: Sequence[Line], rows: int, height: float) -> bool:
    cells = [segment for line in lines for segment in segments_of(line, height)]
    figures = sum(segment.is_figure for segment in cells)
    words = sum(len(line.words) for line in lines)
    return len(cells) >= 3 * rows and figures >= 0.3 * len(cells) and words <= 3 * len(cells)


def _middle(line: Line) -> float:
    return (line.box.bottom + line.box.top) / 2 if line.box is not None else 0.0


def _merged(lines: Sequence[Line]) -> Line:
    lines = sorted(lines, key=lambda line: line.words[0].box.left)
    words = tuple(word for line in lines for word in line.words)
    boxes = [line.box for line in lines if line.box is not None]
    return Line(" ".join(line.text for line in lines), around(*boxes), words)


def _as_word(line: Line) -> Iterator[Word]:
    if line.box is not None:
        yield Word(line.text, line.box)


def _segments(words: Sequence[Word], height: float) -> Row:
    row: Row = []
    together: list[Word] = []
    is_figure_so_far = True
    for word in words:
        if together and not _belongs(together[-1], word, is_figure_so_far, height):
            row.append(_joined(together))
            together, is_figure_so_far = [], True
        together.append(word)
        is_figure_so_far = is_figure_so_far and (
            is_figure(word.text) or _is_sign(word.text) or _is_ending(word.text)
        )
    if together:
        row.append(_joined(together))
    return _with_signs(row)


def _belongs(before: Word, word: Word, after_figure: bool, height: float) -> bool:
    gap = word.box.left - before.box.right
    if after_figure and _is_currency(word.text):
        return _is_sign(before.text)  # else one sum has ended, another begins
    if after_figure and _is_ending(before.text) and is_figure(word.text):
        return gap < _GAP_AFTER_SIGN * height
    if not is_figure(word.text) or _MONTH_DAY.fullmatch(word.text):
        limit = _GAP
    else:
        limit = _GAP_OF_FIGURES if after_figure else _GAP_TO_FIGURE
    return gap < limit * height


def _joined(words: list[Word]) -> Segment:
    if len(words) == 1:
        return Segment(*words[0])
    text = reduce(_put_together, [word.text for word in words])
    return Segment(text, around(*[word.box for word in words]))


def _with_signs(row: Row) -> Row:
    """A currency sign joined to the figure after it, a per cent sign to the one before."""
    joined: Row = []
    for segment in row:
        last = joined[-1] if joined else None
        if last is not None and (
            (segment.is_figure and _is_sign(last.text))
            or (_AFTER.fullmatch(segment.text) and last.is_figure)
        ):
            text = _put_together(last.text, segment.text)
            joined[-1] = Segment(text, around(last.box, segment.box))
        else:
            joined.append(segment)
    return joined


def _put_together(first: str, second: str) -> str:
    """With a blank between two words, without one between a sign and its figure."""
    last = first.rpartition(" ")[2]
    signs = (is_figure(second) and _is_sign(last)) or (_AFTER.fullmatch(second) and is_figure(last))
    return f"{first}{second}" if signs else f"{first} {second}"
