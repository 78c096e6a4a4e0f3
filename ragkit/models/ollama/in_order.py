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


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, at_once: int
) -> Generator[Result, None, None]:
    """`function(item)` of each item in the order of `items`, `at_once` calls at most at a time.

    `items` is drawn lazily. An error of a call is raised in its place and ends the iteration.
    Closing the iterator, or an interrupt, returns at once and leaves calls under way to
    themselves: their threads are daemons, since an executor's would hold up the interpreter.
    """
    todo: SimpleQueue[_Slot[Item, Result] | None] = SimpleQueue()
    abandoned = threading.Event()
    waiting: deque[_Slot[Item, Result]] = deque()
    started = 0
    try:
        for item in items:
            slot: _Slot[Item, Result] = _Slot(item)
            waiting.append(slot)
            todo.put(slot)
            if started < at_once:
                started += 1
                threading.Thread(
                    target=_work, args=(function, todo, abandoned), daemon=True
                ).start()
            if len(waiting) > at_once:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
    finally:
        abandoned.set()
        for _ in range(started):
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
