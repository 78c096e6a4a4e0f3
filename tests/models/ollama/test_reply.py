"""Promises of `ragkit.models.ollama.reply`."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.models.ollama.reply import ThinkingFilter


def shown(pieces: list[str], *, starts_thinking: bool = False) -> str:
    thinking = ThinkingFilter(starts_thinking=starts_thinking)
    return "".join([*(thinking.feed(piece) for piece in pieces), thinking.finish()])


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        pytest.param("Every quarter.", "Every quarter.", id="none"),
        pytest.param("<think>hm</think>\n\nYes.", "Yes.", id="one"),
        pytest.param("\n<thinking>hm</thinking> Yes.", "Yes.", id="another tag"),
        pytest.param("<think>a</think><think>b</think>Yes.", "Yes.", id="two"),
        pytest.param("<think></think>Yes.", "Yes.", id="empty"),
        pytest.param("<think>hm, a <b> and a </b", "", id="never closed"),
        pytest.param("<think>hm</think>", "", id="nothing else"),
        pytest.param(
            "The tag <think>x</think> is odd.", "The tag <think>x</think> is odd.", id="in the text"
        ),
        pytest.param("<thin ice", "<thin ice", id="nearly"),
        pytest.param("<", "<", id="a beginning"),
        pytest.param("", "", id="nothing"),
        pytest.param("  indented", "  indented", id="blanks"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_thinking_at_the_beginning_is_left_out(text: str, reply: str, size: int) -> None:
    assert shown([text[n : n + size] for n in range(0, len(text), size)]) == reply


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        pytest.param("hm, so</think>\nYes.", "Yes.", id="closed"),
        pytest.param("Yes, no thoughts.", "Yes, no thoughts.", id="none after all"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_thought_that_the_template_opened_is_left_out(text: str, reply: str) -> None:
    assert shown(list(text), starts_thinking=True) == reply


def test_text_is_shown_as_soon_as_it_can_be() -> None:
    thinking = ThinkingFilter()
    assert thinking.feed("Every ") == "Every "
    assert thinking.feed("quarter") == "quarter"


@given(
    parts=st.lists(
        st.sampled_from(["<think>", "</think>", "<", "think", "a", " ", "\n"]), max_size=12
    ),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    starts_thinking=st.booleans(),
)
def test_how_a_reply_is_cut_makes_no_difference(
    parts: list[str], cuts: list[int], starts_thinking: bool
) -> None:
    text = "".join(parts)
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(places)]
    assert shown(pieces, starts_thinking=starts_thinking) == shown(
        [text], starts_thinking=starts_thinking
    )
