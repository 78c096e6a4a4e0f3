"""The write path as a whole: reconcile -> load and chunk -> embed -> write.

Three threads and two bounded queues: one pulls prepared files from the engine, the calling one
embeds, one writes. The model waits neither for parsing nor for the database, and memory stays
flat however large the corpus. Every commit is a resume point.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from ragkit.errors import RagkitError
from ragkit.ingest.background import Behind, ahead
from ragkit.ingest.embed import Embedded, Embedding, Row
from ragkit.ingest.known import KnownVectors
from ragkit.ingest.prepare import Prepared, Recipe, Task, prepare, unreadable
from ragkit.ingest.reconcile import Decision, pair_moves
from ragkit.types import Embedder, Engine, FileRecord, IndexReport, Problem, Progress

if TYPE_CHECKING:
    from ragkit.store import ChunkTable, Store

FILES_PER_TASK, _TASK_BYTES = 32, 1 << 20
_COMMIT_FILES, _COMMIT_CHUNKS, _COMMIT_SECONDS = 500, 10_000, 30.0
_AHEAD_TASKS, _AHEAD_SLICES = 4, 2
_SLICE_SECONDS = 1.0  # slow parsing must not hold back progress and commits
_LEAVE_SECONDS = 1.5  # after Ctrl-C: enough to write what is embedded

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Carried:
    """Files that need no reading, in groups: their chunks come from elsewhere."""

    files: int
    groups: Iterable[list[Prepared]]


NOTHING_CARRIED = Carried(0, ())


@dataclass(slots=True)
class _Commit:
    """Files that are written together."""

    fresh: list[Embedded] = field(default_factory=list)
    changed: list[Embedded] = field(default_factory=list)
    records: list[FileRecord] = field(default_factory=list)
    chunks: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def due(self) -> bool:
        return (
            len(self.records) >= _COMMIT_FILES
            or self.chunks >= _COMMIT_CHUNKS
            or (bool(self.records) and time.monotonic() - self.started > _COMMIT_SECONDS)
        )


class Run:
    """One reconcile of an index with what was found. Call it once, with the decisions."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        engine: Engine,
        recipe: Recipe,
        on_progress: OnProgress | None = None,
        *,
        files_per_task: int = FILES_PER_TASK,
        lenders: Sequence[ChunkTable] = (),
    ) -> None:
        """Vectors of the same model in `lenders` are used as those of the index itself."""
        self._store = store
        self._engine = engine
        self._recipe = recipe
        self._files_per_task = files_per_task
        self._on_progress = on_progress or (lambda _: None)
        self._embedding = Embedding(embedder, KnownVectors([store.chunks, *lenders]))
        self._known: dict[str, FileRecord] = {}  # what the index holds of the files to be done
        self._gone: dict[str, FileRecord] = {}
        self._left: set[str] = set()  # files with chunks but no ledger row
        self._new: list[tuple[str, str]] = []  # source and hash, while files may have moved
        self._counts: Counter[str] = Counter()
        self._problems: list[Problem] = []
        self._files_done = 0
        self._files_total = 0

    def __call__(
        self, decisions: Iterable[Decision], carried: Carried = NOTHING_CARRIED
    ) -> IndexReport:
        """Does what the decisions ask for, takes in what is carried over, and reports it.

        Raises what the model or the store raise; all that was committed by then stays.
        """
        started = time.monotonic()
        tasks, refused = self._plan(decisions)
        self._files_total = len(tasks) + carried.files
        if tasks or refused or self._gone or carried.files or self._store.cut_off:
            self._begin(tasks)
            self._work(tasks, refused, carried)
            if self._gone:
                self._store.remove(self._gone)
            self._progress("tidy")
            self._store.tidy()
            self._store.end_writing()
        return self._report(time.monotonic() - started)

    # ------------------------------------------------------------ deciding

    def _plan(self, decisions: Iterable[Decision]) -> tuple[list[Task], list[FileRecord]]:
        tasks: list[Task] = []
        refused: list[FileRecord] = []
        for kind, found, record in decisions:
            if kind == "gone" and record is not None:
                self._gone[record.source] = record
            elif kind in ("unchanged", "unreachable") and record is not None:
                self._count(record, "unchanged")
            elif kind == "refused" and found is not None:
                row = unreadable(found, "skipped", found.refusal)
                self._count(row, "skipped")
                if record is None or (record.outcome, record.reason) != ("skipped", row.reason):
                    refused.append(row)
                    if record is not None:
                        self._known[record.source] = record
            elif found is not None:
                if record is not None:
                    self._known[record.source] = record
                again = record is None or kind == "retry" or record.outcome == "failed"
                tasks.append(Task(found, "" if again or record is None else record.sha256))
        return tasks, refused

    def _begin(self, tasks: Iterable[Task]) -> None:
        """Marks the index as being written. What a run that was cut off left behind of files
        that are to be done is replaced, so that its vectors are still of use; the rest goes."""
        self._left = self._store.begin_writing()
        others = self._left - {task.found.source for task in tasks}
        if others:
            self._store.remove(others)

    # ------------------------------------------------------------ working

    def _work(self, tasks: list[Task], refused: list[FileRecord], carried: Carried) -> None:
        writer = Behind()
        prepared = ahead(self._prepared(tasks, carried), _AHEAD_TASKS)
        looked_up = ahead(self._embedding.looked_up(self._slices(prepared)), _AHEAD_SLICES)
        try:
            commit = _Commit()
            for row in refused:
                self._add(commit, Embedded(row))
            for looked in looked_up:
                for one in self._embedding(looked):
                    self._add(commit, self._counted(one))
                if commit.due:
                    self._submit(writer, commit)
                    commit = _Commit()
                self._progress("index", looked.files[-1].record.source)
            self._submit(writer, commit)
            writer.finish()
        except RagkitError:
            # The model or a file's engine gave up: what is embedded is still worth keeping.
            self._submit(writer, commit)
            writer.finish()
            raise
        except BaseException:
            self._engine.stop()  # else the last file would be waited for
            writer.leave(partial(_write, self._store, commit), _LEAVE_SECONDS)
            raise
        finally:
            looked_up.close()
            prepared.close()

    def _prepared(self, tasks: list[Task], carried: Carried) -> Iterator[list[Prepared]]:
        """What is carried over, then prepared files as the engine delivers them. A group of files
        whose worker died is done again one by one, so that only the guilty file fails."""
        yield from carried.groups
        groups = list(_groups(tasks, self._files_per_task))
        work = partial(prepare, self._recipe)
        alone: list[Task] = []
        for index, result in self._engine.imap(work, groups):
            if not isinstance(result, Exception):
                yield result
            elif len(groups[index]) > 1:
                alone += groups[index]
            else:
                yield [_failed(groups[index][0], result)]
        for index, result in self._engine.imap(work, [(task,) for task in alone]):
            yield [_failed(alone[index], result)] if isinstance(result, Exception) else result

    def _slices(self, prepared: Iterator[list[Prepared]]) -> Iterator[list[Prepared]]:
        """Files in groups that hold about one call's worth of chunks."""
        files: list[Prepared] = []
        chunks, since = 0, time.monotonic()
        for some in prepared:
            for one in some:
                files.append(one)
                chunks += len(one.chunks)
                full = chunks >= self._embedding.slice_chunks or len(files) >= _COMMIT_FILES
                if full or time.monotonic() - since > _SLICE_SECONDS:
                    yield files
                    files, chunks, since = [], 0, time.monotonic()
        if files:
            yield files

    def _add(self, commit: _Commit, one: Embedded) -> None:
        source = one.record.source
        held = self._known.get(source)
        stored = source in self._left or (held is not None and held.chunks > 0)
        if stored and not _keeps_chunks(one):
            commit.changed.append(one)
        elif one.rows:
            commit.fresh.append(one)
        commit.records.append(one.record)
        commit.chunks += len(one.rows)

    def _submit(self, writer: Behind, commit: _Commit) -> None:
        if commit.records:
            writer.submit(partial(_write, self._store, commit, self._embedding.begin_commit()))

    # ------------------------------------------------------------ counting

    def _counted(self, one: Embedded) -> Embedded:
        """The same file, counted in the report."""
        record, held = one.record, self._known.get(one.record.source)
        self._files_done += 1
        if record.outcome == "indexed" and not one.rows and held is not None:
            self._count(held, "unchanged")
            kept = replace(
                held,
                size=record.size,
                mtime_ns=record.mtime_ns,
                inode=record.inode,
                seen_ns=record.seen_ns,
            )
            return replace(one, record=kept)
        if record.outcome != "indexed":
            self._count(record, record.outcome)
        elif held is not None:
            self._count(record, "updated")
        else:
            self._count(record, "added")
            if self._gone:
                self._new.append((record.source, record.sha256))
        self._counts["chunks"] += len(one.rows)
        return one

    def _count(self, record: FileRecord, kind: str) -> None:
        if record.outcome != "indexed":
            kind = record.outcome
        self._counts[kind] += 1
        if record.reason:
            self._problems.append(Problem(record.source, record.outcome, record.reason))

    def _report(self, seconds: float) -> IndexReport:
        counts = self._counts
        moved = len(pair_moves(self._new, self._gone.values()))
        return IndexReport(
            added=counts["added"] - moved,
            updated=counts["updated"],
            moved=moved,
            removed=len(self._gone) - moved,
            unchanged=counts["unchanged"],
            skipped=counts["skipped"],
            failed=counts["failed"],
            chunks=counts["chunks"],
            embedded=self._embedding.embedded,
            reused=self._embedding.reused,
            seconds=seconds,
            problems=tuple(sorted(self._problems, key=lambda p: p.source)),
        )

    def _progress(self, stage: str, source: str = "") -> None:
        self._on_progress(
            Progress(stage, self._files_done, self._files_total, self._counts["chunks"], source)
        )


def _groups(tasks: Sequence[Task], most: int) -> Iterator[tuple[Task, ...]]:
    """Tasks in groups of a few files, large files alone."""
    group: list[Task] = []
    size = 0
    for task in tasks:
        if group and (len(group) >= most or size + task.found.size > _TASK_BYTES):
            yield tuple(group)
            group, size = [], 0
        group.append(task)
        size += task.found.size
    if group:
        yield tuple(group)


def _keeps_chunks(one: Embedded) -> bool:
    """Whether the stored chunks stay: the bytes are those already indexed."""
    return not one.rows and one.record.outcome == "indexed" and one.record.chunks > 0


def _failed(task: Task, error: Exception) -> Prepared:
    return Prepared(unreadable(task.found, "failed", str(error) or type(error).__name__))


def _write(store: Store, commit: _Commit, written: Callable[[], None] = lambda: None) -> None:
    """One commit: chunks first, then the ledger. Nothing for an empty one."""
    for files, replacing in ((commit.fresh, False), (commit.changed, True)):
        if files:
            rows: list[Row] = [row for file in files for row in file.rows]
            store.chunks.write(
                [row.chunk for row in rows],
                [row.vector for row in rows],
                [row.derived for row in rows],
                replacing={file.record.source for file in files} if replacing else (),
            )
    store.files.write(commit.records)
    written()
