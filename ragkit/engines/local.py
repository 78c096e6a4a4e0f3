"""Work on this machine: in line as long as it is little, in worker processes when it is much."""

from __future__ import annotations

import logging
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

from ragkit.engines.interrupt import CallTimeout, TaskCancelled, TaskTimeout
from ragkit.engines.pool import STOPPED, Pool, UnusableError
from ragkit.errors import LoadError, RagkitError

_LOGGER = logging.getLogger(__name__)
_INLINE_SECONDS = 1.0  # a worker costs about 0.2 s to start
_INLINE_TASK_SECONDS = 2.0  # a task that takes longer goes to a worker, where it can be killed
_MOST_WORKERS = 8  # each holds some 60 MB


class LocalEngine:
    """An `Engine` on this machine.

    `workers`: that many processes from the first task on; 0: none, everything in the caller's
    thread; None: in the caller's thread for about the first second of work, then, if as much
    again is still to come, in a process for each core (at most 8).

    A task in a process may take `task_seconds` (on Linux not counting what it waits for a free
    processor) and `memory_bytes` (more than its worker takes at rest; on Linux; None: no limit).
    One that takes more, or kills its worker, yields a `LoadError`, and the others go on. In the
    caller's thread there is no limit of memory, and a limit of time only for Python code: with
    `workers=0` it is `task_seconds`, otherwise a task that takes two seconds is given up and
    begun again in a process. So tasks may run twice.

    `fn`, tasks and results travel pickled. What cannot be sent (a function of the main script,
    a lambda) is done in the caller's thread, and a warning logged. Workers run neither the main
    script nor anything but what unpickling `fn` imports; they end when this process does.
    """

    embeds = False

    def __init__(
        self,
        workers: int | None = None,
        task_seconds: float = 300,
        memory_bytes: int | None = 2 * 2**30,
    ) -> None:
        if (workers is not None and workers < 0) or task_seconds <= 0:
            raise ValueError("workers must not be negative, task_seconds must be positive")
        # A frozen program has no interpreter to start: its executable is the program itself.
        can_start = bool(sys.executable) and not getattr(sys, "frozen", False)
        self._workers = workers if can_start else 0
        self._task_seconds = task_seconds
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._stops: list[Callable[[], None]] = []

    @property
    def slots(self) -> int:
        return _cores() if self._workers is None else max(1, self._workers)

    def imap(
        self, fn: Callable[[Any], Any], tasks: Iterable[Any]
    ) -> Iterator[tuple[int, Any | Exception]]:
        """(index, result or exception) of each task, in the order they end. At most two tasks a
        worker are pulled ahead. Closing the iterator kills the workers at once."""
        numbered = enumerate(tasks)
        if self._workers is None:
            return self._imap_by_size(fn, numbered)
        if self._workers == 0:
            return self._imap_here(fn, numbered)
        return self._imap_in_workers(fn, numbered, self._workers)

    def stop(self) -> None:
        """Ends every `imap` in progress, from any thread; their iterators raise `RagkitError`."""
        with self._lock:
            for stop in self._stops:
                stop()

    def _imap_by_size(
        self, fn: Callable[[Any], Any], tasks: Iterator[tuple[int, Any]]
    ) -> Iterator[tuple[int, Any]]:
        late: list[tuple[int, Any]] = []
        spent, done = 0.0, 0
        with self._watch() as watch:
            here = self._attempts(watch, fn, tasks, late)
            while spent < _INLINE_SECONDS:
                begun = time.perf_counter()
                item = next(here, None)
                if item is None:
                    break
                spent, done = spent + time.perf_counter() - begun, done + 1
                yield item
            # Tasks that take as long as those done so far are worth the start of workers. The
            # look ahead costs no more than that many tasks in memory.
            ahead = list(islice(tasks, done))
            rest = iter(ahead)
            if not late and len(ahead) < done:
                yield from self._attempts(watch, fn, rest, late)
        yield from self._imap_in_workers(fn, chain(late, rest, tasks), _cores())

    def _imap_in_workers(
        self, fn: Callable[[Any], Any], tasks: Iterator[tuple[int, Any]], workers: int
    ) -> Iterator[tuple[int, Any]]:
        first = next(tasks, None)
        if first is None:
            return
        tasks = chain([first], tasks)
        try:
            setup = pickle.dumps((fn, self._memory_bytes), protocol=5)
        except Exception as error:  # noqa: BLE001 - a class that cannot be pickled raises anything
            _LOGGER.warning("no worker processes: the work cannot be sent: %s", error)
            yield from self._imap_here(fn, tasks)
            return
        pool = Pool(setup, tasks, workers, self._task_seconds, self._memory_bytes)
        try:
            with self._stoppable(pool.stop):
                yield from pool.results()
            return
        except UnusableError as error:
            _LOGGER.warning("no worker processes: %s", error)
            tasks = chain(pool.unfinished(), tasks)
        finally:
            pool.close()
        yield from pool.ready
        yield from self._imap_here(fn, tasks)

    def _imap_here(
        self, fn: Callable[[Any], Any], tasks: Iterator[tuple[int, Any]]
    ) -> Iterator[tuple[int, Any]]:
        late: list[tuple[int, Any]] = []
        with self._watch() as watch:
            while True:
                yield from self._attempts(watch, fn, tasks, late, self._task_seconds)
                if not late:
                    return
                error = LoadError(f"took longer than {self._task_seconds:g} s")
                yield late.pop()[0], error

    @staticmethod
    def _attempts(
        watch: CallTimeout,
        fn: Callable[[Any], Any],
        tasks: Iterator[tuple[int, Any]],
        late: list[tuple[int, Any]],
        seconds: float = _INLINE_TASK_SECONDS,
    ) -> Iterator[tuple[int, Any]]:
        """Results until the first task that takes longer than `seconds`: it is put in `late`."""
        for index, task in tasks:
            try:
                result = watch.call(fn, task, seconds)
            except TaskTimeout:
                late.append((index, task))
                return
            except TaskCancelled:
                raise RagkitError(STOPPED) from None
            except Exception as error:  # noqa: BLE001 - what a task raises is its result
                result = error
            except SystemExit as error:
                result = RagkitError(f"SystemExit: {error}")
            yield index, result

    @contextmanager
    def _watch(self) -> Iterator[CallTimeout]:
        watch = CallTimeout()
        try:
            with self._stoppable(watch.stop):
                yield watch
        finally:
            watch.close()

    @contextmanager
    def _stoppable(self, stop: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._stops.append(stop)
        try:
            yield
        finally:
            with self._lock:
                self._stops.remove(stop)


def _cores() -> int:
    """Cores this process may use, at most 8."""
    usable = getattr(os, "sched_getaffinity", None)
    return min(len(usable(0)) if usable else os.cpu_count() or 1, _MOST_WORKERS)
