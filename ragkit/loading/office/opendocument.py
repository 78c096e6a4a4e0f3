"""OpenDocument texts, sheets and presentations (.odt, .ods, .odp) -> Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.detect_format import needs_password
from ragkit.loading.office.archive import GuardedZip, dublin_core, local_name
from ragkit.loading.office.spreadsheet import write_grid

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_CLASS = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}class"
_UNSEEN = frozenset(("tracked-changes", "annotation", "note", "forms", "desc", "title"))
# Rows and cells may say how often they repeat: blank ones do so a million times.
_REPEATS = 1000


def load_opendocument(data: bytes, options: LoadOptions) -> LoadedContent:
    """A text without pages, a workbook with a page a sheet, a presentation with a page a slide.

    Raises LoadError: skipped when encrypted, failed when damaged or without a body.
    """
    archive = GuardedZip(data, options)
    if b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise needs_password()
    tree = archive.xml("content.xml")
    body = tree.find(f"{_OFFICE}body") if tree is not None else None
    if body is None:
        raise LoadError("damaged: it has no content")
    writer = MarkdownWriter()
    reader = _Reader(writer, options.table_cells)
    for part in body:
        reader.blocks(part)
    return writer.content(metadata=dublin_core(archive.xml("meta.xml")), notes=reader.notes)


class _Reader:
    def __init__(self, writer: MarkdownWriter, cells: int) -> None:
        self._writer = writer
        self._cells_left = cells
        self._slides = 0
        self.notes: list[str] = []

    def blocks(self, parent: Element, depth: int = -1) -> None:
        """Writes what an element holds; `depth` is that of the list around it."""
        in_workbook = local_name(parent.tag) == "spreadsheet"
        for child in parent:
            name = local_name(child.tag)
            if name == "h":
                level = child.get(f"{_TEXT}outline-level", "1")
                self._writer.heading(int(level) if level.isdigit() else 1, _text(child))
                self._notes_of(child)
            elif name == "p":
                self._paragraph(child, depth)
            elif name == "list":
                self.blocks(child, depth + 1)
            elif name == "table" and in_workbook:
                title = child.get(f"{_TABLE}name", "")
                self._writer.page(f"sheet {title}")
                write_grid(self._writer, title, self._rows(child))
            elif name == "table":
                self._writer.table(self._rows(child))
            elif name == "page":
                self._slide(child)
            elif name not in _UNSEEN:
                self.blocks(child, depth)

    def _slide(self, page: Element) -> None:
        self._slides += 1
        self._writer.page(f"slide {self._slides}")
        for frame in page:
            if frame.get(_CLASS) == "title":
                self._writer.heading(1, " ".join(map(_text, frame.iter(f"{_TEXT}p"))))
            elif local_name(frame.tag) == "notes":
                text = "\n".join(filter(None, map(_text, frame.iter(f"{_TEXT}p"))))
                self._writer.paragraph(f"Notes: {text}" if text else "")
            elif local_name(frame.tag) not in _UNSEEN:
                self.blocks(frame)

    def _paragraph(self, paragraph: Element, depth: int) -> None:
        text = _text(paragraph)
        if depth >= 0:
            self._writer.item(text, depth)
        else:
            self._writer.paragraph(text)
        for box in _text_boxes(paragraph):
            self.blocks(box)
        self._notes_of(paragraph)

    def _notes_of(self, paragraph: Element) -> None:
        """Foot- and endnotes, after the paragraph that points at them."""
        for note in paragraph.iter(f"{_TEXT}note"):
            text = " ".join(map(_text, note.iter(f"{_TEXT}p")))
            self._writer.paragraph(f"[^{_text_of(note, 'note-citation')}]: {text}" if text else "")
        for comment in paragraph.iter(f"{_OFFICE}annotation"):
            text = " ".join(map(_text, comment.iter(f"{_TEXT}p")))
            self._writer.paragraph(f"Comment: {text}" if text else "")

    def _rows(self, table: Element) -> Iterator[list[str]]:
        for row in _rows_of(table):
            cells = _cells(row)
            while cells and not cells[-1]:
                cells.pop()
            repeats = _repeats(row, "number-rows-repeated") if cells else 1
            for _ in range(repeats):
                if self._cells_left <= 0:
                    self.notes = ["not all rows of its tables were read: it has too many cells"]
                    return
                self._cells_left -= len(cells) + 1
                yield cells


def _text_boxes(element: Element) -> Iterator[Element]:
    """The outermost text boxes below an element."""
    for child in element:
        if child.tag == f"{_DRAW}text-box":
            yield child
        else:
            yield from _text_boxes(child)


def _rows_of(table: Element) -> Iterator[Element]:
    """The rows of a table, also those in header and group elements, not those of inner tables."""
    for child in table:
        name = local_name(child.tag)
        if name == "table-row":
            yield child
        elif name in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows_of(child)


def _cells(row: Element) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if local_name(cell.tag) in ("table-cell", "covered-table-cell"):
            text = " ".join(filter(None, map(_text, cell.iter(f"{_TEXT}p"))))
            text = text or (cell.get(f"{_OFFICE}value") or "")
            cells.extend([text] * _repeats(cell, "number-columns-repeated"))
    return cells


def _repeats(element: Element, name: str) -> int:
    count = element.get(f"{_TABLE}{name}", "1")
    return min(int(count), _REPEATS) if count.isdigit() else 1


def _text(element: Element) -> str:
    """The words of a paragraph; text boxes, notes and comments in it are not."""
    return "".join(_pieces(element)).strip()


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        name = local_name(child.tag)
        if name == "s":
            yield " " * min(int(child.get(f"{_TEXT}c", "1") or 1), 100)
        elif name == "tab":
            yield " "
        elif name == "line-break":
            yield "\n"
        elif name not in _UNSEEN and name != "text-box":
            yield from _pieces(child)
        yield child.tail or ""


def _text_of(element: Element, name: str) -> str:
    found = element.find(f"{_TEXT}{name}")
    return (found.text or "").strip() if found is not None else ""
