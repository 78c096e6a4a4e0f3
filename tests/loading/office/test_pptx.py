from __future__ import annotations

import io
import zipfile
from typing import Any

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from pptx.util import Inches

from ragkit.loading import load


def deck() -> bytes:
    presentation = pptx.Presentation()
    first = presentation.slides.add_slide(presentation.slide_layouts[1])
    first.shapes.title.text = "Plan"
    body = first.placeholders[1].text_frame
    body.text = "one"
    below = body.add_paragraph()
    below.text, below.level = "two", 1
    first.notes_slide.notes_text_frame.text = "Say it slowly."
    second = presentation.slides.add_slide(presentation.slide_layouts[6])
    table = second.shapes.add_table(2, 2, 0, 0, Inches(3), Inches(1)).table
    for index, text in enumerate(["Name", "Price", "Tea", "3"]):
        table.cell(index // 2, index % 2).text = text
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "grouped"
    chart = CategoryChartData()
    chart.categories = ["Q1", "Q2"]
    chart.add_series("Sales", (4, 5))
    third = presentation.slides.add_slide(presentation.slide_layouts[6])
    third.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, Inches(3), Inches(3), chart)
    presentation.slides.add_slide(presentation.slide_layouts[6])
    target = io.BytesIO()
    presentation.save(target)
    return target.getvalue()


def test_slides_are_pages_with_titles_tables_charts_and_notes() -> None:
    document = load(deck(), "a.pptx")
    assert document.page_labels == ("slide 1", "slide 2", "slide 3", "slide 4")
    pages = [
        document.text[start:end].strip()
        for start, end in zip(document.page_starts, [*document.page_starts[1:], None], strict=True)
    ]
    assert pages[0] == "# Plan\n\n- one\n  - two\n\nNotes: Say it slowly."
    assert pages[1] == "| Name | Price |\n| --- | --- |\n| Tea | 3 |\n\ngrouped"
    assert "| Q2 | 5 |" in pages[2]
    assert pages[3] == ""
    assert document.pages_without_text == 1
    assert [(h.start, h.title) for h in document.headings] == [(0, "Plan")]


def blank_slide() -> tuple[Any, Any]:
    """A presentation, and the only slide in it."""
    presentation = pptx.Presentation()
    return presentation, presentation.slides.add_slide(presentation.slide_layouts[6])


def saved(presentation: Any) -> bytes:
    target = io.BytesIO()
    presentation.save(target)
    return target.getvalue()


def add_box(shapes: Any, text: str, left: float = 0, top: float = 0) -> Any:
    box = shapes.add_textbox(Inches(left), Inches(top), Inches(1), Inches(1))
    box.text_frame.text = text
    return box


def test_shapes_are_read_from_top_to_bottom() -> None:
    presentation, slide = blank_slide()
    add_box(slide.shapes, "third", 0, 3)
    add_box(slide.shapes, "second", 5, 1.05)
    add_box(slide.shapes, "first", 0, 1)
    group = slide.shapes.add_group_shape()
    add_box(group.shapes, "fifth", 0, 5)
    add_box(group.shapes, "fourth", 0, 4)
    assert load(saved(presentation), "a.pptx").text.split() == [
        "first", "second", "third", "fourth", "fifth",
    ]  # fmt: skip


def test_a_broken_shape_costs_only_itself() -> None:
    presentation, slide = blank_slide()
    add_box(slide.shapes, "before")
    chart = CategoryChartData()
    chart.categories = ["Q1"]
    chart.add_series("Sales", (4,))
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, Inches(3), Inches(3), chart)
    add_box(slide.shapes, "after", 0, 4)
    slide.notes_slide.notes_text_frame.text = "Slowly"
    data = saved(presentation)
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as parts, zipfile.ZipFile(target, "w") as changed:
        for name in parts.namelist():
            damaged = name.startswith("ppt/charts/chart")
            changed.writestr(name, b"<c" if damaged else parts.read(name))
    document = load(target.getvalue(), "a.pptx")
    assert document.text == "before\n\nafter\n\nNotes: Slowly"
    assert len(document.notes) == 1
    assert "ppt/charts/chart" in document.notes[0]


def test_a_shape_that_cannot_be_read_is_noted() -> None:
    presentation, slide = blank_slide()
    add_box(slide.shapes, "before")
    slide.shapes.add_table(1, 1, 0, Inches(2), Inches(1), Inches(1)).table.cell(0, 0).text = "lost"
    table = slide.shapes[1]._element.graphic.graphicData.tbl
    table.tr_lst[0].tc_lst[0].set("gridSpan", "x")
    add_box(slide.shapes, "after", 0, 4)
    document = load(saved(presentation), "a.pptx")
    assert document.text == "before\n\nafter"
    assert document.notes == ("slide 1: one part of it could not be read",)


def test_merged_cells_and_header_rows() -> None:
    presentation, slide = blank_slide()
    table = slide.shapes.add_table(4, 3, 0, 0, Inches(3), Inches(1)).table
    rows = [["", "Ended", ""], ["", "2022", "2021"], ["North", "1", "2"], ["", "3", "4"]]
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(2, 0).merge(table.cell(3, 0))
    assert load(saved(presentation), "a.pptx").text == (
        "|  | Ended 2022 | Ended 2021 |\n| --- | --- | --- |\n| North | 1 | 2 |\n| North | 3 | 4 |"
    )


def test_formulas_comments_and_hidden_slides_are_read() -> None:
    presentation, slide = blank_slide()
    slide.element.set("show", "0")
    box = add_box(slide.shapes, "energy: ")
    main = "http://schemas.openxmlformats.org/drawingml/2006/main"
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    xml = (
        f"<a:m xmlns:a='{main}' xmlns:m='{math}'><m:oMath><m:r><m:t>mc</m:t></m:r></m:oMath></a:m>"
    )
    box.text_frame.paragraphs[0]._p.append(parse_xml(xml))
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    wrapped = parse_xml(f"<mc:AlternateContent xmlns:mc='{mc}'><mc:Choice/></mc:AlternateContent>")
    box.element.addprevious(wrapped)
    wrapped[0].append(box.element)
    comments = "<cmLst><cm><text>Really?</text></cm></cmLst>"
    part = Part(PackURI("/ppt/c.xml"), "application/xml", slide.part.package, comments.encode())
    slide.part.relate_to(part, "http://x/relationships/comments")
    document = load(saved(presentation), "a.pptx")
    assert document.text == "energy: mc\n\nComment: Really?"
    assert document.page_labels == ("slide 1 (hidden)",)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pptm", "vnd.ms-powerpoint.presentation.macroEnabled.main+xml"),
        ("a.potm", "vnd.ms-powerpoint.template.macroEnabled.main+xml"),
        ("a.ppsm", "vnd.ms-powerpoint.slideshow.macroEnabled.main+xml"),
        ("a.potx", "vnd.openxmlformats-officedocument.presentationml.template.main+xml"),
        ("a.ppsx", "vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml"),
    ],
)
def test_shows_templates_and_files_with_macros_are_read(name: str, kind: str) -> None:
    presentation, slide = blank_slide()
    add_box(slide.shapes, "words")
    presentation.part._content_type = f"application/{kind}"
    assert load(saved(presentation), name).text == "words"
