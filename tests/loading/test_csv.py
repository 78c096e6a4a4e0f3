from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.ingest.chunking import chunk
from ragkit.loading import load
from ragkit.loading.csv import find_delimiter
from ragkit.types import ChunkSettings


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_has_its_header_once(delimiter: str) -> None:
    rows = ["name,price", '"Tea, green",3', "Coffee,4"]
    data = "\n".join(rows).replace("Tea, green", "Tea").replace(",", delimiter)
    document = load(data.encode(), "a.csv")
    assert document.media_type == "text/markdown"
    assert document.text == "| name | price |\n| --- | --- |\n| Tea | 3 |\n| Coffee | 4 |"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b'a,b\n"x\ny","p|q"\n', "| x y | p\\|q |", id="lines and bars in a cell"),
        pytest.param("a\tb\n1\t2\n".encode("utf-16"), "| 1 | 2 |", id="UTF-16"),
        pytest.param(
            "名前,年齢\n佐藤太郎,30\n".encode("cp932"), "| 佐藤太郎 | 30 |", id="Shift-JIS"
        ),
        pytest.param(b"sep=;\na;b\n1;2\n", "| a | b |", id="declared delimiter"),
        pytest.param(b"a,b\n\n1,2\n", "| 1 | 2 |", id="blank line"),
        pytest.param(b"a,b\r\n1,2\r\n", "| 1 | 2 |", id="CRLF"),
        pytest.param(b"a,b\n1,2,3\n4,5\n6,7\n8,9\n", "| 1 | 2 | 3 |", id="a longer row"),
    ],
)
def test_odd_tables(data: bytes, expected: str) -> None:
    assert expected in load(data, "a.csv").text.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("one\ntwo\nthree", id="one column"),
        pytest.param("Dear all, this is\nno table.\nTruly, it is, really, none.\n", id="prose"),
        pytest.param('a,b\n"' + "never closed, " * 20_000, id="unclosed quote"),
    ],
)
def test_what_is_no_table_stays_as_it_is(text: str) -> None:
    document = load(text.encode(), "a.csv")
    assert document.text == text
    assert document.media_type == "text/plain"


@given(
    st.lists(
        st.lists(st.text(alphabet='ab ,;|"\n\t', max_size=5), min_size=3, max_size=3),
        min_size=2,
        max_size=8,
    )
)
def test_no_cell_is_lost(rows: list[list[str]]) -> None:
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows([["one", "two", "three"], *rows])
    text = load(target.getvalue().encode(), "a.csv").text
    for mark in "ab":
        assert text.count(mark) == "".join(map("".join, rows)).count(mark)


def test_the_delimiter_that_cuts_evenly_wins() -> None:
    assert find_delimiter("a;b;c\n1,5;2;3\n2,5;3;4\n") == ";"
    assert find_delimiter("") == ""


def test_rows_are_cited_by_the_lines_of_the_file() -> None:
    data = b'name,note\n\nTea,"two\nlines"\nCoffee,"a|b"\n'
    document = load(data, "a.csv")
    assert document.file_lines == (1, 1, 3, 5)
    settings = ChunkSettings(tokens=9, whole_tokens=9)
    chunks = chunk(document, settings, lambda texts: [len(text.split()) for text in texts])
    lines = {one.text.split()[1]: (one.first_line, one.last_line) for one in chunks}
    assert lines["Tea"] == (3, 3)
    assert lines["Coffee"] == (5, 5)
    assert load(b"sep=;\na;b\n1;2\n", "a.csv").file_lines == (2, 2, 3)


def test_a_table_of_many_columns_is_read_as_records() -> None:
    names = ",".join(f"field {n}" for n in range(200))
    cells = ",".join(f"cell {n}" for n in range(200))
    text = load(f"{names}\n{cells}\n{cells}\n".encode(), "wide.csv").text
    assert text.split("\n")[1].startswith("field 0: cell 0; field 1: cell 1; ")
    assert "|" not in text
