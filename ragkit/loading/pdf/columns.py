"""The columns of a table: where the cells of its rows stand one below another."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from ragkit.loading.pdf.segments import Row, Segment

# Columns are apart where at most this share of the rows has something.
_CROSSING_SHARE = 0.06
_RIVER = 0.15  # the least width of what is between two columns, in heights of a line


class Column(NamedTuple):
    left: float
    right: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def find_columns(rows: list[Row], height: float) -> list[Column]:
    """The stretches of the width where cells are. Blank stretches that hardly a row crosses lie
    between them."""
    edges = [
        (edge, step)
        for row in rows
        for segment in row
        for edge, step in ((segment.box.left, 1), (segment.box.right, -1))
    ]
    edges.sort()
    allowed = int(_CROSSING_SHARE * len(rows))
    columns: list[Column] = []
    covered, left = 0, 0.0
    for edge, step in edges:
        before, covered = covered, covered + step
        if before <= allowed < covered:
            left = edge
        elif covered <= allowed < before:
            if columns and left - columns[-1].right < _RIVER * height:
                left = columns.pop().left
            columns.append(Column(left, edge))
    return columns


def column_of(segment: Segment, columns: Sequence[Column]) -> int:
    """The column that a segment shares most of its width with, else the nearest."""

    left, right = segment.box.left, segment.box.right
    best, most = 0, -inf
    for index, column in enumerate(columns):
        shared = min(right, column.right) - max(left, column.left)
        if shared > most:
            best, most = index, shared
    return best
