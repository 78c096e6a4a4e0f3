"""A function whose calls happen in a process of its own: what crashes there costs a call."""

from __future__ import annotations

import os
import pickle
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from ragkit.engines.process import Events, SentTask, WorkerProcess
from ragkit.engines.worker import MEMORY, RESULT, STARTED, UNUSABLE
from ragkit.errors import RagkitError

_POLL_SECONDS = 0.2  # how soon an exception that another thread raises here is noticed
_IDLE_SECONDS = 20.0
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class IsolatedCallError(RagkitError):
    """A call got no answer: its process died, took too long, or cannot be started."""


class IsolatedFunction(Generic[_Task, _Result]):
    """Calls `fn` in one process, started at the first call, ended after 20 idle seconds or with
    this process. Calls are made within `with`, which holds the process for one thread: what `fn`
    keeps in its module lasts that long.

    `fn`, tasks and results travel pickled, between our own processes only.
    """

    def __init__(self, fn: Callable[[_Task], _Result], memory_bytes: int) -> None:
        self._setup = pickle.dumps((fn, memory_bytes), protocol=5)
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._worker: WorkerProcess | None = None
        self._events: Events = queue.SimpleQueue()
        self._idle: threading.Timer | None = None

    def __enter__(self) -> IsolatedFunction[_Task, _Result]:
        """Holds the process for the calls of one thread."""
        if self._owner != os.getpid():  # a forked child: the process and its lock are its parent's
            self._lock, self._owner, self._worker = threading.RLock(), os.getpid(), None
            self._idle = None
        self._lock.acquire()
        if self._idle is not None:
            self._idle.cancel()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._worker is not None and self._worker.tasks:
            self.close()  # the call was interrupted; its answer belongs to nobody
        try:
            self._idle = threading.Timer(_IDLE_SECONDS, self._close_idle)
            self._idle.daemon = True
            self._idle.start()
        except RuntimeError:  # no thread can be started: it is ended with this process
            self._idle = None
        finally:
            self._lock.release()

    def __call__(self, task: _Task, seconds: float) -> _Result:
        """What `fn` returns or raises. Raises `IsolatedCallError` when there is no answer within
        `seconds`; the next call has a new process."""
        if self._worker is None:
            try:
                self._worker = WorkerProcess(self._setup, self._events)
            except (OSError, RuntimeError) as error:
                raise IsolatedCallError(f"no process can be started: {error}") from error
        worker = self._worker
        worker.send(SentTask(0, pickle.dumps(task, protocol=5)))
        ends = time.monotonic() + 10 * seconds  # where the clock of the process is not to be read
        while True:
            if worker.is_overdue(seconds) or time.monotonic() > ends:
                self.close()
                raise IsolatedCallError(f"it took longer than {seconds:g} s")
            with suppress(queue.Empty):
                sender, frame = self._events.get(timeout=_POLL_SECONDS)  # type: ignore[misc]
                if sender is not worker:
                    continue  # the last words of a process that was ended
                kind = b"" if frame is None else bytes(frame[:1])
                if kind == STARTED:
                    worker.started = True
                elif kind in (b"", MEMORY, UNUSABLE):
                    ending = self.close()
                    raise IsolatedCallError(_reason(kind, frame, ending))
                else:
                    worker.tasks.popleft()
                    answer = pickle.loads(memoryview(frame)[1:])  # type: ignore[arg-type]  # noqa: S301
                    if kind == RESULT:
                        return answer  # type: ignore[no-any-return]
                    raise answer

    def close(self) -> str:
        """Ends the process, if there is one, and says how it ended."""
        worker, self._worker = self._worker, None
        return worker.end() if worker is not None else ""

    def _close_idle(self) -> None:
        if self._owner == os.getpid() and self._lock.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._lock.release()


def _reason(kind: bytes, frame: bytearray | None, ending: str) -> str:
    """Why a process gave no answer."""
    if kind == MEMORY:
        return "it needed too much memory"
    if kind == UNUSABLE and frame is not None:
        return bytes(frame[1:]).decode("utf-8", "replace")
    return f"its process died ({ending})"
