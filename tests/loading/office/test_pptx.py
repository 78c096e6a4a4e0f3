from __future__ import annotations

import io

import pptx
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
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
    assert "| Q2 | 5.0 |" in pages[2]
    assert pages[3] == ""
    assert document.pages_without_text == 1
    assert [(h.start, h.title) for h in document.headings] == [(0, "Plan")]
