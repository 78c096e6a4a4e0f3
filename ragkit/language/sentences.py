"""Text as the units a reader would quote: sentences, headings, table rows and code blocks.

Blocks (fences, tables, headings, list items) by rules of our own, the sentences of a paragraph by
sentencex: linear in the length of the text, any script, offsets exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ragkit.language.detect import detect_language
from ragkit.language.sentence_ends import sentence_ends

Kind = Literal["sentence", "heading", "row", "header", "code"]


@dataclass(frozen=True, slots=True)
class Span:
    """Where one unit of a text lies, half-open, without blanks at its ends.

    `header` is the header row of the table a "row" belongs to, "" when it has none.
    """

    start: int
    end: int
    kind: Kind
    header: str = ""


def split_sentences(text: str, *, table_header: str = "") -> list[Span]:
    """The units of `text`, in order and disjoint; every letter and digit of it lies in one.

    A fenced code block is one unit, fences included; so is a table row. Bullet signs, rules and
    the lines that underline a heading or a table header belong to no unit. `table_header` is the
    header of the table that `text` begins in the middle of, below its caption.
    """
    spans: list[Span] = []
    language = detect_language(text[:_SAMPLE_CHARACTERS]) or "en"
    rows = (line.strip() for line in table_header.splitlines())
    inherited = next((row for row in rows if row.startswith("|")), "")
    header = inherited
    for start, end, kind in _blocks(text):
        if kind == "header":
            header = text[start:end]
        elif kind != "row" and header != inherited:
            header = inherited = ""
        if kind == "sentence":
            spans.extend(_cut_paragraph(text, start, end, language))
        else:
            spans.append(Span(start, end, kind, header if kind == "row" else ""))
    return spans


def to_plain_text(text: str, span: Span) -> str:
    """The unit as a reader wants to see it: on one line, without Markdown's marks.

    A table row becomes `Name: bolt; Price: 3`, with the names of its header. Code stays as it is.
    """
    raw = text[span.start : span.end]
    if span.kind == "code":
        return raw
    if span.kind in ("row", "header"):
        return _plain_row(raw, span.header)
    line = " ".join(_QUOTE_PREFIX.sub("\n", raw).split())
    if span.kind == "heading":
        line = line.strip("#").strip()
    return _EMPHASIS.sub("", _LINK.sub(r"\1", line))


# ---------------------------------------------------------------- blocks

# Possessive (`++`) wherever a run could be read in two ways: hostile text must not cost squares.
_FENCE = re.compile(r"[ \t]*+(?:[-*+>][ \t]++)?(`{3,}+|~{3,}+)")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]++\S")
_RULE = re.compile(r"[-=*_~^+|: \t\r]{3,}$")
_BULLET = re.compile(r"[ \t>]*(?:[-*+•‣◦▪●○·–—][ \t]+|(?=(?:\d{1,3}|[A-Za-z])[.)][ \t]))")
_QUOTE_PREFIX = re.compile(r"\n[ \t]*>[ \t]?")
_LINK = re.compile(r"!?\[([^\[\]\n]{1,300})\]\([^()\s]{1,500}\)")
_EMPHASIS = re.compile(r"\*\*|(?<!\w)__(?=\w)|(?<=\w)__(?!\w)")
_KEY = re.compile(r"[^\W\d_][^:：.!?。\n]{0,30}[:：](?=\s|[^\x00-\x7f])")


def _blocks(text: str) -> Iterator[tuple[int, int, Kind]]:
    """(start, end, kind) of paragraphs and of all other units, blanks at the ends removed."""
    pending: list[tuple[int, int]] = []  # the lines of the paragraph being read
    row: tuple[int, int] | None = None  # a row that may turn out to be a header
    fence = ""
    fence_start = 0

    def flush(kind: Kind = "sentence") -> Iterator[tuple[int, int, Kind]]:
        nonlocal row
        if row is not None:
            yield from _trim(text, *row, "row")
            row = None
        if pending:
            yield from _trim(text, pending[0][0], pending[-1][1], kind)
            pending.clear()

    for start, end in _lines(text):
        line = text[start:end]
        if fence:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                yield from _trim(text, fence_start, end, "code")
                fence = ""
        elif opening := _FENCE.match(line):
            yield from flush()
            fence, fence_start = opening[1], start
        elif not line.strip():
            yield from flush()
        elif _RULE.match(line):
            if row is not None and "-" in line:
                yield from _trim(text, *row, "header")
                row = None
            elif len(pending) == 1 and line.strip()[0] in "=-~^":
                yield from flush("heading")
            yield from flush()
        elif _HEADING.match(line):
            yield from flush()
            yield from _trim(text, start, end, "heading")
        elif line.lstrip().startswith("|") or line.count("|") >= 2 or line.strip().count("\t") >= 2:
            yield from flush()
            row = (start, end)
        else:
            bullet = _BULLET.match(line)
            if row is not None or bullet:
                yield from flush()
            pending.append((start + bullet.end() if bullet else start, end))
    if fence:
        yield from _trim(text, fence_start, len(text), "code")
    yield from flush()


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _trim(text: str, start: int, end: int, kind: Kind) -> Iterator[tuple[int, int, Kind]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end, kind


def _plain_row(raw: str, header: str) -> str:
    cells, names = _cells(raw), _cells(header)
    if len(names) != len(cells):
        return "; ".join(cell for cell in cells if cell)
    pairs = zip(names, cells, strict=True)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def _cells(row: str) -> list[str]:
    row = row.strip()
    if "|" not in row:
        return [" ".join(cell.split()) for cell in row.split("\t")] if row else []
    row = row.removeprefix("|").removesuffix("|").replace("\\|", "\0")
    return [" ".join(cell.split()).replace("\0", "|") for cell in row.split("|")]


# ---------------------------------------------------------------- sentences of a paragraph

_LONGEST_CHARACTERS = 800
_SAMPLE_CHARACTERS = 500  # of a text, from which its language is told
_LIST_NUMBER = re.compile(r"\(?(?:\d{1,3}|[A-Za-z])[.)]\s+")


def _cut_paragraph(text: str, start: int, end: int, language: str) -> Iterator[Span]:
    numbered = _LIST_NUMBER.match(text, start, end)
    first = numbered.end() if numbered else start
    stops = sentence_ends(text, first, end, language)
    boundaries = sorted({*stops, *_line_breaks(text, start, end), end})
    begin = start
    for boundary in boundaries:
        for first, last, kind in _trim(text, begin, boundary, "sentence"):
            if last - first <= _LONGEST_CHARACTERS or "\n" not in text[first:last]:
                yield Span(first, last, kind)
                continue
            # Lines without one full stop are a list or a log, not a sentence.
            for line_start, line_end in _lines(text[first:last]):
                for a, b, _ in _trim(text, first + line_start, first + line_end, kind):
                    yield Span(a, b, kind)
        begin = boundary


def _line_breaks(text: str, start: int, end: int) -> Iterator[int]:
    """Breaks the writer meant: the next line's first word would have fitted, or both lines are
    of the form `key: value`."""
    lines = list(_lines(text[start:end]))
    width = max(line_end - line_start for line_start, line_end in lines)
    for (first, last), (next_first, next_last) in pairwise(lines):
        line = text[start + first : start + last].strip()
        following = text[start + next_first : start + next_last].strip()
        if not line or not following:
            continue
        keys = _KEY.match(line) and _KEY.match(following)
        if not keys and (line[-1] in ",;-–—、，" or following[0].islower()):
            continue
        room = len(line) + 1 + len(following.split(maxsplit=1)[0])
        if keys or room <= 0.75 * width:
            yield start + last
