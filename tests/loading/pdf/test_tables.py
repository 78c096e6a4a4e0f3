from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.loading.pdf.page import Box, Line, Word, around
from ragkit.loading.pdf.tables import Table, split_tables

WORDS = ["12", "$", "1,204", "%", "—", "2023", "rye", "of", "Total", "(3)", "Months Ended"]
_LETTER, _HEIGHT, _PITCH = 5.0, 8.0, 12.0


def words_at(left: float, line: int, text: str) -> list[Word]:
    """Words of a fixed pitch from `left` on."""
    found = []
    for word in text.split():
        right = left + _LETTER * len(word)
        bottom = 700.0 - _PITCH * line
        found.append(Word(word, Box(left, bottom, right, bottom + _HEIGHT)))
        left = right + 0.5 * _LETTER
    return found


def row(line: int, *cells: tuple[float, str]) -> Line:
    """A line with cells at their left edges."""
    words = [word for left, text in cells for word in words_at(left, line, text)]
    return Line(" ".join(text for _, text in cells), around(*(w.box for w in words)), tuple(words))


def prose(line: int, text: str) -> Line:
    words = words_at(50.0, line, text)
    return Line(text, around(*(word.box for word in words)))


def tables(lines: list[Line]) -> list[list[list[str]]]:
    found = [block.text for block in split_tables(lines) if isinstance(block, Table)]
    return [
        [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in text.split("\n")
            if "---" not in line
        ]
        for text in found
    ]


def test_figures_in_columns_become_rows_under_their_header() -> None:
    (table,) = tables(
        [
            row(0, (300, "2023"), (400, "2022")),
            row(1, (50, "Barley"), (300, "1,204"), (400, "988")),
            row(2, (50, "Winter rye"), (300, "310"), (400, "(42)")),
        ]
    )
    assert table == [
        ["", "2023", "2022"],
        ["Barley", "1,204", "988"],
        ["Winter rye", "310", "(42)"],
    ]


def test_words_over_several_columns_stand_in_each_of_them() -> None:
    (table,) = tables(
        [
            row(0, (260, "Three Months Ended"), (460, "Six Months Ended")),
            row(1, (250, "2023"), (330, "2022"), (450, "2023"), (530, "2022")),
            row(2, (50, "Sales"), (250, "1,204"), (330, "2,988"), (450, "3,120"), (530, "4,998")),
            row(3, (50, "Costs"), (250, "3,204"), (330, "4,988"), (450, "5,120"), (530, "6,998")),
        ]
    )
    assert table[0][1:] == [
        "Three Months Ended 2023",
        "Three Months Ended 2022",
        "Six Months Ended 2023",
        "Six Months Ended 2022",
    ]


def test_a_head_of_several_lines_is_one_cell() -> None:
    (table,) = tables(
        [
            row(0, (300, "Gross"), (400, "Net")),
            row(1, (300, "value"), (400, "value")),
            row(2, (50, "Mill"), (300, "1,204"), (400, "1,988")),
            row(3, (50, "Barn"), (300, "3,310"), (400, "1,042")),
        ]
    )
    assert table[0] == ["", "Gross value", "Net value"]


def test_a_label_over_two_lines_is_one_label() -> None:
    (table,) = tables(
        [
            row(0, (300, "2023"), (400, "2022")),
            row(1, (50, "Grain that was bought from other")),
            row(2, (50, "farms"), (300, "1,204"), (400, "1,988")),
            row(3, (50, "Own grain"), (300, "3,310"), (400, "1,042")),
        ]
    )
    assert [cells[0] for cells in table[1:]] == [
        "Grain that was bought from other farms",
        "Own grain",
    ]


def test_signs_belong_to_their_figures() -> None:
    (table,) = tables(
        [
            row(0, (300, "2023"), (400, "2022")),
            row(1, (50, "Sales"), (290, "$"), (310, "1,204"), (390, "$"), (410, "988")),
            row(2, (50, "Growth"), (310, "12.5"), (335, "%"), (410, "9.1"), (430, "%")),
        ]
    )
    assert table[1:] == [["Sales", "$1,204", "$988"], ["Growth", "12.5%", "9.1%"]]


def test_a_second_header_begins_a_second_table() -> None:
    first, second = tables(
        [
            row(0, (300, "2023"), (400, "2022")),
            row(1, (50, "Barley"), (300, "1,204"), (400, "988")),
            row(2, (50, "Rye"), (300, "310"), (400, "42")),
            row(3, (300, "2021"), (400, "2020")),
            row(4, (50, "Barley"), (300, "1,104"), (400, "888")),
            row(5, (50, "Rye"), (300, "210"), (400, "32")),
        ]
    )
    assert first[0][1:] == ["2023", "2022"]
    assert second[0][1:] == ["2021", "2020"]
    assert second[2] == ["Rye", "210", "32"]


def test_a_table_that_is_drawn_column_by_column_is_read_row_by_row() -> None:
    names = [row(line, (50, name)) for line, name in enumerate(("Town", "Ely", "Bath", "York"))]
    first = [row(line, (250, cell)) for line, cell in enumerate(("Notices", "12", "7", "31"))]
    second = [row(line, (400, cell)) for line, cell in enumerate(("Closed", "3", "0", "5"))]
    (table,) = tables([*names, *first, *second])
    assert ["Bath", "7", "0"] in table
    assert ["York", "31", "5"] in table


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="no line"),
        pytest.param([Line("a line whose place is unknown 12 13")], id="no places"),
        pytest.param(
            [
                prose(n, "the words of a paragraph that runs over the whole page 1921")
                for n in range(9)
            ],
            id="prose",
        ),
        pytest.param([row(n, (50, "see also Norton 1921, 44")) for n in range(9)], id="references"),
        pytest.param(
            [row(n, (50, f"Chapter {n} ............"), (400, str(3 * n))) for n in range(9)],
            id="table of contents",
        ),
        pytest.param([row(0, (100, "0"), (200, "20"), (300, "40"), (400, "60"))], id="axis"),
    ],
)
def test_what_is_no_table_stays_lines(lines: list[Line]) -> None:
    blocks = list(split_tables(lines))
    assert not any(isinstance(block, Table) for block in blocks)
    assert [line for block in blocks for line in block] == lines


def test_a_last_row_that_looks_like_a_header_stays() -> None:
    (table,) = tables(
        [
            row(0, (50, "Rate A"), (220, "1.5"), (290, "2.5"), (360, "3.5")),
            row(1, (50, "Rate B"), (220, "1.6"), (290, "2.6"), (360, "3.6")),
            row(2, (220, "2024"), (290, "2023"), (360, "2022")),
        ]
    )
    assert table[-1] == ["", "2024", "2023", "2022"]


def test_a_column_of_text_beside_a_table_stays() -> None:
    left = [row(n, (50, f"left words {n}")) for n in range(30)]
    right = [row(0, (300, "Alpha"), (380, "Beta"), (450, "Gamma"))]
    right += [
        row(n, (220, f"Row {n}"), (300, f"{n}.5"), (380, f"{n}.6"), (450, f"{n}.7"))
        for n in range(1, 7)
    ]
    text = ""
    for block in split_tables([*left, *right]):
        text += block.text if isinstance(block, Table) else " ".join(line.text for line in block)
    assert all(f"left words {n}" in text for n in range(30))


def test_dots_before_a_word_are_read_in_linear_time() -> None:
    lines = [
        row(n, (50, "Fees " + "." * 60 + " (a)"), (500, "0.50"), (560, "0.75")) for n in range(4)
    ]
    assert list(split_tables(lines))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.lists(
                st.tuples(st.sampled_from([50, 120, 250, 330, 410, 500]), st.sampled_from(WORDS)),
                min_size=1,
                max_size=5,
                unique_by=lambda cell: cell[0],
            ),
        ),
        max_size=14,
    )
)
def test_no_word_is_lost(rows: list[tuple[int, list[tuple[float, str]]]]) -> None:
    lines = [row(line, *sorted(cells)) for line, cells in rows]
    text = ""
    for block in split_tables(lines):
        text += block.text if isinstance(block, Table) else "".join(line.text for line in block)
    for word in {word for line in lines for word in line.text.split() if word.isalnum()}:
        assert word in text
