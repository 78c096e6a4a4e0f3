"""JSON, JSON lines and XML as text that can be read and searched."""

from __future__ import annotations

import html
import re

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.markup import letters, tokens
from ragkit.loading.text_encoding import decode

# Lines longer than this are written for machines.
_READABLE_LINE = 1000
_DEEPEST_INDENT = 10
_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)((?:\\u[0-9a-fA-F]{4})+)")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)
# Of the characters of an XML file, the share that must be text between the tags for it to be
# read as a document; below that its attributes say more.
_DOCUMENT_SHARE = 0.2
_SVG = re.compile(r"<(?:svg:)?svg[\s>]")
_OFFICE = re.compile(
    r"urn:oasis:names:tc:opendocument:xmlns:office|urn:schemas-microsoft-com:office:spreadsheet"
    r"|schemas\.microsoft\.com/office/word/2003"
)
_OFFICE_BLOCKS = frozenset(("p", "h", "table-cell", "cell"))
_OFFICE_BLANKS = frozenset(("tab", "s", "line-break", "br"))
_UNSEEN = frozenset(
    (
        *("style", "script", "office:binary-data", "office:settings", "office:scripts"),
        *("office:styles", "office:automatic-styles", "office:font-face-decls", "w:bindata"),
        *("w:styles", "w:fonts", "w:docpr", "w:lists", "worksheetoptions", "excelworkbook"),
    )
)
_TITLES = frozenset(("title", "head", "h1", "h2", "h3", "h4"))
_SECTIONS = frozenset(("sec", "section", "chapter", "part", "appendix", "abstract", "div"))
_INLINE_TAGS = frozenset(
    (
        *("a", "b", "i", "u", "em", "strong", "sub", "sup", "italic", "bold", "xref", "ext-link"),
        *("emphasis", "span", "code", "tt", "sc", "named-content", "hi", "ref", "link", "literal"),
    )
)


def load_json(data: bytes, _options: LoadOptions) -> LoadedContent:
    """JSON as written, but with escaped letters as letters; without line breaks it gets some."""
    decoded = decode(data)
    text = unescape_json(decoded.text)
    if max(map(len, text.split("\n")), default=0) > _READABLE_LINE:
        text = indent_json(text)
    return LoadedContent(text, notes=(decoded.note,) if decoded.note else ())


def load_jsonl(data: bytes, _options: LoadOptions) -> LoadedContent:
    """One record a line, as in the file, but with escaped letters as letters."""
    decoded = decode(data)
    text = unescape_json(decoded.text)
    return LoadedContent(text, notes=(decoded.note,) if decoded.note else ())


def unescape_json(text: str) -> str:
    """JSON with \\uXXXX sequences replaced by the letters they stand for, ASCII left alone."""
    return _ESCAPE.sub(_unescape, text) if "\\u" in text else text


def _unescape(match: re.Match[str]) -> str:
    units = bytes.fromhex(match[2].replace("\\u", ""))
    text = units.decode("utf-16-be", "replace")
    return match[1] + (text if min(text) >= "\xa0" else match[2])


def indent_json(text: str) -> str:
    """JSON with one member or element a line, every token as it was. Linear, whatever the nesting
    and even if it is not valid."""
    pieces: list[str] = []
    depth = 0
    before = ""
    for match in _JSON_TOKEN.finditer(text):
        piece = match[0]
        if piece in "]}":
            depth = max(depth - 1, 0)
            if before not in ("[", "{"):
                pieces.append("\n" + " " * min(depth, _DEEPEST_INDENT))
        elif before in ("[", "{", ","):
            pieces.append("\n" + " " * min(depth, _DEEPEST_INDENT))
        pieces.append(": " if piece == ":" else piece)
        if piece in ("[", "{"):
            depth += 1
        before = piece
    return "".join(pieces)


def load_xml(data: bytes, _options: LoadOptions) -> LoadedContent:
    """The text of an XML document with its titles as headings; the file itself where most of it
    is in tags and attributes; of what an office program saved as one XML file (.fodt, .fods, Word
    and Excel 2003) the paragraphs and cells. Entities of its own are refused, external ones never
    fetched."""
    decoded = decode(data, declared=True)
    if "<!ENTITY" in decoded.text:
        raise LoadError("not read: it declares entities of its own", outcome="skipped")
    notes = (decoded.note,) if decoded.note else ()
    writer = MarkdownWriter()
    is_office = _OFFICE.search(decoded.text, 0, 4096) is not None
    _write_xml(decoded.text, writer, _OFFICE_BLOCKS if is_office else None)
    content = writer.content(notes=notes)
    if _SVG.search(decoded.text, 0, 4096):
        if not content.text:
            raise LoadError("a picture (image/svg+xml): no text", outcome="skipped")
        return content
    if not is_office and letters(content.text) < _DOCUMENT_SHARE * letters(decoded.text):
        return LoadedContent(decoded.text, media_type="application/xml", notes=notes)
    return content


def _write_xml(markup: str, writer: MarkdownWriter, blocks: frozenset[str] | None) -> None:
    """Writes the text; only tags of `blocks` end a paragraph, or all but those within sentences."""
    inline: list[str] = []
    depth = 0
    unseen = ""

    def flush(level: int) -> None:
        text = " ".join(html.unescape("".join(inline)).split())
        inline.clear()
        if level and len(text) <= 300:
            writer.heading(level, text)
        else:
            writer.paragraph(text)

    for name, text in tokens(markup, raw=frozenset()):
        bare = name.removeprefix("/").rpartition(":")[2]
        if unseen:
            unseen = "" if name == f"/{unseen}" else unseen
        elif name in _UNSEEN and not text.endswith("/"):
            unseen = name
        elif not name:
            inline.append(text)
        elif blocks and bare in _OFFICE_BLANKS:
            inline.append(" ")
        elif bare in blocks if blocks else bare not in _INLINE_TAGS:
            flush(depth + 1 if name[0] == "/" and bare in _TITLES else 0)
            if bare in _SECTIONS and not text.endswith("/"):
                depth = max(depth + (-1 if name[0] == "/" else 1), 0)
    flush(0)
