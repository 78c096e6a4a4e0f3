from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.loading.content import MarkdownWriter
from ragkit.loading.table_grid import Cell, flat_table, write_table


def head(text: str, columns: int = 1, rows: int = 1) -> Cell:
    return Cell(text, columns, rows, is_header=True)


def cells(*texts: str) -> list[Cell]:
    return [Cell(text) for text in texts]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], [], id="empty"),
        pytest.param([cells("")], [], id="blank"),
        pytest.param([cells("a", "b"), cells("1", "2")], [["a", "b"], ["1", "2"]], id="plain"),
        pytest.param(
            [
                [head("Segment", rows=2), head("Three Months Ended", 2)],
                [head("June 25, 2022"), head("June 26, 2021")],
                cells("Americas", "1", "2"),
            ],
            [
                ["Segment", "Three Months Ended June 25, 2022", "Three Months Ended June 26, 2021"],
                ["Americas", "1", "2"],
            ],
            id="marked header rows",
        ),
        pytest.param(
            [
                [Cell(""), Cell("Ended", 2)],
                cells("", "2022", "2021"),
                cells("Sales", "1", "2"),
            ],
            [["", "Ended 2022", "Ended 2021"], ["Sales", "1", "2"]],
            id="a name over narrower ones",
        ),
        pytest.param(
            [
                [Cell(""), Cell("Class", 2)],
                cells("", "A", "B"),
                [Cell("R1"), Cell("yes"), Cell("no")],
                [Cell("R2"), Cell("no"), Cell("yes")],
            ],
            [["", "Class A", "Class B"], ["R1", "yes", "no"], ["R2", "no", "yes"]],
            id="values that are words",
        ),
        pytest.param(
            [[Cell("wide", 2), Cell("last")], cells("1", "2", "3"), cells("4", "5", "6")],
            [["wide", "wide", "last"], ["1", "2", "3"], ["4", "5", "6"]],
            id="figures are no header",
        ),
        pytest.param(
            [
                [Cell(""), Cell("Ended", 6)],
                [Cell(""), Cell("2022", 3), Cell("2021", 3)],
                cells("Sales", "$", "63", "", "$", "64", ""),
                [Cell("Loss"), Cell("(19", 2), Cell(")"), Cell("5", 2), Cell("%")],
            ],
            [["", "Ended 2022", "Ended 2021"], ["Sales", "$63", "$64"], ["Loss", "(19)", "5%"]],
            id="signs in columns of their own",
        ),
        pytest.param(
            [
                [Cell("n", 4)],
                [Cell(""), Cell("x"), Cell(""), Cell("y")],
                cells("a", "1", "", "2"),
            ],
            [["", "x", "", "y"], ["a", "1", "", "2"]],
            id="a title",
        ),
        pytest.param(
            [cells("Region", "Q"), [Cell("North", rows=2), Cell("1")], cells("2")],
            [["Region", "Q"], ["North", "1"], ["North", "2"]],
            id="a label beside two rows",
        ),
        pytest.param(
            [cells("Region", "Q"), cells("North", "1"), [Cell(continued=True), Cell("2")]],
            [["Region", "Q"], ["North", "1"], ["North", "2"]],
            id="a label that Word goes on with",
        ),
        pytest.param(
            [[head("a"), head("b")], [head("c"), head("d")]],
            [["a", "b"], ["c", "d"]],
            id="nothing but headers",
        ),
        pytest.param(
            [cells("a", "b"), [Cell("Total"), Cell("9", 2)]],
            [["a", "b", ""], ["Total", "9", ""]],
            id="a wide value is said once",
        ),
    ],
)
def test_header_rows_become_one_and_labels_are_repeated(
    rows: list[list[Cell]], expected: list[list[str]]
) -> None:
    assert flat_table(rows)[1] == expected


def test_what_spans_the_table_above_its_header_is_its_title() -> None:
    writer = MarkdownWriter()
    write_table(writer, [[Cell("Prices (in EUR)", 2)], cells("Name", "Price"), cells("Tea", "3")])
    assert writer.content().text == (
        "Prices (in EUR)\n\n| Name | Price |\n| --- | --- |\n| Tea | 3 |"
    )


CELLS = st.builds(
    Cell,
    st.text("ab1 $%", max_size=3).map(str.strip),
    st.integers(0, 4),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(st.lists(CELLS, max_size=5), max_size=6))
def test_rows_are_equally_long_and_no_text_is_lost(rows: list[list[Cell]]) -> None:
    titles, table = flat_table(rows)
    assert len({len(row) for row in table}) <= 1
    shown = " ".join([*titles, *(text for row in table for text in row)])
    for row in rows:
        for cell in row:
            assert cell.continued or cell.text in shown


def test_spans_without_end_cost_little() -> None:
    rows = [[Cell("a", 10**9, 10**9)] * 100 for _ in range(500)]
    titles, table = flat_table(rows)
    assert sum(map(len, table)) < 5_000_000
    assert not titles
