"""How good a ranking is, against relevance judgments: nDCG, recall, MRR."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


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


def _gain(gains: Sequence[float]) -> float:
    return sum(max(gain, 0.0) / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))
