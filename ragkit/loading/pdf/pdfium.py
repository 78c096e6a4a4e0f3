"""PDFium: the text of pages, line by line, with the places of their words.

PDFium is a C library. Its calls happen in a process of their own, so that a file which crashes it
costs that process alone, and one which hangs it can be given up.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from ctypes import byref, c_double
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ragkit.engines.isolated import IsolatedCallError, IsolatedFunction
from ragkit.loading.content import LoadOptions
from ragkit.loading.pdf.page import JOINED_HYPHEN, Box, Line, PageText, Word, around
from ragkit.loading.pdf.structure import OUTLINE_ENTRIES, OUTLINE_LEVELS, Structure

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

_MEMORY_BYTES = 2 * 2**30
_PAGES = 20  # read by one call
_LINE = re.compile(r"[^\r\n]+")
_WORD = re.compile(r"\S+")
_LAM_ALEF = re.compile("[اأإآ]ل")
# A line of so many words, most of them small letters, is running text.
_PROSE_WORDS = 9
_SMALL = re.compile(r"[a-zà-öø-ÿ]{2,}[,;.]?")
# Nobody needs the places of the words of a page with fewer figures behind words: it has no table.
_FIGURES = re.compile(r"\S [$€£(]*\d")
_FEWEST_FIGURES = 4
_DIGIT_OR_DASH = re.compile(r"\d|^[—–-]$")
# A page with fewer non-blank characters that shows a large picture is taken for a scan.
_SCAN_CHARACTERS = 20
_SCAN_PIXELS = 200_000
_LONG_LINE = 8
_OBJECTS = 200  # looked at on a page without text


class _Task(NamedTuple):
    """Opens `data`, else goes on with the file of the call before; reads pages from `first`."""

    first: int
    data: bytes | None = None
    passwords: tuple[str, ...] = ()


class _Answer(NamedTuple):
    page_count: int
    pages: list[PageText]
    structure: Structure = Structure()  # with the first pages


class PdfiumError(Exception):
    """PDFium cannot read a file; the text says why."""


def read_with_pdfium(data: bytes, options: LoadOptions) -> tuple[list[PageText], Structure]:
    """Every page of a PDF file, and what it says about itself. Raises `PdfiumError` where PDFium
    cannot open it, crashes, or takes longer than `options` allow."""
    ends = time.monotonic() + options.file_seconds
    with _process as read:
        try:
            first = read(_Task(0, data, ("", *options.passwords)), _seconds(options, ends))
            pages = first.pages
            while len(pages) < first.page_count:
                pages += read(_Task(len(pages)), _seconds(options, ends)).pages
        except PdfiumError:
            raise
        except IsolatedCallError as error:
            raise PdfiumError(str(error)) from error
        except Exception as error:  # whatever a damaged file makes the library raise
            raise PdfiumError(f"{type(error).__name__}: {error}") from error
    return pages, first.structure


def _seconds(options: LoadOptions, ends: float) -> float:
    """What some pages may take: three times as long as one, and no longer than the file may."""
    left = ends - time.monotonic()
    if left <= 0:
        raise PdfiumError(f"it takes longer than {options.file_seconds:g} s")
    return min(3 * options.page_seconds, left)


_opened: list[PdfDocument] = []  # at most one, in the process of PDFium only


def _read(task: _Task) -> _Answer:
    """Runs in the process of PDFium."""
    if task.data is not None:
        _close()
        _opened.append(_open(task.data, task.passwords))
    (document,) = _opened
    numbers = range(task.first, min(task.first + _PAGES, len(document)))
    structure = _structure(document) if task.data is not None else Structure()
    pages = [_page(document, number) for number in numbers]
    answer = _Answer(len(document), pages, structure)
    if task.first + _PAGES >= answer.page_count:
        _close()
    return answer


_process: IsolatedFunction[_Task, _Answer] = IsolatedFunction(_read, _MEMORY_BYTES)


def _open(data: bytes, passwords: tuple[str, ...]) -> PdfDocument:
    import pypdfium2

    for password in passwords:
        try:
            document = pypdfium2.PdfDocument(data, password=password or None)
            if len(document):
                return document
            raise PdfiumError("no pages")
        except pypdfium2.PdfiumError as error:
            reason = str(error)
    raise PdfiumError(reason)


def _close() -> None:
    while _opened:
        _opened.pop().close()


def _structure(document: PdfDocument) -> Structure:
    labels: list[str] = []
    outline: list[tuple[int, int, str]] = []
    information: dict[str, str] = {}
    with suppress(Exception):  # each is a nicety, whatever is wrong with it
        labels = [document.get_page_label(number) for number in range(len(document))]
    with suppress(Exception):
        outline += [
            (page, entry.level + 1, " ".join(entry.get_title().split())[:300])
            for entry in islice(document.get_toc(max_depth=OUTLINE_LEVELS), OUTLINE_ENTRIES)
            if (place := entry.get_dest()) is not None and (page := place.get_index()) is not None
        ]
    with suppress(Exception):
        information = document.get_metadata_dict(skip_empty=True)
    has_form = bool(document.get_formtype())
    return Structure(tuple(labels), tuple(information.items()), tuple(outline), has_form)


def _page(document: PdfDocument, number: int) -> PageText:
    try:
        page = document[number]
        text_page = page.get_textpage()
        try:
            lines = _upright(tuple(_lines(text_page)))
            drawn = _is_long(lines) or _is_drawn(page)
            return PageText(lines, "", drawn, not _is_long(lines) and _has_picture(page))
        finally:
            text_page.close()
            page.close()
    except Exception as error:  # noqa: BLE001  one bad page must not cost the others
        return PageText(problem=" ".join(str(error).split())[:120] or type(error).__name__)


def _is_long(lines: tuple[Line, ...]) -> bool:
    return sum(len("".join(line.text.split())) for line in lines) >= _SCAN_CHARACTERS


def _lines(text_page: PdfTextPage) -> Iterator[Line]:
    import pypdfium2.raw as raw

    text = text_page.get_text_range()
    if len(text) != (count := raw.FPDFText_CountChars(text_page)):
        # Not one place for one character: each is asked for itself, ten times as slow.
        codes = [raw.FPDFText_GetUnicode(text_page, index) for index in range(count)]
        text = "".join(chr(code) if code < 0x110000 else "\ufffd" for code in codes)
        text = text.replace("\2", JOINED_HYPHEN)
    box_of = _boxes(text_page)
    text = _LAM_ALEF.sub(lambda match: _in_order(match, box_of), text)
    may_have_tables = len(_FIGURES.findall(text)) >= _FEWEST_FIGURES
    for match in _LINE.finditer(text):
        start = match.start()
        found = [
            (word[0], word.start() + start, word.end() + start) for word in _WORD.finditer(match[0])
        ]
        if not found:
            continue
        if not may_have_tables or _is_prose([word for word, _, _ in found]):
            yield Line(match[0], _span(box_of, found[0][1], found[-1][2]))
        else:
            parts = [part for word in found for part in _parts(*word)]
            words = tuple([Word(word, _span(box_of, begin, end)) for word, begin, end in parts])
            yield Line(match[0], around(*[word.box for word in words]), words)


def _span(box_of: Callable[[int], Box], begin: int, end: int) -> Box:
    """The box around the first and the last of some characters."""
    a, b, c, d = box_of(begin)
    if end - begin == 1:
        return Box(a, b, c, d)
    e, f, g, h = box_of(end - 1)
    return Box(a if a < e else e, b if b < f else f, c if c > g else g, d if d > h else h)


def _parts(word: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """A word that goes on in the next line as what stands in either."""
    parts = word.split(JOINED_HYPHEN)
    if len(parts) == 1 or not all(parts):
        return [(word.replace(JOINED_HYPHEN, "-"), start, end)]
    found = []
    for part in parts:
        found.append((f"{part}-", start, start + len(part)))
        start += len(part) + 1
    found[-1] = (parts[-1], *found[-1][1:])
    return found


def _is_prose(words: list[str]) -> bool:
    """Whether these are the words of running text, and no long label with a figure after it."""
    return (
        len(words) >= _PROSE_WORDS
        and not any(map(_DIGIT_OR_DASH.search, words[-3:]))
        and sum(_SMALL.fullmatch(word) is not None for word in words) >= _PROSE_WORDS
    )


def _in_order(match: re.Match[str], box_of: Callable[[int], Box]) -> str:
    """The two letters of an Arabic ligature: PDFium gives both the place of the one glyph, and
    turns them round as if they were two."""
    one_glyph = box_of(match.start()) == box_of(match.start() + 1)
    return match[0][::-1] if one_glyph else match[0]


def _boxes(text_page: PdfTextPage) -> Callable[[int], Box]:
    """Where a character stands on the page, whichever way that is turned."""
    import pypdfium2.raw as raw

    values = [c_double() for _ in range(4)]
    left, right, bottom, top = values
    references = [byref(value) for value in values]
    get, handle = raw.FPDFText_GetCharBox, text_page.raw

    def box_of(index: int) -> Box:
        get(handle, index, *references)
        return Box(left.value, bottom.value, right.value, top.value)

    return box_of


def _upright(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines as they stand where the page is turned so that its words run to the right."""
    long = [line for line in lines if line.box is not None and len(line.text) >= _LONG_LINE]
    sideways = [
        box for line in long if (box := line.box) and box.top - box.bottom > box.right - box.left
    ]
    if len(sideways) <= len(long) / 2:
        return lines
    ends = [(line.words[0].box, line.words[-1].box) for line in long if len(line.words) > 1]
    upwards = sum(first.bottom < last.bottom for first, last in ends) >= len(ends) / 2

    def turned(box: Box) -> Box:
        if upwards:
            return Box(box.bottom, -box.right, box.top, -box.left)
        return Box(-box.top, box.left, -box.bottom, box.right)

    return tuple(
        Line(
            line.text,
            line.box and turned(line.box),
            tuple(Word(w.text, turned(w.box)) for w in line.words),
        )
        for line in lines
    )


def _is_drawn(page: PdfPage) -> bool:
    return next(page.get_objects(max_depth=1), None) is not None


def _has_picture(page: PdfPage) -> bool:
    """Whether one of the first objects is a large picture; nothing is decoded."""
    from pypdfium2 import PdfImage

    pictures = (one for one in islice(page.get_objects(), _OBJECTS) if isinstance(one, PdfImage))
    return any(math.prod(one.get_px_size()) > _SCAN_PIXELS for one in pictures)
