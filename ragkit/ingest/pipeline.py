"""The write path as a whole: reconcile -> load and chunk -> embed -> write.

Three threads and two bounded queues: one pulls prepared files from the engine, the calling one
embeds, one writes. The model waits neither for parsing nor for the database, and memory stays
flat however large the corpus. Every commit is a resume point.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from ragkit.concurrency import BackgroundWriter, prefetch
from ragkit.errors import RagkitError
from ragkit.ingest.commit import Commit
from ragkit.ingest.embedding import EmbeddedFile, EmbeddingStage
from ragkit.ingest.prepare import (
    FileTask,
    PreparedFile,
    PrepareSettings,
    failed_record,
    prepare_files,
)
from ragkit.ingest.reconcile import Decision
from ragkit.ingest.vector_cache import VectorCache
from ragkit.ingest.work_plan import (
    ContentHashes,
    FileToRead,
    batches,
    group_by_chunks,
    plan_work,
    task_groups,
)
from ragkit.types import Embedder, Engine, FileRecord, IndexReport, Problem, Progress

if TYPE_CHECKING:
    from ragkit.store import ChunkTable, Store

FILES_PER_TASK = 32
_LOOKUP_FILES = 1_000  # so many ledger rows are fetched at once
_AHEAD_TASKS, _AHEAD_SLICES = 4, 2
_LOOKUP_CHUNKS = 2_048
_LOOKUP_SECONDS = 1.0  # slow parsing must not hold back progress and commits
_LEAVE_SECONDS = 1.5  # after Ctrl-C: enough to write what is embedded

OnProgress = Callable[[Progress], object]


@dataclass(frozen=True, slots=True)
class ReusedFiles:
    """Files that need no reading, in groups: their chunks come from elsewhere."""

    files: int
    groups: Iterable[list[PreparedFile]]


NO_REUSED_FILES = ReusedFiles(0, ())


class Run:
    """One reconcile of an index with what was found. Call it once, with the decisions."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        engine: Engine,
        recipe: PrepareSettings,
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
        self._embedding = EmbeddingStage(embedder, VectorCache([store.chunks, *lenders]))
        self._known: dict[str, FileRecord] = {}  # what the index holds of the files in hand
        self._left: set[str] = set()  # files with chunks but no ledger row
        self._new = ContentHashes()
        self._gone = ContentHashes()
        self._files_done = 0
        self._files_total = 0

    def __call__(
        self, decisions: Iterable[Decision], carried: ReusedFiles = NO_REUSED_FILES
    ) -> IndexReport:
        """Does what the decisions ask for, takes in what is carried over, and reports it. All
        decisions are there before anything is done; few of them are kept in memory.

        Raises what the model or the store raise; all that was committed by then stays.
        """
        started = time.monotonic()
        with plan_work(decisions) as scan:
            self._scan = scan
            self._counts = scan.counts.copy()
            self._problems = list(scan.problems)
            self._files_total = scan.to_read_count + carried.files
            if not scan.nothing_to_do or carried.files or self._store.was_interrupted:
                self._begin()
                self._work(carried)
                self._forget()
                self._progress("optimize")
                self._store.maintain()
                self._store.mark_complete()
            return self._report(time.monotonic() - started)

    def _begin(self) -> None:
        """Marks the index as being written. What a run that was cut off left behind of files
        that are to be done is replaced, so that its vectors are still of use; the rest goes."""
        self._left = self._store.begin_write()
        if self._left:
            others = self._left.difference(one.found.source for one in self._scan.to_read())
            self._store.remove(others)

    # ------------------------------------------------------------ working

    def _work(self, carried: ReusedFiles) -> None:
        writer = BackgroundWriter()
        prepared = prefetch(self._prepared(self._tasks(), carried), _AHEAD_TASKS)
        looked_up = prefetch(
            self._embedding.attach_cached_vectors(self._lookups(prepared)), _AHEAD_SLICES
        )
        try:
            commit = Commit()
            for one in self._refused():
                self._add(commit, one)
                commit = self._submit_due(writer, commit)
            for looked in looked_up:
                for one in self._embedding(looked):
                    self._add(commit, self._counted(one))
                commit = self._submit_due(writer, commit)
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
            writer.drain(partial(commit.write, self._store), _LEAVE_SECONDS)
            raise
        finally:
            looked_up.close()
            prepared.close()

    def _refused(self) -> Iterator[EmbeddedFile]:
        """Files that must not be opened; the scan has counted them."""
        for files in batches(self._scan.refused(), _LOOKUP_FILES):
            self._look_up([found.source for found, known in files if known])
            for found, _ in files:
                record = failed_record(found, "skipped", found.refusal)
                yield EmbeddedFile(replace(record, loader_version=""))  # it was not opened

    def _tasks(self) -> Iterator[FileTask]:
        """The files to read, and what the index holds of them."""
        for files in batches(self._scan.to_read(), _LOOKUP_FILES):
            self._look_up([one.found.source for one in files if one.known])
            yield from map(self._task, files)

    def _task(self, due: FileToRead) -> FileTask:
        held = None if due.reload else self._known.get(due.found.source)
        return FileTask(due.found, "" if held is None else held.sha256)

    def _look_up(self, sources: list[str]) -> None:
        if sources:
            self._known.update((one.source, one) for one in self._store.files.find(sources))

    def _forget(self) -> None:
        """Takes vanished files out of the index."""
        for sources in batches(self._scan.gone(), _LOOKUP_FILES):
            for record in self._store.files.find(sources):
                self._gone.add(record.sha256)
            self._store.remove(sources)

    def _prepared(
        self, tasks: Iterable[FileTask], carried: ReusedFiles
    ) -> Iterator[list[PreparedFile]]:
        """What is carried over, then prepared files as the engine delivers them. A group of files
        whose worker died is done again one by one, so that only the guilty file fails."""
        for files in carried.groups:
            self._look_up([one.record.source for one in files])
            yield files
        groups = task_groups(tasks, self._files_per_task)
        work = partial(prepare_files, self._recipe)
        in_hand: dict[int, tuple[FileTask, ...]] = {}
        alone: list[FileTask] = []
        for index, result in self._engine.imap(work, _noted(groups, in_hand)):
            group = in_hand.pop(index)
            if not isinstance(result, Exception):
                yield result
            elif len(group) > 1:
                alone += group
            else:
                yield [_failed(group[0], result)]
        for index, result in self._engine.imap(work, [(task,) for task in alone]):
            yield [_failed(alone[index], result)] if isinstance(result, Exception) else result

    @staticmethod
    def _lookups(prepared: Iterable[list[PreparedFile]]) -> Iterator[list[PreparedFile]]:
        """Files in groups whose texts are looked up at once, fewer when they come slowly."""
        return group_by_chunks(
            chain.from_iterable(prepared),
            lambda: _LOOKUP_CHUNKS,
            most_files=_LOOKUP_FILES,
            seconds=_LOOKUP_SECONDS,
        )

    def _add(self, commit: Commit, one: EmbeddedFile) -> None:
        source = one.record.source
        commit.add(one, self._known.pop(source, None), left=source in self._left)

    def _submit_due(self, writer: BackgroundWriter, commit: Commit) -> Commit:
        """Submits the commit when it is due; the one that goes on."""
        if not commit.due:
            return commit
        self._submit(writer, commit)
        return Commit()

    def _submit(self, writer: BackgroundWriter, commit: Commit) -> None:
        if commit.records:
            writer.submit(partial(commit.write, self._store, self._embedding.start_commit()))

    # ------------------------------------------------------------ counting

    def _counted(self, one: EmbeddedFile) -> EmbeddedFile:
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
                last_seen_ns=record.last_seen_ns,
            )
            return replace(one, record=kept)
        if record.outcome != "indexed":
            self._count(record, record.outcome)
        elif held is not None:
            self._count(record, "updated")
        else:
            self._count(record, "added")
            if self._scan.gone_count:
                self._new.add(record.sha256)
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
        moved = self._new.common(self._gone)
        return IndexReport(
            added=counts["added"] - moved,
            updated=counts["updated"],
            moved=moved,
            removed=self._scan.gone_count - moved,
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
        total = self._files_total
        self._on_progress(Progress(stage, self._files_done, total, self._counts["chunks"], source))


def _noted(
    groups: Iterable[tuple[FileTask, ...]], in_hand: dict[int, tuple[FileTask, ...]]
) -> Iterator[tuple[FileTask, ...]]:
    """The groups as they are pulled, each kept under its number."""
    for number, group in enumerate(groups):
        in_hand[number] = group
        yield group


def _failed(task: FileTask, error: Exception) -> PreparedFile:
    return PreparedFile(failed_record(task.found, "failed", str(error) or type(error).__name__))
