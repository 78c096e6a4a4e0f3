"""PDF -> text page by page, with page labels, outline and document information."""

from __future__ import annotations

import logging
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions
from ragkit.loading.pdf.layout import dropped_characters, lay_out
from ragkit.loading.pdf.structure import form_values, headings, information, page_labels

if TYPE_CHECKING:
    from pypdf import PdfReader

# A page with fewer non-blank characters that shows a large picture is taken for a scan.
_SCAN_CHARACTERS = 20
_SCAN_PIXELS = 200_000
# Every page that runs into pypdf's limits costs seconds; a hostile file has thousands of them.
_OVERSIZE_PAGES = 3
# Some filings have structure trees beyond pypdf's own limit of 100,000.
_ELEMENTS = 1_000_000
# A page that is drawn with fewer bytes is blank.
_BLANK_BYTES = 200
# What all pages together may unpack to; a thousand pages of prose come to 20 MB.
_CONTENT_BYTES = 150 * 2**20
# Above this share of characters that no text has, the fonts do not tell what they show.
_GARBLED_SHARE = 0.03
# Above this there is nothing to read in it.
_NOISE_SHARE = 0.3


class _Page(NamedTuple):
    """`text` as the library gives it, the size of what draws the page, why it could not be read."""

    text: str = ""
    content_bytes: int = 0
    problem: str = ""


def load_pdf(data: bytes, options: LoadOptions) -> LoadedContent:
    """The text of every page that can be read; pages that cannot are counted and noted.

    `pages_without_text` counts pages that show something but give no text; blank ones do not.
    Raises LoadError: skipped when encrypted or without any text, failed when damaged.
    """
    import pypdf

    configuration = pypdf.get_configuration().with_overwrites(
        jbig2dec_binary=None,
        array_maximum_element_count=_ELEMENTS,
        dictionary_maximum_element_count=_ELEMENTS,
    )
    with _quiet(), pypdf.apply_configuration(configuration):
        reader = _open(data, options.passwords)
        pages = list(_pages(reader, options))
        texts = lay_out([page.text for page in pages])
        dropped = dropped_characters([page.text for page in pages], texts)
        texts[-1] += form_values(reader)
        scanned = _scanned_pages(reader, texts)
        silent = {
            number
            for number, page in enumerate(pages)
            if not texts[number].strip() and page.content_bytes >= _BLANK_BYTES
        }
        if len(scanned) == len(pages) or not any(text.strip() for text in texts):
            raise _nothing(pages, scanned)
        starts, text = _joined(texts)
        garbled = _garbled_share(text)
        if garbled > _NOISE_SHARE:
            hint = "its fonts do not say which letters they show; run OCR over it first"
            raise LoadError(f"no readable text: {hint}", outcome="skipped")
        return LoadedContent(
            text,
            page_starts=starts,
            page_labels=page_labels(reader, len(starts)),
            headings=headings(reader, text, starts),
            media_type="application/pdf",
            notes=tuple(_notes(garbled, pages, scanned, silent)),
            metadata=information(reader),
            pages_without_text=len(scanned | silent | _broken(pages)),
            lost_characters=dropped,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """pypdf warns about every font of every page that it cannot read; the notes say enough."""
    logger = logging.getLogger("pypdf")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _open(data: bytes, passwords: tuple[str, ...]) -> PdfReader:
    import pypdf

    try:
        reader = pypdf.PdfReader(BytesIO(data))
        if reader.is_encrypted and not any(map(reader.decrypt, ("", *passwords))):
            tried = "none of the given passwords opens it" if passwords else "needs a password"
            raise LoadError(f"encrypted: {tried} (--password PASSWORD)", outcome="skipped")
        pages = len(reader.pages)
    except LoadError:
        raise
    except Exception as error:  # damaged files raise anything, RecursionError included
        raise LoadError(f"damaged PDF: {_short(error)}") from error
    if not pages:
        raise LoadError("damaged PDF: it has no pages")
    return reader


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


class _Clock:
    """Ends a page that takes too long: pypdf calls it before each operator of the page."""

    def __init__(self, options: LoadOptions) -> None:
        self._page_seconds = options.page_seconds
        self._file_ends = time.thread_time() + options.file_seconds
        self._page_ends = 0.0
        self._calls = 0

    @property
    def is_over(self) -> bool:
        return time.thread_time() > self._file_ends

    def begin_page(self) -> None:
        self._page_ends = time.thread_time() + self._page_seconds

    def __call__(self, *_operator: object) -> None:
        self._calls += 1
        # Asking for the time takes longer than most operators do.
        if self._calls % 64 == 0 and time.thread_time() > self._page_ends:
            raise TimeoutError(f"it takes more than {self._page_seconds:g} s")


def _pages(reader: PdfReader, options: LoadOptions) -> Iterator[_Page]:
    """Every page, in order; one that cannot be read says why."""
    from pypdf.errors import LimitReachedError

    oversize = work = 0
    clock = _Clock(options)
    for number in range(len(reader.pages)):
        if oversize >= _OVERSIZE_PAGES or work > _CONTENT_BYTES or clock.is_over:
            large = "take too long" if clock.is_over else "are too large"
            yield _Page(problem=f"not read: the pages before it {large}")
            continue
        try:
            page = reader.pages[number]
            contents = page.get_contents()
            size = len(contents.get_data()) if contents is not None else 0
            work += size
            clock.begin_page()
            yield _Page(page.extract_text(visitor_operand_before=clock), size)
        except Exception as error:  # noqa: BLE001  one bad page must not cost the others
            oversize += isinstance(error, LimitReachedError | MemoryError | TimeoutError)
            yield _Page(problem=_short(error))


def _broken(pages: list[_Page]) -> set[int]:
    return {number for number, page in enumerate(pages) if page.problem}


def _scanned_pages(reader: PdfReader, texts: list[str]) -> set[int]:
    """Pages that show a large picture and hardly any text."""
    found = set()
    for number, text in enumerate(texts):
        if len("".join(text.split())) < _SCAN_CHARACTERS:
            try:
                if _shows_picture(reader.pages[number].get("/Resources"), 4):
                    found.add(number)
            except Exception:  # noqa: BLE001, S112  a damaged page is no scan
                continue
    return found


def _shows_picture(resources: Any, depth: int) -> bool:
    """Whether the resources name a large image; only dictionaries are read, nothing is decoded."""
    resources = resources.get_object() if resources is not None else {}
    objects = resources.get("/XObject")
    if objects is None or depth == 0:
        return False
    for reference in list(objects.get_object().values())[:50]:
        item = reference.get_object()
        if item.get("/Subtype") == "/Image":
            if int(item.get("/Width", 0)) * int(item.get("/Height", 0)) > _SCAN_PIXELS:
                return True
        elif _shows_picture(item.get("/Resources"), depth - 1):
            return True
    return False


def _nothing(pages: list[_Page], scanned: set[int]) -> LoadError:
    problems = [page.problem for page in pages if page.problem]
    if len(problems) == len(pages):
        return LoadError(f"damaged PDF: no page can be read: {problems[0]}")
    what = (
        "its only page has no text"
        if len(pages) == 1
        else f"none of its {len(pages)} pages has text"
    )
    if scanned:
        return LoadError(f"{what}: probably scanned; run OCR over it first", outcome="skipped")
    return LoadError(what, outcome="skipped")


def _joined(pages: list[str]) -> tuple[tuple[int, ...], str]:
    starts, length = [], 0
    for page in pages:
        starts.append(length)
        length += len(page)
    return tuple(starts), "".join(pages)


def _notes(
    garbled: float, pages: list[_Page], scanned: set[int], silent: set[int]
) -> Iterator[str]:
    for number, page in enumerate(pages):
        if page.problem:
            count = f"{len(_broken(pages))} of {len(pages)} pages could not be read"
            yield f"{count} (page {number + 1}: {page.problem})"
            break
    for numbers, why in ((scanned, ": probably scanned"), (silent - scanned, "")):
        if numbers:
            verb = "has" if len(numbers) == 1 else "have"
            yield f"{len(numbers)} of {len(pages)} pages {verb} no text{why}"
    if garbled > _GARBLED_SHARE:
        yield "the text looks garbled: the fonts of this file do not say which letters they show"


def _garbled_share(text: str) -> float:
    """The share of non-blank characters that no text has: control, unassigned, private."""
    sample = "".join(text.split())[:200_000]
    strange = sum(unicodedata.category(mark) in ("Cc", "Cn", "Co", "Cs") for mark in sample)
    return (strange + sample.count("\ufffd")) / max(len(sample), 1)
