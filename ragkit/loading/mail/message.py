"""What a mail message says, whatever it was stored in, and how it is written as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, MarkdownWriter
from ragkit.loading.headings import markdown_headings
from ragkit.loading.html import html_to_text
from ragkit.loading.mail.attachment import Attachment, is_read, write_attachment

# Of the HTML, the share that plain text must say to be preferred: signatures and the line that
# ends a newsletter often stand in the HTML alone.
_SAME_SHARE = 0.8
_SAME_LETTERS = 5
# Letters that follow one another: comparing these does without words, which CJK does not part.
_SHINGLE = 5
_COMPARED_CHARACTERS = 100_000
_ADDRESS = re.compile(r"\b\w{1,20}://[^\s<>\"')\]]+")
_OTHER = re.compile(r"[\W_]+")
# What holds no text of its own.
_MUTE_TYPES = re.compile(r"image/|application/(?:x-)?(?:pgp|pkcs7)-signature")
_MUTE_NAMES = re.compile(r"\.(?:png|jpe?g|gif|bmp|svg|webp|tiff?|ico|emf|wmf|p7s)$", re.IGNORECASE)
_UNREAD = "attachments are named and not read: save them as files to index them"
_SEALED_TYPES = re.compile(r"application/(?:pgp-encrypted|(?:x-)?pkcs7-mime)")
_SEALED_NAMES = re.compile(r"smime\.p7m$|\.rpmsg$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Body:
    """Text that a reader of the message sees; `html`: it is markup."""

    text: str
    html: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """One message. `headers` are shown in this order; `date` is as mail writes it.

    `parts` stand in reading order; a `Mail` among them was forwarded.
    """

    subject: str
    headers: tuple[tuple[str, str], ...]
    parts: tuple[MailPart, ...]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


MailPart: TypeAlias = "Body | Attachment | Mail"


def write_mail(mail: Mail, writer: MarkdownWriter, depth: int = 0) -> None:
    """The subject as a heading, headers, bodies and forwarded messages, attachments by name, and
    below them what those of text say."""
    writer.heading(depth + 1, mail.subject or "(no subject)")
    writer.paragraph("\n".join(f"{name}: {value}" for name, value in mail.headers if value))
    attachments = [part for part in mail.parts if isinstance(part, Attachment)]
    for part in mail.parts:
        if isinstance(part, Mail):
            write_mail(part, writer, depth + 1)
        elif isinstance(part, Body):
            _write_body(part, writer)
    names = dict.fromkeys(one.name for one in attachments if one.name)
    if names:
        writer.paragraph("Attachments: " + ", ".join(names))
    for attachment in attachments:
        write_attachment(attachment, writer, depth + 2)


def _write_body(body: Body, writer: MarkdownWriter) -> None:
    if body.html:
        text = html_to_text(body.text).strip()
        writer.markdown(text, markdown_headings(text))
    else:
        writer.paragraph(body.text)


def best_bodies(plain: str, html: str) -> list[Body]:
    """Of two versions of one message the one that says most: plain text where it says about the
    same. Both where the HTML is the shorter one and says something else."""
    if not html.strip():
        return [Body(plain)]
    ours, theirs = _shingles(plain), _shingles(html_to_text(html))
    news = len(theirs - ours)
    if news <= max((1 - _SAME_SHARE) * len(theirs), _SAME_LETTERS) and (ours or not theirs):
        return [Body(plain)]
    shorter = len(theirs) < len(ours)
    return [Body(plain), Body(html, html=True)] if shorter else [Body(html, html=True)]


def _shingles(text: str) -> set[str]:
    letters = _OTHER.sub("", _ADDRESS.sub("", text[:_COMPARED_CHARACTERS])).lower()
    return {letters[at : at + _SHINGLE] for at in range(max(len(letters) - _SHINGLE, 0) + 1)} - {""}


def mail_content(mail: Mail, notes: Iterable[str] = ()) -> LoadedContent:
    """A file that is one message. Raises LoadError when all it holds is encrypted."""
    if not any(isinstance(part, Mail) or _is_text(part) for part in mail.parts) and any(
        isinstance(part, Attachment) and _is_sealed(part) for part in mail.parts
    ):
        hint = "save it decrypted to index it"
        raise LoadError(
            f"encrypted or sealed mail: its text cannot be read; {hint}", outcome="skipped"
        )
    writer = MarkdownWriter()
    write_mail(mail, writer)
    attachments = ("attachments", ", ".join(dict.fromkeys(_unread([mail]))))
    metadata = [*_metadata(mail), attachments]
    return writer.content(metadata=metadata, notes=(*notes, *unread_note([mail])))


def _is_text(part: MailPart) -> bool:
    return isinstance(part, Body) and bool(part.text.strip())


def _is_sealed(part: Attachment) -> bool:
    kind = _SEALED_TYPES.match(part.media_type)
    return kind is not None or _SEALED_NAMES.search(part.name) is not None


def _metadata(mail: Mail) -> Iterator[tuple[str, str]]:
    """(key, value) pairs: title, author, to, date."""
    yield "title", mail.subject
    yield "author", mail.header("From")
    yield "to", mail.header("To")
    try:
        yield "date", parsedate_to_datetime(mail.header("Date")).isoformat(" ")
    except (ValueError, TypeError, IndexError):
        return


def unread_note(mails: Iterable[Mail]) -> tuple[str, ...]:
    """A note where attachments that hold more than a picture were not read. The same for all
    mail, so that `status` says it once."""
    return (_UNREAD,) if next(_unread(mails), "") else ()


def _unread(mails: Iterable[Mail]) -> Iterator[str]:
    for mail in mails:
        for part in mail.parts:
            if isinstance(part, Mail):
                yield from _unread([part])
            elif isinstance(part, Attachment) and not is_read(part):
                mute = _MUTE_TYPES.match(part.media_type) or _MUTE_NAMES.search(part.name)
                if part.name and not mute:
                    yield part.name
