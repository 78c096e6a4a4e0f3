"""A sample of an index's chunks, always the same for the same files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ragkit.evaluation.questions import hash_order
from ragkit.index import Index
from ragkit.store import Store
from ragkit.types import Chunk

_MOST_CHUNKS = 5_000  # their words are counted in about two seconds


def sample_chunks(index: Index) -> list[Chunk]:
    """All chunks of files drawn by lot, about 5,000 at most; of exact copies one file alone.
    Ascending by source and ordinal; empty when the index is."""
    import numpy as np

    counts = {file.source: file.chunks for file in index.files() if file.chunks}
    for copy in find_copies(index):
        counts.pop(copy, None)
    if not counts:
        return []
    chosen: list[str] = []
    total = 0
    for source in sorted(counts, key=hash_order):
        if total + counts[source] <= _MOST_CHUNKS:
            chosen.append(source)
            total += counts[source]
    if not chosen:  # every file is longer than the sample: the beginning of the shortest
        chosen = [min(counts, key=lambda source: (counts[source], source))]
        total = counts[chosen[0]]
    store = Store.open(index.uri)
    # Every chunk of these files is among the `total` nearest to any vector.
    dimension = index.manifest.embedder.dimension
    anywhere = np.full(dimension, dimension**-0.5, dtype=np.float32)
    rows, _ = store.search.nearest(anywhere, total, sources=chosen, exact=True)
    chunks = store.search.load_chunks(sorted(rows.tolist())[:_MOST_CHUNKS])
    return sorted(chunks, key=lambda chunk: (chunk.source, chunk.ordinal))


def find_copies(index: Index) -> dict[str, str]:
    """Source -> the first source with the same bytes, for files that are copies of another."""
    first: dict[str, str] = {}
    copies: dict[str, str] = {}
    for file in index.files():
        if file.chunks and file.sha256:
            original = first.setdefault(file.sha256, file.source)
            if original != file.source:
                copies[file.source] = original
    return copies


def round_robin(chunks: Sequence[Chunk]) -> Iterator[Chunk]:
    """All chunks in an order drawn by lot, in which no file has a second turn before every file
    that has a chunk left had as many."""
    by_source: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        by_source[chunk.source].append(chunk)
    queues = [
        sorted(by_source[source], key=lambda chunk: hash_order(f"{chunk.source} {chunk.ordinal}"))
        for source in sorted(by_source, key=hash_order)
    ]
    for turn in range(max(map(len, queues), default=0)):
        yield from (queue[turn] for queue in queues if turn < len(queue))
