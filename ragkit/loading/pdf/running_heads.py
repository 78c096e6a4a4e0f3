"""The lines that a document prints at the edge of every page: page numbers and unchanged heads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

# Running heads are among the first and last lines of a page,
_EDGE_LINES = 3
# and recur on a third of all pages, or on three of the nine pages around.
_SHARE = 0.35
_FEWEST = 3
_NEIGHBOURS = 4
# Shorter pages are forms, payslips or slides, and their edges hold data.
_FULL_PAGE_LINES = 20
_MARK_OR_WORD = re.compile(r"#|\w+")
_PAGE_WORD = re.compile(
    r"page|pp?|pg|seite|s|página|pagina|pág|pag|strona|str|sida|side|стр|страница|第|页|ページ"
    r"|of|von|de|di|sur|z|av|af|из|#|\d+"
)
_NUMBER = re.compile(r"\b(?:\d{1,5}|[ivxlcIVXLC]{1,7})\b")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_TITLE_CHARACTERS = 90

# What recurs: a line as it stands, or a line with a page number at "#", and by how much that
# differs from the number of the page.
_Form = tuple[str, int | None]


def find_running_heads(pages: Sequence[Sequence[str]]) -> list[set[int]]:
    """For each page the indexes of its lines that are running heads.

    Only page numbers differ from page to page in them: a line that says something else on each
    page is none, nor, where pages are short, is a line with figures or a colon. The first of each
    kind that has words is none, for it may say what the document is; nor is a head right above a
    title, as the company's name above a statement.
    """
    edges = [dict(_edge_forms(page, number)) for number, page in enumerate(pages)]
    counts = [Counter({form for forms in edge.values() for form in forms}) for edge in edges]
    everywhere = _sum(counts)
    often = max(_SHARE * len(pages), _FEWEST)
    full = median(sum(map(bool, page)) for page in pages) >= _FULL_PAGE_LINES if pages else False
    seen: set[str] = set()
    found = []
    for number, page in enumerate(pages):
        near = _sum(counts[max(number - _NEIGHBOURS, 0) : number + _NEIGHBOURS + 1])
        recurring = {}
        for index, forms in edges[number].items():
            form = next((f for f in forms if everywhere[f] >= often or near[f] >= _FEWEST), None)
            if form is not None and (full or _carries_no_data(form)):
                recurring[index] = form
        found.append(_droppable(page, recurring, seen))
    return found


def _sum(counts: Iterable[Counter[_Form]]) -> Counter[_Form]:
    total: Counter[_Form] = Counter()
    for one in counts:
        total.update(one)
    return total


def _edge_forms(page: Sequence[str], number: int) -> Iterator[tuple[int, list[_Form]]]:
    """What may recur of the first and last lines of a page that are not blank, by their index."""
    filled = [index for index, line in enumerate(page) if line.strip()]
    if len(filled) > 2 * _EDGE_LINES:
        filled = filled[:_EDGE_LINES] + filled[-_EDGE_LINES:]
    for index in filled:
        line = " ".join(page[index][:200].split())
        forms: list[_Form] = [
            (f"{line[: match.start()]}#{line[match.end() :]}", value - number)
            for match in _NUMBER.finditer(line)
            if (value := _value(match[0])) is not None
        ]
        yield index, [*forms, (line, None)]


def _carries_no_data(form: _Form) -> bool:
    """Whether a recurring line is a bare page number, or words without any figure."""
    text, offset = form
    if offset is None:
        return ":" not in text and not any(map(str.isdecimal, text))
    words = _MARK_OR_WORD.findall(text.lower())
    return all(map(_PAGE_WORD.fullmatch, words))


def _value(word: str) -> int | None:
    """A page number in Arabic or Roman figures."""
    if word.isdecimal():
        return int(word)
    values = [_ROMAN[letter] for letter in word.lower()]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < following else value for value, following in pairs)


def _droppable(page: Sequence[str], recurring: dict[int, _Form], seen: set[str]) -> set[int]:
    """The recurring lines that no other line stands outside of."""
    filled = [index for index, line in enumerate(page) if line.strip()]
    dropped: set[int] = set()
    kept: set[int] = set()
    for order in (filled, filled[::-1]):
        for position, index in enumerate(order):
            if index not in recurring or index in kept:
                break
            text, offset = recurring[index]
            inside = order[position + 1 : position + 2]
            heads_title = (
                offset is None
                and order is filled
                and bool(inside)
                and inside[0] not in recurring
                and _is_title(page[inside[0]])
            )
            if not heads_title and (text in seen or not _has_words(text)):
                dropped.add(index)
            else:
                kept.add(index)
            seen.add(text)
    return dropped


def _has_words(text: str) -> bool:
    return sum(mark.isalpha() for mark in text) >= 4 and not text.lower().startswith("page #")


def _is_title(line: str) -> bool:
    """Whether most words of a short line begin with a capital."""
    words = [word for word in re.findall(r"[^\W\d_]+", line) if len(word) > 3]
    capital = sum(word[0].isupper() for word in words)
    return bool(words) and len(line) <= _TITLE_CHARACTERS and capital >= 0.8 * len(words)
