"""From the lines of PDF pages to paragraphs and tables: running heads dropped, words that were
hyphenated at a line's end joined, lines of one paragraph joined."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ragkit.loading.pdf.page import JOINED_HYPHEN, Line, PageText
from ragkit.loading.pdf.running_heads import find_running_heads
from ragkit.loading.pdf.tables import Table, split_tables

_SYMBOLS = {
    "\uf0b7": "•",
    "\uf0a7": "▪",
    "\uf0d8": "‣",
    "\uf0a8": "□",
    "\uf0fc": "✓",
    "\u200b": "",
    "\ufeff": "",
}
_REPLACED = re.compile(r"[\ufb00-\ufdff\ufe70-\ufefc\u00a0\u00ad" + "".join(_SYMBOLS) + "]")
_NOT_LINE_END_HYPHEN = re.compile("\u00ad(?!$)")
_JOINED_WORD = re.compile(rf"(?<![^\W\d_])([^\W\d_]+){JOINED_HYPHEN}([^\W\d_]+)")
_NUMERIC = re.compile(r"[$€£¥(+-]*\d[\d.,:/%)-]*[a-z]?|[$€£¥%—–-]+|\)|N/?A", re.IGNORECASE)
_LEADERS = re.compile(r"(?:\.\s?){5,}")
_BULLET = re.compile(
    r"[•●○▪■◦‣⁃∙·*–—-]\s|[•●○▪■◦‣⁃∙]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s|\d+(?:\.\d+)+\s"
)
_SENTENCE_END = re.compile(r"[.!?:;。！？：；؟۔।…][\"'”’»)\]】」』]*\d{0,3}$")
_HYPHENATED = re.compile(r"(?<![^\W\d_])[^\W\d_]+-[^\W\d_]+")
_WORD_BREAK = re.compile(r"(?<![^\W\d_])([^\W\d_]+)[-\u00ad\u2010]$")
_WORD_START = re.compile(r"[^\W\d_]+")
# A line shorter than this share of the page's full lines ends its paragraph.
_FULL_LINE = 0.65
_NEARLY_FULL_LINE = 0.88
# Lines this short are no running text, whatever they begin with.
_NARROW = 0.4
# So many ascending numbers on lines of their own count the lines of the page.
_LINE_NUMBERS = 10
_LAST_LINE_NUMBER = 1000  # larger ones are years, or other data


class LaidOut(NamedTuple):
    """Pages as text. `lost_characters` counts those that are not blank and were left out: running
    heads, line numbers, hyphens of words that were joined."""

    texts: list[str]
    running_heads: list[str]
    lost_characters: int


def lay_out(pages: Sequence[PageText]) -> LaidOut:
    """The pages as paragraphs and tables that are one blank line apart. Each page ends with a
    line break, unless it is empty."""
    cleaned = [[_cleaned(line) for line in page.lines] for page in pages]
    compounds = _compounds(line.text for page in cleaned for line in page)
    cleaned = [[_with_hyphens(line, compounds) for line in page] for page in cleaned]
    heads = find_running_heads([[line.text for line in page] for page in cleaned])
    texts, dropped, lost = [], [], 0
    for page, indexes in zip(cleaned, heads, strict=True):
        dropped += [page[index].text for index in sorted(indexes)]
        kept = [line for index, line in enumerate(page) if index not in indexes]
        blocks = []
        for block in split_tables(kept):
            if isinstance(block, Table):
                blocks.append(block.text)
                lost += block.lost_characters
                continue
            lines = [line.text for line in block]
            blocks.append(_reflow(lines, compounds))
            lost += max(0, sum(map(_visible, lines)) - _visible(blocks[-1]))
        text = "\n\n".join(filter(None, blocks))
        texts.append(f"{text}\n" if text else "")
    return LaidOut(texts, dropped, lost + sum(map(_visible, dropped)))


def _visible(text: str) -> int:
    return sum(map(len, text.split()))


def _cleaned(line: Line) -> Line:
    """Ligatures, positional letter forms and the bullets of symbol fonts as what they stand for;
    soft hyphens only where a line ends with one."""
    if not _REPLACED.search(line.text):
        return line._replace(text=line.text.rstrip())
    words = [word._replace(text=_clean(word.text)) for word in line.words]
    words[:-1] = [word._replace(text=word.text.rstrip("\u00ad")) for word in words[:-1]]
    kept = tuple(word for word in words if word.text.strip())
    return line._replace(text=_clean(line.text).rstrip(), words=kept)


def _clean(text: str) -> str:
    return _REPLACED.sub(_replacement, _NOT_LINE_END_HYPHEN.sub("", text))


def _with_hyphens(line: Line, compounds: set[str]) -> Line:
    """A word that PDFium joined over the end of a line, with its hyphen where it has one
    elsewhere."""
    if JOINED_HYPHEN not in line.text:
        return line

    def joined(match: re.Match[str]) -> str:
        keeps = f"{match[1]}-{match[2]}".lower() in compounds
        return f"{match[1]}-{match[2]}" if keeps else match[1] + match[2]

    def text_of(text: str) -> str:
        return _JOINED_WORD.sub(joined, text).replace(JOINED_HYPHEN, "-")

    words = tuple(word._replace(text=text_of(word.text)) for word in line.words)
    return line._replace(text=text_of(line.text), words=words)


def _replacement(match: re.Match[str]) -> str:
    mark = match[0]
    if mark in _SYMBOLS:
        return _SYMBOLS[mark]
    return mark if mark == "\u00ad" else unicodedata.normalize("NFKC", mark)


def _compounds(lines: Iterable[str]) -> set[str]:
    """Words that are written with a hyphen inside a line."""
    return {word.lower() for line in lines if "-" in line for word in _HYPHENATED.findall(line)}


def _reflow(lines: list[str], compounds: set[str]) -> str:
    """One page as paragraphs."""
    lines = _merged_bullets(_without_line_numbers([line.strip() for line in lines]))
    width = _full_width(lines)
    rows = [_is_row(line) for line in lines]
    lower = _lower_starts(lines)
    pieces: list[str] = []
    for index, line in enumerate(lines):
        if not line:
            continue
        if not pieces:
            pieces.append(line)
            continue
        before = lines[index - 1]
        if not before:
            pieces.append("\n\n" + line)
        elif rows[index]:
            pieces.append("\n" + line)
        elif rows[index - 1]:
            # A line between rows belongs to the table, two in a row do not.
            in_table = rows[index + 1 : index + 2] == [True]
            pieces.append(("\n" if in_table else "\n\n") + line)
        elif (gap := _gap(before, line, width, lower[index])).startswith("\n"):
            pieces.append(gap + line)
        else:
            _join(pieces, line, gap, compounds)
    return "".join(pieces)


def _without_line_numbers(lines: list[str]) -> list[str]:
    """Lines without runs of bare ascending numbers, which some files print along the margin."""
    lines_so_far: list[str] = []
    run: list[str] = []
    for line in [*lines, ""]:
        follows = run and line.isdecimal() and int(line[:9]) == int(run[-1][:9]) + 1
        if not follows:
            lines_so_far += run if len(run) < _LINE_NUMBERS else []
            run = []
        if line.isdecimal() and (run or int(line[:9]) < _LAST_LINE_NUMBER):
            run.append(line)
        else:
            lines_so_far.append(line)
    return lines_so_far[:-1]


def _merged_bullets(lines: list[str]) -> list[str]:
    """Lines with a bullet that stands alone put before the text it marks."""
    merged: list[str] = []
    for line in lines:
        if merged and line and merged[-1] and merged[-1] in "•●○▪■◦‣⁃∙":
            merged[-1] = f"{merged[-1]} {line}"
        else:
            merged.append(line)
    return merged


def _full_width(lines: list[str]) -> int:
    """The length of a full line of this page: nine in ten lines are no longer."""
    lengths = sorted(len(line) for line in lines if line.strip())
    return lengths[len(lengths) * 9 // 10] if lengths else 0


def _is_row(line: str) -> bool:
    """Whether a line is a row of a table or of a table of contents."""
    if _LEADERS.search(line):
        return True
    words = line.split()
    if len(words) < 2:
        return bool(words) and bool(_NUMERIC.fullmatch(words[0]))
    numeric = [_NUMERIC.fullmatch(word) is not None for word in words]
    share = sum(numeric) / len(words)
    if sum(numeric) >= 2 and share >= (0.3 if numeric[-1] else 0.5):
        return True
    return len(re.findall(r"\S {3,}\S", line)) >= 2


def _lower_starts(lines: list[str]) -> list[float]:
    """For each line the share of lines around it that begin as the middle of a sentence does."""
    starts = [_begins_inside(line) for line in lines]
    shares = []
    for index in range(len(starts)):
        around = starts[max(index - 4, 0) : index + 5]
        shares.append(sum(around) / len(around))
    return shares


def _begins_inside(line: str) -> bool:
    first = line.lstrip()[:1]
    # Scripts without capitals never tell; they are taken for running text.
    return bool(first) and (first.islower() or (first.isalpha() and first == first.lower()))


def _gap(before: str, line: str, width: int, lower: float) -> str:
    """What stands between two lines: a paragraph or line break, " ", "" between CJK characters,
    or "-" where a word goes on."""
    if _BULLET.match(line):
        return "\n"
    if line[0].islower():
        if _WORD_BREAK.search(before):
            return "-"
        narrow = max(len(before), len(line)) < _NARROW * width
        return "\n" if narrow else " "
    nearly_full = len(before) >= _NEARLY_FULL_LINE * width
    goes_on = nearly_full and (lower >= 0.3 or _is_prose(before))
    if _SENTENCE_END.search(before):
        # After a full line, a short one that ends no sentence is a heading.
        heading = len(line) < _FULL_LINE * width and not _SENTENCE_END.search(line)
        if not goes_on or heading or before[-1] in ":：":
            return "\n\n"
    elif not goes_on and (len(before) < _FULL_LINE * width or lower < 0.3):
        return "\n"
    return "" if _is_cjk(before[-1]) and _is_cjk(line[0]) else " "


def _is_prose(line: str) -> bool:
    """Whether most words of a line begin with a small letter."""
    words = line.split()
    return len(words) >= 8 and sum(word[0].islower() for word in words) >= 0.5 * len(words)


def _is_cjk(mark: str) -> bool:
    return (
        "\u3000" <= mark <= "\u9fff" or "\uf900" <= mark <= "\ufaff" or "\uff00" <= mark <= "\uffef"
    )


def _join(pieces: list[str], line: str, gap: str, compounds: set[str]) -> None:
    """Adds a line to the paragraph it goes on with."""
    if gap != "-":
        pieces.append(gap + line)
        return
    last = pieces[-1]
    first, second = _WORD_BREAK.search(last), _WORD_START.match(line)
    if first is None or second is None:
        pieces.append(line)
        return
    keeps = f"{first[1]}-{second[0]}".lower() in compounds and last[-1] == "-"
    pieces[-1] = last if keeps else last[:-1]
    pieces.append(line)
