from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import LoadError
from ragkit.loading import load
from ragkit.loading.json_xml import indent_json, unescape_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(VALUES, st.booleans())
def test_indented_and_unescaped_json_means_the_same(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert json.loads(indent_json(text)) == value
    assert json.loads(unescape_json(text)) == value


def test_json_for_machines_gets_lines() -> None:
    data = json.dumps({"rows": [{"name": f"item {n}"} for n in range(200)]}).encode()
    text = load(data, "a.json").text
    assert max(map(len, text.split("\n"))) < 100
    assert '"name": "item 7"' in text


def test_json_for_people_stays_as_it_is() -> None:
    text = '{\n  "b": 1.10,\n  "a": 2\n}\n'
    assert load(text.encode(), "a.json").text == text


def test_escaped_letters_can_be_searched() -> None:
    assert load(b'{"a": "\\u4f1a\\u8b70 \\ud83d\\ude00"}\n', "a.jsonl").text == '{"a": "会議 😀"}\n'
    assert unescape_json('"\\u0022 \\\\u4f1a \\u000a"') == '"\\u0022 \\\\u4f1a \\u000a"'


@pytest.mark.parametrize("unit", ["[", '{"a":', '\\"', '"', "]", ","])
def test_bad_json_takes_linear_time(unit: str) -> None:
    start = time.process_time()
    indent_json('{"' + unit * (400_000 // len(unit)))
    assert time.process_time() - start < 3


def test_an_xml_document_is_its_text_with_its_titles() -> None:
    data = (
        b"<?xml version='1.0'?><!DOCTYPE article SYSTEM 'x.dtd'><article><title>Cells</title>"
        b"<sec><title>Methods</title><p>We <italic>grew</italic> yeast &amp; bread at home, and "
        b"the loaves of all the weeks were weighed with great care.</p></sec></article>"
    )
    document = load(data, "a.xml")
    assert "We grew yeast & bread at home" in document.text
    assert [(h.level, h.title) for h in document.headings] == [(1, "Cells"), (2, "Methods")]


def test_a_configuration_in_xml_stays_as_it_is() -> None:
    text = "<settings>\n" + "  <option name='color' value='red'/>\n" * 5 + "</settings>\n"
    assert load(text.encode(), "a.xml").text == text


OPEN = "xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'"
SHEET = "xmlns='urn:schemas-microsoft-com:office:spreadsheet'"
WORD = "xmlns:w='http://schemas.microsoft.com/office/word/2003/wordml'"


@pytest.mark.parametrize(
    ("name", "markup", "expected"),
    [
        pytest.param(
            "a.fodt",
            f"<office:document {OPEN}><office:styles><style:x a='{'y' * 5000}'>no</style:x>"
            "</office:styles><office:body><office:text><text:h>Head</text:h><text:p>Wo<text:span>"
            "rds</text:span><text:s/>here</text:p><office:binary-data>AAAA</office:binary-data>"
            "</office:text></office:body></office:document>",
            "Head\n\nWords here",
            id="flat OpenDocument text",
        ),
        pytest.param(
            "a.fods",
            f"<office:document {OPEN}><office:body><table:table-row><table:table-cell><text:p>Tea"
            "</text:p></table:table-cell><table:table-cell><text:p>3</text:p></table:table-cell>"
            "</table:table-row></office:body></office:document>",
            "Tea\n\n3",
            id="flat OpenDocument table",
        ),
        pytest.param(
            "old.doc",
            f"<w:wordDocument {WORD}><w:styles><w:t>no</w:t></w:styles><w:body><w:p><w:r><w:rPr>"
            "<w:b w:val='on'/><w:sz/></w:rPr><w:t>Hel</w:t></w:r><w:r><w:t>lo</w:t></w:r></w:p>"
            "<w:p><w:r><w:t>You</w:t></w:r></w:p></w:body></w:wordDocument>",
            "Hello\n\nYou",
            id="Word 2003",
        ),
        pytest.param(
            "prices.xls",
            f"<Workbook {SHEET}><Row><Cell><Data>Tea</Data></Cell><Cell ss:Index='999999999'><Data>"
            "3</Data></Cell></Row><WorksheetOptions><Height>7</Height></WorksheetOptions></Workbook>",
            "Tea\n\n3",
            id="Excel 2003",
        ),
    ],
)
def test_an_office_document_in_one_xml_file_is_its_text(
    name: str, markup: str, expected: str
) -> None:
    document = load(f'<?xml version="1.0"?>{markup}'.encode(), name)
    assert document.text == expected


def test_a_damaged_office_document_in_one_xml_file_is_text_still() -> None:
    markup = f"<?xml version='1.0'?><office:document {OPEN}><text:p>Words <text:span>end here"
    assert load(markup.encode(), "a.fodt").text == "Words end here"


def test_entities_are_refused() -> None:
    with pytest.raises(LoadError, match="entities"):
        load(b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "a.xml")


def test_a_drawing_has_text_only_where_it_has_words() -> None:
    assert load(b"<svg><style>a{}</style><text>Hello</text></svg>", "a.svg").text == "Hello"
    with pytest.raises(LoadError, match="a picture"):
        load(b"<svg><path d='M0 0'/></svg>", "a.svg")
