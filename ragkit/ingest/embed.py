"""Prepared files -> their chunks with vectors; no text is embedded twice."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from ragkit.errors import EmbeddingError
from ragkit.ingest.chunk import split_chunk
from ragkit.ingest.prepare import Prepared, embedded_text, text_hash
from ragkit.types import Chunk, Embedder, FileRecord

if TYPE_CHECKING:
    from ragkit.types import Vectors

_AIM_SECONDS = 2.0  # how long one call of the model should take: progress and commits wait on it
_FIRST_CHUNKS, _MOST_CHUNKS = 64, 4096
_COMMITS_IN_FLIGHT = 3


class Known(Protocol):
    """Where stored vectors are looked up."""

    def __call__(self, hashes: Sequence[str]) -> Mapping[str, Vectors]: ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """A file ready to be stored. `vectors` is (n, d) float32, in the order of `chunks`."""

    record: FileRecord
    chunks: tuple[Chunk, ...]
    hashes: tuple[str, ...]
    vectors: tuple[Vectors, ...]


class Embedding:
    """Embeds files slice by slice; reuses vectors of equal texts, stored or still in flight."""

    def __init__(self, embedder: Embedder, known: Known) -> None:
        self._embedder = embedder
        self._known = known
        self._recent: deque[dict[str, Vectors]] = deque([{}], maxlen=_COMMITS_IN_FLIGHT)
        self.slice_chunks = _FIRST_CHUNKS
        self.embedded = 0
        self.reused = 0

    def committed(self) -> None:
        """Tells that all files so far were handed to the writer."""
        self._recent.append({})

    def __call__(self, files: Sequence[Prepared]) -> list[Embedded]:
        """Each file with the vectors of its chunks. A chunk too long for the model is divided
        until it fits; one the model refuses is left out and its file's row says so."""
        done: list[list[tuple[Chunk, str, Vectors]]] = [[] for _ in files]
        lost: list[list[tuple[Chunk, str]]] = [[] for _ in files]
        waiting = [(at, one) for at, file in enumerate(files) for one in file.chunks]
        while waiting:
            hashes = [text_hash(embedded_text(one)) for _, one in waiting]
            vectors, too_long, refused = self._vectors(waiting, hashes)
            again: list[tuple[int, Chunk]] = []
            for (at, one), key in zip(waiting, hashes, strict=True):
                if key in vectors:
                    done[at].append((one, key, vectors[key]))
                elif key in too_long and (halves := split_chunk(one)):
                    again += [(at, half) for half in halves if half.text.strip()]
                else:
                    lost[at].append((one, refused.get(key, "too long for the model")))
            waiting = again
        return [_embedded(*parts) for parts in zip(files, done, lost, strict=True)]

    def _vectors(
        self, waiting: Sequence[tuple[int, Chunk]], hashes: Sequence[str]
    ) -> tuple[dict[str, Vectors], set[str], dict[str, str]]:
        """By text hash: vectors, those too long, and those refused with the reason."""
        texts = {key: embedded_text(one) for key, (_, one) in zip(hashes, waiting, strict=True)}
        vectors = {k: recent[k] for recent in self._recent for k in texts if k in recent}
        vectors.update(self._known([key for key in texts if key not in vectors]))
        missing = [key for key in texts if key not in vectors]
        too_long: set[str] = set()
        refused: dict[str, str] = {}
        if missing:
            rows, long_at, refused_at = self._ask([texts[key] for key in missing])
            too_long = {missing[at] for at in long_at}
            refused = {missing[at]: reason for at, reason in refused_at.items()}
            fresh = {
                key: row
                for key, row in zip(missing, rows, strict=True)
                if key not in too_long and key not in refused
            }
            self._recent[-1].update(fresh)
            vectors.update(fresh)
            self.embedded += len(fresh)
        self.reused += sum(key in vectors for key in hashes) - sum(k in vectors for k in missing)
        return vectors, too_long, refused

    def _ask(self, texts: list[str]) -> tuple[Vectors, frozenset[int], Mapping[int, str]]:
        started = time.monotonic()
        too_long: frozenset[int] = frozenset()
        refused: Mapping[int, str] = {}
        try:
            vectors = self._embedder.embed_passages(texts)
        except EmbeddingError as error:
            vectors, too_long, refused = error.vectors, error.too_long, error.refused
        self._adapt(len(texts), time.monotonic() - started)
        return vectors, too_long, refused

    def _adapt(self, texts: int, seconds: float) -> None:
        if texts >= self.slice_chunks // 2:
            factor = 2.0 if seconds < _AIM_SECONDS / 2 else 0.5 if seconds > _AIM_SECONDS * 2 else 1
            self.slice_chunks = int(
                min(max(self.slice_chunks * factor, _FIRST_CHUNKS), _MOST_CHUNKS)
            )


def _embedded(
    file: Prepared, done: list[tuple[Chunk, str, Vectors]], lost: list[tuple[Chunk, str]]
) -> Embedded:
    done.sort(key=lambda row: row[0].start)
    chunks = tuple(
        one if one.ordinal == at else replace(one, ordinal=at)
        for at, (one, _, _) in enumerate(done)
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
            characters_lost=record.characters_lost + missing,
            sha256="",  # so that the next run does not take the file for done
        )
    record = replace(record, chunks=len(chunks)) if record.chunks != len(chunks) else record
    return Embedded(record, chunks, tuple(h for _, h, _ in done), tuple(v for _, _, v in done))
