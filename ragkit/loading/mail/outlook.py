"""Messages of Outlook (.msg), written as those of other programs are.

Read with olefile alone: python-oxmsg loads all attachments, decodes strictly and knows no
forwarded messages, so little of it would be used. Numbers are those of [MS-OXPROPS].
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from email.parser import HeaderParser
from email.utils import format_datetime

from ragkit.errors import LoadError
from ragkit.loading.compound_file import CompoundFile
from ragkit.loading.content import LoadedContent, LoadOptions
from ragkit.loading.mail.attachment import READ_BYTES, Attachment
from ragkit.loading.mail.message import Body, Mail, MailPart, best_bodies, mail_content
from ragkit.loading.mail.mime import SHOWN, header
from ragkit.loading.rtf import load_rtf
from ragkit.loading.text_encoding import text_of

_SUBJECT, _HEADERS, _SENT, _RECEIVED = 0x0037, 0x007D, 0x0039, 0x0E06
_SENDER_NAME, _SENDER_ADDRESS, _SENDER_SMTP, _ON_BEHALF = 0x0C1A, 0x0C1F, 0x5D01, 0x0042
_TO, _CC = 0x0E04, 0x0E03
_PLAIN, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_RECIPIENT_KIND, _NAME, _ADDRESS, _SMTP = 0x0C15, 0x3001, 0x3003, 0x39FE
_DATA, _METHOD, _LONG_NAME, _SHORT_NAME, _MIME = 0x3701, 0x3705, 0x3707, 0x3704, 0x370E
_MESSAGE_PAGE, _HTML_PAGE = 0x3FFD, 0x3FDE
_TEXT, _TEXT_8BIT, _BINARY, _OBJECT = 0x001F, 0x001E, 0x0102, 0x000D
_EMBEDDED = 5  # the method of an attachment that is a message
_DEPTH = 20
_ENTRIES = 500
_EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
_UTF8_PAGE = 65001

Path = tuple[str, ...]


def load_msg(data: bytes, _options: LoadOptions) -> LoadedContent:
    """One message, as `load_eml` gives it. Text that is stored as RTF alone is read as well."""
    reader = _Reader(CompoundFile(data))
    mail = reader.mail((), 0)
    if not (mail.subject or mail.parts or any(value for _, value in mail.headers)):
        raise LoadError("damaged Outlook message: it holds nothing that can be read")
    return mail_content(mail, reader.notes)


class _Storage:
    """The properties of a message, a recipient or an attachment."""

    def __init__(self, file: CompoundFile, path: Path, header_bytes: int) -> None:
        self._file = file
        self._path = path
        self._fixed: dict[int, bytes] = {}
        data = file.read((*path, "__properties_version1.0"))
        for at in range(header_bytes, len(data) - 15, 16):
            self._fixed[int.from_bytes(data[at + 2 : at + 4], "little")] = data[at + 8 : at + 16]

    def number(self, property_id: int) -> int:
        return int.from_bytes(self._fixed.get(property_id, b"")[:4], "little")

    def time(self, property_id: int) -> datetime.datetime | None:
        ticks = int.from_bytes(self._fixed.get(property_id, b""), "little")
        try:
            return _EPOCH + datetime.timedelta(microseconds=ticks // 10) if ticks else None
        except OverflowError:
            return None

    def binary(self, property_id: int, kind: int = _BINARY) -> bytes:
        return self._file.read((*self._path, _stream(property_id, kind)))

    def size(self, property_id: int) -> int:
        return self._file.size((*self._path, _stream(property_id, _BINARY)))

    def text(self, property_id: int, code_page: int = 0) -> str:
        """A text, in UTF-16 or in the code page of the message."""
        text = self.binary(property_id, _TEXT).decode("utf-16-le", "replace")
        if not text:
            page = code_page or self.number(_MESSAGE_PAGE)
            text = text_of(self.binary(property_id, _TEXT_8BIT), encoding_of(page))
        return text.replace("\r\n", "\n").strip("\0")


def _stream(property_id: int, kind: int) -> str:
    return f"__substg1.0_{property_id:04X}{kind:04X}"


def encoding_of(code_page: int) -> str:
    """Python's name for a code page of Windows; "" for 0."""
    if code_page == _UTF8_PAGE:
        return "utf-8"
    iso = code_page - 28590
    return f"iso8859-{iso}" if 0 < iso < 17 else f"cp{code_page}" if code_page else ""


class _Reader:
    def __init__(self, file: CompoundFile) -> None:
        self._file = file
        self.notes: list[str] = []

    def mail(self, path: Path, depth: int) -> Mail:
        """The message in a storage: the file itself, or an attachment."""
        message = _Storage(self._file, path, 24 if path else 32)
        parts: list[MailPart] = [*self._bodies(message)]
        for attachment in self._storages(path, "__attach_version1.0_"):
            parts.append(self._attachment(attachment, depth))
        subject = " ".join(message.text(_SUBJECT).split())
        return Mail(subject, tuple(self._headers(message, path)), tuple(parts))

    def _bodies(self, message: _Storage) -> list[Body]:
        """The text of a message: plain or HTML, and RTF where there is no other."""
        code_page = message.number(_HTML_PAGE)
        plain = message.text(_PLAIN, code_page)
        encoding = encoding_of(code_page) or encoding_of(message.number(_MESSAGE_PAGE))
        html = text_of(message.binary(_HTML), encoding, declared=True) or message.text(_HTML)
        if plain.strip() or html.strip():
            return best_bodies(plain, html)
        compressed = message.binary(_RTF)
        return [Body(self._rtf_text(compressed))] if compressed else []

    def _rtf_text(self, compressed: bytes) -> str:
        import compressed_rtf

        try:
            return load_rtf(compressed_rtf.decompress(compressed), LoadOptions()).text
        except Exception:  # noqa: BLE001  the vendor raises nothing narrower
            self.notes = ["damaged: its text cannot be unpacked; its headers were read"]
            return ""

    def _headers(self, message: _Storage, path: Path) -> Iterator[tuple[str, str]]:
        """As they came with the message, else as Outlook keeps them."""
        came = HeaderParser().parsestr(message.text(_HEADERS))
        sent = message.time(_SENT) or message.time(_RECEIVED)
        people = self._recipients(path)
        sender = _person(
            message.text(_SENDER_NAME) or message.text(_ON_BEHALF),
            message.text(_SENDER_SMTP) or message.text(_SENDER_ADDRESS),
        )
        kept = {
            "From": sender,
            "To": ", ".join(people.get(1, ())) or message.text(_TO),
            "Cc": ", ".join(people.get(2, ())) or message.text(_CC),
            "Date": format_datetime(sent) if sent else "",
        }
        for name in SHOWN:
            yield name, header(came, name) or kept[name]

    def _recipients(self, path: Path) -> dict[int, list[str]]:
        """Names and addresses: 1 are those it was sent to, 2 those who got a copy."""
        people: dict[int, list[str]] = {}
        for storage in self._storages(path, "__recip_version1.0_"):
            one = _Storage(self._file, storage, 8)
            person = _person(one.text(_NAME), one.text(_SMTP) or one.text(_ADDRESS))
            people.setdefault(one.number(_RECIPIENT_KIND) or 1, []).append(person)
        return people

    def _attachment(self, path: Path, depth: int) -> MailPart:
        one = _Storage(self._file, path, 8)
        embedded = (*path, _stream(_DATA, _OBJECT))
        if one.number(_METHOD) == _EMBEDDED and self._file.names(embedded):
            if depth < _DEPTH:
                return self.mail(embedded, depth + 1)
            self.notes = [f"messages more than {_DEPTH} inside one another: not all was read"]
        name = one.text(_LONG_NAME) or one.text(_SHORT_NAME) or one.text(_NAME)
        kind = one.text(_MIME)
        # What is too long to be read need not be loaded, either.
        data = one.binary(_DATA) if one.size(_DATA) <= READ_BYTES else b""
        return Attachment(" ".join(name.split())[:200] or kind, kind.lower(), data)

    def _storages(self, path: Path, prefix: str) -> list[Path]:
        names = [name for name in self._file.names(path) if name.lower().startswith(prefix)]
        if len(names) > _ENTRIES:
            self.notes = [f"only the first {_ENTRIES} recipients and attachments were read"]
        return [(*path, name) for name in sorted(names)[:_ENTRIES]]


def _person(name: str, address: str) -> str:
    """`Ada Moor <ada@example.org>`; addresses of an Exchange server say nothing to a person."""
    shown = "" if address.lower().startswith("/o=") else address
    return f"{name} <{shown}>" if name and shown and name != shown else name or shown
