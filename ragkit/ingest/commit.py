"""Files that are written together: one resume point of a run."""

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
    """The files of one commit: `fresh` ones of which the table holds nothing, `changed` ones whose
    rows are replaced, and the ledger rows of both and of those that keep what is stored."""

    fresh: list[EmbeddedFile] = field(default_factory=list)
    changed: list[EmbeddedFile] = field(default_factory=list)
    records: list[FileRecord] = field(default_factory=list)
    chunks: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def due(self) -> bool:
        """Whether it is large or old enough to be written."""
        return (
            len(self.records) >= _COMMIT_FILES
            or self.chunks >= _COMMIT_CHUNKS
            or (bool(self.records) and time.monotonic() - self.started > _COMMIT_SECONDS)
        )

    def add(self, one: EmbeddedFile, held: FileRecord | None, *, left: bool) -> None:
        """Takes in a file, of which the ledger has the row `held`; `left`: it has none, but there
        are chunks that a run left when it was cut off."""
        # Also a file that had no chunks is replaced: such a run may have left some.
        stored = left or (held is not None and bool(held.chunks or one.rows))
        if stored and not _keeps_chunks(one):
            self.changed.append(one)
        elif one.rows:
            self.fresh.append(one)
        self.records.append(one.record)
        self.chunks += len(one.rows)

    def write(self, store: Store, written: Callable[[], None] = lambda: None) -> None:
        """Chunks first, then the ledger: what is cut off in between is done again. Nothing is
        written for an empty commit. Calls `written` at the end."""
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


def _keeps_chunks(one: EmbeddedFile) -> bool:
    """Whether the stored chunks stay: the bytes are those already indexed."""
    return not one.rows and one.record.outcome == "indexed" and one.record.chunks > 0
