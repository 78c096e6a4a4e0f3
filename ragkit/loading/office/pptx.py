"""PowerPoint files (.pptx, .pptm, .ppsx, .ppsm, .potx, .potm) -> one page a slide, its shapes from
top to bottom, with tables, charts, diagrams, speaker notes and comments. Macros are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.office.archive import dublin_core, local_name, office_archive
from ragkit.loading.office.drawing import (
    relation_ids,
    shape_paragraphs,
    write_chart,
    write_diagram,
    write_shape_text,
)
from ragkit.loading.office.repair import open_or_repair
from ragkit.loading.table_grid import Cell, write_table

_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# Shapes whose upper edges are no further apart stand side by side: a 24th of a slide's height.
_BAND = 285_750
_Write = Callable[[Any, MarkdownWriter], None]


def load_pptx(data: bytes, options: LoadOptions) -> LoadedContent:
    """A presentation, its pages labelled "slide 1", "slide 2 (hidden)", ...

    Raises LoadError when it is damaged.
    """
    import pptx

    archive, copy = office_archive(data, options)
    slides, notes = open_or_repair(
        lambda file: list(pptx.Presentation(file).slides), copy, "presentation"
    )
    writer = MarkdownWriter()
    for number, slide in enumerate(slides, 1):
        hidden = " (hidden)" if slide.element.get("show") in ("0", "false") else ""
        writer.page(f"slide {number}{hidden}")
        damaged = _write_slide(slide, writer)
        if damaged:
            parts = "one part" if damaged == 1 else f"{damaged} parts"
            notes.append(f"slide {number}: {parts} of it could not be read")
    return writer.content(
        metadata=dublin_core(archive.optional_xml("docProps/core.xml")), notes=notes
    )


def _write_slide(slide: Any, writer: MarkdownWriter) -> int:
    """Writes a slide and returns how many of its shapes and other parts are damaged: each costs
    only itself."""
    damaged = 0
    steps: list[tuple[_Write, Any]] = [(_write_title, slide)]
    try:
        _take_alternatives(slide.element)
        steps.extend((_write_shape, shape) for shape in _in_reading_order(slide.shapes))
    except Exception:  # noqa: BLE001  the vendor lets its parsers' errors through
        damaged += 1
    for write, part in [*steps, (_write_notes, slide), (_write_comments, slide)]:
        try:
            write(part, writer)
        except Exception:  # noqa: BLE001  as above
            damaged += 1
    return damaged


def _take_alternatives(element: Any) -> None:
    """Puts what newer Office versions draw (formulas, new charts) where python-pptx looks."""
    for alternatives in list(element.iter(f"{_ALTERNATIVES}AlternateContent")):
        choice = alternatives.find(f"{_ALTERNATIVES}Choice")
        for child in choice if choice is not None else ():
            alternatives.addprevious(child)
        alternatives.getparent().remove(alternatives)


def _write_title(slide: Any, writer: MarkdownWriter) -> None:
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        writer.heading(1, " ".join(text for text, _ in shape_paragraphs(title.element)))


def _in_reading_order(shapes: Any) -> Iterator[Any]:
    """All shapes but the title from top to bottom, those side by side from the left, a group at
    its place. Shapes without a place stay in drawing order."""
    title = getattr(shapes, "title", None)
    last = (0, 0)
    placed = []
    for shape in shapes:
        if shape.top is not None and shape.left is not None:
            last = (round(shape.top / _BAND), shape.left)
        if title is None or shape.shape_id != title.shape_id:
            placed.append((last, shape))
    for _, shape in sorted(placed, key=lambda one: one[0]):
        if hasattr(shape, "shapes"):
            yield from _in_reading_order(shape.shapes)
        else:
            yield shape


def _write_shape(shape: Any, writer: MarkdownWriter) -> None:
    if getattr(shape, "has_table", False):
        write_table(writer, [list(_cells(row)) for row in shape.table.rows])
        return
    drawings = list(relation_ids(shape.element))
    for relation in drawings:
        root = _parsed(shape.part.rels[relation].target_part)
        write = write_diagram if local_name(root.tag) == "dataModel" else write_chart
        write(writer, root)
    if not drawings:
        write_shape_text(writer, shape.element)


def _cells(row: Any) -> Iterator[Cell]:
    for cell in row.cells:
        if not cell.is_spanned:
            text = " ".join(text for text, _ in shape_paragraphs(cell._tc))
            yield Cell(text, columns=cell.span_width, rows=cell.span_height)


def _write_notes(slide: Any, writer: MarkdownWriter) -> None:
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        writer.paragraph(f"Notes: {notes}" if notes else "")


def _write_comments(slide: Any, writer: MarkdownWriter) -> None:
    """Comments, as old and as new versions of PowerPoint write them."""
    for relation in slide.part.rels.values():
        if relation.reltype.endswith("/comments") and not relation.is_external:
            for comment in _parsed(relation.target_part).iter():
                name = local_name(comment.tag)
                if name == "text":
                    text = " ".join((comment.text or "").split())
                elif name == "txBody":
                    text = " ".join(text for text, _ in shape_paragraphs(comment))
                else:
                    continue
                writer.paragraph(f"Comment: {text}" if text else "")


def _parsed(part: Any) -> Any:
    from pptx.oxml import parse_xml

    return parse_xml(part.blob)
