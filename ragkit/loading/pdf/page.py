"""A page as PDFium or pypdf reads it: lines of text, and where they stand."""

from __future__ import annotations

from typing import Any, NamedTuple

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

    def __reduce__(self) -> tuple[Any, ...]:
        # As plain tuples: a third of the time that pickling named ones takes.
        lines = [
            (
                line.text,
                line.box and tuple(line.box),
                [(word.text, *word.box) for word in line.words],
            )
            for line in self.lines
        ]
        return _page_text, (lines, *self[1:])


def _page_text(
    lines: list[tuple[str, tuple[float, ...] | None, list[tuple[str, float, float, float, float]]]],
    problem: str,
    is_drawn: bool,
    has_picture: bool,
) -> PageText:
    named = [
        Line(
            text,
            Box(*box) if box is not None else None,
            tuple([Word(word, Box(a, b, c, d)) for word, a, b, c, d in words]),
        )
        for text, box, words in lines
    ]
    return PageText(tuple(named), problem, is_drawn, has_picture)
