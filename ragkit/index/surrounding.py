"""Hits -> the lines around them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ragkit.query.surroundings import Surroundings, surroundings_of
from ragkit.store import Store
from ragkit.types import Chunk, Hit

_MOST_CHUNKS = 50  # on each side; most chunks have many lines


def find_surroundings(store: Store, hits: Sequence[Hit], lines: int) -> list[Surroundings]:
    """As `Index.surroundings`."""
    if lines < 0:
        raise ValueError(f"lines must be at least 0, got {lines}")
    if not hits or not lines:
        return [Surroundings()] * len(hits)
    chunks = [hit.chunk for hit in hits]
    by_source: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in store.chunks.beside(chunks, min(lines, _MOST_CHUNKS)):
        by_source[chunk.source].append(chunk)
    return [surroundings_of(chunk, by_source[chunk.source], lines) for chunk in chunks]
