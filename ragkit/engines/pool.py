"""A pool of worker processes. When one dies, only the task it worked on is lost."""

from __future__ import annotations

import pickle
import queue
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ragkit.engines.process import Events, SentTask, WorkerProcess
from ragkit.engines.worker import MEMORY, STARTED, UNUSABLE
from ragkit.errors import LoadError, RagkitError

STOPPED = "the work was stopped"

_IN_FLIGHT = 2  # one to work on, one to go on with
_POLL_SECONDS = 1.0
_START_ATTEMPTS = 3  # in a row; something may kill processes at random


class UnusableError(Exception):
    """Worker processes cannot do this work; the text says why."""


class Pool:
    """Up to `workers` processes for one run. Iterate `results` once, then `close`.

    After an `UnusableError` every task drawn from `tasks` is in `ready` or in `unfinished`.
    """

    def __init__(
        self,
        setup: bytes,
        tasks: Iterator[tuple[int, Any]],
        workers: int,
        task_seconds: float,
        memory_bytes: int | None,
    ) -> None:
        self._setup = setup
        self._tasks = tasks
        self._size = workers
        self._task_seconds = task_seconds
        self._memory_bytes = memory_bytes
        self._workers: list[WorkerProcess] = []
        self._failed_starts = 0
        self._waiting: deque[SentTask] = deque()  # taken back from a worker that died
        self.ready: deque[tuple[int, Any]] = deque()
        self._events: Events = queue.SimpleQueue()

    def results(self) -> Iterator[tuple[int, Any]]:
        """(index, result or exception) as they arrive. Raises `UnusableError` when workers
        cannot be used at all, `RagkitError` after `stop`."""
        while True:
            self._fill()
            while self.ready:
                yield self.ready.popleft()
            if not any(worker.tasks for worker in self._workers):
                return
            for worker in self._workers:
                if worker.is_overdue(self._task_seconds):
                    worker.terminate(f"took longer than {self._task_seconds:g} s")
            with suppress(queue.Empty):
                self._handle(self._events.get(timeout=_POLL_SECONDS))

    def stop(self) -> None:
        """Ends `results` with an error, from any thread."""
        self._events.put(None)

    def close(self) -> None:
        """Kills what still runs. No process outlives this call."""
        for worker in self._workers:
            worker.kill()
        while self._workers:
            self._workers.pop().end()

    def unfinished(self) -> list[tuple[int, Any]]:
        """The tasks that were drawn and have no result: (number, task)."""
        unanswered = [task for worker in self._workers for task in worker.tasks]
        return [(task.number, pickle.loads(task.frame)) for task in (*self._waiting, *unanswered)]  # noqa: S301

    def _fill(self) -> None:
        """Sends every worker one task to do and one to go on with, and starts workers as long as
        there are tasks for them."""
        for count in range(_IN_FLIGHT):
            while True:
                sound = [worker for worker in self._workers if not worker.kill_reason]
                free = [worker for worker in sound if len(worker.tasks) <= count]
                if not free and (count or len(self._workers) >= self._size):
                    break
                task = self._next_task()
                if task is None:
                    return
                if free:
                    min(free, key=lambda worker: len(worker.tasks)).send(task)
                else:
                    self._start(task)

    def _next_task(self) -> SentTask | None:
        if self._waiting:
            return self._waiting.popleft()
        for index, task in self._tasks:
            try:
                return SentTask(index, pickle.dumps(task, protocol=5))
            except Exception as error:  # noqa: BLE001 - a class that cannot be pickled
                self.ready.append((index, error))
        return None

    def _start(self, task: SentTask) -> None:
        """Starts a worker for a task."""
        try:
            worker = WorkerProcess(self._setup, self._events)
        except OSError as error:
            self._waiting.appendleft(task)
            raise UnusableError(f"no worker process can be started: {error}") from error
        self._workers.append(worker)
        worker.send(task)

    def _handle(self, event: tuple[WorkerProcess, bytearray | None] | None) -> None:
        if event is None:
            raise RagkitError(STOPPED)
        worker, frame = event
        if frame is None:
            self._reap(worker)
            return
        kind, answer = bytes(frame[:1]), memoryview(frame)[1:]
        if kind == STARTED:
            worker.started = True
            self._failed_starts = 0
        elif kind == UNUSABLE:
            raise UnusableError(str(answer, "utf-8", "replace"))
        elif kind == MEMORY:
            self._out_of_memory(worker)
        else:
            worker.done += 1
            self.ready.append((worker.tasks.popleft().number, _unpickled(answer)))

    def _reap(self, worker: WorkerProcess) -> None:
        """A worker has ended: the task it worked on fails, the next one goes to another worker."""
        self._workers.remove(worker)
        ending = worker.end()
        if worker.started and worker.tasks and worker.is_blamed:
            reason = worker.kill_reason or f"its worker died ({ending})"
            self.ready.append((worker.tasks.popleft().number, LoadError(reason)))
        self._waiting.extendleft(reversed(worker.tasks))
        self._failed_starts += not worker.started
        if self._failed_starts == _START_ATTEMPTS:
            raise UnusableError(f"they do not start ({ending})")

    def _out_of_memory(self, worker: WorkerProcess) -> None:
        """A worker ends because a task needed too much memory. Earlier tasks may have filled it, so
        the task is tried again in a new worker; there it fails."""
        task = worker.tasks.popleft()
        worker.kill_reason = "out of memory"  # so nothing more that it holds is blamed
        if worker.done:
            self._start(task)
            return
        limit = f"{(self._memory_bytes or 0) / 2**30:.3g} GB"
        self.ready.append((task.number, LoadError(f"needed more than {limit} of memory")))


def _unpickled(answer: memoryview) -> Any:
    try:
        return pickle.loads(answer)  # noqa: S301 - from our own process
    except Exception as error:  # noqa: BLE001 - whatever a class raises when it is rebuilt
        return RagkitError(f"its result cannot be read: {type(error).__name__}: {error}")
