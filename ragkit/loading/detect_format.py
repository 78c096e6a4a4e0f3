"""What a file is, judged by its bytes first and its name second."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import PurePosixPath

from ragkit.errors import LoadError
from ragkit.loading.detect_encoding import guess_ebcdic
from ragkit.loading.picture import PICTURES, picture_format, picture_refusal
from ragkit.loading.text_encoding import mark_of, wide_encoding

HEAD_BYTES = 8192
ZIP_MARKS = (b"PK\3\4", b"PK\5\6", b"PK\7\x08PK")
# Old Office files, Outlook messages, and encrypted new ones, share one container.
COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Workbooks of Excel 2 to 4, and later ones without the container.
OLD_WORKBOOKS = (
    b"\x09\0\x04\0",
    b"\x09\x02\x06\0",
    b"\x09\x04\x06\0",
    b"\x09\x08\x08\0\0\x05",
    b"\x09\x08\x10\0\0\x06",
)

_PICTURE, _SOUND, _VIDEO = "a picture", "a sound file", "a video"
_ARCHIVE, _PROGRAM, _FONT = "an archive", "a program", "a font"
# (offset, bytes, what it is, MIME type or product)
_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x89PNG\r\n", _PICTURE, "image/png"),
    (0, b"\xff\xd8\xff", _PICTURE, "image/jpeg"),
    (0, b"GIF8", _PICTURE, "image/gif"),
    (0, b"II*\0", _PICTURE, "image/tiff"),
    (0, b"MM\0*", _PICTURE, "image/tiff"),
    (0, b"8BPS\0", _PICTURE, "Photoshop"),
    (0, b"\0\0\1\0", _PICTURE, "icon"),
    (0, b"\xd7\xcd\xc6\x9a", _PICTURE, "WMF"),
    (40, b" EMF", _PICTURE, "EMF"),
    (0, b"gimp xcf", _PICTURE, "GIMP"),
    (0, b"AT&TFORM", _PICTURE, "DjVu"),
    (0, b"\0\0\0\x0cjP  ", _PICTURE, "image/jp2"),
    (8, b"WEBP", _PICTURE, "image/webp"),
    (8, b"WAVE", _SOUND, "audio/wav"),
    (8, b"AVI ", _VIDEO, "video/x-msvideo"),
    (4, b"ftypheic", _PICTURE, "image/heic"),
    (4, b"ftypmif1", _PICTURE, "image/heif"),
    (4, b"ftypavif", _PICTURE, "image/avif"),
    (4, b"ftypM4A", _SOUND, "audio/mp4"),
    (4, b"ftyp", _VIDEO, "video/mp4"),
    (4, b"moov", _VIDEO, "video/quicktime"),
    (0, b"ID3", _SOUND, "audio/mpeg"),
    (0, b"OggS", _SOUND, "audio/ogg"),
    (0, b"fLaC", _SOUND, "audio/flac"),
    (0, b"MThd\0", _SOUND, "audio/midi"),
    (0, b"\x1aE\xdf\xa3", _VIDEO, "video/webm or matroska"),
    (0, b"FLV\1", _VIDEO, "video/x-flv"),
    (0, b"\0\0\1\xba", _VIDEO, "video/mpeg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _VIDEO, "video/x-ms-wmv"),
    (0, b"\x1f\x8b", _ARCHIVE, "gzip"),
    (0, b"BZh", _ARCHIVE, "bzip2"),
    (0, b"\xfd7zXZ\0", _ARCHIVE, "xz"),
    (0, b"7z\xbc\xaf\x27\x1c", _ARCHIVE, "7-Zip"),
    (0, b"Rar!\x1a\x07", _ARCHIVE, "RAR"),
    (0, b"\x28\xb5\x2f\xfd", _ARCHIVE, "zstd"),
    (0, b"\x04\x22\x4d\x18", _ARCHIVE, "lz4"),
    (0, b"\x1f\x9d", _ARCHIVE, "compress"),
    (0, b"MSCF\0", _ARCHIVE, "cabinet"),
    (0, b"!<arch>\n", _ARCHIVE, "ar"),
    (257, b"ustar", _ARCHIVE, "tar"),
    (0, b"\x7fELF", _PROGRAM, "ELF"),
    (0, b"MZ", _PROGRAM, "Windows"),
    (0, b"\xca\xfe\xba\xbe", _PROGRAM, "Java class or Mach-O"),
    (0, b"\xcf\xfa\xed\xfe", _PROGRAM, "Mach-O"),
    (0, b"\xce\xfa\xed\xfe", _PROGRAM, "Mach-O"),
    (0, b"\0asm", _PROGRAM, "WebAssembly"),
    (0, b"b0VIM ", "a swap file", "of Vim"),
    (0, b"SQLite format 3\0", "a database", "SQLite"),
    (4, b"Standard Jet DB", "a database", "Access"),
    (4, b"Standard ACE DB", "a database", "Access"),
    (0, b"\xffWPC", "a WordPerfect file", "save it as .docx to index it"),
    (0, b"\xe4R\\{\x8c\xd8\xa7M", "a OneNote file", "export it as .docx or .pdf to index it"),
    (0, b"PAR1", "a data table", "Parquet"),
    (0, b"ARROW1", "a data table", "Arrow"),
    (0, b"\x89HDF\r\n", "a data file", "HDF5"),
    (0, b"ITSF", "a compiled help file", "CHM; convert it to HTML"),
    (0, b"wOFF", _FONT, "WOFF"),
    (0, b"wOF2", _FONT, "WOFF2"),
    (0, b"OTTO\0", _FONT, "OpenType"),
    (0, b"\0\1\0\0\0", _FONT, "TrueType"),
)
# What Office and LibreOffice leave beside a document while it is open.
_SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "desktop.ini", ".ds_store", "icon\r", ".directory"}
_LOCK_FILE = re.compile(r"~\$.*\.\w{3,5}$|\.~lock\..*#$")
_OFFICE_SUFFIXES = {".docx", ".docm", ".dotx", ".dotm", ".xlsx", ".xlsm", ".xltx", ".xltm"}
_OFFICE_SUFFIXES |= {".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"}
_BINARY_FORMATS = {
    *("pdf", "docx", "pptx", "xlsx", "odt", "ods", "odp", "epub", "rtf"),
    *("msg", "doc", "ppt", "xls", "xlsb"),
    *PICTURES,
}
_OLD_OFFICE = {"doc", "dot", "xls", "xlt", "ppt", "pps"}
_ZIP_SUFFIXES = {"docx", "xlsx", "pptx", "odt", "ods", "odp", "epub"}
_BY_NAME = {
    ".mp3": _SOUND,
    ".aac": _SOUND,
    ".bmp": _PICTURE,
    ".dib": _PICTURE,
    ".pcx": _PICTURE,
    ".tga": _PICTURE,
    ".mpg": _VIDEO,
    ".ts": _VIDEO,
    ".tar": _ARCHIVE,
}
# First members of zip files that hold one document.
_DOCUMENT_MEMBERS = re.compile(
    rb"\[Content_Types\]\.xml|_rels/|docProps/|word/|xl/|ppt/|customXml/|mimetype|META-INF/con"
    rb"|content\.xml|OEBPS/|Index/|index\.|QuickLook/|preview"
)
_CONTROL = re.compile(rb"[\0-\x07\x0e-\x1a\x1c-\x1f\x7f]")
_MAIL_HEADER = re.compile(
    rb"(?:Return-Path|Received|From|To|Subject|Date|Message-ID|MIME-Version|Content-Type"
    rb"|Delivered-To|X-[\w-]+|DKIM-Signature|Reply-To|Cc):[ \t]",
    re.IGNORECASE,
)
# Programs write these; a person who begins a note with "To:" and "Subject:" does not.
_MACHINE_HEADER = re.compile(
    rb"^(?:Return-Path|Received|Message-ID|MIME-Version|Delivered-To|DKIM-Signature):[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_HTML = re.compile(
    rb"\s*+(?:<\?xml[^>]*>\s*+)?(?><!--.{0,1000}?-->\s*+)*+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)

_SUBTITLES = re.compile(
    rb"\s*+(?:(WEBVTT)\b|\d{1,6}[ \t]*\r?\n\d{1,3}:\d\d:\d\d[.,]\d{1,3}[ \t]*-->)"
)
# Of a page, as a program exports it for Excel or Word.
_FRAGMENT = re.compile(rb"\s*+<(?:table|div|style|meta|p|h\d|title)\b[^>]*>", re.IGNORECASE)


def suffix_of(source: str) -> str:
    """The last extension of a file name in lower case, with its dot; "" without one."""
    return PurePosixPath(source.replace("\\", "/")).suffix.lower()


def refusal(source: str, head: bytes, *, ocr: bool = False) -> LoadError | None:
    """Why a file is not worth reading whole, or None. `head`: its first `HEAD_BYTES` bytes; `ocr`:
    pictures are read.

    Judges by the bytes; the name only words the answer.
    """
    if not head:
        return LoadError("empty file", outcome="skipped")
    name = PurePosixPath(source.replace("\\", "/")).name
    if name.lower() in _SYSTEM_FILES:
        return LoadError("a file that the system keeps with a folder", outcome="skipped")
    if _LOCK_FILE.match(name):
        return LoadError("a lock file of a document that is open elsewhere", outcome="skipped")
    if head.startswith((COMPOUND_FILE, *OLD_WORKBOOKS)):
        return None
    if head.startswith(ZIP_MARKS):
        return _zip(suffix_of(source), head)
    if is_pdf(source, head):
        return None
    if head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return LoadError("a PostScript file: convert it to PDF to index it", outcome="skipped")
    picture = picture_format(head)
    if picture:
        return None if ocr else picture_refusal(picture)
    binary = is_binary(head)
    if binary or b"\0" in head:
        for offset, signature, what, name in _SIGNATURES:
            if head.startswith(signature, offset):
                return archive_refusal(name) if what == _ARCHIVE else _no_text(what, name)
    if not binary:
        return None
    suffix = suffix_of(source)
    what = _BY_NAME.get(suffix, "")
    return _no_text(what, suffix) if what else _no_text("a binary file", "of unknown kind")


def is_pdf(source: str, head: bytes) -> bool:
    """Whether a file is a PDF, junk before its header allowed; a text about PDFs is none."""
    at = head.find(b"%PDF-", 0, 1024 + len(b"%PDF-"))
    if at < 0:
        return False
    return (
        not head[:at].strip(b"\xef\xbb\xbf \t\r\n")
        or suffix_of(source) == ".pdf"
        or is_binary(head)
    )


def is_binary(head: bytes) -> bool:
    """Whether bytes are no text in any encoding. Text with a few zero bytes is text."""
    if mark_of(head) or wide_encoding(head[:4096]):
        return False
    control = len(_CONTROL.findall(head))
    if not control or guess_ebcdic(head):
        return False
    allowed = 0.1 if _is_utf8(head) else 0.02
    return control > allowed * len(head) or (b"\0" in head and allowed < 0.1)


def text_format(source: str, head: bytes, formats: Container[str], aliases: dict[str, str]) -> str:
    """The format of a file that is no zip: by its first bytes, then its name; "" is plain text.

    Raises LoadError for text under the name of an Office or OpenDocument file.
    """
    if is_pdf(source, head):
        return "pdf"
    suffix = suffix_of(source)[1:]
    named = aliases.get(suffix, suffix)
    plain = head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe")
    if named == "txt" and plain.startswith(b"{\\rtf"):
        return "rtf"
    if suffix in _OLD_OFFICE:  # many a program writes something else under these names
        found = "html" if _FRAGMENT.match(plain) else _by_content(plain, named)
        if found:
            return found
    if named in formats and _can_be(named, plain):
        return named
    found = _by_content(plain, named)
    if not found and suffix in _ZIP_SUFFIXES:
        hint = f"not a .{suffix} file: it holds plain text; rename it to .txt to index it"
        raise LoadError(hint)
    return found if found in formats else ""


def _by_content(plain: bytes, named: str) -> str:
    """The format that a text without a telling name shows itself."""
    if plain.startswith(b"{\\rtf"):
        return "rtf"
    if _HTML.match(plain):
        return "html"
    if plain.lstrip().startswith(b"<?xml"):
        return "xml"
    subtitles = _SUBTITLES.match(plain)
    if subtitles is not None and named not in ("md", "txt"):
        return "vtt" if subtitles[1] else "srt"
    if plain.startswith(b"From ") and _mail_headers(plain.partition(b"\n")[2]) >= 2:
        return "mbox"
    headers = _mail_headers(plain)
    if named not in ("md", "txt") and (
        headers >= 3 or (headers == 2 and _MACHINE_HEADER.search(plain.partition(b"\n\n")[0]))
    ):
        return "eml"
    return ""


def _can_be(named: str, head: bytes) -> bool:
    """Whether text bytes can be of the format that the file's name claims."""
    if named in _BINARY_FORMATS:
        return False
    if named in ("html", "xml"):
        return b"<" in head
    if named == "txt":
        return not _HTML.match(head)
    if named in ("json", "ipynb"):
        return head.lstrip()[:1] in (b"{", b"[", b'"')
    if named in ("md", "rst", "csv", "eml", "mbox"):
        return not _HTML.match(head) or head.lstrip()[:2] == b"<!"
    return True


def _mail_headers(head: bytes) -> int:
    """The number of mail headers a text begins with."""
    count = 0
    for line in head.splitlines():
        if _MAIL_HEADER.match(line):
            count += 1
        elif not line.strip() or not re.match(rb"[ \t]|[\w-]+:", line):
            break
    return count


def _is_utf8(head: bytes) -> bool:
    for cut in range(min(4, len(head))):  # the head may end inside a character
        try:
            head[: len(head) - cut].decode()
        except UnicodeDecodeError:
            continue
        return True
    return False


def needs_password() -> LoadError:
    """The answer to an encrypted file that no option of ours opens."""
    return LoadError(
        "encrypted: it needs a password; save it without one to index it", outcome="skipped"
    )


def _zip(suffix: str, head: bytes) -> LoadError | None:
    """An archive is refused by its first member's name; one document in a zip is not."""
    if suffix in _OFFICE_SUFFIXES or suffix in (".odt", ".ods", ".odp", ".epub"):
        return None
    start = head.find(b"PK\3\4")
    length = int.from_bytes(head[start + 26 : start + 28], "little")
    name = head[start + 30 : start + 30 + length] if start >= 0 else b""
    return None if _DOCUMENT_MEMBERS.match(name) else archive_refusal("zip")


def _no_text(what: str, name: str) -> LoadError:
    return LoadError(f"{what} ({name}): no text", outcome="skipped")


def archive_refusal(name: str) -> LoadError:
    """The answer to a file that packs other files."""
    return LoadError(f"{_ARCHIVE} ({name}): unpack it to index what it holds", outcome="skipped")
