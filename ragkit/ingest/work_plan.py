"""What a run has to do, in little memory: the decisions about all files, and work in groups."""

from __future__ import annotations

import json
import math
import sys
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ragkit.ingest.reconcile import Decision
from ragkit.types import DiscoveredFile, FileFingerprint, Outcome, Problem

if TYPE_CHECKING:
    from ragkit.ingest.prepare import FileTask, PreparedFile

_MEMORY_BYTES = 16 << 20
_TASK_BYTES = 1 << 20
Item = TypeVar("Item")


class FileToRead(NamedTuple):
    """A file to read. `has_row`: the index has a row of it; `reload`: read it even if its bytes are
    those that the row has the hash of."""

    found: DiscoveredFile
    has_row: bool
    reload: bool


class WorkPlan:
    """The files that need no work, as counts and problems; the others one by one, on disk when they
    are many."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[Problem] = []
        self.to_read_count = 0
        self._to_read, self._refused, self._gone = Spool(), Spool(), Spool()

    def add(self, decision: Decision) -> None:
        """Adds a decision."""
        kind, found, row = decision
        if row is not None and kind in ("unchanged", "unreachable"):
            self._count_unchanged(row, "unchanged")
        elif row is not None and kind == "gone":
            self._gone.add((row.source,))
        elif found is not None and kind == "refused":
            self._count_unchanged(
                FileFingerprint(found.source, "skipped", found.refusal), "skipped"
            )
            if row is None or (row.outcome, row.reason) != ("skipped", found.refusal):
                self._refused.add((*found, row is not None))
        elif found is not None:
            reload = row is None or kind == "retry" or row.outcome == "failed"
            self._to_read.add((*found, row is not None, reload))
            self.to_read_count += 1

    @property
    def nothing_to_do(self) -> bool:
        """Whether the index is up to date already."""
        return not (self._to_read or self._refused or self._gone)

    @property
    def gone_count(self) -> int:
        return len(self._gone)

    def to_read(self) -> Iterator[FileToRead]:
        """The files to read, in the order of the decisions."""
        return (
            FileToRead(DiscoveredFile(*values), has_row, reload)
            for *values, has_row, reload in self._to_read
        )

    def refused(self) -> Iterator[tuple[DiscoveredFile, bool]]:
        """Files that are not to be opened, and whether the index has a row of them."""
        return ((DiscoveredFile(*values), has_row) for *values, has_row in self._refused)

    def gone(self) -> Iterator[str]:
        """The sources of files to remove from the index."""
        return (source for (source,) in self._gone)

    def close(self) -> None:
        for spool in (self._to_read, self._refused, self._gone):
            spool.close()

    def _count_unchanged(self, file: FileFingerprint, kind: Outcome | str) -> None:
        self.counts[kind if file.outcome == "indexed" else file.outcome] += 1
        if file.reason:
            self.problems.append(Problem(file.source, file.outcome, file.reason))


@contextmanager
def plan_work(decisions: Iterable[Decision]) -> Iterator[WorkPlan]:
    """The plan made of all decisions. Raises what they raise; nothing has been done by then."""
    with closing(WorkPlan()) as plan:
        for decision in decisions:
            plan.add(decision)
        yield plan


class ContentHashes:
    """Contents of files, 8 bytes each, to tell how many were moved."""

    def __init__(self) -> None:
        self._keys = array("Q")

    def add(self, sha256: str) -> None:
        """Adds the file with this hash, if it has one."""
        if sha256:
            self._keys.append(int(sha256[:16], 16))

    def common(self, other: ContentHashes) -> int:
        """How many files of one can be paired with files of the other, equal with equal."""
        if not (self._keys and other._keys):
            return 0
        import numpy as np

        ours, our_counts = np.unique(np.frombuffer(self._keys, np.uint64), return_counts=True)
        theirs, their_counts = np.unique(np.frombuffer(other._keys, np.uint64), return_counts=True)
        _, at, their_at = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
        return int(np.minimum(our_counts[at], their_counts[their_at]).sum())


class Spool:
    """Rows of JSON values in the order they were added; read them as often as needed, from one
    thread at a time. The file vanishes with the object or the process."""

    def __init__(self, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=memory_bytes)  # noqa: SIM115
        self._count = 0

    def add(self, row: Sequence[Any]) -> None:
        """Adds a row at the end."""
        # Escaped to ASCII: names that are not UTF-8 hold lone surrogates.
        self._file.write(json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n")
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[list[Any]]:
        self._file.seek(0)
        return map(json.loads, self._file)

    def close(self) -> None:
        """Frees what the rows take."""
        self._file.close()


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items, the last one of the rest; none for no items."""
    remaining = iter(items)
    while some := list(islice(remaining, size)):
        yield some


def task_groups(tasks: Iterable[FileTask], most_files: int) -> Iterator[tuple[FileTask, ...]]:
    """Tasks in groups of at most so many files, large files alone."""
    group: list[FileTask] = []
    size = 0
    for task in tasks:
        if group and (len(group) >= most_files or size + task.found.size > _TASK_BYTES):
            yield tuple(group)
            group, size = [], 0
        group.append(task)
        size += task.found.size
    if group:
        yield tuple(group)


def group_by_chunks(
    files: Iterable[PreparedFile],
    most_chunks: Callable[[], int],
    *,
    most_files: int = sys.maxsize,
    seconds: float = math.inf,
) -> Iterator[list[PreparedFile]]:
    """Files in groups that end when one of the limits is reached: of chunks, which is asked after
    each file, of files, or of the time that the group took to come together."""
    group: list[PreparedFile] = []
    chunks, since = 0, time.monotonic()
    for one in files:
        group.append(one)
        chunks += len(one.chunks)
        full = chunks >= most_chunks() or len(group) >= most_files
        if full or time.monotonic() - since > seconds:
            yield group
            group, chunks, since = [], 0, time.monotonic()
    if group:
        yield group
