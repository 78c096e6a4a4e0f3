"""Word files (.docx) -> Markdown: headings, lists, tables, text boxes, notes and comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ragkit.errors import LoadError, missing_library
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.office.archive import dublin_core, local_name, office_archive

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Text that is not, or no longer, part of what a reader sees.
_UNSEEN = frozenset(("del", "moveFrom", "Fallback", "instrText", "delText", "rPr", "pPr", "sectPr"))
_WRAPPERS = frozenset(("ins", "moveTo", "smartTag", "customXml", "sdtContent", "Choice"))
# A table cell longer than this holds a part of the document, not a value.
_CELL_CHARACTERS = 1500
_SIDE_PARTS = frozenset(("footnotes", "endnotes", "comments", "header", "footer"))
_TABLE_DEPTH = 4
_MARKS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " "}


def load_docx(data: bytes, options: LoadOptions) -> LoadedContent:
    """A Word file. Raises LoadError: skipped without python-docx, failed when damaged."""
    try:
        import docx
    except ImportError as error:
        raise missing_office_library("docx") from error
    archive, copy = office_archive(data, options)
    try:
        document = docx.Document(copy)
        body = document.element.body
        styles = _heading_styles(document.part)
    except Exception as error:  # the vendor lets its parsers' errors through
        raise LoadError("damaged Word file: its parts do not fit together") from error
    writer = MarkdownWriter()
    notes, margin = _side_parts(document.part)
    reader = _Reader(writer, styles, notes)
    reader.blocks(body)
    reader.margin(margin)
    return writer.content(metadata=dublin_core(archive.xml("docProps/core.xml")))


def missing_office_library(suffix: str) -> LoadError:
    """The answer when the library for an Office format is not installed."""
    libraries = ("python-docx", "python-pptx", "openpyxl")
    return LoadError(missing_library(f"reading .{suffix} files", *libraries), outcome="skipped")


def _heading_styles(part: Any) -> dict[str, int]:
    """Style id -> heading level, for headings and styles built on them. The title is level 1."""
    own: dict[str, int] = {}
    based_on: dict[str, str] = {}
    styles = getattr(getattr(part, "_styles_part", None), "element", None)
    for style in styles.iterchildren(f"{_W}style") if styles is not None else ():
        identity = style.get(f"{_W}styleId") or ""
        name = _value(style.find(f"{_W}name")).lower()
        based_on[identity] = _value(style.find(f"{_W}basedOn"))
        outline = _value(style.find(f"{_W}pPr/{_W}outlineLvl"))
        if name == "title":
            own[identity] = 1
        elif name.startswith("heading ") and name[8:].isdigit():
            own[identity] = int(name[8:])
        elif outline.isdigit() and int(outline) < 9:
            own[identity] = int(outline) + 1
    levels = {}
    for identity in based_on:
        current, steps = identity, 0
        while current and current not in own and steps < 20:
            current, steps = based_on.get(current, ""), steps + 1
        if current in own:
            levels[identity] = own[current]
    return levels


def _value(element: Any) -> str:
    return "" if element is None else element.get(f"{_W}val") or ""


class _Reader:
    """Writes the blocks of a body, a cell, a note or a text box."""

    def __init__(
        self,
        writer: MarkdownWriter,
        heading_styles: dict[str, int],
        notes: dict[tuple[str, str], str],
    ) -> None:
        self._writer = writer
        self._heading_styles = heading_styles
        self._notes = notes
        self._depth = 0

    def blocks(self, parent: Any) -> None:
        for child in parent:
            name = local_name(child.tag)
            if name == "p":
                self._paragraph(child)
            elif name == "tbl":
                self._table(child)
            elif name == "sdt" or name in _WRAPPERS or name == "AlternateContent":
                self.blocks(child)

    def margin(self, texts: Iterable[str]) -> None:
        """Comments, and what headers and footers say; equal ones are written once."""
        for text in dict.fromkeys(texts):
            self._writer.paragraph(text)

    def _paragraph(self, paragraph: Any) -> None:
        text = "".join(_texts(paragraph)).strip()
        properties = paragraph.find(f"{_W}pPr")
        style, level, depth = "", 0, -1
        if properties is not None:
            style = _value(properties.find(f"{_W}pStyle"))
            outline = _value(properties.find(f"{_W}outlineLvl"))
            level = self._heading_styles.get(style, 0)
            if outline.isdigit() and int(outline) < 9:
                level = int(outline) + 1
            depth = _list_depth(properties, style)
        if level and "\n" not in text and len(text) <= 300:
            self._writer.heading(level, text)
        elif depth >= 0:
            self._writer.item(text, depth)
        else:
            self._writer.paragraph(text)
        for box in _text_boxes(paragraph):
            self.blocks(box)
        for kind in ("footnote", "endnote"):
            for reference in paragraph.iter(f"{_W}{kind}Reference"):
                self._write_note(kind, reference.get(f"{_W}id") or "")

    def _write_note(self, kind: str, number: str) -> None:
        """A note stands after the paragraph that points at it, once. Its mark is left out of the
        paragraph, where it would stand between words that are looked for side by side."""
        text = self._notes.pop((kind, number), "")
        if text:
            self._writer.paragraph(f"[^{number}]: {text}")

    def _table(self, table: Any) -> None:
        if self._depth > _TABLE_DEPTH:
            self._writer.paragraph(_cell_text(table))
            return
        rows = [list(_cells(row)) for row in _inside(table, "tr")]
        texts = [[_cell_text(cell) if cell is not None else "" for cell in row] for row in rows]
        if any(len(text) > _CELL_CHARACTERS for row in texts for text in row):
            self._depth += 1
            for row in rows:
                for cell in row:
                    self.blocks(cell if cell is not None else ())
            self._depth -= 1
        else:
            self._writer.table(texts)


def _list_depth(properties: Any, style: str) -> int:
    """The depth of a list item, 0 at the outside; -1 for a paragraph."""
    numbering = properties.find(f"{_W}numPr")
    if numbering is not None:
        level = _value(numbering.find(f"{_W}ilvl"))
        listed = _value(numbering.find(f"{_W}numId")) != "0"
        return (int(level) if level.isdigit() else 0) if listed else -1
    return 0 if style.startswith(("ListBullet", "ListNumber")) else -1


def _texts(element: Any) -> Iterator[str]:
    """The visible text below an element, text boxes left out."""
    for child in element:
        name = local_name(child.tag)
        if name == "t":
            yield child.text or ""
        elif name in _MARKS:
            yield _MARKS[name]
        elif name not in _UNSEEN and name != "txbxContent":
            yield from _texts(child)


def _text_boxes(element: Any) -> Iterator[Any]:
    """The outermost text boxes below an element. A box stands in the file twice: as Office draws
    it, and for old readers."""
    for child in element:
        name = local_name(child.tag)
        if name == "txbxContent":
            yield child
        elif name not in _UNSEEN:
            yield from _text_boxes(child)


def _inside(parent: Any, wanted: str) -> Iterator[Any]:
    """Children of a name, also those within content controls and revisions."""
    for child in parent:
        name = local_name(child.tag)
        if name == wanted:
            yield child
        elif name == "sdt" or name in _WRAPPERS:
            yield from _inside(child, wanted)


def _cells(row: Any) -> Iterator[Any | None]:
    """The cells of a row, None for places that a wide or tall cell covers."""
    for cell in _inside(row, "tc"):
        properties = cell.find(f"{_W}tcPr")
        span, covered = "", False
        if properties is not None:
            span = _value(properties.find(f"{_W}gridSpan"))
            merge = properties.find(f"{_W}vMerge")
            covered = merge is not None and _value(merge) != "restart"
        yield None if covered else cell
        for _ in range(min(int(span), 100) - 1 if span.isdigit() else 0):
            yield None


def _cell_text(cell: Any) -> str:
    paragraphs = ("".join(_texts(paragraph)) for paragraph in cell.iter(f"{_W}p"))
    return " ".join(filter(None, (" ".join(text.split()) for text in paragraphs)))


def _side_parts(part: Any) -> tuple[dict[tuple[str, str], str], list[str]]:
    """The texts of notes by ("footnote" or "endnote", id), and those of comments, headers and
    footers."""
    from docx.oxml import parse_xml

    notes: dict[tuple[str, str], str] = {}
    margin: list[str] = []
    for relation in part.rels.values():
        kind = relation.reltype.rpartition("/")[2]
        if kind not in _SIDE_PARTS or relation.is_external:
            continue
        try:
            root = parse_xml(relation.target_part.blob)
        except Exception:  # noqa: BLE001, S112  the body is what matters
            continue
        if kind in ("header", "footer"):
            margin.append(_cell_text(root))
        for item in root if kind not in ("header", "footer") else ():
            text, author = _cell_text(item), item.get(f"{_W}author") or "a reader"
            if kind == "comments":
                margin.append(f"Comment by {author}: {text}")
            elif item.get(f"{_W}type") in (None, "normal"):
                notes[kind.removesuffix("s"), item.get(f"{_W}id") or ""] = text
    return notes, margin
