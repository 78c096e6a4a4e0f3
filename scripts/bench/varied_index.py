"""Indexes of any size for the benchmarks: real texts and their vectors, varied."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from data import folder

from ragkit.errors import LoadError
from ragkit.ingest.chunking import chunk
from ragkit.ingest.prepare import HEADER_CHARACTERS, search_context, text_hash
from ragkit.loading import load
from ragkit.models.wordllama import WordLlamaEmbedder
from ragkit.store import Store
from ragkit.store.schema import FORMAT
from ragkit.types import Chunk, ChunkFeatures, ChunkSettings, FileRecord, Manifest, ModelIdentity

SETS = ("scifact", "cranfield", "squad_dev", "tree_handbook", "chunking_eval", "clapnq_dev")
CHUNKS_PER_FILE = 20
BATCH = 10_000


class Projected:
    """The embedded model's vectors, turned into a space of another dimension.

    An orthonormal map keeps every cosine; more than 256 dimensions are filled by the noise that
    `vary` adds.
    """

    max_tokens = None

    def __init__(self, dimension: int) -> None:
        self.name = f"bench/projected-{dimension}"
        self.identity = ModelIdentity(self.name, dimension)
        self._model = WordLlamaEmbedder()
        self.token_counter = self._model.token_counter
        side = max(dimension, self._model.identity.dimension)
        square = np.random.default_rng(1).normal(size=(side, side))
        basis = np.linalg.qr(square)[0][: self._model.identity.dimension, :dimension]
        self._basis = basis.astype(np.float32)

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        return unit(self._model.embed_documents(texts) @ self._basis)

    def embed_query(self, text: str) -> np.ndarray:
        return unit(self._model.embed_query(text) @ self._basis)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def vary(vectors: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """Each vector with a random one of length `noise` added, at length 1 again."""
    draw = np.random.default_rng(seed).normal(size=vectors.shape).astype(np.float32)
    return unit(vectors + noise * unit(draw))


def real_texts() -> list[str]:
    """The chunks of the documents of `SETS`, cut as an index cuts them."""
    count = WordLlamaEmbedder().token_counter
    texts = []
    for name in SETS:
        for path in sorted((folder(name) / "docs").rglob("*")):
            if path.suffix in (".md", ".txt"):
                try:
                    document = load(path.read_bytes(), path.name)
                except LoadError:
                    continue
                texts += [one.text for one in chunk(document, ChunkSettings(), count)]
    return texts


def build(uri: Path, texts: Sequence[str], embedder: Projected, size: int, noise: float) -> Store:
    """An index of `size` chunks, not tidied. A chunk has the first half of one real text and the
    second half of another, and a varied vector of the first."""
    store = Store.create(str(uri), Manifest(embedder.identity, ChunkSettings(), FORMAT))
    base = embedder.embed_documents(texts)
    generator = random.Random(size)
    numbers = iter(range(size))
    while batch := list(islice(numbers, BATCH)):
        rows = [number % len(texts) for number in batch]
        vectors = vary(base[rows], noise, seed=batch[0])
        chunks = [
            _chunk(n, _mix(texts[at], generator.choice(texts)))
            for n, at in zip(batch, rows, strict=True)
        ]
        store.chunks.write(
            chunks,
            list(vectors),
            [_features(one) for one in chunks],
            replacing=(),
        )
        sources = sorted({one.source for one in chunks})
        store.files.write(
            FileRecord(source, "indexed", chunks=CHUNKS_PER_FILE) for source in sources
        )
    return store


def _chunk(number: int, text: str) -> Chunk:
    file, ordinal = divmod(number, CHUNKS_PER_FILE)
    source = f"folder{file % 97}/file{file}.md"
    start, line = ordinal * 5_000, ordinal * 100 + 1
    return Chunk(source, ordinal, text, start, start + len(text), line, line + 20)


def _features(one: Chunk) -> ChunkFeatures:
    opening = f"{one.source}\n{one.text[:HEADER_CHARACTERS]}" if one.ordinal == 0 else ""
    return ChunkFeatures(text_hash(one.text), search_context(one), "", opening)


def _mix(one: str, other: str) -> str:
    return one[: len(one) // 2] + " " + other[len(other) // 2 :]
