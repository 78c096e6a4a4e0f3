"""A page as PDFium or pypdf reads it: lines of text, and where they stand."""

from __future__ import annotations

from typing import NamedTuple

# What PDFium writes for a hyphen at the end of a line, and the line goes on.
JOINED_HYPHEN = "\ufffe"


class Box(NamedTuple):
    """A rectangle on a page, in points from its lower left corner."""

    left: float
    bottom: float
    right: float
    top: float


def around(*boxes: Box) -> Box:
    """The smallest box that holds all of these."""
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return Box(min(lefts), min(bottoms), max(rights), max(tops))


class Word(NamedTuple):
    """A word without blanks, and where it stands."""

    text: str
    box: Box


class Line(NamedTuple):
    """A line as it is read. `words` is empty for running text, whose words nobody needs one by
    one; `box` is None where positions are not known."""

    text: str
    box: Box | None = None
    words: tuple[Word, ...] = ()


class PageText(NamedTuple):
    """What one reader makes of a page. `problem` says why it could not be read. `is_drawn` says
    whether anything is drawn on it, `has_picture` whether a large picture is."""

    lines: tuple[Line, ...] = ()
    problem: str = ""
    is_drawn: bool = False
    has_picture: bool = False

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)
