"""The words of Word's markup: what a reader of a paragraph or a cell sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ragkit.loading.office.archive import local_name, whole_number
from ragkit.loading.office.formula import formula_text
from ragkit.loading.office.numbering import attribute
from ragkit.loading.table_grid import Cell

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Text that is not, or no longer, part of what a reader sees.
_UNSEEN = frozenset(("del", "moveFrom", "Fallback", "instrText", "delText", "rPr", "pPr", "sectPr"))
WRAPPERS = frozenset(("sdt", "ins", "moveTo", "smartTag", "customXml", "sdtContent", "Choice"))
_MARKS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " "}
_QUOTED_CHARACTERS = 200
# Comments on the same words; more at once are not made by people.
_OPEN_COMMENTS = 50


def paragraph_text(element: Any) -> str:
    """The visible text below an element, text boxes left out."""
    return "".join(_texts(element)).strip()


def _texts(element: Any) -> Iterator[str]:
    for child in element:
        name = local_name(child.tag)
        if name == "t":
            yield child.text or ""
        elif name in _MARKS:
            yield _MARKS[name]
        elif name == "oMath":
            yield formula_text(child)
        elif name not in _UNSEEN and name != "txbxContent":
            yield from _texts(child)


def seen(element: Any, *, boxes: bool) -> Iterator[Any]:
    """All elements below one that a reader sees; without `boxes` not those within text boxes."""
    for child in element:
        name = local_name(child.tag)
        if name not in _UNSEEN and (boxes or name != "txbxContent"):
            yield child
            yield from seen(child, boxes=boxes)


def text_boxes(element: Any) -> Iterator[Any]:
    """The outermost text boxes below an element. A box stands in the file twice: as Office draws
    it, and for old readers."""
    for child in element:
        name = local_name(child.tag)
        if name == "txbxContent":
            yield child
        elif name not in _UNSEEN:
            yield from text_boxes(child)


def paragraphs(element: Any) -> Iterator[Any]:
    """The paragraphs below an element, also those of tables and text boxes, in reading order."""
    for child in element:
        name = local_name(child.tag)
        if name == "p":
            yield child
            for box in text_boxes(child):
                yield from paragraphs(box)
        elif name not in _UNSEEN:
            yield from paragraphs(child)


def inside(parent: Any, wanted: str) -> Iterator[Any]:
    """Children of a name, also those within content controls and revisions."""
    for child in parent:
        name = local_name(child.tag)
        if name == wanted:
            yield child
        elif name in WRAPPERS:
            yield from inside(child, wanted)


def row_cells(row: Any) -> Iterator[tuple[Any, Cell]]:
    """The cells of a table row, each as it is merged with others, still without its text."""
    properties = row.find(f"{W}trPr")
    is_header = False
    if properties is not None:
        mark = properties.find(f"{W}tblHeader")
        is_header = mark is not None and attribute(mark) not in ("0", "false", "off")
        before = whole_number(attribute(properties.find(f"{W}gridBefore")), 0)
        if before:
            yield (), Cell(columns=before, is_header=is_header)
    for cell in inside(row, "tc"):
        span, continued = "", False
        properties = cell.find(f"{W}tcPr")
        if properties is not None:
            span = attribute(properties.find(f"{W}gridSpan"))
            merge = properties.find(f"{W}vMerge")
            continued = merge is not None and attribute(merge) != "restart"
        columns = whole_number(span, 1)
        yield cell, Cell(columns=columns, is_header=is_header, continued=continued)


def commented_texts(body: Any) -> dict[str, str]:
    """Comment id -> the words that it is about, shortened."""
    found: dict[str, str] = {}
    active: list[str] = []
    for element in seen(body, boxes=True):
        name = local_name(element.tag)
        if name == "commentRangeStart" and len(active) < _OPEN_COMMENTS:
            active.append(element.get(f"{W}id") or "")
        elif name == "commentRangeEnd" and element.get(f"{W}id") in active:
            active.remove(element.get(f"{W}id"))
        elif name == "t" or name == "p":
            for identity in active:
                text = found.get(identity, "")
                if len(text) <= _QUOTED_CHARACTERS:
                    found[identity] = text + (element.text or "" if name == "t" else " ")
    shortened = {identity: " ".join(text.split()) for identity, text in found.items()}
    limit = _QUOTED_CHARACTERS
    return {i: t if len(t) <= limit else f"{t[:limit]}..." for i, t in shortened.items()}
