"""What a picture of measurements is made of (pure)."""

from __future__ import annotations

from typing import NamedTuple


class Box(NamedTuple):
    """A filled rectangle; x and y are its upper left corner."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Line(NamedTuple):
    kind: str
    x1: float
    y1: float
    x2: float
    y2: float


class Whisker(NamedTuple):
    """A level line from `low` to `high` with a dot at `mean`."""

    kind: str
    low: float
    mean: float
    high: float
    y: float


class Label(NamedTuple):
    """A text whose baseline begins at x, y."""

    kind: str
    x: float
    y: float
    text: str


Shape = Box | Line | Whisker | Label


class Picture(NamedTuple):
    """Shapes on a white ground, sizes in pixels."""

    title: str
    width: int
    height: int
    shapes: tuple[Shape, ...]
