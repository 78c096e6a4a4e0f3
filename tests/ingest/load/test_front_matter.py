from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.ingest.load import load
from ragkit.ingest.load.front_matter import front_matter


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


@given(st.text(alphabet="a:-[]'\"\n #>|,", max_size=200))
def test_any_block_is_read(block: str) -> None:
    pairs, start = front_matter(f"---\n{block}\n---\n")
    assert start >= 0
    assert all(value for _, value in pairs)
