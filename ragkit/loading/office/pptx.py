"""PowerPoint files (.pptx) -> one page a slide, with tables, charts and speaker notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.office.archive import dublin_core, local_name, office_archive

_CHART_POINTS = 500


def load_pptx(data: bytes, options: LoadOptions) -> LoadedContent:
    """A presentation, its pages labelled "slide 1", "slide 2", ...

    Raises LoadError when it is damaged.
    """
    import pptx

    archive, copy = office_archive(data, options)
    try:
        slides = list(pptx.Presentation(copy).slides)
    except Exception as error:  # the vendor lets its parsers' errors through
        raise LoadError("damaged presentation: its parts do not fit together") from error
    writer = MarkdownWriter()
    damaged = []
    for number, slide in enumerate(slides, 1):
        writer.page(f"slide {number}")
        try:
            _write_slide(slide, writer)
        except Exception:  # noqa: BLE001  as above; the other slides are worth having
            damaged.append(number)
    notes = [f"slide {number} is damaged: not all of it was read" for number in damaged]
    return writer.content(metadata=dublin_core(archive.xml("docProps/core.xml")), notes=notes)


def _write_slide(slide: Any, writer: MarkdownWriter) -> None:
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        writer.heading(1, title.text_frame.text.replace("\v", " "))
    for shape in _shapes(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            _write_shape(shape, writer)
    for relation in slide.part.rels.values():
        if relation.reltype.endswith("/diagramData") and not relation.is_external:
            _write_diagram(relation.target_part.blob, writer)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        if notes:
            writer.paragraph(f"Notes: {notes}")


def _shapes(shapes: Any) -> Iterator[Any]:
    """All shapes in drawing order, those inside groups included."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _write_shape(shape: Any, writer: MarkdownWriter) -> None:
    if getattr(shape, "has_table", False):
        writer.table([[cell.text for cell in row.cells] for row in shape.table.rows])
    elif getattr(shape, "has_chart", False):
        _write_chart(shape.chart, writer)
    elif shape.has_text_frame:
        paragraphs = [p for p in shape.text_frame.paragraphs if p.text.strip()]
        for paragraph in paragraphs:
            text = paragraph.text.replace("\v", "\n")
            if len(paragraphs) > 1:
                writer.item(text, paragraph.level)
            else:
                writer.paragraph(text)


def _write_chart(chart: Any, writer: MarkdownWriter) -> None:
    """A chart's title, and its values as a table: a row for each category."""
    if chart.has_title and chart.chart_title.has_text_frame:
        writer.paragraph(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        categories = [str(category) for category in plot.categories][:_CHART_POINTS]
        series = list(plot.series)[:50]
        columns = [[str(value) for value in one.values][:_CHART_POINTS] for one in series]
        rows = [
            [category, *(column[row] if row < len(column) else "" for column in columns)]
            for row, category in enumerate(categories)
        ]
        writer.table([["", *(one.name for one in series)], *rows])


def _write_diagram(blob: bytes, writer: MarkdownWriter) -> None:
    """The texts of a SmartArt diagram."""
    from pptx.oxml import parse_xml

    for element in parse_xml(blob).iter():
        if local_name(element.tag) == "p":
            writer.item("".join(t.text or "" for t in element.iter() if local_name(t.tag) == "t"))
