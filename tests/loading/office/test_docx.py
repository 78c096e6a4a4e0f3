from __future__ import annotations

import io
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml

from ragkit.loading import load

NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)


def saved(document: Any) -> bytes:
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def with_body(xml: str) -> bytes:
    document = docx.Document()
    for element in parse_xml(f"<w:body {NAMES}>{xml}</w:body>"):
        document.element.body.insert(len(document.element.body) - 1, element)
    return saved(document)


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_headings_lists_and_tables_become_markdown() -> None:
    document = docx.Document()
    document.core_properties.title = "Handbook"
    document.add_heading("Backups", 0)
    document.add_heading("Restore", 2)
    document.add_paragraph("Once a quarter.")
    document.add_paragraph("tape", style="List Bullet")
    document.add_paragraph("disk", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ["Name", "Size", "a|b", "3"], strict=True):
        cell.text = text
    loaded = load(saved(document), "a.docx")
    assert loaded.text == (
        "# Backups\n\n## Restore\n\nOnce a quarter.\n\n- tape\n- disk\n\n"
        "| Name | Size |\n| --- | --- |\n| a\\|b | 3 |"
    )
    assert [(h.level, h.title) for h in loaded.headings] == [(1, "Backups"), (2, "Restore")]
    assert loaded.media_type == "text/markdown"
    assert dict(loaded.metadata)["title"] == "Handbook"
    assert dict(loaded.metadata)["format"] == "docx"


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        pytest.param(f"<w:p><w:ins>{run('added')}</w:ins></w:p>", "added", id="insertion"),
        pytest.param(
            f"<w:p>{run('kept')}<w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>",
            "kept",
            id="deletion",
        ),
        pytest.param(f"<w:p><w:hyperlink>{run('link')}</w:hyperlink></w:p>", "link", id="link"),
        pytest.param(
            f"<w:sdt><w:sdtContent><w:p>{run('control')}</w:p></w:sdtContent></w:sdt>",
            "control",
            id="content control",
        ),
        pytest.param(
            "<w:p><m:oMath><m:r><m:t>E=mc</m:t></m:r></m:oMath></w:p>", "E=mc", id="formula"
        ),
        pytest.param(f"<w:p>{run('# not a heading')}</w:p>", "\\# not a heading", id="number sign"),
        pytest.param("<w:p><w:r><w:t>a</w:t><w:br/><w:t>b</w:t></w:r></w:p>", "a\nb", id="break"),
    ],
)
def test_what_a_reader_sees_is_read(xml: str, expected: str) -> None:
    assert load(with_body(xml), "a.docx").text == expected


def test_a_text_box_is_read_once() -> None:
    box = f"<w:txbxContent><w:p>{run('boxed')}</w:p></w:txbxContent>"
    picture = f"<w:pict><v:textbox>{box}</v:textbox></w:pict>"
    xml = (
        f"<w:p>{run('around')}<w:r><mc:AlternateContent><mc:Choice Requires='x'>{picture}"
        f"</mc:Choice><mc:Fallback>{picture}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    assert load(with_body(xml), "a.docx").text == "around\n\nboxed"


def test_text_boxes_in_text_boxes_take_linear_time() -> None:
    xml = "<w:p><w:r><w:pict><v:textbox><w:txbxContent>" * 40 + f"<w:p>{run('deep')}</w:p>"
    xml += "</w:txbxContent></v:textbox></w:pict></w:r></w:p>" * 40
    assert load(with_body(xml), "a.docx").text == "deep"


def test_merged_cells_keep_their_columns() -> None:
    wide = f"<w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr><w:p>{run('wide')}</w:p></w:tc>"
    cells = "".join(f"<w:tc><w:p>{run(text)}</w:p></w:tc>" for text in "abc")
    last = f"<w:tc><w:p>{run('last')}</w:p></w:tc>"
    xml = f"<w:tbl><w:tr>{wide}{last}</w:tr><w:tr>{cells}</w:tr></w:tbl>"
    assert load(with_body(xml), "a.docx").text == (
        "| wide |  | last |\n| --- | --- | --- |\n| a | b | c |"
    )


def test_a_table_that_lays_out_the_page_is_read_as_blocks() -> None:
    long = "words " * 400
    cells = "".join(f"<w:tc><w:p>{run(text)}</w:p></w:tc>" for text in ("side", long))
    xml = f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"
    text = load(with_body(xml), "a.docx").text
    assert text.startswith("side\n\nwords")
    assert "|" not in text


def test_headers_and_comments_follow_the_text() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The body.")
    document.sections[0].header.paragraphs[0].text = "Acme Ltd"
    document.add_comment(paragraph.runs, text="Check this", author="Ada")
    text = load(saved(document), "a.docx").text
    assert text.startswith("The body.")
    assert "Acme Ltd" in text
    assert "Comment by Ada: Check this" in text
