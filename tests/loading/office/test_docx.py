from __future__ import annotations

import io
from typing import Any

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
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
        "| wide | wide | last |\n| --- | --- | --- |\n| a | b | c |"
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
    assert 'Comment by Ada on "The body.": Check this' in text


BOX = "<w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:txbxContent>"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CHART = (
    '<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:title><c:tx>'
    "<c:rich><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea>"
    "<c:barChart><c:ser><c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>North</c:v></c:pt>"
    "</c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache><c:pt idx='0'><c:v>Q1</c:v></c:pt>"
    "<c:pt idx='1'><c:v>Q2</c:v></c:pt></c:strCache></c:strRef></c:cat><c:val><c:numRef>"
    "<c:numCache><c:formatCode>0%</c:formatCode><c:pt idx='0'><c:v>0.5</c:v></c:pt>"
    "<c:pt idx='1'><c:v>0.25</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser></c:barChart>"
    "</c:plotArea></c:chart></c:chartSpace>"
)
DIAGRAM = (
    '<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><dgm:pt><dgm:t><a:p><a:r>'
    "<a:t>Plan</a:t></a:r></a:p></dgm:t></dgm:pt><dgm:pt><dgm:t><a:p><a:r><a:t>Build</a:t></a:r>"
    "</a:p></dgm:t></dgm:pt></dgm:dataModel>"
)


def with_part(name: str, kind: str, data: bytes, reference: str, relation: str = "x") -> bytes:
    """A document with one more part, and `reference` to it ("{}" is its id) as the first block."""
    document = docx.Document()
    part = Part(PackURI(name), kind, data, document.part.package)
    identity = document.part.relate_to(part, f"{OFFICE}/{relation}")
    xml = f'<w:body {NAMES} xmlns:r="{OFFICE}">{reference.format(identity)}</w:body>'
    document.element.body.insert(0, parse_xml(xml)[0])
    return saved(document)


def drawing(inside: str) -> str:
    return (
        '<w:p><w:r><w:drawing><a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/'
        f'main"><a:graphicData>{inside}</a:graphicData></a:graphic></w:drawing></w:r></w:p>'
    )


def test_charts_become_small_tables() -> None:
    inside = '<c:chart xmlns:c="c" r:id="{}"/>'
    data = with_part("/word/charts/chart1.xml", "application/xml", CHART.encode(), drawing(inside))
    assert load(data, "a.docx").text == (
        "Chart: Sales\n\n|  | North |\n| --- | --- |\n| Q1 | 50% |\n| Q2 | 25% |"
    )


def test_diagrams_become_lists() -> None:
    inside = '<d:relIds xmlns:d="d" r:dm="{}"/>'
    data = with_part("/word/diagrams/d1.xml", "application/xml", DIAGRAM.encode(), drawing(inside))
    assert load(data, "a.docx").text == "- Plan\n- Build"


def test_a_broken_chart_is_noted() -> None:
    inside = '<c:chart xmlns:c="c" r:id="nowhere"/>'
    document = load(
        with_body(
            f'<w:p xmlns:r="{OFFICE}">{run("x")}</w:p>'
            + drawing(inside).replace("<w:p>", f'<w:p xmlns:r="{OFFICE}">')
        ),
        "a.docx",
    )
    assert document.text == "x"
    assert document.notes == ("a chart or diagram is damaged: not all of it was read",)


@pytest.mark.parametrize(
    ("name", "kind", "data", "text"),
    [
        ("/word/a.html", "text/html", b"<h1>Terms</h1><p>of hire", "# Terms\n\nof hire"),
        ("/word/a.txt", "text/plain", b"plain words", "plain words"),
        ("/word/a.rtf", "application/rtf", b"{\\rtf1\\ansi rich words}", "rich words"),
        (
            "/word/a.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
            with_body(f"<w:p>{run('inner words')}</w:p>"),
            "inner words",
        ),
    ],
)
def test_embedded_texts_are_read_where_they_stand(
    name: str, kind: str, data: bytes, text: str
) -> None:
    document = load(with_part(name, kind, data, '<w:altChunk r:id="{}"/>', "aFChunk"), "a.docx")
    assert document.text == text
    assert not document.notes


def test_documents_within_documents_end_somewhere() -> None:
    data = with_body(f"<w:p>{run('innermost')}</w:p>")
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    for _ in range(4):
        inner = "<w:altChunk r:id='{}'/>"
        outer = f"<w:sdt><w:p>{run('outer')}</w:p>{inner}</w:sdt>"
        data = with_part("/word/a.docx", kind, data, outer, "aFChunk")
    document = load(data, "a.docx")
    assert document.text.split() == ["outer"] * 3
    assert "too many documents" in document.notes[0]


def test_nothing_in_a_cell_is_lost() -> None:
    document = docx.Document()
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ["Name", "Price", "Tea", "3"], strict=True):
        cell.text = text
    cell = table.cell(1, 0)
    document.add_comment(cell.paragraphs[0].runs, text="which one?", author="Ada")
    box = f"<w:r {NAMES}><w:pict><v:textbox>{BOX.format('boxed')}</v:textbox></w:pict></w:r>"
    cell.paragraphs[0]._p.append(parse_xml(box))
    notes = (
        f"<w:footnotes {NAMES}><w:footnote w:id='5'><w:p>{run('from Assam')}</w:p></w:footnote>"
        "</w:footnotes>"
    )
    part = Part(
        PackURI("/word/footnotes.xml"), "application/xml", notes.encode(), document.part.package
    )
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    mark = parse_xml(f"<w:r {NAMES}><w:footnoteReference w:id='5'/></w:r>")
    table.cell(1, 1).paragraphs[0]._p.append(mark)
    assert load(saved(document), "a.docx").text == (
        "| Name | Price |\n| --- | --- |\n| Tea boxed | 3 |\n\n"
        'Comment by Ada on "Tea": which one?\n\n[^5]: from Assam'
    )


def test_repeated_header_rows_become_one() -> None:
    head = "<w:trPr><w:tblHeader/></w:trPr>"

    def row(start: str, *cells: str) -> str:
        inside = (f"<w:tc>{cell}</w:tc>" for cell in cells)
        return f"<w:tr>{start}{''.join(inside)}</w:tr>"

    def cell(text: str, properties: str = "") -> str:
        return f"<w:tcPr>{properties}</w:tcPr><w:p>{run(text)}</w:p>"

    wide, top, below = "<w:gridSpan w:val='2'/>", "<w:vMerge w:val='restart'/>", "<w:vMerge/>"
    xml = "<w:tbl>" + row(head, cell("Segment", top), cell("Three Months Ended", wide))
    xml += row(head, cell("", below), cell("June 25, 2022"), cell("June 26, 2021"))
    xml += row("", cell("Americas", top), cell("1"), cell("2"))
    xml += row("", cell("", below), cell("3"), cell("4")) + "</w:tbl>"
    assert load(with_body(xml), "a.docx").text == (
        "| Segment | Three Months Ended June 25, 2022 | Three Months Ended June 26, 2021 |\n"
        "| --- | --- | --- |\n| Americas | 1 | 2 |\n| Americas | 3 | 4 |"
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.docm", "application/vnd.ms-word.document.macroEnabled.main+xml"),
        ("a.dotm", "application/vnd.ms-word.template.macroEnabledTemplate.main+xml"),
        (
            "a.dotx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
        ),
    ],
)
def test_templates_and_files_with_macros_are_read_like_documents(name: str, kind: str) -> None:
    document = docx.Document()
    document.add_paragraph("nine days")
    document.part._content_type = kind
    assert load(saved(document), name).text == "nine days"
