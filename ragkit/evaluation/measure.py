"""How well and how fast an index answers questions, under several settings side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from ragkit.evaluation.metrics import (
    Interval,
    ndcg,
    paired_intervals,
    recall,
    reciprocal_rank,
    span_recall,
)
from ragkit.evaluation.qrels import JudgedQuestion, QuestionSet, Setting, Settings
from ragkit.index import Index
from ragkit.models.custom_embedder import EmbedderWrapper
from ragkit.types import Embedder, Hit

if TYPE_CHECKING:
    from ragkit.types import Vectors

DEPTHS = (1, 5, 10)
Verdict = Literal["better", "worse", "not shown to differ"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """The figures of one setting, one value a question, in the order of the questions.

    `recalls` has a row for each depth of `DEPTHS`, at document level; a document's rank is that
    of its best chunk. `span_recalls` has the same rows over passages, for the questions that
    have spans alone; None when none has. `seconds` is one whole search, embedding included.
    """

    settings: Settings
    ndcgs: tuple[float, ...]
    reciprocal_ranks: tuple[float, ...]
    recalls: tuple[tuple[float, ...], ...]
    span_recalls: tuple[tuple[float, ...], ...] | None
    seconds: tuple[float, ...]

    @property
    def ndcg(self) -> float:
        """Mean nDCG@10."""
        return fmean(self.ndcgs)

    @property
    def mrr(self) -> float:
        """Mean reciprocal rank."""
        return fmean(self.reciprocal_ranks)

    @property
    def recall(self) -> Mapping[int, float]:
        """Depth -> mean recall of documents."""
        return {depth: fmean(row) for depth, row in zip(DEPTHS, self.recalls, strict=True)}

    @property
    def span_recall(self) -> Mapping[int, float] | None:
        """Depth -> mean share of the marked characters covered; None without marked spans."""
        if self.span_recalls is None:
            return None
        return {depth: fmean(row) for depth, row in zip(DEPTHS, self.span_recalls, strict=True)}

    def milliseconds(self, percentile: float) -> float:
        """A percentile of the time of one search; 50 is the median."""
        import numpy as np

        return 1000 * float(np.percentile(self.seconds, percentile))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Settings compared with the current ones by the nDCG@10 gained, question by question."""

    measurement: Measurement
    difference: Interval

    @property
    def verdict(self) -> Verdict:
        if not self.difference.is_real:
            return "not shown to differ"
        return "better" if self.difference.mean > 0 else "worse"


def measure_settings(
    index: Index,
    questions: QuestionSet,
    settings: Sequence[Settings],
    *,
    on_progress: Callable[[int, int], None] | None = None,
    on_note: Callable[[str], object] | None = None,
) -> list[Measurement]:
    """One measurement for each of `settings`, which are keyword arguments of `Index.search`;
    `rerank` may be "none".

    Each question is embedded once and searched once for every setting: a shorter ranking is not
    the beginning of a longer one, which weighs more candidates. `on_progress` is called with the
    number of searches done and of all, `on_note` once with each failure of a reranker.
    """
    embedder = _QueryCache(index.embedder)
    search: Callable[..., list[Hit]] = Index.open(
        index.location, embedder=embedder, ollama=index.ollama
    ).search
    notes: set[str] = set()

    def note(text: str) -> None:
        if on_note is not None and text not in notes:
            notes.add(text)
            on_note(text)

    options = [{**_search_options(one), "on_note": note} for one in settings]
    hits: list[list[list[Hit]]] = [[] for _ in settings]
    seconds: list[list[float]] = [[] for _ in settings]
    rows = questions.questions
    # The first searches read the tables from disk, which is not what a search costs.
    for one in options:
        search(rows[0].text, **one)
    for number, question in enumerate(rows):
        embedder.clear()
        for at in range(len(settings)):
            # The first setting warms the caches for the others, so they take turns.
            turn = (at + number) % len(settings)
            saved, started = embedder.saved_seconds, time.perf_counter()
            hits[turn].append(search(question.text, **options[turn]))
            elapsed = time.perf_counter() - started
            # A question from the cache counts with the time that it took to embed it.
            seconds[turn].append(elapsed + embedder.saved_seconds - saved)
            if on_progress is not None:
                on_progress(number * len(settings) + at + 1, len(rows) * len(settings))
    return [_judge(*one, questions) for one in zip(settings, hits, seconds, strict=True)]


def list_combinations(
    current: Settings, compared: Mapping[str, Sequence[Setting]]
) -> list[Settings]:
    """`current` first, then every combination of the compared values with the rest of `current`;
    each once."""
    found: dict[tuple[tuple[str, Setting], ...], Settings] = {}
    for values in (tuple(current[name] for name in compared), *product(*compared.values())):
        settings = {**current, **dict(zip(compared, values, strict=True))}
        found.setdefault(tuple(sorted(settings.items())), settings)
    return list(found.values())


def compare_settings(measurements: Sequence[Measurement]) -> list[Comparison]:
    """All measurements but the first, which is that of the current settings, compared with it.
    All are of the same questions."""
    import numpy as np

    current, *others = measurements
    if not others:
        return []
    differences = np.array([one.ndcgs for one in others]) - np.array(current.ndcgs)
    intervals = paired_intervals(differences)
    return [Comparison(one, interval) for one, interval in zip(others, intervals, strict=True)]


def find_winner(comparisons: Sequence[Comparison]) -> Comparison | None:
    """The best settings shown to be better than the current ones, the first of equals; None when
    there are none."""
    better = [one for one in comparisons if one.verdict == "better"]
    return max(better, key=lambda one: one.difference.mean, default=None)


def format_figures(one: Measurement) -> dict[str, str]:
    """Name -> figure as text, in the order of the columns of a table. "spans@5" is the share of
    the marked characters that the first 5 passages cover."""
    figures = {f"recall@{depth}": f"{value:.4f}" for depth, value in one.recall.items()}
    figures |= {"nDCG@10": f"{one.ndcg:.4f}", "MRR": f"{one.mrr:.4f}"}
    figures |= {f"spans@{depth}": f"{mean:.4f}" for depth, mean in (one.span_recall or {}).items()}
    return figures | {f"ms p{part}": f"{one.milliseconds(part):.1f}" for part in (50, 95)}


def _search_options(settings: Settings) -> dict[str, object]:
    """The keyword arguments of `Index.search`."""
    return {key: one for key, one in settings.items() if (key, one) != ("rerank", "none")}


def _judge(
    settings: Settings, hits: Sequence[list[Hit]], seconds: list[float], questions: QuestionSet
) -> Measurement:
    copies = questions.copies
    pairs: list[tuple[JudgedQuestion, list[str], list[tuple[str, int, int]]]] = []
    for question, found in zip(questions.questions, hits, strict=True):
        passages = [
            (copies.get(hit.chunk.source, hit.chunk.source), hit.chunk.start, hit.chunk.end)
            for hit in found
        ]
        pairs.append((question, list(dict.fromkeys(name for name, _, _ in passages)), passages))
    spans = [(q.spans, passages) for q, _, passages in pairs if q.spans]
    return Measurement(
        settings=settings,
        ndcgs=tuple(ndcg(ranking, q.judged) for q, ranking, _ in pairs),
        reciprocal_ranks=tuple(reciprocal_rank(ranking, q.judged) for q, ranking, _ in pairs),
        recalls=tuple(
            tuple(recall(ranking, q.judged, depth) for q, ranking, _ in pairs) for depth in DEPTHS
        ),
        span_recalls=tuple(
            tuple(span_recall(passages, marked, depth) for marked, passages in spans)
            for depth in DEPTHS
        )
        if spans
        else None,
        seconds=tuple(seconds),
    )


class _QueryCache(EmbedderWrapper):
    """Embeds a question once. `saved_seconds` is the time that the cache has saved so far."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder)
        self._cache: dict[str, tuple[Vectors, float]] = {}
        self.saved_seconds = 0.0

    def embed_query(self, text: str) -> Vectors:
        if text in self._cache:
            vector, seconds = self._cache[text]
            self.saved_seconds += seconds
            return vector
        started = time.perf_counter()
        vector = self._embedder.embed_query(text)
        self._cache[text] = vector, time.perf_counter() - started
        return vector

    def clear(self) -> None:
        self._cache.clear()
