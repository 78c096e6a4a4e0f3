"""What openpyxl leaves out of a workbook that it reads row by row: which parts its sheets are,
merged cells, comments, charts and text boxes."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from ragkit.loading.content import MarkdownWriter
from ragkit.loading.office.archive import local_name, whole_number
from ragkit.loading.office.drawing import RELATIONS, write_chart, write_diagram, write_shapes

_MERGED = re.compile(
    rb'<(?:\w{1,20}:)?mergeCell\s[^>]{0,100}?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"'
)
_SHEETS = 500
_MERGED_CELLS = 100_000
# The end of a formula's cell that no value stands in.
_NO_VALUE = re.compile(
    rb"(?:</(?:\w{1,20}:)?f>|/>)\s{0,20}(?:<(?:\w{1,20}:)?v\s?/>|<(?:\w{1,20}:)?v>\s{0,20}"
    rb"</(?:\w{1,20}:)?v>)?\s{0,20}</(?:\w{1,20}:)?c>"
)
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_WORKBOOK = "xl/workbook.xml"


class SheetPart(NamedTuple):
    """A sheet of a workbook, and the name of the part that holds it."""

    title: str
    is_hidden: bool
    name: str


class Comment(NamedTuple):
    """A comment on a cell; `row` and `column` from 0."""

    row: int
    column: int
    reference: str
    author: str
    text: str


class WorkbookParts:
    """The parts of a workbook. `copy` is one that `office_archive` has made: within limits and
    without declarations."""

    def __init__(self, copy: BytesIO) -> None:
        self._zip = ZipFile(copy)
        self._names = frozenset(self._zip.namelist())
        mains = [name for kind, name in self._relations("") if kind == "officeDocument"]
        self._main = mains[0] if mains else _WORKBOOK
        self._people = dict(self._persons())

    def sheets(self) -> Iterator[SheetPart]:
        """The sheets in their order, those of charts and hidden ones too."""
        root = self._tree(self._main)
        names = dict(self._targets(self._main))
        for sheet in itertools.islice(_all(root, "sheet"), _SHEETS):
            name = names.get(sheet.get(f"{RELATIONS}id", ""), ("", ""))[1]
            hidden = sheet.get("state", "visible") != "visible"
            yield SheetPart(sheet.get("name", ""), hidden, name)

    def lacks_values(self, sheet: SheetPart) -> bool:
        """Whether a formula of a sheet may have no value stored with it."""
        return _NO_VALUE.search(self._read(sheet.name)) is not None

    def merged_cells(self, sheet: SheetPart) -> dict[tuple[int, int], tuple[int, int]]:
        """(row, column) of merged cells, from 0 -> the rows and columns they span."""
        spans = {}
        for match in _MERGED.finditer(self._read(sheet.name)):
            left, top, right, bottom = (group.decode() for group in match.groups())
            row, column = int(top) - 1, column_number(left)
            spans[row, column] = (int(bottom) - row, column_number(right) - column + 1)
            if len(spans) >= _MERGED_CELLS:
                break
        return spans

    def comments(self, sheet: SheetPart) -> list[Comment]:
        """The comments on cells; of conversations every contribution."""
        found: list[Comment] = []
        legacy: list[Comment] = []
        for kind, name in self._relations(sheet.name):
            if kind == "threadedComment":
                for one in _all(self._tree(name), "threadedComment"):
                    author = self._people.get(one.get("personId", ""), "")
                    text = "".join(text.text or "" for text in _all(one, "text"))
                    found.extend(_comment(one.get("ref", ""), author, text))
            elif kind == "comments":
                legacy.extend(_legacy_comments(self._tree(name)))
        threads = {one.reference for one in found}  # whose first lines the legacy ones are
        return [*found, *(one for one in legacy if one.reference not in threads)]

    def write_drawings(self, writer: MarkdownWriter, sheet: SheetPart) -> None:
        """The text boxes, charts and diagrams of a sheet."""
        for kind, name in self._relations(sheet.name):
            if kind == "drawing":
                write_shapes(writer, self._tree(name))
                for inner, target in self._relations(name):
                    if inner in ("chart", "chartEx"):
                        write_chart(writer, self._tree(target))
                    elif inner == "diagramData":
                        write_diagram(writer, self._tree(target))

    def _persons(self) -> Iterator[tuple[str, str]]:
        for kind, name in self._relations(self._main):
            if kind == "person":
                for person in _all(self._tree(name), "person"):
                    yield person.get("id", ""), person.get("displayName", "")

    def _relations(self, name: str) -> Iterator[tuple[str, str]]:
        """(kind, part) for all that a part refers to."""
        return (found for _, found in self._targets(name))

    def _targets(self, name: str) -> Iterator[tuple[str, tuple[str, str]]]:
        folder, base = posixpath.split(name)
        for one in _all(
            self._tree(posixpath.join(folder, "_rels", f"{base}.rels")), "Relationship"
        ):
            if one.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, one.get("Target", "")))
                kind = one.get("Type", "").rpartition("/")[2]
                yield one.get("Id", ""), (kind, target.lstrip("/"))

    def _read(self, name: str) -> bytes:
        return self._zip.read(name) if name in self._names else b""

    def _tree(self, name: str) -> Element:
        """A part as a tree, an empty one where it is damaged or missing."""
        try:
            return ElementTree.fromstring(self._read(name))  # noqa: S314  has no declarations
        except (ElementTree.ParseError, ValueError, LookupError):
            return Element("missing")


def _legacy_comments(root: Element) -> Iterator[Comment]:
    authors = [author.text or "" for author in _all(root, "author")]
    for one in _all(root, "comment"):
        number = whole_number(one.get("authorId"), len(authors))
        author = authors[number] if number < len(authors) else ""
        text = "".join(text.text or "" for text in _all(one, "t"))
        yield from _comment(one.get("ref", ""), author, text)


def _comment(reference: str, author: str, text: str) -> Iterator[Comment]:
    match = _REFERENCE.fullmatch(reference)
    if match is not None and text.strip():
        row, column = int(match[2]) - 1, column_number(match[1])
        yield Comment(row, column, reference, author, " ".join(text.split()))


def column_number(letters: str) -> int:
    """The number of a column, "A" is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _all(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element.iter() if local_name(child.tag) == name)
