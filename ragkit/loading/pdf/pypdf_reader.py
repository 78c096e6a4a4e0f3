"""pypdf: what a PDF file is made of, and the text of pages that PDFium cannot read."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ragkit.errors import LoadError
from ragkit.loading.content import LoadOptions
from ragkit.loading.pdf.page import Line, PageText

if TYPE_CHECKING:
    from pypdf import PdfReader

# Every page that runs into pypdf's limits costs seconds; a hostile file has thousands of them.
_OVERSIZE_PAGES = 3
# Some filings have structure trees beyond pypdf's own limit of 100,000.
_ELEMENTS = 1_000_000
# A page that is drawn with fewer bytes is blank.
_BLANK_BYTES = 200
# What all pages together may unpack to; a thousand pages of prose come to 20 MB.
_CONTENT_BYTES = 150 * 2**20
_SCAN_PIXELS = 200_000


@contextmanager
def pypdf_limits() -> Iterator[None]:
    """Runs no program, reads large files, and is quiet: pypdf warns about every font of every page
    that it cannot read; the notes say enough."""
    import pypdf

    configuration = pypdf.get_configuration().with_overwrites(
        jbig2dec_binary=None,
        array_maximum_element_count=_ELEMENTS,
        dictionary_maximum_element_count=_ELEMENTS,
    )
    logger = logging.getLogger("pypdf")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with pypdf.apply_configuration(configuration):
            yield
    finally:
        logger.setLevel(level)


def open_with_pypdf(data: bytes, passwords: tuple[str, ...]) -> PdfReader:
    """Raises LoadError: skipped when it needs a password, failed when damaged."""
    import pypdf

    try:
        reader = pypdf.PdfReader(BytesIO(data))
        if reader.is_encrypted and not any(map(reader.decrypt, ("", *passwords))):
            tried = "none of the given passwords opens it" if passwords else "needs a password"
            raise LoadError(f"encrypted: {tried} (--password PASSWORD)", outcome="skipped")
    except LoadError:
        raise
    except Exception as error:  # damaged files raise anything, RecursionError included
        raise LoadError(f"damaged PDF: {_short(error)}") from error
    return reader


def count_pages(reader: PdfReader) -> int:
    """Raises LoadError for a file without pages."""
    try:
        pages = len(reader.pages)
    except Exception as error:  # as for opening
        raise LoadError(f"damaged PDF: {_short(error)}") from error
    if not pages:
        raise LoadError("damaged PDF: it has no pages")
    return pages


def read_with_pypdf(
    reader: PdfReader, numbers: Iterable[int], options: LoadOptions
) -> Iterator[PageText]:
    """The pages of these numbers, from 0; one that cannot be read says why."""
    from pypdf.errors import LimitReachedError

    oversize = work = 0
    clock = _Clock(options)
    for number in numbers:
        if oversize >= _OVERSIZE_PAGES or work > _CONTENT_BYTES or clock.is_over:
            large = "take too long" if clock.is_over else "are too large"
            yield PageText(problem=f"not read: the pages before it {large}")
            continue
        try:
            page = reader.pages[number]
            contents = page.get_contents()
            size = len(contents.get_data()) if contents is not None else 0
            work += size
            clock.begin_page()
            text = page.extract_text(visitor_operand_before=clock)
            lines = tuple(map(Line, text.splitlines()))
            yield PageText(
                lines, "", size >= _BLANK_BYTES, _shows_picture(page.get("/Resources"), 4)
            )
        except Exception as error:  # noqa: BLE001  one bad page must not cost the others
            oversize += isinstance(error, LimitReachedError | MemoryError | TimeoutError)
            yield PageText(problem=_short(error))


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


def _shows_picture(resources: Any, depth: int) -> bool:
    """Whether the resources name a large image; only dictionaries are read, nothing is decoded."""
    try:
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
    except Exception:  # noqa: BLE001  a damaged picture is none
        return False
    return False
