#!/usr/bin/env python
"""Retrieval quality on labelled sets, through the public API, at document level.

    .venv/bin/python scripts/bench/retrieval.py [SET ...] [--keyword-weight W] [--embedder M]

Prints nDCG@10, recall@5, recall@10, MRR and the time of one search. A document's score is that
of its best chunk.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from data import folder, judgments, questions

from ragkit import Index
from ragkit.evaluate import ndcg, recall, reciprocal_rank

SETS = (
    "scifact",
    "cranfield",
    "squad_dev",
    "xquad/en",
    "xquad/de",
    "xquad/zh",
    "multihop_hotpot",
    "clapnq_dev",
    "sec10q",
    "tree_handbook",
)
CANDIDATE_CHUNKS = 50


def measure(name: str, arguments: argparse.Namespace) -> None:
    base, _, language = name.partition("/")
    data = folder(base)
    docs = data / "docs" / language
    asked = questions(data / "queries.jsonl")
    judged = judgments(data / "qrels.jsonl")
    if language:
        asked = {key: text for key, text in asked.items() if key.startswith(f"{language}-")}
        strip = len(language) + 1
        judged = {k: {d[strip:]: g for d, g in v.items()} for k, v in judged.items()}
    with tempfile.TemporaryDirectory() as home:
        index = Index.create(
            Path(home, "index"), embedder=arguments.embedder, chunk_tokens=arguments.tokens
        )
        started = time.perf_counter()
        report = index.update(docs)
        seconds = time.perf_counter() - started
        scores: dict[str, list[float]] = {key: [] for key in ("ndcg", "r5", "r10", "mrr", "ms")}
        prefix = str(docs.resolve()) + "/"
        for key, text in asked.items():
            started = time.perf_counter()
            hits = index.search(
                text, limit=CANDIDATE_CHUNKS, keyword_weight=arguments.keyword_weight
            )
            scores["ms"].append(1000 * (time.perf_counter() - started))
            ranking = list(dict.fromkeys(hit.chunk.source.removeprefix(prefix) for hit in hits))
            scores["ndcg"].append(ndcg(ranking, judged[key]))
            scores["r5"].append(recall(ranking, judged[key], 5))
            scores["r10"].append(recall(ranking, judged[key], 10))
            scores["mrr"].append(reciprocal_rank(ranking, judged[key]))
    mean = {key: statistics.fmean(values) for key, values in scores.items()}
    print(
        f"{name:16} {mean['ndcg']:7.4f} {mean['r5']:7.4f} {mean['r10']:7.4f} {mean['mrr']:7.4f}"
        f" {statistics.median(scores['ms']):7.1f} {len(asked):6} {report.added:6}"
        f" {report.chunks:7} {seconds:7.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET", help=", ".join(SETS))
    parser.add_argument("--keyword-weight", type=float, default=0.5)
    parser.add_argument("--embedder", help="default: the embedded one")
    parser.add_argument("--tokens", type=int, help="chunk size; default: ragkit's")
    arguments = parser.parse_args()
    print(
        f"{'set':16} {'nDCG@10':>7} {'R@5':>7} {'R@10':>7} {'MRR':>7} {'ms p50':>7} {'asked':>6}"
        f" {'docs':>6} {'chunks':>7} {'index s':>7}"
    )
    for name in arguments.sets:
        measure(name, arguments)


if __name__ == "__main__":
    main()
