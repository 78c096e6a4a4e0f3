"""Settings side by side: which differences are real, and which settings are the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from ragkit.evaluation.bootstrap import Interval, paired_intervals
from ragkit.evaluation.measure import Measurement
from ragkit.evaluation.questions import Setting, Settings

Verdict = Literal["better", "worse", "not shown to differ"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Settings against the current ones: the nDCG@10 that they gain, question by question."""

    measurement: Measurement
    difference: Interval

    @property
    def verdict(self) -> Verdict:
        if not self.difference.is_real:
            return "not shown to differ"
        return "better" if self.difference.mean > 0 else "worse"


def list_combinations(
    current: Settings, compared: Mapping[str, Sequence[Setting]]
) -> list[Settings]:
    """`current` first, then every combination of the compared values with the rest of it. None
    is there twice."""
    found: dict[tuple[tuple[str, Setting], ...], Settings] = {}
    for values in (tuple(current[name] for name in compared), *product(*compared.values())):
        settings = {**current, **dict(zip(compared, values, strict=True))}
        found.setdefault(tuple(sorted(settings.items())), settings)
    return list(found.values())


def compare_settings(measurements: Sequence[Measurement]) -> list[Comparison]:
    """All but the first measurement, the current settings', against it; of the same questions."""
    import numpy as np

    current, *others = measurements
    if not others:
        return []
    differences = np.array([one.ndcgs for one in others]) - np.array(current.ndcgs)
    intervals = paired_intervals(differences)
    return [Comparison(one, interval) for one, interval in zip(others, intervals, strict=True)]


def find_winner(comparisons: Sequence[Comparison]) -> Comparison | None:
    """The best of those shown to be better than the current settings, the first of equals; None
    when none is."""
    better = [one for one in comparisons if one.verdict == "better"]
    return max(better, key=lambda one: one.difference.mean, default=None)
