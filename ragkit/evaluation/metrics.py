"""Ranking metrics against relevance judgments, and intervals of their differences (pure)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_RESAMPLES = 10_000
_CELLS_AT_ONCE = 2_000_000
# Fewer changed questions than this are all on one side by chance more often than once in 20 times
# (2 x 0.5 ** 6 = 0.03); the bootstrap alone calls even four of them real.
_LEAST_CHANGED = 6


def ndcg(ranking: Sequence[str], judged: Mapping[str, float], depth: int = 10) -> float:
    """Normalised discounted cumulative gain at `depth`: gain is the judgment itself, discount
    log2(rank + 1), as in trec_eval. 0 when nothing is judged relevant."""
    found = _gain([judged.get(name, 0.0) for name in ranking[:depth]])
    ideal = _gain(sorted(judged.values(), reverse=True)[:depth])
    return found / ideal if ideal > 0 else 0.0


def recall(ranking: Sequence[str], judged: Mapping[str, float], depth: int = 10) -> float:
    """The share of the relevant names (judged above 0) among the first `depth`."""
    relevant = {name for name, gain in judged.items() if gain > 0}
    return len(relevant.intersection(ranking[:depth])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], judged: Mapping[str, float]) -> float:
    """1 / rank of the first relevant name, 0 when there is none."""
    for rank, name in enumerate(ranking, 1):
        if judged.get(name, 0.0) > 0:
            return 1 / rank
    return 0.0


def span_recall(
    passages: Sequence[tuple[str, int, int]],
    spans: Mapping[str, Iterable[tuple[int, int]]],
    depth: int = 10,
) -> float:
    """The share of the judged characters that the first `depth` passages cover.

    A passage is (source, start, end); spans and passages may overlap, no character counts twice.
    """
    judged = {source: _union(ranges) for source, ranges in spans.items()}
    total = sum(end - start for ranges in judged.values() for start, end in ranges)
    covered = 0
    for source, ranges in judged.items():
        found = _union((start, end) for name, start, end in passages[:depth] if name == source)
        covered += sum(
            max(0, min(end, stop) - max(start, begin))
            for start, end in ranges
            for begin, stop in found
        )
    return covered / total if total else 0.0


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
    draws for all rows; the interval goes from the 2.5th to the 97.5th percentile of the means.
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


def _gain(gains: Sequence[float]) -> float:
    return sum(max(gain, 0.0) / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def _union(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same characters as disjoint ranges, ascending."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
