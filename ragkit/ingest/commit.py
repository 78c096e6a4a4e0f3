"""The files that are written together: after each commit a run can be stopped and resumed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ragkit.ingest.embedding import ChunkRow, EmbeddedFile
from ragkit.types import FileRecord

if TYPE_CHECKING:
    from ragkit.store import Store

_COMMIT_FILES = 5_000  # every commit is a fragment of the table, and a search touches many
_COMMIT_CHUNKS, _COMMIT_SECONDS = 7_000, 30.0


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
