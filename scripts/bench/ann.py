#!/usr/bin/env python
"""What a search costs in indexes of any size, and how much of the exact result it finds.

    .venv/bin/python scripts/bench/ann.py [--sizes 20000,100000] [--dimensions 256,384]

Indexes hold real chunks and their vectors, varied (varied_index.py); questions are those of the
labelled sets, and five are asked before. One line for an index: p50 and p95 of the whole
`Index.search` in process, its CPU, the part of the vectors alone (by the index, exactly, and by
a matrix product in memory), recall@10 of that part and of the fused result against `exact=True`,
and what building the vector index took.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import lancedb
import numpy as np
from data import folder, questions
from varied_index import SETS, Projected, build, real_texts

from ragkit import Index
from ragkit.store import Store

NOISE = 0.5
QUESTIONS_PER_SET = 15
EXACT_QUESTIONS = 40  # enough for baselines, which are slow


def sampled_questions() -> list[str]:
    chance = random.Random(1)
    picked = []
    for name in SETS:
        path = folder(name) / "queries.jsonl"
        asked = sorted(questions(path).values()) if path.is_file() else []
        picked += chance.sample(asked, min(QUESTIONS_PER_SET, len(asked)))
    chance.shuffle(picked)
    return picked


def timed(act: Callable[[str], object], asked: Sequence[str]) -> tuple[float, float, float]:
    """p50 and p95 in ms, and the CPU of one call in ms."""
    for text in asked[:5]:
        act(text)
    spent = []
    cpu = time.process_time()
    for text in asked:
        started = time.perf_counter()
        act(text)
        spent.append(1000 * (time.perf_counter() - started))
    cpu = 1000 * (time.process_time() - cpu) / len(asked)
    spent.sort()
    return statistics.median(spent), spent[int(0.95 * (len(spent) - 1))], cpu


def share(found: Sequence[object], exact: Sequence[object]) -> float:
    return len(set(found) & set(exact)) / len(exact)


def keys(index: Index, text: str, exact: bool) -> list[tuple[str, int]]:
    hits = index.search(text, limit=10, exact=exact)
    return [(hit.chunk.source, hit.chunk.ordinal) for hit in hits]


def measure(store: Store, embedder: Projected, asked: Sequence[str]) -> str:
    index = Index.open(store.uri, embedder=embedder)
    opened = Store.open(store.uri)
    table, made = opened.search, opened.chunks.vector_index
    vectors = {text: embedder.embed_query(text) for text in asked}
    few = asked[:EXACT_QUESTIONS]
    whole = timed(index.search, asked)
    leg = timed(lambda text: table.nearest(vectors[text], 100), asked)
    flat = timed(lambda text: table.nearest(vectors[text], 100, exact=True), few)
    product = in_memory(store, vectors, few)
    legs = [
        share(
            table.nearest(vectors[text], 100)[0][:10].tolist(),
            table.nearest(vectors[text], 100, exact=True)[0][:10].tolist(),
        )
        for text in few
    ]
    fused = [share(keys(index, text, False), keys(index, text, True)) for text in few]
    built = (made.recall, made.seconds) if made else (1.0, 0.0)
    return (
        f"{whole[0]:7.1f} {whole[1]:7.1f} {whole[2]:7.1f} {leg[0]:7.1f} {leg[2]:7.1f}"
        f" {flat[0]:8.1f} {flat[2]:8.1f} {product[0]:7.1f}"
        f" {statistics.fmean(legs):7.3f} {statistics.fmean(fused):7.3f}"
        f" {built[0]:8.3f} {built[1]:7.1f}"
    )


def in_memory(
    store: Store, vectors: dict[str, np.ndarray], asked: Sequence[str]
) -> tuple[float, float, float]:
    """What the nearest cost when all vectors lie in memory as one matrix, read before."""
    rows = lancedb.connect(store.uri).open_table("chunks").search().select(["vector"])
    blocks = [
        batch["vector"].flatten().to_numpy().reshape(len(batch), -1) for batch in rows.to_batches()
    ]
    matrix = np.concatenate(blocks)
    return timed(lambda text: np.argpartition(-(matrix @ vectors[text]), 100)[:100], asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="20000,100000", help="chunks, with commas between")
    parser.add_argument("--dimensions", default="256,384", help="of the vectors")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the indexes, or take them")
    arguments = parser.parse_args()
    asked = sampled_questions()
    print(
        f"{'chunks':>8} {'dim':>4} {'p50 ms':>7} {'p95 ms':>7} {'CPU ms':>7} {'leg p50':>7}"
        f" {'leg CPU':>7} {'flat p50':>8} {'flat CPU':>8} {'matrix':>7} {'R@10':>7} {'fused':>7}"
        f" {'measured':>8} {'built s':>7}"
    )
    texts: list[str] = []
    for size in map(int, arguments.sizes.split(",")):
        for dimension in map(int, arguments.dimensions.split(",")):
            embedder = Projected(dimension)
            home = arguments.keep or Path(tempfile.mkdtemp())
            place = home / f"{size}-{dimension}"
            if not place.is_dir():
                texts = texts or real_texts()
                build(place, texts, embedder, size, NOISE).maintain()
            line = measure(Store.open(str(place)), embedder, asked)
            print(f"{size:8} {dimension:4} {line}", flush=True)
            if not arguments.keep:
                shutil.rmtree(home)


if __name__ == "__main__":
    main()
