"""Attachments of mail: short texts among them are read, all others are named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ragkit.loading.content import LoadOptions, MarkdownWriter
from ragkit.loading.csv import load_csv
from ragkit.loading.detect_format import is_binary, suffix_of
from ragkit.loading.headings import markdown_headings
from ragkit.loading.html import html_to_text
from ragkit.loading.text_encoding import text_of

# A longer one is a document of its own.
READ_BYTES = 200_000
_SUFFIXES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".htm": "text/html",
    ".html": "text/html",
    ".ics": "text/calendar",
}
# What an invitation or a contact says to a person, and how it is shown.
_CALENDAR = {
    "SUMMARY": "Event",
    "DTSTART": "Begins",
    "DTEND": "Ends",
    "DUE": "Due",
    "LOCATION": "Place",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendee",
    "STATUS": "Status",
    "DESCRIPTION": "Description",
}
_ESCAPED = re.compile(r"\\([nN,;\\])")
_NAME = re.compile(r';CN=(?:"([^"]*)"|([^;:"]*))', re.IGNORECASE)
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message. `charset` is "" where none was declared."""

    name: str
    media_type: str = ""
    data: bytes = b""
    charset: str = ""

    @property
    def text_type(self) -> str:
        """What kind of text it is, by its name first; "" when it is none that is read."""
        kind = _SUFFIXES.get(suffix_of(self.name), "")
        return kind or (self.media_type if self.media_type in _WRITERS else "")


def is_read(attachment: Attachment) -> bool:
    """Whether `write_attachment` writes what it holds."""
    size = len(attachment.data)
    return bool(attachment.text_type) and 0 < size <= READ_BYTES and not is_binary(attachment.data)


def write_attachment(attachment: Attachment, writer: MarkdownWriter, level: int) -> None:
    """A heading and the text, where it is short text."""
    if is_read(attachment):
        writer.heading(level, f"Attachment {attachment.name}".strip())
        _WRITERS[attachment.text_type](attachment, writer)


def _write_plain(attachment: Attachment, writer: MarkdownWriter) -> None:
    writer.paragraph(text_of(attachment.data, attachment.charset))


def _write_markdown(attachment: Attachment, writer: MarkdownWriter) -> None:
    text = text_of(attachment.data, attachment.charset).strip()
    writer.markdown(text, markdown_headings(text))


def _write_html(attachment: Attachment, writer: MarkdownWriter) -> None:
    html = text_of(attachment.data, attachment.charset, declared=True)
    text = html_to_text(html).strip()
    writer.markdown(text, markdown_headings(text))


def _write_csv(attachment: Attachment, writer: MarkdownWriter) -> None:
    data = text_of(attachment.data, attachment.charset).encode("utf-8", "replace")
    writer.markdown(load_csv(data, LoadOptions()).text, ())


def _write_calendar(attachment: Attachment, writer: MarkdownWriter) -> None:
    text = text_of(attachment.data, attachment.charset)
    lines = text.replace("\n ", "").replace("\n\t", "").split("\n")
    writer.paragraph("\n".join(filter(None, map(_calendar_line, lines))))


def _calendar_line(line: str) -> str:
    """`DTSTART;TZID=Europe/Rome:20240304T100000` -> `Begins: 2024-03-04 10:00`."""
    key, _, value = line.partition(":")
    shown = _CALENDAR.get(key.partition(";")[0].upper(), "")
    person = _NAME.search(key)
    if person is not None:
        value = f"{person[1] or person[2]} <{value.removeprefix('mailto:')}>"
    time = _TIME.fullmatch(value)
    if time is not None:
        zone = " UTC" if time[6] else ""
        value = "-".join(time.group(1, 2, 3)) + (f" {time[4]}:{time[5]}{zone}" if time[4] else "")
    value = _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value).strip()
    return f"{shown}: {value}" if shown and value else ""


_WRITERS: dict[str, Callable[[Attachment, MarkdownWriter], None]] = {
    "text/plain": _write_plain,
    "text/markdown": _write_markdown,
    "text/csv": _write_csv,
    "text/html": _write_html,
    "text/calendar": _write_calendar,
}
