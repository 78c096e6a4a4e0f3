from __future__ import annotations

from collections.abc import Sequence

import pytest

from ragkit.evaluation import Measurement, compare_settings, find_winner, list_combinations


def measured(ndcgs: Sequence[float], **settings: float) -> Measurement:
    row = tuple(ndcgs)
    return Measurement(settings, row, row, (row, row, row), None, tuple(0.01 for _ in row))


def test_every_combination_is_listed_once_and_the_current_one_first() -> None:
    current = {"keyword_weight": 0.5, "limit": 5}
    listed = list_combinations(current, {"keyword_weight": [0, 0.5], "limit": [5, 20]})
    assert [tuple(one.values()) for one in listed] == [(0.5, 5), (0, 5), (0, 20), (0.5, 20)]


@pytest.mark.parametrize(
    "compared",
    [
        pytest.param({}, id="nothing compared"),
        pytest.param({"keyword_weight": [0.5, 0.5]}, id="the current value twice"),
    ],
)
def test_only_the_current_settings_remain(compared: dict[str, list[float]]) -> None:
    current = {"keyword_weight": 0.5, "limit": 50}
    assert list_combinations(current, compared) == [current]


def test_settings_are_compared_question_by_question() -> None:
    spread = [0.0, 1.0] * 15  # unpaired, so much spread would hide a gain of 0.05
    low = [value * 0.9 for value in spread]
    better, worse, same = compare_settings(
        [measured(low), measured(spread), measured([v * 0.8 for v in spread]), measured(low)]
    )
    assert better.difference.mean == pytest.approx(0.05)
    verdicts = [one.verdict for one in (better, worse, same)]
    assert verdicts == ["better", "worse", "not shown to differ"]


def test_the_winner_is_the_best_of_those_shown_to_be_better() -> None:
    current = measured([0.5] * 30, limit=1)
    lucky = measured([0.5] * 27 + [1.0] * 3, limit=2)
    good = measured([0.6] * 30, limit=3)
    best = measured([0.7] * 30, limit=4)
    winner = find_winner(compare_settings([current, lucky, good, best]))
    assert winner is not None
    assert winner.measurement is best
    assert find_winner(compare_settings([current, lucky])) is None
    assert find_winner(compare_settings([current])) is None
