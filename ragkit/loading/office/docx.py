"""Word files (.docx, .docm, .dotx, .dotm) -> Markdown: headings and lists with their numbers,
tables, charts, text boxes, notes, comments and embedded texts. Macros are not looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.office.archive import dublin_core, local_name, office_archive, whole_number
from ragkit.loading.office.docx_text import (
    WRAPPERS,
    W,
    commented_texts,
    inside,
    paragraph_text,
    paragraphs,
    row_cells,
    seen,
    text_boxes,
)
from ragkit.loading.office.drawing import RELATIONS, relation_ids, write_chart, write_diagram
from ragkit.loading.office.embedded import EmbeddedTexts
from ragkit.loading.office.numbering import ListPlace, Numbering, attribute, paragraph_styles
from ragkit.loading.office.repair import open_or_repair
from ragkit.loading.table_grid import Cell, write_table

# A table cell longer than this holds a part of the document, not a value.
_CELL_CHARACTERS = 1500
_TABLE_DEPTH = 4


def load_docx(data: bytes, options: LoadOptions) -> LoadedContent:
    """A Word file. Raises LoadError when it is damaged."""
    return _load(data, options, 0)


def _load(data: bytes, options: LoadOptions, depth: int) -> LoadedContent:
    import docx

    archive, copy = office_archive(data, options)
    embedded = EmbeddedTexts(
        archive, options, lambda inner: _load(inner, options, depth + 1), depth
    )

    def opening(file: BytesIO) -> tuple[Any, _Reader]:
        document = docx.Document(file)
        if document.element.body is None:
            raise ValueError("it has no body")
        return document.element.body, _Reader(MarkdownWriter(), document.part, embedded)

    (body, reader), notes = open_or_repair(opening, copy, "Word file")
    reader.blocks(body)
    reader.margin()
    metadata = dublin_core(archive.optional_xml("docProps/core.xml"))
    return reader.writer.content(metadata=metadata, notes=dict.fromkeys([*notes, *reader.notes]))


class _Reader:
    """Writes the blocks of a body, a cell, a note or a text box."""

    def __init__(self, writer: MarkdownWriter, part: Any, embedded: EmbeddedTexts) -> None:
        self.writer = writer
        self.notes: list[str] = []
        self._part = part
        self._embedded = embedded
        self._styles = paragraph_styles(_root(part, "styles"))
        self._numbering = Numbering(_root(part, "numbering"), self._styles)
        self._commented = commented_texts(part.element)
        self._footnotes = dict(self._side_texts("footnotes"))
        self._endnotes = dict(self._side_texts("endnotes"))
        self._comments = dict(self._side_texts("comments"))
        self._depth = 0

    def blocks(self, parent: Any) -> None:
        for child in parent:
            name = local_name(child.tag)
            if name == "p":
                self._paragraph(child)
            elif name == "tbl":
                self._table(child)
            elif name == "altChunk":
                self._embed(child.get(f"{RELATIONS}id") or "")
            elif name in WRAPPERS or name == "AlternateContent":
                self.blocks(child)

    def margin(self) -> None:
        """Comments that no paragraph points at, and what headers and footers say; equal ones are
        written once."""
        texts = [*self._comments.values()]
        for kind in ("header", "footer"):
            texts.extend(self._cell_text(root) for root in _roots(self._part, kind))
        for text in dict.fromkeys(texts):
            self.writer.paragraph(text)

    def _paragraph(self, paragraph: Any) -> None:
        text, level, place = self._read(paragraph)
        number = place.number if place is not None else ""
        if level and "\n" not in text and len(text) <= 300:
            self.writer.heading(level, f"{number} {text}" if text else "")
        elif place is not None:
            self.writer.item(text, place.depth, number or "-")
        else:
            self.writer.paragraph(text)
        for box in text_boxes(paragraph):
            self.blocks(box)
        self._attachments(paragraph, boxes=False)

    def _read(self, paragraph: Any) -> tuple[str, int, ListPlace | None]:
        """The text of a paragraph, its level as a heading (0: none), its place in a list."""
        properties = paragraph.find(f"{W}pPr")
        style, level = "", 0
        if properties is not None:
            style = attribute(properties.find(f"{W}pStyle"))
            level = self._styles[style].heading if style in self._styles else 0
            outline = attribute(properties.find(f"{W}outlineLvl"))
            if whole_number(outline, 9) < 9:
                level = int(outline) + 1
        place = self._numbering.place(properties, style)
        by_name = style.startswith(("ListBullet", "ListNumber")) and not level
        if place is None and by_name and properties.find(f"{W}numPr") is None:
            place = ListPlace(0, "")
        return paragraph_text(paragraph), level, place

    def _attachments(self, element: Any, *, boxes: bool) -> None:
        """Notes, comments, charts and diagrams stand after the paragraph or table that points at
        them, once. Marks of notes are left out: they would stand between words that are looked
        for side by side."""
        for child in seen(element, boxes=boxes):
            name = local_name(child.tag)
            identity = child.get(f"{W}id") or ""
            if name in ("footnoteReference", "endnoteReference"):
                notes = self._footnotes if name[0] == "f" else self._endnotes
                text = notes.pop(identity, "")
                self.writer.paragraph(f"[^{identity}]: {text}" if text else "")
            elif name == "commentReference":
                self.writer.paragraph(self._comments.pop(identity, ""))
            elif name == "graphicData":
                for relation in relation_ids(child):
                    self._drawing(relation)

    def _drawing(self, relation: str) -> None:
        try:
            root = _parsed(self._part.rels[relation].target_part)
            write = write_diagram if local_name(root.tag) == "dataModel" else write_chart
            write(self.writer, root)
        except Exception:  # noqa: BLE001  the vendor raises anything; the text is what matters
            self.notes.append("a chart or diagram is damaged: not all of it was read")

    def _embed(self, relation: str) -> None:
        try:
            part = self._part.rels[relation].target_part
            content = self._embedded.read(part.partname.lstrip("/"))
        except (KeyError, ValueError, LoadError) as error:  # ValueError: it is not in the file
            reason = str(error) if isinstance(error, LoadError) else "it is missing"
            self.notes.append(f"an embedded text was left out: {reason}")
            return
        self.writer.markdown(content.text, content.headings)
        self.notes.extend(content.notes)

    def _table(self, table: Any) -> None:
        rows = [list(row_cells(row)) for row in inside(table, "tr")]
        if self._depth <= _TABLE_DEPTH and _is_layout(table, rows):
            self._depth += 1
            for row in rows:
                for element, _ in row:
                    self.blocks(element)
            self._depth -= 1
            return
        cells = [[cell._replace(text=self._cell_text(one)) for one, cell in row] for row in rows]
        write_table(self.writer, cells)
        self._attachments(table, boxes=True)

    def _cell_text(self, cell: Any) -> str:
        texts = []
        for paragraph in paragraphs(cell):
            text, _, place = self._read(paragraph)
            number = place.number if place is not None and text else ""
            texts.append(" ".join(f"{number} {text}".split()))
        return " ".join(filter(None, texts))

    def _side_texts(self, kind: str) -> Iterator[tuple[str, str]]:
        """(id, text) of all footnotes, endnotes or comments."""
        for root in _roots(self._part, kind):
            for item in root:
                identity = item.get(f"{W}id") or ""
                text = " ".join(filter(None, map(_line, paragraphs(item))))
                if kind == "comments":
                    author = item.get(f"{W}author") or "a reader"
                    about = self._commented.get(identity, "")
                    about = f' on "{about}"' if about else ""
                    yield identity, f"Comment by {author}{about}: {text}" if text else ""
                elif item.get(f"{W}type") in (None, "normal"):
                    yield identity, text


def _line(paragraph: Any) -> str:
    return " ".join(paragraph_text(paragraph).split())


def _is_layout(table: Any, rows: Iterable[Iterable[tuple[Any, Cell]]]) -> bool:
    """Whether a table lays out the page: a cell holds a part of the document, or most of the text
    stands in tables within it."""
    if any(_length(cell) > _CELL_CHARACTERS for row in rows for cell, _ in row):
        return True
    inner = [one for row in rows for cell, _ in row for one in inside(cell, "tbl")]
    return bool(inner) and 2 * sum(map(_length, inner)) > _length(table)


def _length(element: Any) -> int:
    return sum(map(len, map(paragraph_text, paragraphs(element))))


def _root(part: Any, kind: str) -> Any:
    return next(_roots(part, kind), None)


def _roots(part: Any, kind: str) -> Iterator[Any]:
    """The trees of the parts of one kind; the body is what matters where one is damaged."""
    for relation in part.rels.values():
        if relation.reltype.rpartition("/")[2] == kind and not relation.is_external:
            try:
                yield _parsed(relation.target_part)
            except Exception:  # noqa: BLE001, S112  the vendor lets its parsers' errors through
                continue


def _parsed(part: Any) -> Any:
    from docx.oxml import parse_xml

    return parse_xml(part.blob)
