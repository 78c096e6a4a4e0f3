from __future__ import annotations

import numpy as np
import pytest

from ragkit.evaluation.bootstrap import paired_intervals


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
