"""PDF -> text page by page, with page labels, outline and document information."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ragkit.errors import LoadError
from ragkit.ingest.load.content import Content, LoadOptions
from ragkit.ingest.load.pdf_layout import lay_out
from ragkit.ingest.load.pdf_structure import headings, information, page_labels

if TYPE_CHECKING:
    from pypdf import PdfReader

# A page with fewer non-blank characters that shows a large picture is taken for a scan.
_SCAN_CHARACTERS = 20
_SCAN_PIXELS = 200_000
# Every page that runs into pypdf's limits costs seconds; a hostile file has thousands of them.
_OVERSIZE_PAGES = 3
# What all pages together may unpack to; a thousand pages of prose come to 20 MB.
_CONTENT_BYTES = 150 * 2**20
# Above this share of characters that no text has, the fonts do not tell what they show.
_GARBLED_SHARE = 0.03


def load_pdf(data: bytes, options: LoadOptions) -> Content:
    """The text of every page that can be read; pages that cannot are counted and noted.

    Raises LoadError: skipped when encrypted or without any text, failed when damaged.
    """
    import pypdf

    with _quiet(), pypdf.apply_configuration(jbig2dec_binary=None):
        reader = _open(data, options.passwords)
        raw, broken = _page_texts(reader)
        scanned = _scanned_pages(reader, raw)
        texts = ["" if page in scanned else text for page, text in enumerate(raw)]
        laid_out = lay_out(texts)
        without_text = [page for page, text in enumerate(laid_out) if not text.strip()]
        if len(without_text) == len(laid_out):
            raise _nothing(len(laid_out), scanned, broken)
        starts, text = _joined(laid_out)
        return Content(
            text,
            page_starts=starts,
            page_labels=page_labels(reader, len(starts)),
            headings=headings(reader, text, starts),
            media_type="application/pdf",
            notes=tuple(_notes(text, without_text, scanned, broken, len(starts))),
            metadata=information(reader),
            pages_without_text=len(without_text),
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
            tried = "none of the passwords opens it" if passwords else "needs a password"
            raise LoadError(f"encrypted: {tried}: --password", outcome="skipped")
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


def _page_texts(reader: PdfReader) -> tuple[list[str], dict[int, str]]:
    """The text of each page as pypdf gives it, and the reason for each page it could not read."""
    from pypdf.errors import LimitReachedError

    texts: list[str] = []
    broken: dict[int, str] = {}
    oversize = work = 0
    for number in range(len(reader.pages)):
        text = ""
        if oversize >= _OVERSIZE_PAGES or work > _CONTENT_BYTES:
            broken[number] = "not read: the pages before it are too large"
        else:
            try:
                page = reader.pages[number]
                contents = page.get_contents()
                work += len(contents.get_data()) if contents is not None else 0
                text = page.extract_text()
            except Exception as error:  # noqa: BLE001  one bad page must not cost the others
                broken[number] = _short(error)
                oversize += isinstance(error, LimitReachedError | MemoryError)
        texts.append(text)
    return texts, broken


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


def _nothing(pages: int, scanned: set[int], broken: dict[int, str]) -> LoadError:
    if broken and len(broken) == pages:
        return LoadError(f"damaged PDF: no page can be read: {next(iter(broken.values()))}")
    what = "its only page has no text" if pages == 1 else f"none of its {pages} pages has text"
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
    text: str, without_text: list[int], scanned: set[int], broken: dict[int, str], pages: int
) -> Iterator[str]:
    if broken:
        first, reason = next(iter(broken.items()))
        yield f"{len(broken)} of {pages} pages could not be read (page {first + 1}: {reason})"
    silent = [page for page in without_text if page not in broken]
    if silent:
        why = ": probably scanned" if scanned.intersection(silent) else ""
        verb = "has" if len(silent) == 1 else "have"
        yield f"{len(silent)} of {pages} pages {verb} no text{why}"
    if is_garbled(text):
        yield "the text looks garbled: the fonts of this file do not say which letters they show"


def is_garbled(text: str) -> bool:
    """Whether more than 3 % of the non-blank characters are ones that no text has."""
    sample = "".join(text.split())[:200_000]
    strange = sum(unicodedata.category(mark) in ("Cc", "Cn", "Co", "Cs") for mark in sample)
    return strange + sample.count("\ufffd") > _GARBLED_SHARE * len(sample)
