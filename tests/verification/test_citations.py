"""Promises of mapping the marks of an answer to passages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.types import Passage
from ragkit.verification.citations import CitationStream, parse_citations, rewrite_citations

PASSAGES = [Passage(n, "a.md", "x", 0, 1, 1, 1, None, "", "", ()) for n in (1, 2, 3, 12)]


def cited(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(sentence.text, sentence.citations) for sentence in parse_citations(text, PASSAGES)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param("[1]", [], id="a mark alone"),
        pytest.param("Red.", [("Red.", ())], id="no mark"),
        pytest.param("Red [1].", [("Red.", (1,))], id="before the stop"),
        pytest.param("Red. [1] Blue. [2]", [("Red.", (1,)), ("Blue.", (2,))], id="after the stop"),
        pytest.param("Red.[1] Blue.[2]", [("Red.", (1,)), ("Blue.", (2,))], id="without a blank"),
        pytest.param("Red[1] is old.", [("Red is old.", (1,))], id="inside"),
        pytest.param("Red [1][2].", [("Red.", (1, 2))], id="two marks"),
        pytest.param("Red [1] [2], he said.", [("Red, he said.", (1, 2))], id="two marks apart"),
        pytest.param("Red [2, 1].", [("Red.", (2, 1))], id="a list"),
        pytest.param("Red [1-3].", [("Red.", (1, 2, 3))], id="a range"),
        pytest.param("Red [1–2, 12].", [("Red.", (1, 2, 12))], id="a range and a number"),
        pytest.param("Red [1][1].", [("Red.", (1,))], id="twice the same"),
        pytest.param("Red [9].", [("Red.", ())], id="to nowhere"),
        pytest.param("Red [1, 9].", [("Red.", (1,))], id="partly to nowhere"),
        pytest.param("Red [3-1].", [("Red.", ())], id="a range that runs backwards"),
        pytest.param(
            "红色【1】。蓝色。【2】", [("红色。", (1,)), ("蓝色。", (2,))], id="Chinese brackets"
        ),
        pytest.param(
            "红色。[1]蓝色。[2]", [("红色。", (1,)), ("蓝色。", (2,))], id="Chinese, no blanks"
        ),
        pytest.param("Red 【1†notes】.", [("Red.", (1,))], id="dagger"),
        pytest.param("Red [Passage 2].", [("Red.", (2,))], id="a word before the number"),
        pytest.param(
            "[1] Red. [2] Blue.", [("Red.", (1,)), ("Blue.", (2,))], id="leading the line"
        ),
        pytest.param("[1] Red [2]. Blue [3].", [("Red.", (1, 2)), ("Blue.", (3,))], id="mixed"),
        pytest.param("- Red [1]\n- Blue [2]", [("Red", (1,)), ("Blue", (2,))], id="bullets"),
        pytest.param(
            "Red.\n\n[1] Blue.", [("Red.", ()), ("Blue.", (1,))], id="leading a paragraph"
        ),
        pytest.param("Red.\n[1]", [("Red.", (1,))], id="on a line of its own"),
        pytest.param("See [the guide](x.md) [1].", [("See the guide.", (1,))], id="beside a link"),
        pytest.param("It costs [2024] and [x].", [("It costs [2024] and [x].", ())], id="no mark"),
    ],
)
def test_marks_become_citations_and_leave_the_text(
    text: str, expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert cited(text) == expected


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("Use `a[1]` or ``b[2]`` here.", id="code spans"),
        pytest.param("```python\nprint(a[1])\n```", id="fence"),
        pytest.param("~~~\nx = a[1]", id="open fence"),
    ],
)
def test_code_keeps_its_brackets(code: str) -> None:
    assert cited(code) == [(code, ())]


def test_a_mark_after_a_fence_cites_the_code() -> None:
    assert cited("Run this:\n```\na[2]\n```\n[1]") == [("Run this:", ()), ("```\na[2]\n```", (1,))]


def test_headings_and_header_rows_are_no_sentences() -> None:
    text = "# Answer [1]\n\nRed [2].\n\n| a | b |\n|---|---|\n| c | d [3] |"
    assert cited(text) == [("Red.", (1, 2)), ("a: c; b: d", (3,))]


def test_every_sentence_begins_unchecked() -> None:
    assert {sentence.support for sentence in parse_citations("Red [1]. Blue.", PASSAGES)} == {
        "unchecked"
    }


PIECES = st.sampled_from(
    [
        "Red",
        "blue",
        ".",
        "。",
        " ",
        "\n",
        "[1]",
        "[2, 3]",
        "【1】",
        "[7]",
        "- ",
        "`",
        "[",
        "]",
        "1-2",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_only_known_passages_are_cited_and_no_other_letter_is_lost(text: str) -> None:
    sentences = parse_citations(text, PASSAGES)
    known = {passage.number for passage in PASSAGES}
    assert all(set(sentence.citations) <= known for sentence in sentences)
    shown = "".join(sentence.text for sentence in sentences)
    assert shown.count("Red") == text.count("Red")
    assert shown.count("blue") == text.count("blue")


def test_twenty_thousand_marks_are_read() -> None:
    assert parse_citations("a [1]" * 20_000, PASSAGES)[0].citations == (1,)


# ---------------------------------------------------------------- cited otherwise


@pytest.mark.parametrize(
    ("text", "numbers", "expected"),
    [
        pytest.param("Red [1]. Blue [2].", [(2,), (2,)], "Red [2]. Blue [2].", id="another"),
        pytest.param("Red [1][2].", [(1,)], "Red [1].", id="one less"),
        pytest.param("Red [1].", [(1, 3)], "Red [1][3].", id="one more"),
        pytest.param("Red. Blue [2].", [(1,), (2,)], "Red [1]. Blue [2].", id="none before"),
        pytest.param("Red [1].", [()], "Red.", id="none after"),
        pytest.param("[1] Red. [2] Blue.", [(3,), (2,)], "[3] Red. [2] Blue.", id="leading"),
        pytest.param("- Red [1]\n- Blue", [(2,), (3,)], "- Red [2]\n- Blue [3]", id="bullets"),
        pytest.param("红色。[1]蓝色。", [(1,), (2,)], "红色。 [1]蓝色 [2]。", id="Chinese"),
        pytest.param("# Head\n\nRed [1].", [(2,)], "# Head\n\nRed [2].", id="heading"),
        pytest.param("", [], "", id="empty"),
    ],
)
def test_marks_are_put_where_the_old_ones_stood(
    text: str, numbers: list[tuple[int, ...]], expected: str
) -> None:
    sentences = parse_citations(text, PASSAGES)
    changed = [replace(one, citations=n) for one, n in zip(sentences, numbers, strict=True)]
    assert rewrite_citations(text, changed) == expected


@given(
    st.lists(
        st.sampled_from(
            [
                "Red fox. ",
                "Blue [1]. ",
                "Green. [2, 3] ",
                "红色[1]。",
                "\n\n",
                "- Grey\n",
                "- Pink [3]\n",
            ]
        ),
        max_size=12,
    ).map("".join),
    st.lists(st.lists(st.sampled_from([1, 2, 3]), unique=True, max_size=3), max_size=30),
)
def test_a_text_cited_otherwise_is_read_as_it_was_meant(
    text: str, numbers: list[list[int]]
) -> None:
    numbers += [[1]] * 30
    meant = [
        replace(one, citations=tuple(n))
        for one, n in zip(parse_citations(text, PASSAGES), numbers, strict=False)
    ]
    read = parse_citations(rewrite_citations(text, meant), PASSAGES)
    assert [one.text for one in read] == [one.text for one in meant]
    assert [set(one.citations) for one in read] == [set(one.citations) for one in meant]


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
