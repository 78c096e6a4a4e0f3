"""Two ways to work beside the calling thread, both bounded and both ending with it."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")
_END = object()
_CHECK_SECONDS = 0.1


def ahead(items: Iterator[Item], depth: int) -> Generator[Item, None, None]:
    """The items, drawn by a thread up to `depth` ahead of the caller. What drawing raises is
    raised here; closing this iterator closes `items` in that thread and waits for it."""
    waiting: queue.Queue[Any] = queue.Queue(depth)
    stop = threading.Event()

    def offer(item: Any) -> None:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=_CHECK_SECONDS)
            except queue.Full:
                continue
            return

    def draw() -> None:
        try:
            for item in items:
                offer((item, None))
                if stop.is_set():
                    break
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            offer((None, error))
        else:
            offer((_END, None))
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=draw, name="ragkit-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stop.set()
        thread.join()


class Behind:
    """Runs jobs one after another in a thread, at most one waiting while one runs.

    An error of a job is raised by the next `submit` or by `finish`; jobs after it do not run.
    """

    def __init__(self) -> None:
        self._jobs: queue.Queue[Any] = queue.Queue(1)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ragkit-behind", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], None]) -> None:
        self._raise()
        self._jobs.put(job)

    def finish(self) -> None:
        """Waits until every job is done."""
        self._jobs.put(_END)
        self._thread.join()
        self._raise()

    def leave(self, job: Callable[[], None], seconds: float) -> None:
        """Gives the jobs that run and wait, and a last one, so many seconds to end; what is not
        done by then is left undone. Raises nothing."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(queue.Full):
            self._jobs.put(job, timeout=seconds)
            self._jobs.put(_END, timeout=max(0.0, deadline - time.monotonic()))
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while (job := self._jobs.get()) is not _END:
            if self._error is None:
                try:
                    job()
                except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
                    self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
