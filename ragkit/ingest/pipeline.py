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
from ragkit.ingest.embedding import Commit, EmbeddedFile, EmbeddingStage
from ragkit.ingest.ocr import OcrStage
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
_LOOKUP_FILES = 1_000  # rows that are fetched at once
_PREFETCH_TASKS, _PREFETCH_SLICES = 4, 2
_LOOKUP_CHUNKS = 2_048
_LOOKUP_SECONDS = 1.0  # slow parsing must not hold back progress and commits
_DRAIN_SECONDS = 1.5  # after Ctrl-C: enough to write what is embedded

OnProgress = Callable[[Progress], object]


@dataclass(frozen=True, slots=True)
class ReusedFiles:
    """Files that are not read: their chunks come from another version of the index, in groups.
    `files` is how many there are."""

    files: int
    groups: Iterable[list[PreparedFile]]


NO_REUSED_FILES = ReusedFiles(0, ())


class Run:
    """Brings one version of an index up to date. To be called once, with the decisions."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        engine: Engine,
        settings: PrepareSettings,
        on_progress: OnProgress | None = None,
        *,
        files_per_task: int = FILES_PER_TASK,
        reuse_vectors_from: Sequence[ChunkTable] = (),
        ocr: OcrStage | None = None,
    ) -> None:
        """`reuse_vectors_from`: other tables with vectors of the same model. `ocr`: reads the pages
        without text, when `settings` ask for them."""
        self._store = store
        self._engine = engine
        self._settings = settings
        self._files_per_task = files_per_task
        self._on_progress = on_progress or (lambda _: None)
        self._embedding = EmbeddingStage(embedder, VectorCache([store.chunks, *reuse_vectors_from]))
        self._ocr = ocr
        self._stored_rows: dict[str, FileRecord] = {}  # the rows of files under way
        self._orphans: set[str] = set()  # files with chunks but no row
        self._added_hashes = ContentHashes()
        self._gone_hashes = ContentHashes()
        self._files_done = 0
        self._files_total = 0

    def __call__(
        self, decisions: Iterable[Decision], reused: ReusedFiles = NO_REUSED_FILES
    ) -> IndexReport:
        """Reads, embeds and writes the files that the decisions name, and those of `reused`, and
        removes files that are gone. All decisions are drawn before anything is written.

        Raises what the model or the store raises; everything committed by then stays.
        """
        started = time.monotonic()
        with plan_work(decisions) as plan:
            self._plan = plan
            self._counts = plan.counts.copy()
            self._problems = list(plan.problems)
            self._files_total = plan.to_read_count + reused.files
            if not plan.nothing_to_do or reused.files or self._store.was_interrupted:
                self._begin()
                self._work(self._tasks(), reused, self._refused())
                if self._ocr is not None:
                    for tasks in self._ocr(self._ocr_progress):
                        self._work(tasks)
                self._remove_gone()
                self._progress("optimize")
                self._store.maintain()
                self._store.mark_complete()
            return self._report(time.monotonic() - started)

    def _begin(self) -> None:
        """Marks the index as being written. Chunks that an interrupted run wrote without a row are
        replaced when their file is read in this run, so that their vectors are used again, and
        removed otherwise."""
        self._orphans = self._store.begin_write()
        if self._orphans:
            others = self._orphans.difference(one.found.source for one in self._plan.to_read())
            self._store.remove(others)

    # ------------------------------------------------------------ working

    def _work(
        self,
        tasks: Iterable[FileTask],
        reused: ReusedFiles = NO_REUSED_FILES,
        refused: Iterable[EmbeddedFile] = (),
    ) -> None:
        writer = BackgroundWriter()
        prepared = prefetch(self._prepared(tasks, reused), _PREFETCH_TASKS)
        batches_to_embed = prefetch(
            self._embedding.attach_cached_vectors(self._lookup_groups(prepared)), _PREFETCH_SLICES
        )
        try:
            commit = Commit()
            for one in refused:
                self._add(commit, one)
                commit = self._submit_if_full(writer, commit)
            for batch in batches_to_embed:
                for one in self._embedding(batch):
                    self._add(commit, self._counted(one))
                commit = self._submit_if_full(writer, commit)
                self._progress("index", batch.files[-1].record.source)
            self._submit(writer, commit)
            writer.finish()
        except RagkitError:
            # The model or the engine failed: what is embedded is written all the same.
            self._submit(writer, commit)
            writer.finish()
            raise
        except BaseException:
            self._engine.stop()  # does not wait for the last file
            writer.drain(partial(commit.write, self._store), _DRAIN_SECONDS)
            raise
        finally:
            batches_to_embed.close()
            prepared.close()

    def _refused(self) -> Iterator[EmbeddedFile]:
        """Files that must not be opened; the plan has counted them."""
        for files in batches(self._plan.refused(), _LOOKUP_FILES):
            self._load_rows([found.source for found, has_row in files if has_row])
            for found, _ in files:
                record = failed_record(found, "skipped", found.refusal)
                yield EmbeddedFile(replace(record, loader_version=""))  # it was not opened

    def _tasks(self) -> Iterator[FileTask]:
        """The files to read, each with the hash that the index has of it."""
        for files in batches(self._plan.to_read(), _LOOKUP_FILES):
            self._load_rows([one.found.source for one in files if one.has_row])
            yield from map(self._task, files)

    def _task(self, file: FileToRead) -> FileTask:
        stored = None if file.reload else self._stored_rows.get(file.found.source)
        return FileTask(file.found, "" if stored is None else stored.sha256)

    def _load_rows(self, sources: list[str]) -> None:
        if sources:
            self._stored_rows.update((one.source, one) for one in self._store.files.find(sources))

    def _remove_gone(self) -> None:
        """Removes files that are gone from the index."""
        for sources in batches(self._plan.gone(), _LOOKUP_FILES):
            for record in self._store.files.find(sources):
                self._gone_hashes.add(record.sha256)
            self._store.remove(sources)

    def _prepared(
        self, tasks: Iterable[FileTask], reused: ReusedFiles
    ) -> Iterator[list[PreparedFile]]:
        """The files of `reused`, then prepared files as the engine delivers them. A group whose
        worker died is prepared again file by file, so that only the file at fault fails."""
        for files in reused.groups:
            self._load_rows([one.record.source for one in files])
            yield files
        groups = task_groups(tasks, self._files_per_task)
        work = partial(prepare_files, self._settings)
        pending: dict[int, tuple[FileTask, ...]] = {}
        single_files: list[FileTask] = []
        for index, result in self._engine.imap(work, _record_pending(groups, pending)):
            group = pending.pop(index)
            if not isinstance(result, Exception):
                yield self._without_unread(group, result)
            elif len(group) > 1:
                single_files += group
            else:
                yield [_failed(group[0], result)]
        for index, result in self._engine.imap(work, [(task,) for task in single_files]):
            if isinstance(result, Exception):
                result = [_failed(single_files[index], result)]
            yield self._without_unread([single_files[index]], result)

    def _without_unread(
        self, tasks: Sequence[FileTask], files: list[PreparedFile]
    ) -> list[PreparedFile]:
        """The files but those that wait for OCR."""
        if self._ocr is None:
            return files
        for task, one in zip(tasks, files, strict=True):
            if one.unread:
                self._ocr.put_aside(task.found, one)
        return [one for one in files if not one.unread]

    @staticmethod
    def _lookup_groups(prepared: Iterable[list[PreparedFile]]) -> Iterator[list[PreparedFile]]:
        """Files in groups whose vectors are looked up together; smaller when files come slowly."""
        return group_by_chunks(
            chain.from_iterable(prepared),
            lambda: _LOOKUP_CHUNKS,
            most_files=_LOOKUP_FILES,
            seconds=_LOOKUP_SECONDS,
        )

    def _add(self, commit: Commit, one: EmbeddedFile) -> None:
        source = one.record.source
        commit.add(one, self._stored_rows.pop(source, None), has_orphans=source in self._orphans)

    def _submit_if_full(self, writer: BackgroundWriter, commit: Commit) -> Commit:
        """Submits the commit when it is full; the commit to go on with."""
        if not commit.is_full:
            return commit
        self._submit(writer, commit)
        return Commit()

    def _submit(self, writer: BackgroundWriter, commit: Commit) -> None:
        if commit.records:
            writer.submit(partial(commit.write, self._store, self._embedding.start_commit()))

    # ------------------------------------------------------------ counting

    def _counted(self, one: EmbeddedFile) -> EmbeddedFile:
        """The same file, counted in the report."""
        record, stored = one.record, self._stored_rows.get(one.record.source)
        self._files_done += 1
        if record.outcome == "indexed" and not one.rows and stored is not None:
            self._count(stored, "unchanged")
            record = replace(
                stored,
                size=record.size,
                mtime_ns=record.mtime_ns,
                inode=record.inode,
                last_seen_ns=record.last_seen_ns,
            )
            return replace(one, record=record)
        if record.outcome != "indexed":
            self._count(record, record.outcome)
        elif stored is not None:
            self._count(record, "updated")
        else:
            self._count(record, "added")
            if self._plan.gone_count:
                self._added_hashes.add(record.sha256)
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
        moved = self._added_hashes.common(self._gone_hashes)
        return IndexReport(
            added=counts["added"] - moved,
            updated=counts["updated"],
            moved=moved,
            removed=self._plan.gone_count - moved,
            unchanged=counts["unchanged"],
            skipped=counts["skipped"],
            failed=counts["failed"],
            chunks=counts["chunks"],
            embedded=self._embedding.embedded,
            reused=self._embedding.reused,
            seconds=seconds,
            problems=tuple(sorted(self._problems, key=lambda p: p.source)),
        )

    def _ocr_progress(self, pages_done: int, pages_total: int) -> None:
        self._on_progress(
            Progress(
                "ocr",
                self._files_done,
                self._files_total,
                self._counts["chunks"],
                pages_done=pages_done,
                pages_total=pages_total,
            )
        )

    def _progress(self, stage: str, source: str = "") -> None:
        total = self._files_total
        self._on_progress(Progress(stage, self._files_done, total, self._counts["chunks"], source))


def _record_pending(
    groups: Iterable[tuple[FileTask, ...]], pending: dict[int, tuple[FileTask, ...]]
) -> Iterator[tuple[FileTask, ...]]:
    """The groups as they are drawn; each is in `pending` under its number until it is done."""
    for number, group in enumerate(groups):
        pending[number] = group
        yield group


def _failed(task: FileTask, error: Exception) -> PreparedFile:
    return PreparedFile(failed_record(task.found, "failed", str(error) or type(error).__name__))
