"""Office documents that are one XML file: flat OpenDocument, Word 2003 and Excel 2003 XML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from ragkit.ingest.load.archive import dublin_core, local_name, parse_xml
from ragkit.ingest.load.content import Content, LoadOptions
from ragkit.ingest.load.opendocument import read_opendocument
from ragkit.ingest.load.sheets import write_grid
from ragkit.ingest.load.writer import MarkdownWriter

_HEAD_CHARACTERS = 4096
_SHEET = "{urn:schemas-microsoft-com:office:spreadsheet}"
_WORD = "{http://schemas.microsoft.com/office/word/2003/wordml}"
# A row may say at which place its next cell stands; a hostile one says a billion.
_MOST_COLUMNS = 16_384


def load_flat_office(text: str, options: LoadOptions) -> Content | None:
    """The document in a flat XML file of an office program; None for any other XML.

    Raises LoadError when it is damaged or declares a document type.
    """
    read = _reader_for(text[:_HEAD_CHARACTERS])
    if read is None:
        return None
    # As bytes of a known encoding, whatever the file declared.
    start = text.find("?>") + 2 if text.lstrip().startswith("<?xml") else 0
    return read(parse_xml(text[start:].encode("utf-8", "replace"), "it"), options)


def _reader_for(head: str) -> Callable[[Element, LoadOptions], Content] | None:
    if "<office:document" in head and "urn:oasis:names:tc:opendocument:xmlns:office" in head:
        return lambda tree, options: read_opendocument(tree, tree, options)
    if "<Workbook" in head and _SHEET[1:-1] in head:
        return _workbook
    return _document if "wordDocument" in head and _WORD[1:-1] in head else None


def _workbook(tree: Element, options: LoadOptions) -> Content:
    """A page a sheet, its rows as a table."""
    writer = MarkdownWriter()
    cells_left = options.table_cells
    for sheet in tree.iter(f"{_SHEET}Worksheet"):
        title = sheet.get(f"{_SHEET}Name", "")
        rows = list(_rows(sheet, cells_left))
        cells_left -= sum(map(len, rows))
        writer.page(f"sheet {title}")
        write_grid(writer, title, rows)
    cut = ("not all rows of its tables were read: it has too many cells",)
    return writer.content(metadata=dublin_core(tree), notes=cut if cells_left < 0 else ())


def _rows(sheet: Element, most_cells: int) -> Iterator[list[str]]:
    """The rows of a sheet, until they have more than so many cells."""
    for row in sheet.iter(f"{_SHEET}Row"):
        cells: list[str] = []
        for cell in row.iter(f"{_SHEET}Cell"):
            place = cell.get(f"{_SHEET}Index", "")
            if place.isdigit():
                blanks = min(int(place[:6]), _MOST_COLUMNS) - 1 - len(cells)
                cells += [""] * blanks
            data = cell.find(f"{_SHEET}Data")
            cells.append("" if data is None else "".join(data.itertext()))
        yield cells
        most_cells -= len(cells)
        if most_cells < 0:
            return


def _document(tree: Element, _options: LoadOptions) -> Content:
    """Paragraphs and tables, headings by the names of their styles."""
    writer = MarkdownWriter()
    body = tree.find(f"{_WORD}body")
    _blocks(body if body is not None else tree, writer)
    return writer.content(metadata=dublin_core(tree))


def _blocks(parent: Element, writer: MarkdownWriter) -> None:
    for child in parent:
        name = local_name(child.tag)
        if name == "p":
            style = child.find(f"{_WORD}pPr/{_WORD}pStyle")
            level = (style.get(f"{_WORD}val") or "")[-1:] if style is not None else ""
            heading = style is not None and "heading" in (style.get(f"{_WORD}val") or "").lower()
            if heading and level.isdigit():
                writer.heading(int(level), _words(child))
            else:
                writer.paragraph(_words(child))
        elif name == "tbl":
            rows = child.iter(f"{_WORD}tr")
            writer.table([[_words(cell) for cell in row.iter(f"{_WORD}tc")] for row in rows])
        elif name in ("sect", "sub-section"):
            _blocks(child, writer)


def _words(element: Element) -> str:
    return "".join(text.text or "" for text in element.iter(f"{_WORD}t"))
