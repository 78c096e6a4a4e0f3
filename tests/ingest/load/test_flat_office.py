from __future__ import annotations

import pytest

from ragkit.errors import LoadError
from ragkit.ingest.load import LoadOptions, load

SHEET = "urn:schemas-microsoft-com:office:spreadsheet"
WORD = "http://schemas.microsoft.com/office/word/2003/wordml"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"


def workbook(*rows: str, declaration: str = "") -> bytes:
    inside = "".join(f"<Row>{row}</Row>" for row in rows)
    text = f'<?xml version="1.0"?>{declaration}<Workbook xmlns="{SHEET}" xmlns:ss="{SHEET}">'
    text += f'<Worksheet ss:Name="Prices"><Table>{inside}</Table></Worksheet></Workbook>'
    return text.encode()


def cell(text: str, place: str = "") -> str:
    index = f' ss:Index="{place}"' if place else ""
    return f"<Cell{index}><Data>{text}</Data></Cell>"


def test_an_excel_2003_file_under_the_name_of_an_older_one() -> None:
    data = workbook(cell("Name") + cell("Price"), cell("Tea") + cell("3"), cell("4", "2"))
    document = load(data, "prices.xls")
    assert document.text == "# Prices\n\n| Name | Price |\n| --- | --- |\n| Tea | 3 |\n|  | 4 |"
    assert document.page_labels == ("sheet Prices",)


def test_cells_that_claim_far_places_are_bounded() -> None:
    document = load(
        workbook(*[cell("far", "999999999")] * 9), "a.xml", LoadOptions(table_cells=40_000)
    )
    assert document.text.count("far") == 3
    assert document.notes == ("not all rows of its tables were read: it has too many cells",)


def test_a_word_2003_file() -> None:
    text = (
        f'<?xml version="1.0"?><w:wordDocument xmlns:w="{WORD}"><w:styles><w:t>no</w:t></w:styles>'
        '<w:body><w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr><w:r><w:t>Plan</w:t></w:r></w:p>'
        "<w:p><w:r><w:t>Hello </w:t></w:r><w:r><w:t>there</w:t></w:r></w:p><w:tbl><w:tr>"
        "<w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p>"
        "</w:tc></w:tr></w:tbl></w:body></w:wordDocument>"
    )
    document = load(text.encode("utf-16"), "old.doc")
    assert document.text == "## Plan\n\nHello there\n\n| a | b |\n| --- | --- |"
    assert [(heading.level, heading.title) for heading in document.headings] == [(2, "Plan")]


def test_a_flat_opendocument_text() -> None:
    text = (
        f'<office:document xmlns:office="{OFFICE}" xmlns:text="{TEXT}"><office:styles>no'
        '</office:styles><office:body><office:text><text:h text:outline-level="1">Head</text:h>'
        "<text:p>Words</text:p></office:text></office:body></office:document>"
    )
    assert load(text.encode(), "a.fodt").text == "# Head\n\nWords"


@pytest.mark.parametrize("end", ["", "<open>"])
def test_damage_and_declarations_are_refused(end: str) -> None:
    data = workbook(cell("a"), declaration="" if end else "<!DOCTYPE a>") + end.encode()
    with pytest.raises(LoadError, match=r"not well-formed|declares a document type"):
        load(data, "a.xml")
