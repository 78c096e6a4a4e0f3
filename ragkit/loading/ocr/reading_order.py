"""Lines of a picture, each with its place -> text in the order a person reads it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from ragkit.types import OcrLine

# Lines with a lower score are mostly stains, drawings and handwriting.
_LEAST_SCORE = 0.5
# Columns of prose: so many lines on either side, so long, and so wide a part of that side, which
# may be two columns itself.
_COLUMN_LINES = 4
_COLUMN_CHARACTERS = 18
_COLUMN_SHARE = 0.28
_CROSSING_SHARE = 0.25
_GUTTER_STEP = 6  # pixels
# In heights of a line: the gap between cells of a row, and between paragraphs.
_CELL_GAP = 1.6
_PARAGRAPH_GAP = 0.85
# A line that ends further left ends its paragraph.
_FULL_LINE = 0.75
_HYPHENATED = re.compile(r"[^\W\d_]-$")
_ITEM = re.compile(r"[-•·*▪□–]\s|\(?[\da-zA-Z]{1,3}[.)]\s")


class OcrText(NamedTuple):
    """`uncertain` counts the lines that are left out because they may be wrong."""

    text: str
    uncertain: int = 0


class _Row(NamedTuple):
    """Lines side by side, as one."""

    left: int
    top: int
    right: int
    bottom: int
    text: str
    cells: int

    @property
    def height(self) -> int:
        return max(1, self.bottom - self.top)


def text_in_order(lines: Sequence[OcrLine]) -> OcrText:
    """The text of a page. Paragraphs are one blank line apart; columns of prose follow one
    another; cells that stand side by side are joined by " | "."""
    certain = [line for line in lines if line.score >= _LEAST_SCORE and line.text.strip()]
    upright = [line for line in certain if not _is_sideways(line)]
    blocks = [text for block in _blocks(upright) for text in _paragraphs(_rows(block))]
    blocks += [line.text for line in certain if _is_sideways(line)]
    return OcrText("\n\n".join(blocks), len(lines) - len(certain))


def _is_sideways(line: OcrLine) -> bool:
    """Whether a line runs up or down the page, as stamps in the margin do."""
    return len(line.text) > 3 and line.bottom - line.top > 2 * (line.right - line.left)


def _blocks(lines: list[OcrLine]) -> list[list[OcrLine]]:
    """The lines in groups to be read one after another: columns, and what spans them."""
    gutter = _gutter(lines)
    if gutter is None:
        return [lines] if lines else []
    blocks: list[list[OcrLine]] = []
    left: list[OcrLine] = []
    right: list[OcrLine] = []
    spanning: list[OcrLine] = []
    for line in sorted(lines, key=lambda one: one.top):
        if line.left < gutter < line.right:
            blocks += [*_blocks(left), *_blocks(right)]
            left, right = [], []
            spanning.append(line)
            continue
        if spanning:
            blocks.append(spanning)
            spanning = []
        (left if line.right <= gutter else right).append(line)
    return [block for block in (*blocks, spanning, *_blocks(left), *_blocks(right)) if block]


def _gutter(lines: list[OcrLine]) -> int | None:
    """Where a blank strip parts two columns of prose, None without one. Rows of a table are no
    columns: their cells are short or narrow."""
    if len(lines) < 2 * _COLUMN_LINES:
        return None
    best: tuple[int, int, int] | None = None
    for at in sorted({line.right // _GUTTER_STEP + 1 for line in lines}):
        place = at * _GUTTER_STEP
        left = [line for line in lines if line.right <= place]
        right = [line for line in lines if line.left >= place]
        crossing = len(lines) - len(left) - len(right)
        if crossing <= _CROSSING_SHARE * len(lines) and _is_prose(left) and _is_prose(right):
            key = (crossing, abs(len(left) - len(right)), place)
            best = key if best is None else min(best, key)
    return None if best is None else best[2]


def _is_prose(lines: list[OcrLine]) -> bool:
    if len(lines) < _COLUMN_LINES:
        return False
    width = max(line.right for line in lines) - min(line.left for line in lines)
    typical = median(line.right - line.left for line in lines)
    characters = median(len(line.text) for line in lines)
    wide = any(ord(mark) > 0x2E80 for line in lines[:3] for mark in line.text)
    return typical >= _COLUMN_SHARE * width and characters * (1 + wide) >= _COLUMN_CHARACTERS


def _rows(lines: list[OcrLine]) -> list[_Row]:
    """Lines that stand side by side as one row each, from the top down."""
    groups: list[list[OcrLine]] = []
    for line in sorted(lines, key=lambda one: (one.top + one.bottom, one.left)):
        middle = (line.top + line.bottom) / 2
        group = groups[-1] if groups else []
        beside = [one for one in group if one.right > line.left + 2 and one.left < line.right - 2]
        if group and not beside and group[0].top <= middle <= group[0].bottom:
            group.append(line)
        else:
            groups.append([line])
    return [_row(sorted(group, key=lambda one: one.left)) for group in groups]


def _row(cells: list[OcrLine]) -> _Row:
    height = median(line.bottom - line.top for line in cells)
    text, count = cells[0].text, 1
    for before, line in pairwise(cells):
        apart = line.left - before.right > _CELL_GAP * height
        count += apart
        text += (" | " if apart else " ") + line.text
    tops, bottoms = [line.top for line in cells], [line.bottom for line in cells]
    right = max(line.right for line in cells)
    return _Row(cells[0].left, int(median(tops)), right, int(median(bottoms)), text, count)


def _paragraphs(rows: list[_Row]) -> list[str]:
    """Rows joined to paragraphs: lines of running text by a blank, others by a line break."""
    paragraphs: list[str] = []
    right = max((row.right for row in rows), default=0)
    left = min((row.left for row in rows), default=0)
    before: _Row | None = None
    for row in rows:
        if before is None or _is_apart(before, row):
            paragraphs.append(row.text)
        elif _continues(before, row, left + _FULL_LINE * (right - left)):
            text = paragraphs[-1]
            hyphenated = _HYPHENATED.search(text) and row.text[:1].islower()
            paragraphs[-1] = text[:-1] + row.text if hyphenated else f"{text} {row.text}"
        else:
            paragraphs[-1] += f"\n{row.text}"
        before = row
    return paragraphs


def _is_apart(before: _Row, row: _Row) -> bool:
    height = min(before.height, row.height)
    differs = max(before.height, row.height) > 1.4 * height
    return differs or row.top - before.bottom > _PARAGRAPH_GAP * height


def _continues(before: _Row, row: _Row, full: float) -> bool:
    """Whether a row goes on with the sentence of the one before it."""
    plain = before.cells == row.cells == 1 and not _ITEM.match(row.text)
    return plain and before.right >= full and abs(before.left - row.left) < 3 * row.height
