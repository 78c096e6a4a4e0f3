from __future__ import annotations

import math
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.evaluation import ndcg, recall, reciprocal_rank, span_recall

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
