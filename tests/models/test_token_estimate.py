"""Promises of `ragkit.models.token_estimate`."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.models.token_estimate import Calibration, EstimatedTokenCounter, estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("backup", 2),
        ("Backups are tested.", 6),
        ("ID 40917", 6),
        ("x = y[3]", 6),
        ("a\n\n\nb", 3),
        ("        deep", 3),
        ("日本", 3),
        ("Größe", 4),
        ("🎌", 2),
        ("\ud83d", 2),
    ],
)
def test_the_estimate_is_what_it_says(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
    assert EstimatedTokenCounter()([text, text]) == [tokens, tokens]


@given(st.text(), st.text())
def test_more_text_never_has_fewer_tokens(one: str, other: str) -> None:
    assert estimate_tokens(one) <= estimate_tokens(one + other) + 1
    assert estimate_tokens(one + other) <= estimate_tokens(one) + estimate_tokens(other) + 1


@given(st.text(), st.floats(1, 50))
def test_no_estimate_exceeds_the_bytes(text: str, factor: float) -> None:
    calibration = Calibration()
    calibration.factor = factor
    assert calibration.estimate(text) <= len(text.encode("utf-8", "surrogatepass"))


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4), st.integers(0, 500))
def test_once_a_count_was_learnt_the_estimate_is_not_below_it(
    texts: list[str], counted: int
) -> None:
    most = sum(len(text.encode()) for text in texts)
    calibration = Calibration()
    calibration.observe(texts, min(counted, most))
    assert calibration.estimate_messages(texts) >= min(counted, most)


def test_the_factor_only_grows() -> None:
    calibration = Calibration()
    calibration.observe(["plain words"], 400)
    high = calibration.factor
    assert high > 50
    calibration.observe(["plain words"], 1)
    assert calibration.factor == high
    calibration.observe([""], 10)
    calibration.observe_overflow(["plain words"], 1)
    assert math.isclose(calibration.factor, high * 1.25)
