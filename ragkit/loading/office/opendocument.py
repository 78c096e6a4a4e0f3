"""OpenDocument texts, sheets and presentations (.odt, .ods, .odp) -> Markdown."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.detect_format import needs_password
from ragkit.loading.office.archive import GuardedZip, dublin_core, local_name, whole_number
from ragkit.loading.office.list_numbers import ListNumbers
from ragkit.loading.office.opendocument_text import (
    DRAW,
    OFFICE,
    PRESENTATION,
    STYLE,
    TABLE,
    TEXT,
    UNSEEN,
    ListStyles,
    commented_texts,
    paragraphs_of,
    seen,
    text_boxes,
    text_of,
)
from ragkit.loading.office.repair import sound_xml
from ragkit.loading.office.spreadsheet import write_grid
from ragkit.loading.table_grid import Cell, write_table

# Rows and cells may say how often they repeat: blank ones do so a million times.
_REPEATS = 1000
_OBJECTS = 200


def load_opendocument(data: bytes, options: LoadOptions) -> LoadedContent:
    """A text without pages, a workbook with a page a sheet, a presentation with a page a slide.

    Raises LoadError: skipped when encrypted, failed when damaged or without a body.
    """
    archive = GuardedZip(data, options)
    if b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise needs_password()
    tree, notes = sound_xml(archive.read("content.xml"), "content.xml")
    body = tree.find(f"{OFFICE}body") if tree is not None else None
    if tree is None or body is None:
        raise LoadError("damaged: it has no content")
    reader = _Reader(archive, tree, options.table_cells)
    for part in body:
        reader.blocks(part)
    metadata = dublin_core(archive.optional_xml("meta.xml"))
    return reader.writer.content(metadata=metadata, notes=dict.fromkeys([*notes, *reader.notes]))


class _Reader:
    def __init__(self, archive: GuardedZip, tree: Element, cells: int) -> None:
        self.writer = MarkdownWriter()
        self.notes: list[str] = []
        self._archive = archive
        self._lists = ListStyles(archive.optional_xml("styles.xml"), tree)
        self._commented = commented_texts(tree)
        self._hidden = set(_hidden_styles(tree))
        self._cells_left = cells
        self._objects_left = _OBJECTS
        self._slides = 0

    def blocks(self, parent: Element) -> None:
        """Writes what an element holds."""
        in_workbook = local_name(parent.tag) == "spreadsheet"
        for child in parent:
            name = local_name(child.tag)
            if name == "h":
                self._heading(child)
            elif name == "p":
                self.writer.paragraph(text_of(child))
                self._attachments(child)
            elif name == "list":
                self._list(child, child.get(f"{TEXT}style-name", ""), self._lists.begin(child), 0)
            elif name == "table" and in_workbook:
                self._sheet(child)
            elif name == "table":
                write_table(self.writer, list(self._rows(child)))
                self._notes_of(child)
            elif name == "page":
                self._slide(child)
            elif name == "object":
                self._object(child)
            elif name not in UNSEEN:
                self.blocks(child)

    def _heading(self, heading: Element, number: str = "") -> None:
        level = whole_number(heading.get(f"{TEXT}outline-level"), 1)
        text = text_of(heading)
        if not number and heading.get(f"{TEXT}is-list-header") != "true":
            number = self._lists.heading(level)
        self.writer.heading(level, f"{number} {text}" if text else "")
        self._attachments(heading)

    def _list(self, element: Element, style: str, numbers: ListNumbers, depth: int) -> None:
        style = element.get(f"{TEXT}style-name", style)
        for item in element:
            # An item that only holds a list has no number of its own.
            numbered = local_name(item.tag) == "list-item"
            for child in item:
                name = local_name(child.tag)
                if name == "list":
                    self._list(child, style, numbers, depth + 1)
                elif name in ("p", "h"):
                    mark = self._lists.item(style, numbers, depth, item) if numbered else ""
                    numbered = False
                    if name == "h":
                        self._heading(child, mark)
                        continue
                    self.writer.item(text_of(child), depth, mark or "-")
                    self._attachments(child)

    def _slide(self, page: Element) -> None:
        self._slides += 1
        hidden = " (hidden)" if page.get(f"{DRAW}style-name") in self._hidden else ""
        self.writer.page(f"slide {self._slides}{hidden}")
        for frame in page:
            if frame.get(f"{PRESENTATION}class") == "title":
                self.writer.heading(1, " ".join(map(text_of, frame.iter(f"{TEXT}p"))))
            elif local_name(frame.tag) == "notes":
                text = "\n".join(filter(None, map(text_of, frame.iter(f"{TEXT}p"))))
                self.writer.paragraph(f"Notes: {text}" if text else "")
            elif local_name(frame.tag) == "annotation":
                self._comment(frame)
            elif local_name(frame.tag) not in UNSEEN:
                self.blocks(frame)

    def _sheet(self, table: Element) -> None:
        title = table.get(f"{TABLE}name", "")
        hidden = " (hidden)" if table.get(f"{TABLE}style-name") in self._hidden else ""
        self.writer.page(f"sheet {title}{hidden}")
        spans: dict[tuple[int, int], tuple[int, int]] = {}

        def texts() -> Iterator[list[str]]:
            for number, row in enumerate(self._rows(table, covered=True)):
                for column, cell in enumerate(row):
                    if cell.columns > 1 or cell.rows > 1:
                        spans[number, column] = (cell.rows, cell.columns)
                yield [cell.text for cell in row]

        write_grid(self.writer, title, texts(), spans)
        self._notes_of(table)
        for shapes in table.iter(f"{TABLE}shapes"):
            self.blocks(shapes)

    def _attachments(self, paragraph: Element) -> None:
        """Text boxes and charts, then notes and comments, after what points at them."""
        for box in text_boxes(paragraph):
            self.blocks(box)
        self._notes_of(paragraph, boxes=False)

    def _notes_of(self, element: Element, *, boxes: bool = True) -> None:
        for child in seen(element, boxes=boxes):
            name = local_name(child.tag)
            if name == "note":
                mark = child.find(f"{TEXT}note-citation")
                number = (mark.text or "").strip() if mark is not None else ""
                text = " ".join(map(text_of, child.iter(f"{TEXT}p")))
                self.writer.paragraph(f"[^{number}]: {text}" if text else "")
            elif name == "annotation":
                self._comment(child)
            elif name == "object" and not any(True for _ in child.iter(f"{TEXT}p")):
                self._object(child)

    def _comment(self, comment: Element) -> None:
        text = " ".join(map(text_of, comment.iter(f"{TEXT}p")))
        authors = (one.text or "" for one in comment if local_name(one.tag) == "creator")
        by = next((f" by {author}" for author in authors if author), "")
        about = self._commented.get(comment.get(f"{OFFICE}name", ""), "")
        about = f' on "{about}"' if about else ""
        self.writer.paragraph(f"Comment{by}{about}: {text}" if text else "")

    def _object(self, element: Element) -> None:
        """A chart, formula or text that is a document of its own within the file."""
        name = element.get("{http://www.w3.org/1999/xlink}href", "")
        self._objects_left -= 1
        if not name or self._objects_left < 0:
            return
        tree = self._archive.optional_xml(posixpath.normpath(f"{name}/content.xml"))
        if tree is None:
            self.notes.append("a chart or formula in it could not be read")
        titles = [paragraphs_of(one) for one in _all(tree, "title")]
        self.writer.paragraph("Chart: " + ", ".join(filter(None, titles)) if any(titles) else "")
        for table in _all(tree, "table"):
            write_table(self.writer, list(self._rows(table)))
        for formula in _all(tree, "annotation"):
            self.writer.paragraph(formula.text or "")

    def _rows(self, table: Element, *, covered: bool = False) -> Iterator[list[Cell]]:
        """The rows of a table; with `covered` also the cells that merged ones cover."""
        for row, is_header in _rows_of(table):
            cells = _cells(row, is_header=is_header, covered=covered)
            while cells and not cells[-1].text:
                cells.pop()
            repeats = _repeats(row, "number-rows-repeated") if cells else 1
            for _ in range(repeats):
                if self._cells_left <= 0:
                    self.notes = ["not all rows of its tables were read: it has too many cells"]
                    return
                self._cells_left -= len(cells) + 1
                yield cells


def _rows_of(table: Element, *, is_header: bool = False) -> Iterator[tuple[Element, bool]]:
    """The rows of a table and whether they are its header, also those in groups, not those of
    inner tables."""
    for child in table:
        name = local_name(child.tag)
        if name == "table-row":
            yield child, is_header
        elif name in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows_of(child, is_header=is_header or name == "table-header-rows")


def _cells(row: Element, *, is_header: bool, covered: bool) -> list[Cell]:
    cells: list[Cell] = []
    for cell in row:
        name = local_name(cell.tag)
        if name == "table-cell" or (name == "covered-table-cell" and covered):
            text = paragraphs_of(cell) or (cell.get(f"{OFFICE}value") or "")
            columns = _repeats(cell, "number-columns-spanned")
            rows = _repeats(cell, "number-rows-spanned")
            one = Cell(text, columns, rows, is_header)
            cells.extend([one] * _repeats(cell, "number-columns-repeated"))
    return cells


def _repeats(element: Element, name: str) -> int:
    return min(whole_number(element.get(f"{TABLE}{name}"), 1), _REPEATS)


def _hidden_styles(tree: Element) -> Iterator[str]:
    """The styles whose sheets and slides are not shown."""
    for style in tree.iter(f"{STYLE}style"):
        for properties in style:
            hidden = properties.get(f"{TABLE}display") == "false"
            if hidden or properties.get(f"{PRESENTATION}visibility") == "hidden":
                yield style.get(f"{STYLE}name", "")


def _all(tree: Element | None, name: str) -> Iterator[Element]:
    return (
        (one for one in tree.iter() if local_name(one.tag) == name)
        if tree is not None
        else iter(())
    )
