"""Calls made ahead of their use, so that a server always has the next one at hand."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from queue import SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Slot(Generic[Item, Result]):
    """One call: its item, and in time its result or error."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.done = threading.Event()
        self.result: list[Result] = []
        self.error: BaseException | None = None


class _Crew:
    """Those who may still be at work; the last to leave calls `afterwards`."""

    def __init__(self, afterwards: Callable[[], object]) -> None:
        self._afterwards = afterwards
        self._members = 0
        self._lock = threading.Lock()

    def enter(self) -> None:
        with self._lock:
            self._members += 1

    def leave(self) -> None:
        with self._lock:
            self._members -= 1
            is_last = self._members == 0
        if is_last:
            self._afterwards()


def in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    at_once: int,
    afterwards: Callable[[], object],
) -> Generator[Result, None, None]:
    """`function(item)` of each item in the order of `items`, `at_once` calls at most at a time.

    `items` is drawn lazily. An error of a call is raised in its place and ends the iteration.
    Closing the iterator, or an interrupt, returns at once and leaves calls under way to
    themselves: their threads are daemons, since an executor's would hold up the interpreter.
    `afterwards` is called once, when no call is under way any more.
    """
    todo: SimpleQueue[_Slot[Item, Result] | None] = SimpleQueue()
    waiting: deque[_Slot[Item, Result]] = deque()
    threads: list[threading.Thread] = []
    abandoned = threading.Event()
    crew = _Crew(afterwards)
    crew.enter()
    try:
        for item in items:
            slot: _Slot[Item, Result] = _Slot(item)
            waiting.append(slot)
            todo.put(slot)
            if len(threads) < at_once:
                crew.enter()
                threads.append(_start(function, todo, abandoned, crew))
            if len(waiting) > at_once:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
        _send_home(todo, threads)
        for thread in threads:
            thread.join()
    finally:
        abandoned.set()
        _send_home(todo, threads)
        crew.leave()


def _start(
    function: Callable[[Item], Result],
    todo: SimpleQueue[_Slot[Item, Result] | None],
    abandoned: threading.Event,
    crew: _Crew,
) -> threading.Thread:
    def run() -> None:
        try:
            _work(function, todo, abandoned)
        finally:
            crew.leave()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _send_home(
    todo: SimpleQueue[_Slot[Item, Result] | None], threads: list[threading.Thread]
) -> None:
    for _ in threads:
        todo.put(None)


def _work(
    function: Callable[[Item], Result],
    todo: SimpleQueue[_Slot[Item, Result] | None],
    abandoned: threading.Event,
) -> None:
    while (slot := todo.get()) is not None and not abandoned.is_set():
        try:
            slot.result.append(function(slot.item))
        except BaseException as error:  # noqa: BLE001  raised again where the result is awaited
            slot.error = error
        slot.done.set()


def _result(slot: _Slot[Item, Result]) -> Result:
    # Waiting without a limit cannot be interrupted by Ctrl-C everywhere.
    while not slot.done.wait(0.5):
        pass
    if slot.error is not None:
        raise slot.error
    return slot.result[0]
