"""Mail messages as MIME (.eml) -> headers, bodies, forwarded messages, attachments."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions
from ragkit.loading.mail.attachment import Attachment
from ragkit.loading.mail.message import (
    Body,
    Mail,
    MailPart,
    best_bodies,
    mail_content,
)
from ragkit.loading.text_encoding import decode, mark_of, text_of, wide_encoding

# The headers that are shown, in this order.
SHOWN = ("From", "To", "Cc", "Date")
_PARTS = 500
_DEPTH = 50
_CUT = f"mail of more than {_PARTS} parts, or {_DEPTH} inside one another: not all was read"
# The library decodes in quadratic time.
_HEADER_CHARACTERS = 8000
_MESSAGES = ("message/rfc822", "message/global")
# Apple Mail writes the length of the message above it, and a property list below.
_APPLE_LENGTH = re.compile(rb"\s{0,9}(\d{1,12})[ \t]*\r?\n")
_VERBATIM = policy.compat32.clone(max_line_length=0, mangle_from_=False)


def load_eml(data: bytes, _options: LoadOptions) -> LoadedContent:
    """One message. Its subject is a heading; short texts that are attached are read, other
    attachments are named."""
    apple = _APPLE_LENGTH.match(data)
    if apple is not None:
        data = data[apple.end() : apple.end() + int(apple[1])]
    message = parse(data)
    if not message.keys():
        raise LoadError("damaged mail: it has no headers")
    reader = MimeReader()
    return mail_content(reader.read(message), reader.notes)


def parse(data: bytes) -> Message:
    """A message as the library gives it; one in UTF-16 as well."""
    # The older policy: the newer one raises on malformed headers, of which mail is full.
    if mark_of(data) or wide_encoding(data[:4096]):
        data = decode(data).text.encode("utf-8", "replace")
    return message_from_bytes(data, policy=policy.compat32)


class MimeReader:
    """Reads messages and collects notes on what was left out of them."""

    def __init__(self) -> None:
        self.notes: dict[str, None] = {}  # ordered, each once
        self._left = _PARTS

    def read(self, message: Message) -> Mail:
        """A message of at most 500 parts, at most 50 inside one another."""
        self._left = _PARTS
        return self._mail(message, 0)

    def _mail(self, message: Message, depth: int) -> Mail:
        headers = tuple((name, header(message, name)) for name in SHOWN)
        return Mail(header(message, "Subject"), headers, tuple(self._parts(message, depth)))

    def _parts(self, part: Message, depth: int) -> list[MailPart]:
        """What a part holds, in reading order."""
        self._left -= 1
        if self._left < 0 or depth > _DEPTH:
            self.notes[_CUT] = None
            return []
        kind = part.get_content_type()
        children = _children(part)
        if kind in _MESSAGES or _file_name(part).lower().endswith(".eml"):
            inner = _forwarded(part)
            if inner is not None:
                return [self._mail(inner, depth + 1)]
        if kind == "multipart/alternative" and children:
            return self._alternatives([self._parts(child, depth + 1) for child in children])
        if part.get_content_maintype() == "message" and children:
            fields = [field for child in children for field in child.items()]
            return [Body("\n".join(f"{name}: {_decoded(str(value))}" for name, value in fields))]
        if children:
            return [one for child in children for one in self._parts(child, depth + 1)]
        return _leaf(part)

    def _alternatives(self, groups: list[list[MailPart]]) -> list[MailPart]:
        """Of several versions of a text the best one; what is no text, from all of them."""
        bodies = [[one for one in group if isinstance(one, Body)] for group in groups]
        others = [one for group in groups for one in group if not isinstance(one, Body)]
        plain = [group for group in bodies if group and not any(one.html for one in group)]
        html = [group for group in bodies if any(one.html for one in group)]
        if plain and html:
            plain_text = "\n\n".join(one.text for one in plain[0])
            html_text = "\n".join(one.text for one in html[-1])
            return [*best_bodies(plain_text, html_text), *others]
        return [*(html[-1] if html else plain[0] if plain else []), *others]


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [p for p in payload if isinstance(p, Message)] if isinstance(payload, list) else []


def _forwarded(part: Message) -> Message | None:
    """The message in a part. The library takes an encoded one for a message as it stands."""
    children = _children(part)
    if not children:
        data = part.get_payload(decode=True)
        inner = parse(data) if isinstance(data, bytes) else None
        return inner if inner is not None and inner.keys() else None
    child = children[0]
    encoding = str(part.get("Content-Transfer-Encoding") or "").strip().lower()
    decoded = b""
    try:
        if encoding == "base64" and not child.keys():
            decoded = base64.b64decode(child.as_bytes(policy=_VERBATIM))
        elif encoding == "quoted-printable" and not child.is_multipart():
            decoded = quopri.decodestring(child.as_bytes(policy=_VERBATIM))
    except (binascii.Error, ValueError, LookupError):
        decoded = b""
    # Many a program names an encoding that it did not apply.
    inner = parse(decoded)
    return inner if inner.keys() else child


def _leaf(part: Message) -> list[MailPart]:
    """A part without parts: text that is shown, or an attachment."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    kind, charset = part.get_content_type(), _charset(part)
    disposition = str(part.get("Content-Disposition") or "").lower()
    named = bool(part.get_filename())
    shown = part.get_content_maintype() == "text" and not disposition.startswith("attachment")
    if shown and kind != "text/calendar" and not (named and disposition.startswith("inline")):
        html = "html" in kind
        return [Body(text_of(data, charset, declared=html), html=html)] if data.strip() else []
    if part.get_content_maintype() == "image" and part.get("Content-ID") and not named:
        return []
    return [Attachment(_file_name(part) or kind, kind, data, charset)]


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or ""
    except (LookupError, ValueError, UnicodeError):  # a parameter nobody can decode
        return ""


def header(message: Message, name: str) -> str:
    """A header as a person reads it; "" without one."""
    return " ".join(_decoded(str(message.get(name) or "")).split())[:_HEADER_CHARACTERS]


def _decoded(raw: str) -> str:
    raw = raw[:_HEADER_CHARACTERS]
    try:
        return str(make_header(decode_header(raw)))
    except (ValueError, LookupError):  # an encoding nobody knows: shown as it stands
        return raw


def _file_name(part: Message) -> str:
    return " ".join(_decoded(part.get_filename() or "").split())[:200]
