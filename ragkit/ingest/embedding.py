"""Prepared files -> their chunks with vectors; no text is embedded twice."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ragkit.errors import EmbeddingError, ModelError
from ragkit.ingest.chunking import split_chunk
from ragkit.ingest.prepare import PreparedFile, chunk_features, embedding_input
from ragkit.ingest.vector_cache import VectorCache
from ragkit.ingest.work_plan import group_by_chunks
from ragkit.types import Chunk, ChunkFeatures, Embedder, FileRecord

if TYPE_CHECKING:
    from ragkit.types import Vectors

_AIM_SECONDS = 1.0  # how long one call of the model should take: progress and commits wait on it
_FIRST_CHUNKS, _MOST_CHUNKS = 64, 2048
_LENGTH_TOLERANCE = 0.01


class BatchWithCache(NamedTuple):
    """Prepared files, and the stored vectors of their texts: hash -> (d,) float32. `written`:
    how many commits were written when these were looked up."""

    files: list[PreparedFile]
    stored: dict[str, Vectors]
    written: int


class ChunkRow(NamedTuple):
    """A chunk ready to be stored; `vector` is (d,) float32."""

    chunk: Chunk
    features: ChunkFeatures
    vector: Vectors


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file ready to be stored: its ledger row, and its chunks in their order."""

    record: FileRecord
    rows: tuple[ChunkRow, ...] = ()


class EmbeddingStage:
    """Embeds files slice by slice; reuses vectors of equal texts, stored or not yet written."""

    def __init__(self, embedder: Embedder, known: VectorCache) -> None:
        self._embedder = embedder
        self._known = known
        # Vectors by commit: those a look-up may have missed. The last commit is being made.
        self._recent: deque[tuple[int, dict[str, Vectors]]] = deque([(0, {})])
        self._written = 0
        self._slice_chunks = _FIRST_CHUNKS
        self.embedded = 0
        self.reused = 0

    def attach_cached_vectors(
        self, groups: Iterable[list[PreparedFile]]
    ) -> Iterator[BatchWithCache]:
        """The files of each group with what is stored of them, in slices that hold about one
        call's worth of chunks. A group is looked up at once: that may read a whole column. For a
        thread of its own, so that the model does not wait for the tables."""
        for group in groups:
            written = self._written
            hashes = {one.text_hash: None for file in group for one in file.features}
            stored = self._known.find(list(hashes))
            for files in group_by_chunks(group, lambda: self._slice_chunks):
                yield BatchWithCache(files, stored, written)

    def start_commit(self) -> Callable[[], None]:
        """Tells that all files so far are one commit; to be called when that is written."""
        number = self._recent[-1][0] + 1
        self._recent.append((number, {}))

        def written() -> None:
            self._written = number

        return written

    def __call__(self, looked: BatchWithCache) -> list[EmbeddedFile]:
        """Each file with the vectors of its chunks. A chunk too long for the model is divided
        until it fits; one the model refuses is left out and its file's row says so."""
        while self._recent[0][0] < looked.written:
            self._recent.popleft()
        done: list[list[ChunkRow]] = [[] for _ in looked.files]
        lost: list[list[tuple[Chunk, str]]] = [[] for _ in looked.files]
        stored = looked.stored
        waiting = [
            (at, one, derived)
            for at, file in enumerate(looked.files)
            for one, derived in zip(file.chunks, file.features, strict=True)
        ]
        while waiting:
            vectors, too_long, refused = self._vectors(waiting, stored)
            again: list[tuple[int, Chunk, ChunkFeatures]] = []
            for at, one, derived in waiting:
                key = derived.text_hash
                if key in vectors:
                    done[at].append(ChunkRow(one, derived, vectors[key]))
                elif key in too_long and (halves := split_chunk(one)):
                    openings = (derived.header, "")
                    again += [
                        (at, half, chunk_features(half, opening))
                        for half, opening in zip(halves, openings, strict=True)
                        if half.text.strip()
                    ]
                else:
                    lost[at].append((one, refused.get(key, "too long for the model")))
            waiting = again
            stored = self._known.find([derived.text_hash for _, _, derived in waiting])
        return [_embedded(*parts) for parts in zip(looked.files, done, lost, strict=True)]

    def _vectors(
        self, waiting: Sequence[tuple[int, Chunk, ChunkFeatures]], stored: Mapping[str, Vectors]
    ) -> tuple[dict[str, Vectors], set[str], dict[str, str]]:
        """By text hash: vectors, those too long, and those refused with the reason."""
        texts = {derived.text_hash: one for _, one, derived in waiting}
        vectors = {key: stored[key] for key in texts if key in stored}
        for _, recent in self._recent:
            vectors.update((key, recent[key]) for key in texts if key in recent)
        missing = [key for key in texts if key not in vectors]
        too_long: set[str] = set()
        refused: dict[str, str] = {}
        at = 0
        while at < len(missing):
            keys = missing[at : at + self._slice_chunks]
            at += len(keys)
            rows, long_at, refused_at = self._ask([embedding_input(texts[key]) for key in keys])
            too_long.update(keys[position] for position in long_at)
            refused.update((keys[position], why) for position, why in refused_at.items())
            fresh = {
                key: row
                for key, row in zip(keys, rows, strict=True)
                if key not in too_long and key not in refused
            }
            self._recent[-1][1].update(fresh)
            self._known.add(fresh)
            vectors.update(fresh)
            self.embedded += len(fresh)
            self.reused -= len(fresh)
        self.reused += sum(derived.text_hash in vectors for _, _, derived in waiting)
        return vectors, too_long, refused

    def _ask(self, texts: list[str]) -> tuple[Vectors, frozenset[int], dict[int, str]]:
        """The model's vectors, (n, d), and which texts have none: too long, or refused and why."""
        import numpy as np

        started = time.monotonic()
        too_long: frozenset[int] = frozenset()
        refused: dict[int, str] = {}
        try:
            vectors = self._embedder.embed_documents(texts)
        except EmbeddingError as error:
            vectors, too_long, refused = error.vectors, error.too_long, dict(error.refused)
        self._adapt(len(texts), time.monotonic() - started)
        if vectors.shape[0] != len(texts):
            raise ModelError(
                f"{self._embedder.name} gave {vectors.shape[0]} vectors for {len(texts)} texts"
            )
        lengths = np.linalg.norm(vectors, axis=1)
        for position in np.flatnonzero(~(np.abs(lengths - 1) <= _LENGTH_TOLERANCE)):
            if position not in too_long:
                reason = f"the model gave a vector of length {lengths[position]:.3g}, not 1"
                refused.setdefault(int(position), reason)
        return vectors, too_long, refused

    def _adapt(self, texts: int, seconds: float) -> None:
        if texts >= self._slice_chunks // 2:
            factor = 2.0 if seconds < _AIM_SECONDS / 2 else 0.5 if seconds > _AIM_SECONDS * 2 else 1
            self._slice_chunks = int(
                min(max(self._slice_chunks * factor, _FIRST_CHUNKS), _MOST_CHUNKS)
            )


def _embedded(
    file: PreparedFile, done: list[ChunkRow], lost: list[tuple[Chunk, str]]
) -> EmbeddedFile:
    done.sort(key=lambda row: row.chunk.start)
    rows = tuple(
        row if row.chunk.ordinal == at else row._replace(chunk=replace(row.chunk, ordinal=at))
        for at, row in enumerate(done)
    )
    record = file.record
    if lost:
        noun = "chunk" if len(lost) == 1 else "chunks"
        reasons = "; ".join(sorted({f"{one.location}: {reason}" for one, reason in lost})[:3])
        reason = f"{len(lost)} {noun} could not be embedded ({reasons})"
        missing = sum(sum(map(len, one.text.split())) for one, _ in lost)
        record = replace(
            record,
            outcome="failed",
            reason="; ".join(part for part in (record.reason, reason) if part),
            lost_characters=record.lost_characters + missing,
            sha256="",  # so that the next run does not take the file for done
        )
    if record.chunks != len(rows) and not file.same:
        record = replace(record, chunks=len(rows))
    return EmbeddedFile(record, rows)
