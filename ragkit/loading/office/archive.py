"""The zip files that are one document (Office, OpenDocument, EPUB), read within limits."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import TypeVar
from xml.etree import ElementTree

from ragkit.errors import LoadError
from ragkit.loading.content import LoadOptions
from ragkit.loading.detect_format import archive_refusal, needs_password, suffix_of

_MEMBERS = 20_000
# Deflate reaches 1,032; documents rarely pass 60, empty spreadsheets 200.
_RATIO = 400
_RATIO_FROM_BYTES = 4 * 2**20
XML_SUFFIXES = (".xml", ".rels", ".vml")
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
# "Strict" Office files have other namespaces than all others; the libraries know only those.
_STRICT = (
    (b"http://purl.oclc.org/ooxml/officeDocument/", b"officeDocument/2006/"),
    (b"http://purl.oclc.org/ooxml/wordprocessingml/", b"wordprocessingml/2006/"),
    (b"http://purl.oclc.org/ooxml/spreadsheetml/", b"spreadsheetml/2006/"),
    (b"http://purl.oclc.org/ooxml/presentationml/", b"presentationml/2006/"),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"drawingml/2006/"),
)
_TRANSITIONAL = b"http://schemas.openxmlformats.org/"
# What [Content_Types].xml calls the main part of each kind of document.
_OFFICE_KINDS = (
    (b"wordprocessingml.document.main", "docx"),
    (b"wordprocessingml.template.main", "docx"),
    (b"ms-word.document.macroEnabled", "docx"),
    (b"ms-word.template.macroEnabled", "docx"),
    (b"spreadsheetml.sheet.main", "xlsx"),
    (b"spreadsheetml.template.main", "xlsx"),
    (b"ms-excel.sheet.macroEnabled", "xlsx"),
    (b"ms-excel.template.macroEnabled", "xlsx"),
    (b"presentationml.presentation.main", "pptx"),
    (b"presentationml.slideshow.main", "pptx"),
    (b"presentationml.template.main", "pptx"),
    (b"ms-powerpoint.presentation.macroEnabled", "pptx"),
    (b"ms-powerpoint.slideshow.macroEnabled", "pptx"),
    (b"ms-powerpoint.template.macroEnabled", "pptx"),
)
# The libraries refuse templates, slide shows and files with macros, whose parts are the same.
_PLAIN_KIND = {
    "docx": b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "pptx": b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
    "xlsx": b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
}
_CONTENT_TYPE = rb"application/[\w.-]{0,100}%s[\w.-]{0,50}\+xml"
_OVERRIDE = re.compile(rb"<Override\b[^<>]{0,1000}>")
_PART_NAME = re.compile(rb"""PartName\s*=\s*["']/?([^"']*)""")
_PART_TYPE = re.compile(rb"""(ContentType\s*=\s*["'])[^"']*""")
_OPEN_KINDS = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
    b"application/vnd.oasis.opendocument.graphics": "odp",
    b"application/epub+zip": "epub",
}


class GuardedZip:
    """The parts of a zip file that holds one document.

    Raises LoadError for one that is damaged, encrypted, or unpacks to more than `options` allow.
    """

    def __init__(self, data: bytes, options: LoadOptions) -> None:
        self._left = options.total_bytes
        self._part_bytes = options.part_bytes
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
            members = self._zip.infolist()
        except Exception as error:  # a damaged directory raises anything
            raise LoadError("damaged: it is no complete zip file") from error
        if any(member.flag_bits & 1 for member in members):
            raise needs_password()
        if len(members) > _MEMBERS:
            raise LoadError(f"not read: {len(members)} parts, more than {_MEMBERS}")
        self._members = {member.filename.lstrip("/"): member for member in members}

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def read(self, name: str) -> bytes:
        """A part, unpacked; b"" when there is none of that name."""
        member = self._members.get(name)
        if member is None:
            return b""
        limit = min(self._part_bytes, self._left)
        dense = member.file_size > max(_RATIO * member.compress_size, _RATIO_FROM_BYTES)
        if dense or member.file_size > limit:
            raise LoadError(f"not read: {name[:80]} unpacks to {member.file_size:,} bytes")
        try:
            with self._zip.open(member) as part:
                data = part.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise LoadError(f"damaged: {name[:80]} cannot be unpacked") from error
        except (NotImplementedError, RuntimeError) as error:
            raise LoadError(f"{name[:80]} is packed in a way that cannot be read") from error
        if len(data) > limit:
            raise LoadError(f"not read: {name[:80]} unpacks to more than it claims")
        self._left -= len(data)
        return data

    def xml(self, name: str) -> ElementTree.Element | None:
        """A part as a tree, None when there is none. Document type declarations are refused."""
        data = self.read(name)
        return parse_xml(data, name) if data else None

    def optional_xml(self, name: str) -> ElementTree.Element | None:
        """A part that the text can do without, as a tree; None also when it cannot be read."""
        try:
            return self.xml(name)
        except LoadError:
            return None


def parse_xml(data: bytes, name: str) -> ElementTree.Element:
    """A tree without any entity of its own. Raises LoadError for declarations and damage."""
    refuse_declarations(data, name)
    try:
        return ElementTree.fromstring(data)  # noqa: S314  has no declarations
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise LoadError(f"damaged: {name[:80]} is not well-formed XML") from error


def refuse_declarations(data: bytes, name: str) -> None:
    """Raises LoadError for a part that declares a document type or entities."""
    # In UTF-16 every other byte is zero.
    plain = data.replace(b"\0", b"") if b"\0" in data[:64] else data
    if any(declaration in plain for declaration in _DECLARATIONS):
        raise LoadError(f"not read: {name[:80]} declares a document type or entities")


def zip_format(source: str, data: bytes, options: LoadOptions) -> str:
    """The format of the document in a zip file. Raises LoadError for all other archives."""
    archive = GuardedZip(data, options)
    names = archive.names
    kinds = archive.read("[Content_Types].xml")
    for mark, name in _OFFICE_KINDS:
        if mark in kinds:
            return name
    kind = archive.read("mimetype").strip() if "mimetype" in names else b""
    for mark, name in _OPEN_KINDS.items():
        if kind == mark or kind == mark + b"-template":
            return name
    if "META-INF/container.xml" in names:
        return "epub"
    if b"ms-excel.sheet.binary" in kinds:
        return "xlsb"
    if any(name.startswith("Index/") or name in ("Index.zip", "index.apxl") for name in names):
        hint = "an Apple iWork file: export it as .docx, .xlsx, .pptx or .pdf to index it"
        raise LoadError(hint, outcome="skipped")
    if not kinds and suffix_of(source) in (".docx", ".xlsx", ".pptx"):
        raise LoadError("damaged: it does not say what its parts are")
    raise archive_refusal("zip")


def office_archive(data: bytes, options: LoadOptions) -> tuple[GuardedZip, BytesIO]:
    """An Office file's parts, and the file again as the libraries may safely have it: all XML
    within the limits and free of declarations, everything else (pictures, sounds) emptied."""
    archive = GuardedZip(data, options)
    copy = BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as target:
        for name in archive.names:
            part = b""
            if name.lower().endswith(XML_SUFFIXES):
                part = archive.read(name)
                refuse_declarations(part, name)
                if b"http://purl.oclc.org/ooxml/" in part:
                    for strict, ours in _STRICT:
                        part = part.replace(strict, _TRANSITIONAL + ours)
            if name == "[Content_Types].xml":
                part = _plain_types(part)
            target.writestr(name, part)
    copy.seek(0)
    return archive, copy


def _plain_types(types: bytes) -> bytes:
    """What a file says of its parts, in words that the libraries accept: the main part is one of
    a plain document, and documents within it (empty now) are no XML."""
    for mark, kind in _OFFICE_KINDS:
        types = re.sub(_CONTENT_TYPE % re.escape(mark), _PLAIN_KIND[kind], types)
    return without_types(types, lambda name: not name.lower().endswith(XML_SUFFIXES))


def without_types(types: bytes, is_untyped: Callable[[str], bool]) -> bytes:
    """What a file says of its parts, some of them being of no known kind: no library opens them."""

    def changed(match: re.Match[bytes]) -> bytes:
        name = _PART_NAME.search(match[0])
        if name is None or not is_untyped(name[1].decode("utf-8", "replace")):
            return match[0]
        return _PART_TYPE.sub(rb"\g<1>application/octet-stream", match[0])

    return _OVERRIDE.sub(changed, types)


def dublin_core(tree: ElementTree.Element | None) -> tuple[tuple[str, str], ...]:
    """(key, value) pairs from the properties of an Office, OpenDocument or EPUB file."""
    names = {
        "title": "title",
        "creator": "author",
        "initial-creator": "author",
        "subject": "subject",
        "description": "description",
        "keywords": "tags",
        "keyword": "tags",
        "created": "created",
        "creation-date": "created",
        "date": "date",
        "modified": "modified",
        "language": "language",
        "publisher": "publisher",
    }
    found: dict[str, list[str]] = {}
    for element in tree.iter() if tree is not None else ():
        key = names.get(local_name(element.tag), "")
        value = " ".join((element.text or "").split())[:1000]
        if key and value and value not in found.setdefault(key, []):
            found[key].append(value)
    return tuple((key, ", ".join(values[:20])) for key, values in found.items() if values)


_Default = TypeVar("_Default")


def whole_number(text: str | None, default: _Default) -> int | _Default:
    """The number that an attribute says, `default` where it is none or absurd."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else default


def local_name(tag: object) -> str:
    """An XML name without its namespace; "" for a comment or processing instruction."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
