"""What a PDF file says about itself: page labels, outline, document information; and the headings
that its text shows where it has no outline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ragkit.types import Heading

if TYPE_CHECKING:
    from pypdf import PdfReader

OUTLINE_ENTRIES, OUTLINE_LEVELS = 2000, 4
_INFORMATION = {
    "Title": "title",
    "Author": "author",
    "Subject": "subject",
    "Keywords": "tags",
    "CreationDate": "created",
}
# "Item 1A. Risk Factors", "CHAPTER TWO", "Note 7 – Benefit Plans": level by the word.
_NAMED = re.compile(
    r"^(?:(part|book|volume)|(chapter|item|article|appendix|annex|schedule|exhibit)|(section|note))"
    r"[ \t]+([\divxlc]{1,6}[a-z]?|[a-z]|one|two|three|four|five|six|seven|eight|nine|ten)"
    r"(?:[ \t]*[.:—–-]+[ \t]*|[ \t]+|$)((?:[^\W\d_]|[\"“'(])[^\n]{0,100})?$",
    re.IGNORECASE | re.MULTILINE,
)
# "3.2 Experimental setup"
_NUMBERED = re.compile(
    r"^(\d{1,2}(?:\.\d{1,2}){0,3})\.?[ \t]+((?=[^\W\d_])[^a-z\n][^\n]{2,80})$", re.MULTILINE
)
_NOT_A_TITLE = re.compile(r"[.,;:!?]$|\.{4}|(?:\. ){4}|[ \t]\d+$")
# Between two numbered headings of one level stands a section; between the items of a list not.
_SECTION_CHARACTERS = 200
_FEWEST_NUMBERED = 3


class Structure(NamedTuple):
    """What a file says about itself: what it calls its pages, its information ("Title", ...), its
    outline as (page index, level from 1, title), and whether it has a form."""

    labels: tuple[str, ...] = ()
    information: tuple[tuple[str, str], ...] = ()
    outline: tuple[tuple[int, int, str], ...] = ()
    has_form: bool = False


def structure_of(reader: PdfReader) -> Structure:
    """The structure as pypdf reads it; what is damaged is left out."""
    labels: list[str] = []
    information: dict[str, str] = {}
    outline: list[tuple[int, int, str]] = []
    has_form = False
    with suppress(Exception):  # each is a nicety, whatever is wrong with it
        labels = reader.page_labels if "/PageLabels" in reader.root_object else []
    with suppress(Exception):
        information = {key[1:]: str(value or "") for key, value in (reader.metadata or {}).items()}
    with suppress(Exception):
        outline = list(_outline_entries(reader, reader.outline, 1))
    with suppress(Exception):
        has_form = "/AcroForm" in reader.root_object
    return Structure(tuple(labels), tuple(information.items()), tuple(outline), has_form)


def page_labels(labels: Sequence[str], pages: int) -> tuple[str, ...]:
    """What the file calls its pages; empty when that is their number, or names no page uniquely."""
    labels = [" ".join(label.split()) for label in labels]
    plain = [str(number + 1) for number in range(pages)]
    if labels == plain or len(set(labels)) != pages or not all(labels):
        return ()
    return tuple(f"p. {label[:20]}" for label in labels)


def metadata(information: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """(key, value) pairs from the document information."""
    values = dict(information)
    found = []
    for key, name in _INFORMATION.items():
        value = " ".join(values.get(key, "").split())[:1000]
        if name == "created":
            date = re.match(r"D:(\d{4})(\d\d)?(\d\d)?", value)
            value = "-".join(filter(None, date.groups())) if date else ""
        if value:
            found.append((name, value))
    return tuple(found)


def form_values(reader: PdfReader) -> str:
    """What was filled into the text fields of a form, a line a field; "" without any."""
    try:
        if "/AcroForm" not in reader.root_object:
            return ""
        fields = reader.get_form_text_fields()
    except Exception:  # noqa: BLE001  as for labels
        return ""
    filled = [(str(name), " ".join(str(value or "").split())) for name, value in fields.items()]
    lines = [f"{name}: {value[:2000]}\n" for name, value in filled if value]
    return "\nForm fields:\n" + "".join(lines[:2000]) if lines else ""


def headings(
    outline: Sequence[tuple[int, int, str]], text: str, starts: tuple[int, ...]
) -> tuple[Heading, ...]:
    """The outline's entries, or without an outline the lines that are numbered as headings are."""
    return _outline_headings(outline, text, starts) or numbered_headings(text)


def _outline_headings(
    outline: Sequence[tuple[int, int, str]], text: str, starts: tuple[int, ...]
) -> tuple[Heading, ...]:
    """The outline's entries, each on the line of its page that holds its words, else at the top
    of that page."""
    ends = (*starts[1:], len(text))
    found: dict[tuple[int, str], Heading] = {}
    for page, level, title in outline:
        words = re.findall(r"\w+", title)[:12]
        if words and 0 <= page < len(starts):
            pattern = re.compile(r"\W+".join(map(re.escape, words)), re.IGNORECASE)
            match = pattern.search(text, starts[page], ends[page])
            start = starts[page]
            if match:
                start = max(text.rfind("\n", 0, match.start()) + 1, start)
            found.setdefault((start, title), Heading(start, level, title))
    return tuple(sorted(found.values(), key=lambda heading: heading.start))


def _outline_entries(
    reader: PdfReader, entries: list[Any], level: int
) -> Iterator[tuple[int, int, str]]:
    """(page index, level, title) of at most 2,000 entries of each list, four levels deep."""
    for entry in entries[:OUTLINE_ENTRIES]:
        if isinstance(entry, list):
            if level < OUTLINE_LEVELS:
                yield from _outline_entries(reader, entry, level + 1)
            continue
        title = " ".join(str(entry.title or "").split())[:300]
        page = reader.get_destination_page_number(entry)
        if title and page is not None:
            yield page, level, title


def numbered_headings(text: str) -> tuple[Heading, ...]:
    """Lines like "Item 1A. Risk Factors", else lines like "3.2 Setup" whose numbers follow on."""
    named = [
        Heading(match.start(), level, " ".join(match[0].split()))
        for match in _NAMED.finditer(text)
        if not _NOT_A_TITLE.search(match[0]) and (match[5] is None or not match[5][0].islower())
        for level in (1, 2, 3)
        if match[level]
    ]
    if len(named) >= _FEWEST_NUMBERED:
        return tuple(named)
    numbered = list(_following_on(text))
    return tuple(numbered) if len(numbered) >= _FEWEST_NUMBERED else ()


def _following_on(text: str) -> Iterator[Heading]:
    """Numbered lines whose numbers go on from the last, as 2.1 from 2, and 3 from 2.1.4."""
    current: tuple[int, ...] = (0,)
    last = -_SECTION_CHARACTERS
    for match in _NUMBERED.finditer(text):
        number = tuple(map(int, match[1].split(".")))
        if _NOT_A_TITLE.search(match[2]):
            continue
        child = number[:-1] == current and number[-1] == 1
        shared = current[: len(number)]
        next_one = len(shared) == len(number) and number == (*shared[:-1], shared[-1] + 1)
        if child or (next_one and match.start() - last >= _SECTION_CHARACTERS):
            current, last = number, match.start()
            yield Heading(match.start(), len(number), " ".join(match[0].split()))
