"""Headings of Markdown, reStructuredText, AsciiDoc, Org and LaTeX, each in one linear pass."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ragkit.types import Heading

# One alternative per kind of line that matters; all others are skipped by the regex engine.
_MARKDOWN = re.compile(
    r"^ {0,3}(?:"
    r"(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)"
    r"|(?P<marks>\#{1,6})(?:[ \t]+(?P<title>[^\n]*))?$"
    r"|(?P<under>=+|-+)[ \t]*$"
    r"|(?P<comment><!--)"
    r")",
    re.MULTILINE,
)
_INLINE = re.compile(
    r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"\n]*\")?\)|(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)"
)
_NOT_A_PARAGRAPH = re.compile(r"[ ]{0,3}(?:[-+*>#|=]|\d{1,9}[.)][ \t]|`{3}|~{3}|<)|[ ]{4}|\t")


def markdown_headings(text: str, start: int = 0) -> tuple[Heading, ...]:
    """ATX and setext headings from offset `start` on, outside fences and comments."""
    found: list[Heading] = []
    position = start
    while (match := _MARKDOWN.search(text, position)) is not None:
        position = match.end()
        if match["fence"]:
            position = _fence_end(text, match)
        elif match["comment"]:
            end = text.find("-->", position)
            # An unclosed comment is text to a reader of the source.
            position = end if end >= 0 else position
        elif match["marks"]:
            title = _plain(re.sub(r"(?:^|[ \t]+)#+[ \t]*$", "", match["title"] or ""))
            if title:
                found.append(Heading(match.start(), len(match["marks"]), title))
        elif (heading := _setext(text, match, start)) is not None:
            found.append(heading)
    return tuple(found)


def _fence_end(text: str, match: re.Match[str]) -> int:
    """Where the fenced block ends; an unclosed one reaches the end of the text."""
    fence = match["fence"]
    if fence[0] == "`" and "`" in match["info"]:
        return match.end()
    pattern = _closing_fence(fence[0], len(fence))
    closing = pattern.search(text, match.end())
    return closing.end() if closing else len(text)


def _closing_fence(mark: str, length: int) -> re.Pattern[str]:
    return re.compile(rf"^ {{0,3}}{mark}{{{length},}}[ \t]*$", re.MULTILINE)


def _setext(text: str, match: re.Match[str], start: int) -> Heading | None:
    """The heading whose underline `match` is, if the line before is a paragraph of its own."""
    line_end = match.start() - 1
    if line_end <= start:
        return None
    line_start = max(text.rfind("\n", start, line_end) + 1, start)
    line = text[line_start:line_end]
    if not line.strip() or _NOT_A_PARAGRAPH.match(line):
        return None
    before = text[max(text.rfind("\n", start, max(line_start - 1, start)) + 1, start) : line_start]
    if before.strip() and not before.lstrip().startswith(("#", "`", "~", "=", "-", "<")):
        return None
    return Heading(line_start, 1 if match["under"][0] == "=" else 2, _plain(line))


def _plain(title: str) -> str:
    """A title without emphasis and link targets, on one line."""
    return " ".join(_INLINE.sub(lambda m: m[1] or "", title.strip()[:500]).split())


_ADORNMENT = re.compile(r"^([!-/:-@\[-`{-~])\1*[ \t]*$", re.MULTILINE)


def rst_headings(text: str) -> tuple[Heading, ...]:
    """Section titles of reStructuredText: underlined, perhaps overlined; the level of a style is
    the order of its first appearance."""
    found: list[Heading] = []
    styles: list[str] = []
    last_end = 0
    for match in _ADORNMENT.finditer(text):
        if match.start() <= last_end:
            continue
        line_end = match.start() - 1
        line_start = text.rfind("\n", 0, line_end) + 1
        line = text[line_start:line_end]
        before_start = text.rfind("\n", 0, max(line_start - 1, 0)) + 1 if line_start else 0
        before = text[before_start : max(line_start - 1, 0)].rstrip()
        mark = match[0].rstrip()
        over = before == mark
        if not line.strip() or (line[0] in " \t" and not over) or (before and not over):
            continue
        if _ADORNMENT.fullmatch(line) or (len(mark) < 4 and len(mark) < _width(line.rstrip())):
            continue
        style = mark[0] * (2 if over else 1)
        if style not in styles:
            styles.append(style)
        start = before_start if over else line_start
        found.append(Heading(start, styles.index(style) + 1, " ".join(line.split())[:500]))
        last_end = match.end()
    return tuple(found)


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in line)


_ASCIIDOC = re.compile(
    r"^(?:(={1,6})[ \t]+(\S[^\n]*)|(-{4,}|\.{4,}|\+{4,}|/{4,}|```)[^\n]*)$", re.M
)


def asciidoc_headings(text: str) -> tuple[Heading, ...]:
    """`= Title` and `== Section` lines outside delimited blocks."""
    found: list[Heading] = []
    block = ""
    for match in _ASCIIDOC.finditer(text):
        if match[3]:
            block = "" if block == match[3] else block or match[3]
        elif not block:
            found.append(Heading(match.start(), len(match[1]), match[2].strip()[:500]))
    return tuple(found)


_ORG = re.compile(r"^(?:(\*+)[ \t]+(\S[^\n]*)|\#\+(begin|end)_(\w+)[^\n]*)$", re.M | re.I)
_ORG_NOISE = re.compile(
    r"^(?:TODO|DONE|NEXT|WAITING)[ \t]+|^\[#[A-Z]\][ \t]+|[ \t]+:[\w@:]+:[ \t]*$"
)


def org_headings(text: str) -> tuple[Heading, ...]:
    """Org headlines outside blocks, without their keyword, priority and tags."""
    found: list[Heading] = []
    block = ""
    for match in _ORG.finditer(text):
        if match[3]:
            name = match[4].lower()
            opens = match[3].lower() == "begin"
            block = (block or name) if opens else ("" if block == name else block)
        elif not block:
            title = _ORG_NOISE.sub("", _ORG_NOISE.sub("", match[2].strip()))
            found.append(Heading(match.start(), len(match[1]), title[:500]))
    return tuple(found)


_LATEX_LEVELS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph")
_LATEX = re.compile(
    r"^[ \t]*\\(part|chapter|(?:sub){0,2}section|paragraph)\*?[ \t]*(?:\[[^\]\n]*\])?[ \t]*\{"
    r"|\\(begin|end)\{(verbatim|lstlisting|minted|comment)\*?\}",
    re.MULTILINE,
)


def latex_headings(text: str) -> tuple[Heading, ...]:
    """Sectioning commands that begin a line, outside verbatim; the highest one used is level 1."""
    found: list[tuple[int, int, str]] = []
    block = ""
    for match in _LATEX.finditer(text):
        if match[2]:
            opens = match[2] == "begin"
            block = (block or match[3]) if opens else ("" if block == match[3] else block)
        elif not block:
            title = " ".join(_braced(text, match.end()).replace("\\\\", " ").split())
            if title:
                found.append((match.start(), _LATEX_LEVELS.index(match[1]), title))
    top = min((level for _, level, _ in found), default=0)
    return tuple(Heading(start, level - top + 1, title) for start, level, title in found)


def _braced(text: str, start: int) -> str:
    """The text up to the brace that closes the one before `start`, at most 300 characters."""
    depth = 1
    for offset, mark in _marks(text, start, start + 300):
        depth += 1 if mark == "{" else -1
        if depth == 0:
            return re.sub(r"\\[a-zA-Z]+[ ]?|[{}~]", " ", text[start:offset])
    return text[start : start + 300].partition("\n")[0]


def _marks(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    for match in re.compile(r"(?<!\\)[{}]").finditer(text, start, end):
        yield match.start(), match[0]
