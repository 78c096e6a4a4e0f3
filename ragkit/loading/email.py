"""Mail messages (.eml) and mailboxes (.mbox) -> headers, body and the names of attachments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.headings import markdown_headings
from ragkit.loading.html import html_to_text
from ragkit.loading.text_encoding import decode, mark_of, wide_encoding

_SHOWN = ("From", "To", "Cc", "Date")
_PARTS = 500
_FORWARDED = 5
# The library decodes in quadratic time.
_HEADER_CHARACTERS = 8000
_FROM_LINE = re.compile(rb"^From .*\d{4}.*\r?\n(?=[A-Za-z-]+:)", re.MULTILINE)


def load_eml(data: bytes, _options: LoadOptions) -> LoadedContent:
    """One message. Its subject is a heading; attachments are named, not read."""
    writer = MarkdownWriter()
    message = _parse(data)
    if not message.keys():
        raise LoadError("damaged mail: it has no headers")
    _write_message(message, writer, 0)
    return writer.content(metadata=_metadata(message))


def load_mbox(data: bytes, _options: LoadOptions) -> LoadedContent:
    """A mailbox, its pages labelled "message 1", "message 2", ..."""
    writer = MarkdownWriter()
    starts = [match.start() for match in _FROM_LINE.finditer(data)]
    if not starts:
        raise LoadError("damaged mailbox: no message begins in it")
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(data)], strict=True), 1):
        writer.page(f"message {number}")
        message = data[data.index(b"\n", start) + 1 : end]
        _write_message(_parse(message), writer, 0)
    return writer.content()


def _parse(data: bytes) -> Message:
    # The older policy: the newer one raises on malformed headers, of which mail is full.
    if mark_of(data) or wide_encoding(data[:4096]):
        data = decode(data).text.encode()
    return message_from_bytes(data, policy=policy.compat32)


def _write_message(message: Message, writer: MarkdownWriter, depth: int) -> None:
    writer.heading(min(depth + 1, 6), _header(message, "Subject") or "(no subject)")
    lines = [f"{name}: {_header(message, name)}" for name in _SHOWN if message.get(name)]
    writer.paragraph("\n".join(lines))
    attachments = []
    for part in _leaves(message, depth):
        if part.get_content_type() == "message/rfc822":
            for inner in _submessages(part):
                _write_message(inner, writer, depth + 1)
        elif _is_body(part):
            _write_body(part, writer)
        else:
            attachments.append(_file_name(part))
    if attachments:
        writer.paragraph("Attachments: " + ", ".join(filter(None, attachments)))


def _leaves(message: Message, depth: int) -> list[Message]:
    """The parts to show, in order; of alternatives the plain text, else the HTML."""
    found: list[Message] = []
    waiting = [message]
    while waiting and len(found) < _PARTS:
        part = waiting.pop(0)
        children = _submessages(part)
        kind = part.get_content_type()
        if (kind == "message/rfc822" and depth < _FORWARDED) or not part.is_multipart():
            found.append(part)
        elif kind == "multipart/alternative":
            waiting = [_best(children), *waiting] if children else waiting
        else:
            waiting = [*children[:_PARTS], *waiting]
    return found


def _best(alternatives: list[Message]) -> Message:
    for kind in ("text/plain", "text/html"):
        for part in alternatives:
            if part.get_content_type() == kind and _text(part).strip():
                return part
    for part in alternatives:  # HTML with its pictures beside it
        if part.is_multipart():
            return part
    return alternatives[0]


def _submessages(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [p for p in payload if isinstance(p, Message)] if isinstance(payload, list) else []


def _is_body(part: Message) -> bool:
    disposition = str(part.get("Content-Disposition") or "").lower()
    return part.get_content_maintype() == "text" and not disposition.startswith("attachment")


def _write_body(part: Message, writer: MarkdownWriter) -> None:
    text = _text(part)
    if part.get_content_type() == "text/html":
        text = html_to_text(text).strip()
        writer.markdown(text, markdown_headings(text))
    else:
        writer.paragraph(text)


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset() or "ascii").replace("\r\n", "\n")
    except (UnicodeDecodeError, LookupError):
        return decode(payload, declared=part.get_content_type() == "text/html").text


def _header(message: Message, name: str) -> str:
    return " ".join(_decoded(str(message.get(name) or "")).split())[:2000]


def _decoded(raw: str) -> str:
    raw = raw[:_HEADER_CHARACTERS]
    try:
        return str(make_header(decode_header(raw)))
    except (ValueError, LookupError):  # an encoding nobody knows: shown as it stands
        return raw


def _file_name(part: Message) -> str:
    name = _decoded(part.get_filename() or "")
    return " ".join(name.split())[:200] or part.get_content_type()


def _metadata(message: Message) -> Iterator[tuple[str, str]]:
    for name, key in (("Subject", "title"), ("From", "author"), ("To", "to")):
        yield key, _header(message, name)
    try:
        yield "date", parsedate_to_datetime(str(message.get("Date"))).isoformat(" ")
    except (ValueError, TypeError, IndexError):
        return
