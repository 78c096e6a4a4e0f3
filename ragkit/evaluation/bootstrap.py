"""How far a mean difference may be chance: paired bootstrap intervals (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_RESAMPLES = 10_000
_CELLS_AT_ONCE = 2_000_000
# Fewer changed questions than this come out all on one side by chance more often than 1 in 20
# (2 x 0.5 ** 6 = 0.03); the bootstrap alone calls four of them real.
_LEAST_CHANGED = 6


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean difference and its 95 % interval; `changed` counts the questions that differ."""

    mean: float
    low: float
    high: float
    changed: int

    @property
    def is_real(self) -> bool:
        """Whether the interval excludes zero and at least six questions changed."""
        return (self.low > 0 or self.high < 0) and self.changed >= _LEAST_CHANGED


def paired_intervals(differences: npt.NDArray[np.float64], *, seed: int = 1) -> list[Interval]:
    """The interval of each row of `differences` (settings, questions), one question at least.

    Efron's percentile bootstrap: questions are drawn with replacement 10,000 times, the same
    draws for all rows; the ends are the 2.5th and 97.5th percentile of the means.
    """
    import numpy as np

    count = differences.shape[1]
    random = np.random.default_rng(seed)
    batch = max(1, _CELLS_AT_ONCE // count)
    means = []
    for start in range(0, _RESAMPLES, batch):
        size = min(batch, _RESAMPLES - start)
        drawn = random.integers(count, size=(size, count)) + count * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        means.append(differences @ times.T / count)
    low, high = np.percentile(np.concatenate(means, axis=1), [2.5, 97.5], axis=1)
    changed = (np.abs(differences) > 1e-12).sum(axis=1)
    rows = zip(differences.mean(axis=1), low, high, changed, strict=True)
    return [Interval(float(m), float(lo), float(hi), int(n)) for m, lo, hi, n in rows]
