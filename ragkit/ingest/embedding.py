"""Prepared files -> their chunks with vectors, and the commits they are written in.

No text is embedded twice. After each commit a run can be stopped and resumed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from ragkit.errors import EmbeddingError, ModelError
from ragkit.ingest.chunking import split_chunk
from ragkit.ingest.prepare import PreparedFile, chunk_features, embedding_input
from ragkit.ingest.vector_cache import VectorCache
from ragkit.ingest.work_plan import group_by_chunks
from ragkit.types import Chunk, ChunkFeatures, Embedder, FileRecord

if TYPE_CHECKING:
    from ragkit.store import Store
    from ragkit.types import Vectors


_AIM_SECONDS = 1.0  # how long one call of the model should take: progress and commits wait on it
_FIRST_CHUNKS, _MOST_CHUNKS = 64, 2048
_LENGTH_TOLERANCE = 0.01

_COMMIT_FILES = 5_000  # every commit is a fragment of the table, and a search touches many
_COMMIT_CHUNKS, _COMMIT_SECONDS = 7_000, 30.0


class BatchWithCache(NamedTuple):
    """Prepared files with the stored vectors of their texts: hash -> (d,) float32.
    `commits_written`: how many commits were written when these were looked up."""

    files: list[PreparedFile]
    stored: dict[str, Vectors]
    commits_written: int


class ChunkRow(NamedTuple):
    """A chunk ready to be stored; `vector` is (d,) float32."""

    chunk: Chunk
    features: ChunkFeatures
    vector: Vectors


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file ready to be stored: its row, and its chunks in their order."""

    record: FileRecord
    rows: tuple[ChunkRow, ...] = ()


class EmbeddingStage:
    """Embeds files batch by batch; reuses vectors of equal texts, stored or not yet written."""

    def __init__(self, embedder: Embedder, cache: VectorCache) -> None:
        self._embedder = embedder
        self._cache = cache
        # New vectors by number of commit, until every look-up sees them in the table. The last
        # commit is not finished yet.
        self._recent: deque[tuple[int, dict[str, Vectors]]] = deque([(0, {})])
        self._written = 0
        self._batch_chunks = _FIRST_CHUNKS
        self.embedded = 0
        self.reused = 0

    def attach_cached_vectors(
        self, groups: Iterable[list[PreparedFile]]
    ) -> Iterator[BatchWithCache]:
        """The files of each group with their stored vectors, in batches for about one call of the
        model. The vectors of a group are batch up together: that may read a whole column. To be
        drawn in a thread of its own, so that the model does not wait for the tables."""
        for group in groups:
            written = self._written
            hashes = {one.text_hash: None for file in group for one in file.features}
            stored = self._cache.find(list(hashes))
            for files in group_by_chunks(group, lambda: self._batch_chunks):
                yield BatchWithCache(files, stored, written)

    def start_commit(self) -> Callable[[], None]:
        """Ends a commit: all files embedded since the last call are in it. Returns a function to
        be called when it is written."""
        number = self._recent[-1][0] + 1
        self._recent.append((number, {}))

        def written() -> None:
            self._written = number

        return written

    def __call__(self, batch: BatchWithCache) -> list[EmbeddedFile]:
        """Each file with the vectors of its chunks. A chunk too long for the model is divided
        until it fits; one that the model refuses is dropped, and its file's row says so."""
        while self._recent[0][0] < batch.commits_written:
            self._recent.popleft()
        done: list[list[ChunkRow]] = [[] for _ in batch.files]
        without_vector: list[list[tuple[Chunk, str]]] = [[] for _ in batch.files]
        stored = batch.stored
        waiting = [
            (at, one, features)
            for at, file in enumerate(batch.files)
            for one, features in zip(file.chunks, file.features, strict=True)
        ]
        while waiting:
            vectors, too_long, refused = self._vectors(waiting, stored)
            divided: list[tuple[int, Chunk, ChunkFeatures]] = []
            for at, one, features in waiting:
                key = features.text_hash
                if key in vectors:
                    done[at].append(ChunkRow(one, features, vectors[key]))
                elif key in too_long and (halves := split_chunk(one)):
                    headers = (features.header, "")
                    divided += [
                        (at, half, chunk_features(half, header))
                        for half, header in zip(halves, headers, strict=True)
                        if half.text.strip()
                    ]
                else:
                    without_vector[at].append((one, refused.get(key, "too long for the model")))
            waiting = divided
            stored = self._cache.find([features.text_hash for _, _, features in waiting])
        return [_embedded(*parts) for parts in zip(batch.files, done, without_vector, strict=True)]

    def _vectors(
        self, waiting: Sequence[tuple[int, Chunk, ChunkFeatures]], stored: Mapping[str, Vectors]
    ) -> tuple[dict[str, Vectors], set[str], dict[str, str]]:
        """By text hash: vectors, those too long, and those refused with the reason."""
        texts = {features.text_hash: one for _, one, features in waiting}
        vectors = {key: stored[key] for key in texts if key in stored}
        for _, recent in self._recent:
            vectors.update((key, recent[key]) for key in texts if key in recent)
        missing = [key for key in texts if key not in vectors]
        too_long: set[str] = set()
        refused: dict[str, str] = {}
        at = 0
        while at < len(missing):
            keys = missing[at : at + self._batch_chunks]
            at += len(keys)
            rows, long_at, refused_at = self._embed([embedding_input(texts[key]) for key in keys])
            too_long.update(keys[position] for position in long_at)
            refused.update((keys[position], why) for position, why in refused_at.items())
            fresh = {
                key: row
                for key, row in zip(keys, rows, strict=True)
                if key not in too_long and key not in refused
            }
            self._recent[-1][1].update(fresh)
            self._cache.add(fresh)
            vectors.update(fresh)
            self.embedded += len(fresh)
            self.reused -= len(fresh)
        self.reused += sum(features.text_hash in vectors for _, _, features in waiting)
        return vectors, too_long, refused

    def _embed(self, texts: list[str]) -> tuple[Vectors, frozenset[int], dict[int, str]]:
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
        if texts >= self._batch_chunks // 2:
            factor = 2.0 if seconds < _AIM_SECONDS / 2 else 0.5 if seconds > _AIM_SECONDS * 2 else 1
            self._batch_chunks = int(
                min(max(self._batch_chunks * factor, _FIRST_CHUNKS), _MOST_CHUNKS)
            )


def _embedded(
    file: PreparedFile, done: list[ChunkRow], without_vector: list[tuple[Chunk, str]]
) -> EmbeddedFile:
    done.sort(key=lambda row: row.chunk.start)
    rows = tuple(
        row if row.chunk.ordinal == at else row._replace(chunk=replace(row.chunk, ordinal=at))
        for at, row in enumerate(done)
    )
    record = file.record
    if without_vector:
        noun = "chunk" if len(without_vector) == 1 else "chunks"
        reasons = "; ".join(
            sorted({f"{one.location}: {reason}" for one, reason in without_vector})[:3]
        )
        reason = f"{len(without_vector)} {noun} could not be embedded ({reasons})"
        missing = sum(sum(map(len, one.text.split())) for one, _ in without_vector)
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


@dataclass(slots=True)
class Commit:
    """The files of one commit: `fresh` have no chunks in the table, the chunks of `changed` are
    replaced. `records`: the rows of both, and of files whose chunks stay."""

    fresh: list[EmbeddedFile] = field(default_factory=list)
    changed: list[EmbeddedFile] = field(default_factory=list)
    records: list[FileRecord] = field(default_factory=list)
    chunks: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def is_full(self) -> bool:
        """Whether it is large or old enough to be written."""
        return (
            len(self.records) >= _COMMIT_FILES
            or self.chunks >= _COMMIT_CHUNKS
            or (bool(self.records) and time.monotonic() - self.started > _COMMIT_SECONDS)
        )

    def add(self, one: EmbeddedFile, stored: FileRecord | None, *, has_orphans: bool) -> None:
        """Adds a file. `stored` is its row so far; `has_orphans` says that an interrupted run wrote
        chunks of it without a row."""
        # Also a file that had no chunks is replaced: such a run may have written some.
        has_chunks = has_orphans or (stored is not None and bool(stored.chunks or one.rows))
        if has_chunks and not _chunks_stay(one):
            self.changed.append(one)
        elif one.rows:
            self.fresh.append(one)
        self.records.append(one.record)
        self.chunks += len(one.rows)

    def write(self, store: Store, written: Callable[[], None] = lambda: None) -> None:
        """Writes chunks first, then rows: what is interrupted in between is done again. Calls
        `written` at the end."""
        for files, replacing in ((self.fresh, False), (self.changed, True)):
            if files:
                rows: list[ChunkRow] = [row for file in files for row in file.rows]
                store.chunks.write(
                    [row.chunk for row in rows],
                    [row.vector for row in rows],
                    [row.features for row in rows],
                    replacing={file.record.source for file in files} if replacing else (),
                )
        store.files.write(self.records)
        written()


def _chunks_stay(one: EmbeddedFile) -> bool:
    """Whether the stored chunks stay: the bytes are those already indexed."""
    return not one.rows and one.record.outcome == "indexed" and one.record.chunks > 0
