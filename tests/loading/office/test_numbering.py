from __future__ import annotations

import io
import string
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml

from ragkit.loading import load
from ragkit.loading.office.list_numbers import spelled_number

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def level(index: int, text: str, form: str = "decimal", more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{index}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


LEGAL = level(0, "%1.") + level(1, "%1.%2") + level(2, "(%3)", "lowerLetter")


def document(levels: str, *, nums: str = "", styles: str = "") -> Any:
    """A document with the list 77 of these levels."""
    made = docx.Document()
    numbering = made.part.numbering_part.element
    for xml in (
        f'<w:abstractNum {W} w:abstractNumId="77">{levels}</w:abstractNum>',
        f'<w:num {W} w:numId="77"><w:abstractNumId w:val="77"/></w:num>',
        nums,
    ):
        if xml:
            numbering.append(parse_xml(xml))
    if styles:
        made.styles.element.append(parse_xml(styles))
    return made


def add(made: Any, text: str, depth: int | None = 0, number: int = 77, style: str = "") -> None:
    paragraph = made.add_paragraph(text, style=style or None)
    if depth is not None:
        xml = f'<w:numPr {W}><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'
        paragraph._p.get_or_add_pPr().append(parse_xml(xml))


def lines(made: Any) -> list[str]:
    target = io.BytesIO()
    made.save(target)
    text = load(target.getvalue(), "a.docx").text
    return [line.strip() for line in text.split("\n") if line.strip()]


def test_clauses_are_numbered_as_they_are_displayed() -> None:
    made = document(LEGAL)
    for text, depth in [("Hire", 0), ("Boat", 1), ("sail", 2), ("oar", 2), ("Fuel", 1), ("a", 2)]:
        add(made, text, depth)
    add(made, "Return", 0)
    add(made, "Time", 1)
    assert lines(made) == [
        "1. Hire", "1.1 Boat", "(a) sail", "(b) oar", "1.2 Fuel", "(a) a", "2. Return", "2.1 Time",
    ]  # fmt: skip


def test_headings_have_their_numbers() -> None:
    made = document(level(0, "%1.", more='<w:pStyle w:val="Heading1"/>') + level(1, "%1.%2"))
    add(made, "Terms", style="Heading 1")
    add(made, "Scope", 1, style="Heading 2")
    add(made, "Duties", 1, style="Heading 2")
    assert lines(made) == ["# 1. Terms", "## 1.1 Scope", "## 1.2 Duties"]


def test_the_number_comes_from_the_style_and_its_base() -> None:
    style = (
        f'<w:style {W} w:type="paragraph" w:styleId="Clause"><w:name w:val="Clause"/><w:pPr>'
        '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="77"/></w:numPr></w:pPr></w:style>'
    )
    made = document(LEGAL, styles=style)
    add(made, "Top")
    add(made, "by style", None, style="Clause")
    assert lines(made) == ["1. Top", "1.1 by style"]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        pytest.param("", ["1. a", "2. b"], id="goes on"),
        pytest.param(
            '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>',
            ["1. a", "7. b"],
            id="begins anew",
        ),
        pytest.param(
            f'<w:lvlOverride w:ilvl="0">{level(0, "Article %1", "upperRoman")}</w:lvlOverride>',
            ["1. a", "Article I b"],
            id="is numbered otherwise",
        ),
    ],
)
def test_lists_that_share_a_definition(override: str, expected: list[str]) -> None:
    num = f'<w:num {W} w:numId="78"><w:abstractNumId w:val="77"/>{override}</w:num>'
    made = document(LEGAL, nums=num)
    add(made, "a")
    add(made, "b", number=78)
    assert lines(made) == expected


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        pytest.param(
            level(0, "%1.") + level(1, "%2)", more='<w:lvlRestart w:val="0"/>'),
            ["1. a", "1) b", "2. c", "2) d"],
            id="a level that never restarts",
        ),
        pytest.param(
            level(0, "%1.", "upperRoman") + level(1, "%1.%2", more="<w:isLgl/>"),
            ["I. a", "1.1 b", "II. c", "2.1 d"],
            id="digits under Roman numbers",
        ),
        pytest.param(
            level(0, "§ %1") + level(1, "", "bullet"),
            ["§ 1 a", "- b", "§ 2 c", "- d"],
            id="bullets",
        ),
    ],
)
def test_levels_count_by_their_rules(levels: str, expected: list[str]) -> None:
    made = document(levels)
    for text, depth in zip("abcd", [0, 1, 0, 1], strict=True):
        add(made, text, depth)
    assert lines(made) == expected


def test_items_in_cells_are_numbered_and_blank_ones_count() -> None:
    made = document(LEGAL)
    add(made, "first")
    add(made, "")
    table = made.add_table(1, 2)
    table.cell(0, 0).text = "x"
    table.cell(0, 1)._tc.append(
        parse_xml(
            f'<w:p {W}><w:pPr><w:numPr><w:numId w:val="77"/></w:numPr></w:pPr>'
            "<w:r><w:t>third</w:t></w:r></w:p>"
        )
    )
    assert lines(made)[:2] == ["1. first", "| x | 3. third |"]


def test_a_paragraph_may_leave_its_list() -> None:
    made = docx.Document()
    add(made, "plain", number=0, style="List Number")
    assert lines(made) == ["plain"]


@pytest.mark.parametrize(
    ("number", "form", "spelled"),
    [
        (4, "lowerRoman", "iv"),
        (1999, "upperRoman", "MCMXCIX"),
        (1, "lowerLetter", "a"),
        (28, "upperLetter", "BB"),
        (3, "ordinal", "3rd"),
        (12, "ordinal", "12th"),
        (7, "decimalZero", "07"),
        (7, "chicago", "7"),
        (0, "lowerLetter", "0"),
        (10**9, "lowerLetter", "1000000000"),
    ],
)
def test_numbers_are_spelled(number: int, form: str, spelled: str) -> None:
    assert spelled_number(number, form) == spelled


def test_the_alphabet_comes_first() -> None:
    letters = [spelled_number(number, "lowerLetter") for number in range(1, 27)]
    assert letters == list(string.ascii_lowercase)
