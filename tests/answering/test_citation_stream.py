"""Promises of showing a reply while it streams."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.answering.citation_stream import CitationStream


def shown(*pieces: str) -> str:
    text = CitationStream({1, 2, 3})
    return "".join([*map(text.feed, pieces), text.finish()])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Red [1].", "Red [1].", id="a mark"),
        pytest.param("Red [1, 3].", "Red [1][3].", id="a list"),
        pytest.param("Red [1-3].", "Red [1][2][3].", id="a range"),
        pytest.param("Red 【2†notes】.", "Red [2].", id="another form"),
        pytest.param("Red [9].", "Red.", id="to nowhere"),
        pytest.param("Red [1, 9].", "Red [1].", id="partly to nowhere"),
        pytest.param("Red [2024] and [x].", "Red [2024] and [x].", id="no mark"),
        pytest.param("See [9](a.md) [1].", "See [9](a.md) [1].", id="a link"),
        pytest.param("Use `a[9]` [1].", "Use `a[9]` [1].", id="code"),
        pytest.param("```\na[9]\n``` [9]", "```\na[9]\n```", id="a fence"),
        pytest.param("Red [", "Red [", id="never closed"),
    ],
)
def test_marks_that_point_somewhere_are_shown(text: str, expected: str) -> None:
    assert shown(text) == expected
    assert shown(*text) == expected


@given(
    st.lists(
        st.sampled_from(
            [
                "Red",
                " ",
                "\n",
                "[1]",
                "[9]",
                "[2, 9]",
                "【3】",
                "`",
                "```",
                "[",
                "]",
                "(a)",
                "1",
                "x.",
            ]
        ),
        max_size=14,
    )
)
def test_what_is_shown_does_not_depend_on_how_the_reply_was_cut(pieces: list[str]) -> None:
    whole = shown("".join(pieces))
    assert shown(*pieces) == whole
    assert shown(*"".join(pieces)) == whole
