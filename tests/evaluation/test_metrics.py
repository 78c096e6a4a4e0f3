from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.evaluation import ndcg, recall, reciprocal_rank, span_recall
from ragkit.evaluation.metrics import paired_intervals

NAMES = [f"d{number}" for number in range(15)]
rankings = st.lists(st.sampled_from(NAMES), unique=True)
judgments = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 4).map(float), max_size=6)
ranges = st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda r: (r[0], r[0] + r[1]))


def test_ndcg_is_the_figure_worked_out_by_hand() -> None:
    judged = {"a": 3.0, "b": 2.0, "c": 1.0}
    found = 2 / math.log2(2) + 0 / math.log2(3) + 3 / math.log2(4)
    ideal = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(["b", "x", "a"], judged) == pytest.approx(found / ideal)


@pytest.mark.parametrize(
    ("ranking", "judged", "expected"),
    [
        pytest.param([], {"a": 1.0}, (0, 0, 0), id="nothing found"),
        pytest.param(["a"], {}, (0, 0, 0), id="nothing judged"),
        pytest.param(["a"], {"a": 0.0}, (0, 0, 0), id="nothing relevant"),
        pytest.param(["a"], {"a": 1.0}, (1, 1, 1), id="one found"),
        pytest.param([*NAMES[:10], "a"], {"a": 1.0}, (0, 0, 1 / 11), id="one past the depth"),
        pytest.param([*NAMES[:9], "a"], {"a": 1.0}, (1 / math.log2(11), 1, 0.1), id="at depth"),
        pytest.param(["a"], {"a": 1.0, "b": -1.0}, (1, 1, 1), id="a negative judgment"),
    ],
)
def test_edges_of_the_metrics(
    ranking: list[str], judged: dict[str, float], expected: tuple[float, float, float]
) -> None:
    figures = (ndcg(ranking, judged), recall(ranking, judged), reciprocal_rank(ranking, judged))
    assert figures == pytest.approx(expected)


@given(rankings, judgments)
def test_all_metrics_lie_between_0_and_1(ranking: list[str], judged: dict[str, float]) -> None:
    for figure in (ndcg, recall, reciprocal_rank):
        assert 0 <= figure(ranking, judged) <= 1 + 1e-12


@given(judgments)
def test_the_ideal_order_scores_1(judged: dict[str, float]) -> None:
    best = sorted(judged, key=lambda name: -judged[name])
    assert ndcg(best, judged) == pytest.approx(1.0 if any(judged.values()) else 0.0)


def test_no_order_scores_more_than_the_ideal_one() -> None:
    judged = {"a": 3.0, "b": 1.0, "c": 2.0}
    scores = {order: ndcg(order, judged) for order in permutations(judged)}
    assert max(scores, key=lambda order: scores[order]) == ("a", "c", "b")


@pytest.mark.parametrize(
    ("passages", "spans", "expected"),
    [
        pytest.param([], {"a": [(0, 4)]}, 0, id="nothing found"),
        pytest.param([("a", 0, 9)], {}, 0, id="nothing marked"),
        pytest.param([("a", 0, 9)], {"a": [(0, 4)]}, 1, id="inside"),
        pytest.param([("a", 4, 9)], {"a": [(0, 4)]}, 0, id="edges only touch"),
        pytest.param([("a", 2, 9)], {"a": [(0, 4)]}, 0.5, id="half"),
        pytest.param([("b", 0, 9)], {"a": [(0, 4)]}, 0, id="another file"),
        pytest.param([("a", 0, 3), ("a", 2, 9)], {"a": [(0, 4)]}, 1, id="passages overlap"),
        pytest.param([("a", 0, 4)], {"a": [(0, 4), (2, 8)]}, 0.5, id="spans overlap"),
        pytest.param([("a", 0, 4)], {"a": [(0, 4)], "b": [(0, 12)]}, 0.25, id="two files"),
        pytest.param([*[("x", 0, 1)] * 10, ("a", 0, 4)], {"a": [(0, 4)]}, 0, id="past the depth"),
    ],
)
def test_span_recall_is_the_share_of_the_marked_characters(
    passages: list[tuple[str, int, int]], spans: dict[str, list[tuple[int, int]]], expected: float
) -> None:
    assert span_recall(passages, spans) == pytest.approx(expected)


@given(st.lists(ranges, max_size=8), st.lists(ranges, min_size=1, max_size=8))
def test_span_recall_counts_each_character_once(
    passages: list[tuple[int, int]], spans: list[tuple[int, int]]
) -> None:
    wanted = {at for start, end in spans for at in range(start, end)}
    found = {at for start, end in passages for at in range(start, end)}
    got = span_recall([("a", *one) for one in passages], {"a": spans}, depth=8)
    assert got == pytest.approx(len(wanted & found) / len(wanted))


def noise(count: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.2, count)


def test_the_interval_is_that_of_the_normal_distribution_where_that_holds() -> None:
    differences = noise(2000)
    [interval] = paired_intervals(differences[None, :])
    half = 1.96 * differences.std() / np.sqrt(len(differences))
    assert interval.mean == pytest.approx(differences.mean())
    assert interval.low == pytest.approx(interval.mean - half, abs=0.06 * half)
    assert interval.high == pytest.approx(interval.mean + half, abs=0.06 * half)


def test_about_19_of_20_intervals_hold_the_true_mean() -> None:
    rows = noise(60 * 400).reshape(400, 60) + 0.1
    held = [one.low <= 0.1 <= one.high for one in paired_intervals(rows)]
    assert 0.91 <= np.mean(held) <= 0.98


def test_a_clear_gain_is_real_and_noise_is_not() -> None:
    nothing = noise(200) - noise(200).mean()
    gain, loss, level = paired_intervals(np.stack([nothing + 0.2, nothing - 0.2, nothing]))
    assert (gain.is_real, loss.is_real, level.is_real) == (True, True, False)
    assert gain.low > 0 > loss.high


def test_the_same_differences_give_the_same_interval_beside_any_others() -> None:
    alone = paired_intervals(noise(30)[None, :])
    beside = paired_intervals(np.stack([noise(30), noise(30, seed=8)]))
    assert alone[0].changed == beside[0].changed
    for name in ("mean", "low", "high"):  # sums of another shape differ in the last digit
        assert getattr(alone[0], name) == pytest.approx(getattr(beside[0], name), rel=1e-9)


@pytest.mark.parametrize(
    ("changed", "total", "real"),
    [
        pytest.param(0, 30, False, id="none"),
        pytest.param(1, 1, False, id="the only question"),
        pytest.param(5, 5, False, id="five of five"),
        pytest.param(5, 30, False, id="five of thirty"),
        pytest.param(6, 6, True, id="six of six"),
        pytest.param(12, 30, True, id="twelve of thirty"),
    ],
)
def test_a_difference_needs_six_changed_questions_to_be_real(
    changed: int, total: int, real: bool
) -> None:
    differences = np.zeros((1, total))
    differences[0, :changed] = 0.5
    [interval] = paired_intervals(differences)
    assert (interval.changed, interval.is_real) == (changed, real)
