from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.loading import load
from ragkit.loading.text import front_matter


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        pytest.param("title: Backups", {"title": "Backups"}, id="plain"),
        pytest.param('title: "A: b"', {"title": "A: b"}, id="quoted"),
        pytest.param("tags: [a, 'b c']", {"tags": "a, b c"}, id="list in a line"),
        pytest.param("tags:\n  - a\n  - b", {"tags": "a, b"}, id="list on lines"),
        pytest.param("keywords: a", {"tags": "a"}, id="other name"),
        pytest.param("date: 2024-01-31 # when", {"date": "2024-01-31"}, id="comment"),
        pytest.param("summary: >\n  two\n  lines", {"summary": "two lines"}, id="folded"),
        pytest.param(
            "author:\n  name: Ann\n  Mail: a@b.c",
            {"author.name": "Ann", "author.mail": "a@b.c"},
            id="nested",
        ),
        pytest.param(
            "authors:\n- name: Ann\n- name: Bo", {"author.name": "Ann, Bo"}, id="list of maps"
        ),
        pytest.param(
            "draft: yes\ncount: 012\nend: ~", {"draft": "yes", "count": "012"}, id="no types"
        ),
        pytest.param("summary: |\n  two\n  lines", {"summary": "two lines"}, id="literal"),
        pytest.param("título: Año", {"título": "Año"}, id="other letters"),
        pytest.param(
            "title: Plan B: 'x'\ndate: '2024-01-31'",
            {"title": "Plan B: 'x'", "date": "2024-01-31"},
            id="a colon that breaks YAML",
        ),
        pytest.param("base: &a x\ntitle: *a", {"base": "&a x", "title": "*a"}, id="alias"),
        pytest.param("title:\nauthor: ", {}, id="empty values"),
        pytest.param("", {}, id="empty block"),
    ],
)
def test_the_values_people_write(block: str, expected: dict[str, str]) -> None:
    text = f"---\n{block}\n---\nBody\n"
    pairs, start = front_matter(text)
    assert dict(pairs) == expected
    assert text[start:] == "Body\n"


@pytest.mark.parametrize(
    "text", ["", "text", "---\nno end", "---\nA sentence.\n---\n", "----\na: b\n---\n"]
)
def test_what_is_no_front_matter(text: str) -> None:
    assert front_matter(text) == ((), 0)


def test_it_stays_in_the_text_but_gives_no_heading() -> None:
    text = "---\ntitle: T\n---\n\n# Real\n"
    document = load(text.encode(), "a.md")
    assert document.text == text
    assert [h.title for h in document.headings] == ["Real"]
    assert dict(document.metadata)["title"] == "T"


@pytest.mark.parametrize(
    "block",
    [
        pytest.param("a: " + "[" * 60_000, id="deep lists"),
        pytest.param("a:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 330)), id="deep maps"),
        pytest.param("a: " + "{a: " * 15_000, id="deep maps in a line"),
        pytest.param("a: " + "- " * 30_000, id="items"),
        pytest.param("a: [" + "x, " * 20_000 + "]", id="long list"),
        pytest.param("a: &a [x,x]\n" + "b: &b [*a,*a]\n" * 4000, id="aliases of aliases"),
        pytest.param("".join(f"k{n}: v\n" for n in range(8000)), id="many keys"),
        pytest.param("a: " + "'" * 60_000, id="quotes"),
        pytest.param("a: \x00\x07", id="control characters"),
        pytest.param("a: \ud800", id="half a character"),
        pytest.param("? [a]\n: b", id="a list as a key"),
    ],
)
def test_a_hostile_block_is_bounded_in_time_and_size(block: str) -> None:
    started = time.process_time()
    pairs, _ = front_matter(f"---\nfirst: 1\n{block}\n---\nBody\n")
    assert time.process_time() - started < 10
    assert len(pairs) <= 40
    assert all(len(value) <= 1000 for _, value in pairs)


def test_a_block_that_is_too_long_is_text() -> None:
    assert front_matter("---\na: " + "x" * 70_000 + "\n---\n") == ((), 0)


@given(st.text(alphabet="a:-[]'\"\n #>|,", max_size=200))
def test_any_block_is_read(block: str) -> None:
    pairs, start = front_matter(f"---\n{block}\n---\n")
    assert start >= 0
    assert all(value for _, value in pairs)
