"""How good a ranking is, against relevance judgments: nDCG, recall, MRR, recall of spans (pure)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence


def ndcg(ranking: Sequence[str], judged: Mapping[str, float], depth: int = 10) -> float:
    """Normalised discounted cumulative gain at `depth`: gain is the judgment itself, discount
    log2(rank + 1), as trec_eval reckons it. 0 when nothing is judged relevant."""
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
    wanted = {source: _union(ranges) for source, ranges in spans.items()}
    total = sum(end - start for ranges in wanted.values() for start, end in ranges)
    covered = 0
    for source, ranges in wanted.items():
        found = _union((start, end) for name, start, end in passages[:depth] if name == source)
        covered += sum(
            max(0, min(end, stop) - max(start, begin))
            for start, end in ranges
            for begin, stop in found
        )
    return covered / total if total else 0.0


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
