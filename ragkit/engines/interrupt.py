"""Calls in the caller's own thread that can be given up when they take too long."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

_CHECK_SECONDS = 0.1
_AGAIN_SECONDS = 1.0  # a task may swallow what interrupts it


class TaskTimeout(Exception):  # noqa: N818 - not an error of anybody's
    """The call was interrupted because its time was over."""


class TaskCancelled(Exception):  # noqa: N818 - as above
    """The call was interrupted, or not begun, because `stop` was called."""


class _Interrupted(BaseException):
    """Not an `Exception`: what a task catches must not catch this."""


class CallTimeout:
    """Makes calls and interrupts those that outlive their limit.

    A signal would do this in the main thread alone and would take the alarm from a program that
    uses it; so a thread watches the clock and has the interpreter raise in the calling thread.
    That stops Python code between two instructions, not a C function that does not return, and
    never an import, which would leave half a module behind. Close it when done.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deadline: float | None = None
        self._caller = 0
        self._fired = False
        self._stopped = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="ragkit-watch", daemon=True)
        self._thread.start()

    def call(self, fn: Callable[[Any], Any], task: Any, seconds: float) -> Any:
        """What `fn(task)` returns. Raises what it raises, `TaskTimeout` after `seconds`,
        `TaskCancelled`."""
        try:
            try:
                with self._lock:
                    if self._stopped:
                        raise TaskCancelled
                    self._caller = threading.get_ident()
                    self._deadline = time.monotonic() + seconds
                return fn(task)
            finally:
                self._disarm()
        except _Interrupted:
            self._disarm()  # the interrupt may have hit the first attempt
            raise (TaskCancelled if self._stopped else TaskTimeout) from None

    def stop(self) -> None:
        """Ends the call in progress and allows no other. From any thread."""
        with self._lock:
            self._stopped = True
            if self._deadline is not None:
                self._deadline = time.monotonic()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _disarm(self) -> None:
        with self._lock:
            self._deadline = None
            if self._fired:
                self._fired = False
                _raise_in(self._caller, None)  # lest it arrive after the call

    def _watch(self) -> None:
        while not self._closed.wait(_CHECK_SECONDS):
            with self._lock:
                now = time.monotonic()
                if self._deadline is None or now < self._deadline or self._imports():
                    continue
                self._deadline = now + _AGAIN_SECONDS
                self._fired = True
                _raise_in(self._caller, _Interrupted)

    def _imports(self) -> bool:
        """Whether the call in progress is importing a module."""
        frame: FrameType | None = sys._current_frames().get(self._caller)
        while frame is not None and frame.f_code is not CallTimeout.call.__code__:
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                return True
            frame = frame.f_back
        return False


def _raise_in(thread: int, exception: type[BaseException] | None) -> None:
    """Has the interpreter raise in that thread soon; None takes it back."""
    import ctypes

    kind = ctypes.py_object(exception) if exception is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)
