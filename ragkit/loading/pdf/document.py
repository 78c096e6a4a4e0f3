"""PDF -> text page by page, with page labels, outline and document information.

PDFium reads text and structure, pypdf forms, and every page or file that PDFium cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from textwrap import shorten
from typing import TYPE_CHECKING, NamedTuple

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions
from ragkit.loading.ocr.pages import PagesRead, ocr_labels, read_pages
from ragkit.loading.pdf.layout import lay_out
from ragkit.loading.pdf.page import PageText
from ragkit.loading.pdf.pdfium import PdfiumError, read_with_pdfium
from ragkit.loading.pdf.plausibility import implausibility
from ragkit.loading.pdf.pypdf_reader import (
    count_pages,
    open_with_pypdf,
    pypdf_limits,
    read_with_pypdf,
)
from ragkit.loading.pdf.structure import (
    Structure,
    form_values,
    headings,
    metadata,
    page_labels,
    structure_of,
)

if TYPE_CHECKING:
    from pypdf import PdfReader

# A page with fewer non-blank characters that shows a large picture is taken for a scan.
_SCAN_CHARACTERS = 20
_EXAMPLES = 3
_UNREADABLE = "its fonts do not say which letters they show"


def load_pdf(data: bytes, options: LoadOptions) -> LoadedContent:
    """The text of every page that can be read; pages that cannot are counted and noted.

    `pages_without_text` counts pages that show something but give no text; blank ones do not.
    Raises LoadError: skipped when encrypted or without any text, failed when damaged.
    """
    with pypdf_limits():
        pages, structure, form = _read(data, options)
    laid_out = lay_out(pages)
    texts = laid_out.texts
    texts[-1] += form
    without = _without_text(pages, texts)
    read = read_pages((number + 1 for number in _for_ocr(pages, without)), options)
    without = _with_ocr(texts, without, read)
    if len(without.scanned) == len(pages) or not any(text.strip() for text in texts):
        raise _nothing(pages, without, read)
    starts, text = _joined(texts)
    return LoadedContent(
        text,
        page_starts=starts,
        page_labels=ocr_labels(page_labels(structure.labels, len(starts)), len(starts), read.texts),
        headings=headings(structure.outline, text, starts),
        media_type="application/pdf",
        notes=tuple(_notes(pages, without, read)),
        metadata=(*metadata(structure.information), *_left_out(laid_out.running_heads)),
        pages_without_text=len(without.all),
        lost_characters=laid_out.lost_characters,
    )


def _read(data: bytes, options: LoadOptions) -> tuple[list[PageText], Structure, str]:
    """Every page in the better of its two readings, the structure, and what is filled into a form.
    pypdf opens the file only where it is needed: that takes as long as PDFium for all pages."""
    try:
        pages, structure = read_with_pdfium(data, options)
    except PdfiumError:
        reader = open_with_pypdf(data, options.passwords)
        pages = list(read_with_pypdf(reader, range(count_pages(reader)), options))
        structure = structure_of(reader)
        return [*map(_readable, pages)], structure, form_values(reader)
    form = ""
    if structure.has_form or any(_fault(page) >= 1 for page in pages):
        with suppress(LoadError):  # PDFium alone can open it
            reader = open_with_pypdf(data, options.passwords)
            pages = list(_better(reader, pages, options))
            form = form_values(reader)
    return [*map(_readable, pages)], structure, form


def _better(reader: PdfReader, pages: list[PageText], options: LoadOptions) -> Iterator[PageText]:
    """The pages, those that PDFium cannot read as pypdf reads them if that is better."""
    faults = [_fault(page) for page in pages]
    doubtful = [number for number, fault in enumerate(faults) if fault >= 1]
    try:
        second = dict(zip(doubtful, read_with_pypdf(reader, doubtful, options), strict=True))
    except Exception:  # noqa: BLE001  a damaged file may raise anything
        second = {}
    for number, page in enumerate(pages):
        other = second.get(number)
        yield other if other is not None and _fault(other) < faults[number] else page


def _fault(page: PageText) -> float:
    """`implausibility`, or how bad it is to have no text at all: worse than doubtful text, not as
    bad as text that cannot be read."""
    if page.problem:
        return 3.0
    if not page.text.strip():
        return 2.0 if page.is_drawn and not page.has_picture else 0.0
    return implausibility(page)


def _readable(page: PageText) -> PageText:
    """A page whose text cannot be read as a page with that problem."""
    return page if page.problem or implausibility(page) < 1 else PageText(problem=_UNREADABLE)


class _WithoutText(NamedTuple):
    """Pages by number: those that are probably scanned, those that could not be read, and those
    that show something else but text."""

    scanned: set[int]
    broken: set[int]
    silent: set[int]

    @property
    def all(self) -> set[int]:
        return self.scanned | self.broken | self.silent


def _without_text(pages: list[PageText], texts: list[str]) -> _WithoutText:
    sizes = [len("".join(text.split())) for text in texts]
    scanned = {
        number
        for number, page in enumerate(pages)
        if page.has_picture and sizes[number] < _SCAN_CHARACTERS
    }
    broken = {number for number, page in enumerate(pages) if page.problem}
    silent = {number for number, page in enumerate(pages) if page.is_drawn and not sizes[number]}
    return _WithoutText(scanned, broken, silent - scanned - broken)


def _for_ocr(pages: list[PageText], without: _WithoutText) -> set[int]:
    """The pages that OCR may read: not those that took too long or are damaged."""
    unreadable = {number for number in without.broken if pages[number].problem == _UNREADABLE}
    return without.scanned | without.silent | unreadable


def _with_ocr(texts: list[str], without: _WithoutText, read: PagesRead) -> _WithoutText:
    """Puts what OCR has read into `texts`; the pages that are still without."""
    for number, text in read.texts.items():
        texts[number - 1] = f"{text}\n"
    done = {number - 1 for number in read.texts}
    return _WithoutText(*(numbers - done for numbers in without))


def _nothing(pages: list[PageText], without: _WithoutText, read: PagesRead) -> LoadError:
    problems = [page.problem for page in pages if page.problem]
    if read.problem or read.blank:
        why = "; ".join(read.notes(len(pages)))
        return LoadError(f"no text: {why}", outcome="failed" if read.problem else "skipped")
    if problems and all(problem == _UNREADABLE for problem in problems):
        return LoadError(f"no readable text: {_UNREADABLE}{read.hint}", outcome="skipped")
    if len(problems) == len(pages):
        return LoadError(f"damaged PDF: no page can be read: {problems[0]}")
    what = (
        "its only page has no text"
        if len(pages) == 1
        else f"none of its {len(pages)} pages has text"
    )
    if without.scanned:
        return LoadError(f"{what}: probably scanned{read.hint}", outcome="skipped")
    return LoadError(what, outcome="skipped")


def _joined(pages: list[str]) -> tuple[tuple[int, ...], str]:
    starts, length = [], 0
    for page in pages:
        starts.append(length)
        length += len(page)
    return tuple(starts), "".join(pages)


def _notes(pages: list[PageText], without: _WithoutText, read: PagesRead) -> Iterator[str]:
    if without.broken:
        first = min(without.broken)
        count = f"{len(without.broken)} of {len(pages)} pages could not be read"
        yield f"{count} (page {first + 1}: {pages[first].problem})"
    scanned = f": probably scanned{read.hint}"
    for numbers, why in ((without.scanned, scanned), (without.silent, "")):
        if numbers:
            verb = "has" if len(numbers) == 1 else "have"
            yield f"{len(numbers)} of {len(pages)} pages {verb} no text{why}"
    yield from read.notes(len(pages))


def _left_out(running_heads: list[str]) -> Iterator[tuple[str, str]]:
    """What `status FILE` says of lines that are not in the text."""
    if running_heads:
        kinds = {
            re.sub(r"\d+", "#", head): shorten(head, 60, placeholder=" …") for head in running_heads
        }
        examples = ", ".join(f'"{head}"' for head in [*kinds.values()][:_EXAMPLES])
        yield "left_out", f"{len(running_heads)} running heads and page numbers, such as {examples}"
