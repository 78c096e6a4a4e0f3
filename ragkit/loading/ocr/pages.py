"""What a loader does with pages that have no text: asks for OCR, or takes what OCR has read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ragkit.errors import LoadError
from ragkit.loading.content import LoadOptions
from ragkit.loading.ocr.reading_order import text_in_order
from ragkit.loading.ocr.recognize import how_to_install, is_installed

LABEL = "read by OCR"


class PagesUnreadError(LoadError):
    """OCR is on and has not read these `pages` yet, numbered from 1."""

    def __init__(self, pages: tuple[int, ...]) -> None:
        super().__init__(f"{len(pages)} pages are to be read by OCR", outcome="skipped")
        self.pages = pages

    def __reduce__(self) -> tuple[object, ...]:
        return (PagesUnreadError, (self.pages,))


@dataclass(frozen=True, slots=True)
class PagesRead:
    """The texts that OCR has read: page number -> text that is not blank. `untried` counts the
    pages that it was not to read, `blank` those on which it found nothing. `problem`: of the first
    page that it could not read, "p. 3: ..."."""

    texts: dict[int, str]
    untried: int = 0
    blank: int = 0
    uncertain_lines: int = 0
    problem: str = ""

    @property
    def hint(self) -> str:
        """What to do about pages that were not read, behind a semicolon; "" when there are none."""
        if not self.untried:
            return ""
        how = "" if is_installed() else f"; {how_to_install()}"
        return f"; `ragkit index --ocr` reads them{how}"

    def notes(self, pages: int) -> Iterator[str]:
        """Sentences for the person about a document of so many pages."""
        if self.texts:
            share = "" if len(self.texts) == pages else f"{len(self.texts)} of {pages} pages "
            yield share + LABEL
        if self.blank:
            yield f"OCR found no text on {self.blank} of {pages} pages"
        if self.uncertain_lines:
            yield f"left out as too unclear for OCR: {self.uncertain_lines} lines"
        if self.problem:
            yield f"OCR failed ({self.problem})"


def read_pages(pages: Iterable[int], options: LoadOptions) -> PagesRead:
    """What OCR has read on these pages; nothing when OCR is off.

    Raises `PagesUnreadError` when OCR has not been asked for some of them.
    """
    numbers = sorted(pages)
    if options.ocr is None:
        return PagesRead({}, untried=len(numbers))
    unread = tuple(number for number in numbers if number not in options.ocr)
    if unread:
        raise PagesUnreadError(unread)
    texts: dict[int, str] = {}
    untried = blank = uncertain = 0
    problem = ""
    for number in numbers:
        page = options.ocr[number]
        if page is None:
            untried += 1
            continue
        found = text_in_order(page.lines)
        uncertain += found.uncertain
        if page.problem:
            problem = problem or f"p. {number}: {page.problem}"
        elif found.text:
            texts[number] = found.text
        else:
            blank += 1
    return PagesRead(texts, untried, blank, uncertain, problem)


def ocr_labels(labels: Sequence[str], pages: int, read: Collection[int]) -> tuple[str, ...]:
    """What a reader calls each page, and that OCR has read it. `labels` may be empty; they stay as
    they are when OCR has read none."""
    if not read:
        return tuple(labels)
    named = labels or [f"p. {number}" for number in range(1, pages + 1)]
    return tuple(
        f"{label}, {LABEL}" if number in read else label for number, label in enumerate(named, 1)
    )
