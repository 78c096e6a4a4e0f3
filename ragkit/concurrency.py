"""Work beside the calling thread: items drawn ahead, calls made ahead, jobs done behind.

All of it is bounded, and ends with the caller.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_END = object()
_CHECK_SECONDS = 0.1


def prefetch(items: Iterator[Item], depth: int) -> Generator[Item, None, None]:
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

    thread = threading.Thread(target=draw, name="ragkit-prefetch", daemon=True)
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


class BackgroundWriter:
    """Runs jobs one after another in a thread, at most one waiting while one runs.

    An error of a job is raised by the next `submit` or by `finish`; jobs after it do not run.
    """

    def __init__(self) -> None:
        self._jobs: queue.Queue[Any] = queue.Queue(1)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ragkit-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], None]) -> None:
        self._raise()
        self._jobs.put(job)

    def finish(self) -> None:
        """Waits until every job is done."""
        self._jobs.put(_END)
        self._thread.join()
        self._raise()

    def drain(self, job: Callable[[], None], seconds: float) -> None:
        """Runs a last job; waits at most so many seconds for it and those before it. What is not
        done by then is not done. Raises nothing."""
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


def map_ordered(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    at_once: int,
    afterwards: Callable[[], object],
) -> Generator[Result, None, None]:
    """`function(item)` of each item in the order of `items`, at most `at_once` calls at a time.

    `items` is drawn lazily. The error of a call is raised in its place and ends the iteration.
    Closing the iterator, or an interrupt, returns at once; calls under way go on in daemon
    threads, because those of an executor would hold up the end of the process.
    `afterwards` is called once, when no call is under way any more.
    """
    calls: SimpleQueue[tuple[Item, Future[Result]] | None] = SimpleQueue()
    pending: deque[Future[Result]] = deque()
    threads: list[threading.Thread] = []
    closed = threading.Event()

    def work() -> None:
        while (call := calls.get()) is not None and not closed.is_set():
            item, future = call
            try:
                future.set_result(function(item))
            except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
                future.set_exception(error)

    def end() -> None:
        for thread in threads:
            thread.join()
        afterwards()

    try:
        for item in items:
            pending.append(Future())
            calls.put((item, pending[-1]))
            if len(threads) < at_once:
                threads.append(threading.Thread(target=work, daemon=True))
                threads[-1].start()
            if len(pending) > at_once:
                yield _next_result(pending)
        while pending:
            yield _next_result(pending)
    finally:
        closed.set()
        for _ in threads:
            calls.put(None)
        if all(future.done() for future in pending):
            end()
        else:
            threading.Thread(target=end, daemon=True).start()


def _next_result(pending: deque[Future[Result]]) -> Result:
    # Waiting without a limit cannot be interrupted by Ctrl-C on every system.
    while not pending[0].done():
        wait([pending[0]], timeout=0.5)
    return pending.popleft().result()
