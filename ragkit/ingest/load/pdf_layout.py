"""From the lines of PDF pages to paragraphs: repeated headers and footers dropped, words that were
hyphenated at a line's end joined, lines of one paragraph joined, rows of tables left alone."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_LIGATURES = re.compile(r"[\ufb00-\ufdff\ufe70-\ufefc\u00a0\u00ad\u200b\ufeff]")
_NOT_LINE_END_HYPHEN = re.compile("\u00ad(?!\n)")
# Header and footer lines stand among the first and last three lines of a page,
_FURNITURE_LINES = 3
# and their form recurs on a third of all pages, or on three of the nine pages around.
_FURNITURE_SHARE = 0.35
_NEIGHBOURS = 4
_NUMBER = re.compile(r"\b(?:\d+|[ivxlc]{1,7})\b", re.IGNORECASE)

_NUMERIC = re.compile(r"[$€£¥(+-]*\d[\d.,:/%)-]*[a-z]?|[$€£¥%—–-]+|\)|N/?A", re.IGNORECASE)
_LEADERS = re.compile(r"(?:\.\s?){5,}")
_BULLET = re.compile(
    r"[•●○▪■◦‣⁃∙·*–—-]\s|[•●○▪■◦‣⁃∙]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s|\d+(?:\.\d+)+\s"
)
_SENTENCE_END = re.compile(r"[.!?:;。！？：；؟۔।…][\"'”’»)\]】」』]*\d{0,3}$")
_HYPHENATED = re.compile(r"[^\W\d_]+-[^\W\d_]+")
_WORD_BREAK = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]$")
_WORD_START = re.compile(r"[^\W\d_]+")
# A line shorter than this share of the page's full lines ends its paragraph.
_FULL_LINE = 0.65
_NEARLY_FULL_LINE = 0.88


def lay_out(pages: Sequence[str]) -> list[str]:
    """The pages as paragraphs that are one blank line apart. Each page but the last ends with a
    line break, unless it is empty."""
    lines = [_clean(page).split("\n") for page in pages]
    lines = _without_furniture([[line.rstrip() for line in page] for page in lines])
    compounds = _compounds(lines)
    texts = [_reflow(page, compounds) for page in lines]
    return [f"{text}\n" if text else "" for text in texts]


def _clean(page: str) -> str:
    """Ligatures and positional letter forms as the letters they stand for; soft hyphens only
    where a line ends with one."""
    page = page.replace("\r\n", "\n").replace("\r", "\n")
    if not _LIGATURES.search(page):
        return page
    page = _NOT_LINE_END_HYPHEN.sub("", page)
    return (
        _LIGATURES.sub(
            lambda m: m[0] if m[0] == "\u00ad" else unicodedata.normalize("NFKC", m[0]), page
        )
        .replace("\u200b", "")
        .replace("\ufeff", "")
    )


def _without_furniture(pages: list[list[str]]) -> list[list[str]]:
    """Pages without the lines that recur at their edges. The first of each kind stays if it has
    words, for it may say what the document is."""
    edges = [_edge_forms(page) for page in pages]
    everywhere = Counter(form for forms in edges for form in set(forms.values()))
    often = max(_FURNITURE_SHARE * len(pages), 3)
    seen: set[str] = set()
    result = []
    for number, page in enumerate(pages):
        near: Counter[str] = Counter()
        for forms in edges[max(number - _NEIGHBOURS, 0) : number + _NEIGHBOURS + 1]:
            near.update(set(forms.values()))
        dropped = set()
        for index, form in edges[number].items():
            if everywhere[form] >= often or near[form] >= 3:
                if form in seen or not _has_words(form):
                    dropped.add(index)
                seen.add(form)
        result.append([line for index, line in enumerate(page) if index not in dropped])
    return result


def _edge_forms(page: list[str]) -> dict[int, str]:
    """The normalised form of the first and last lines that are not blank, by their index."""
    filled = [index for index, line in enumerate(page) if line.strip()]
    if len(filled) > 2 * _FURNITURE_LINES:
        filled = filled[:_FURNITURE_LINES] + filled[-_FURNITURE_LINES:]
    return {index: _form(page[index]) for index in filled}


def _form(line: str) -> str:
    return " ".join(_NUMBER.sub("#", line.lower()[:200]).split())


def _has_words(form: str) -> bool:
    return sum(mark.isalpha() for mark in form) >= 4 and not form.startswith("page #")


def _compounds(pages: list[list[str]]) -> set[str]:
    """Words that are written with a hyphen inside a line."""
    return {word.lower() for page in pages for line in page for word in _HYPHENATED.findall(line)}


def _reflow(lines: list[str], compounds: set[str]) -> str:
    """One page as paragraphs."""
    while lines and not lines[0].strip():
        lines = lines[1:]
    width = _full_width(lines)
    table = [_is_row(line) for line in lines]
    lower = _lower_starts(lines)
    pieces: list[str] = []
    for index, line in enumerate(lines):
        line = line.strip()
        if not line:
            continue
        if not pieces:
            pieces.append(line)
            continue
        before = lines[index - 1].strip()
        if not before:
            pieces.append("\n\n" + line)
        elif table[index] or table[index - 1]:
            pieces.append("\n" + line)
        elif (gap := _gap(before, line, width, lower[index])) in ("\n", "\n\n"):
            pieces.append(gap + line)
        else:
            _join(pieces, line, gap, compounds)
    return "".join(pieces)


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
    numeric = sum(_NUMERIC.fullmatch(word) is not None for word in words)
    if numeric >= 2 and numeric >= 0.4 * len(words):
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
    if _WORD_BREAK.search(before) and line[0].islower():
        return "-"
    ended = _SENTENCE_END.search(before) is not None
    inside = _begins_inside(line)
    if ended:
        goes_on = len(before) >= _NEARLY_FULL_LINE * width and lower >= 0.3
        return " " if goes_on else "\n\n"
    if not inside and (len(before) < _FULL_LINE * width or lower < 0.3):
        return "\n"
    if inside and line[0] == line[0].upper() and len(before) < _FULL_LINE * width:
        return "\n"  # a script without capitals: only the length tells
    return "" if _is_cjk(before[-1]) and _is_cjk(line[0]) else " "


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
