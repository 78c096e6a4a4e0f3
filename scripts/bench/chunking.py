#!/usr/bin/env python
"""How large chunks should be: a sweep of size and overlap with the default settings.

    .venv/bin/python scripts/bench/chunking.py [--sizes 160,256,...] [--overlaps 0,64]
                                               [--embedder M] [--sets NAME ...]

On sets with judged spans (chunking_eval): recall of the judged characters in 5 chunks and within
6,000 retrieved characters, and intersection over union in 5 chunks. On sets with judged documents:
nDCG@10, and for sec10q the share of questions that name one filing with it among the first 3.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

from data import folder, judgments, questions, rows

from ragkit import Hit, Index
from ragkit.evaluation import ndcg

DOCUMENT_SETS = ("squad_dev", "sec10q", "tree_handbook", "scifact", "cranfield")
CANDIDATES = 60
CHARACTERS = 6_000
MOST_QUESTIONS = 500


def build(home: str, name: str, tokens: int, overlap: int, embedder: str | None) -> Index:
    index = Index.create(Path(home, name), embedder=embedder, chunk_tokens=tokens, overlap=overlap)
    index.update(folder(name) / "docs")
    return index


def spans_by_question(name: str) -> dict[str, dict[str, list[tuple[int, int]]]]:
    judged: dict[str, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows(folder(name) / "qrels.jsonl"):
        judged[row["query_id"]][row["doc_id"]].append(tuple(row["span"]))
    return judged


def covered(hits: list[Hit], judged: dict[str, list[tuple[int, int]]]) -> tuple[float, float]:
    """Recall and intersection over union of the judged characters by the chunks of some hits."""
    wanted = {(name, at) for name, spans in judged.items() for a, b in spans for at in range(a, b)}
    found = {
        (Path(hit.chunk.source).name, at)
        for hit in hits
        for at in range(hit.chunk.start, hit.chunk.end)
    }
    both = len(wanted & found)
    return both / len(wanted), both / len(wanted | found)


def within(hits: list[Hit], characters: int) -> list[Hit]:
    """The first hits that together hold at most so many characters, and at least one."""
    kept, used = [], 0
    for hit in hits:
        used += hit.chunk.end - hit.chunk.start
        if kept and used > characters:
            break
        kept.append(hit)
    return kept


def measure_spans(index: Index, name: str) -> tuple[float, float, float]:
    judged = spans_by_question(name)
    five, equal, union = [], [], []
    for key, text in questions(folder(name) / "queries.jsonl").items():
        hits = index.search(text, limit=CANDIDATES)
        recall, iou = covered(hits[:5], judged[key])
        five.append(recall)
        union.append(iou)
        equal.append(covered(within(hits, CHARACTERS), judged[key])[0])
    return statistics.fmean(five), statistics.fmean(equal), statistics.fmean(union)


def measure_documents(index: Index, name: str) -> tuple[float, float]:
    """nDCG@10, and the share of questions whose first three documents hold a relevant one."""
    judged = judgments(folder(name) / "qrels.jsonl")
    asked = questions(folder(name) / "queries.jsonl")
    step = max(1, len(asked) // MOST_QUESTIONS)
    prefix = str((folder(name) / "docs").resolve()) + "/"
    gains, first = [], []
    for key in sorted(asked)[::step]:
        hits = index.search(asked[key], limit=CANDIDATES)
        ranking = list(dict.fromkeys(hit.chunk.source.removeprefix(prefix) for hit in hits))
        gains.append(ndcg(ranking, judged[key]))
        best = max(judged[key].values(), default=0)
        first.append(any(judged[key].get(name) == best for name in ranking[:3]))
    return statistics.fmean(gains), statistics.fmean(first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="160,224,288,320,384,512")
    parser.add_argument("--overlaps", default="0")
    parser.add_argument("--embedder", help="default: the embedded one")
    parser.add_argument("--sets", nargs="*", default=DOCUMENT_SETS)
    arguments = parser.parse_args()
    header = f"{'tokens':>6} {'over':>4} {'R@5':>6} {'R@6000c':>7} {'IoU@5':>6}"
    print(header + "".join(f" {name:>14} {'top3':>5}" for name in arguments.sets))
    for size in map(int, arguments.sizes.split(",")):
        for overlap in map(int, arguments.overlaps.split(",")):
            with tempfile.TemporaryDirectory() as home:
                index = build(home, "chunking_eval", size, overlap, arguments.embedder)
                line = "{:6.3f} {:7.3f} {:6.3f}".format(*measure_spans(index, "chunking_eval"))
                for name in arguments.sets:
                    index = build(home, name, size, overlap, arguments.embedder)
                    gain, first = measure_documents(index, name)
                    line += f" {gain:14.4f} {first:5.3f}"
            print(f"{size:6} {overlap:4} {line}", flush=True)


if __name__ == "__main__":
    main()
