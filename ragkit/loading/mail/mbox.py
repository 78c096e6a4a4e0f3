"""Mailboxes (.mbox) -> one page a message."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.mail.message import unread_note, write_mail
from ragkit.loading.mail.mime import MimeReader, parse

# "From ada@example.org Wed Jan 31 09:05:00 2024"
_FROM_LINE = re.compile(rb"^From [^\r\n]*", re.MULTILINE)
_YEAR, _TIME = re.compile(rb"\b\d{4}\b"), re.compile(rb"\b\d{1,2}:\d\d\b")
_HEADER = re.compile(rb"\r?\n[A-Za-z][\w-]{0,80}:")
_FROM_LINE_BYTES = 300
# A line of a body that would be taken for the first one of a message has a ">" before it.
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def load_mbox(data: bytes, _options: LoadOptions) -> LoadedContent:
    """A mailbox, its pages labelled "message 1", "message 2", ... One that begins with the headers
    of its first message, without a line "From ..." above, is read as well."""
    writer = MarkdownWriter()
    reader = MimeReader()
    mails = []
    for number, message in enumerate(_messages(data), 1):
        writer.page(f"message {number}")
        mail = reader.read(parse(message))
        mails.append(mail)
        write_mail(mail, writer)
    if not mails:
        raise LoadError("damaged mailbox: no message begins in it")
    return writer.content(notes=(*reader.notes, *unread_note(mails)))


def _messages(data: bytes) -> Iterator[bytes]:
    """The messages without the lines that part them."""
    starts = list(_starts(data))
    first = data[: starts[0][0]] if starts else data
    if _HEADER.match(b"\n" + first.lstrip()):
        yield _QUOTED.sub(rb"\1", first.lstrip())
    for number, (_, begins) in enumerate(starts, 1):
        end = starts[number][0] if number < len(starts) else len(data)
        yield _QUOTED.sub(rb"\1", data[begins:end])


def _starts(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each line that begins a message starts and ends: it has a year and a time, and a
    header follows it, so that a sentence that begins with "From" is none."""
    for match in _FROM_LINE.finditer(data):
        line = match[0][:_FROM_LINE_BYTES]
        if _YEAR.search(line) and _TIME.search(line) and _HEADER.match(data, match.end()):
            yield match.start(), data.index(b"\n", match.end()) + 1
