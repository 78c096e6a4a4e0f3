"""What the tests have workers do. Imported by the workers, so it imports little."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ragkit.errors import LoadError


def double(number: int) -> int:
    return number * 2


def fail_on_odd(number: int) -> int:
    if number % 2:
        raise LoadError(f"{number} is odd", outcome="skipped")
    return number


def behave(how: str) -> Any:
    """Does what it is told to."""
    if how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "exit":
        os._exit(3)
    if how == "sys.exit":
        sys.exit(4)
    if how == "hang":
        while True:
            pass
    if how == "hang in C":
        time.sleep(1000)
    if how == "swallow":
        while True:
            try:
                while True:
                    pass
            except Exception:  # noqa: BLE001 - as a careless parser does
                pass
    if how == "memory":
        return len(bytearray(3 * 2**30))
    if how == "print":
        print("garbage")  # noqa: T201
        os.write(1, b"more garbage")
        return sys.stdin.read()
    if how == "unpicklable":
        return lambda: None
    if how == "odd error":
        raise OddError("one", "two")
    return how


def burn_on_one_processor(seconds: float) -> float:
    """Uses so much of the first processor it may run on, whoever else wants it."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return seconds


class OddError(Exception):
    """Cannot be pickled: it takes other arguments than it passes on."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {two}")


class Hoard:
    """Keeps what it is given, as a leaking library does."""

    kept: list[bytearray] = []  # noqa: RUF012

    def __call__(self, size: int) -> int:
        self.kept.append(bytearray(size))
        return len(self.kept)


class UnreadableTask:
    def __reduce__(self) -> Any:
        raise TypeError("not to be sent")


def loaded_modules(_: Any) -> set[str]:
    return set(sys.modules)


def blob(size: int) -> bytes:
    return bytes(size)


def size_of(data: bytes) -> int:
    return len(data)


def process(_: Any) -> int:
    return os.getpid()


def sleep_and_tell(folder: str) -> None:
    """Leaves a file named for this process and one for a child of it, then stays."""
    child = subprocess.Popen(["sleep", "1000"])
    for pid in (os.getpid(), child.pid):
        (Path(folder) / str(pid)).touch()
    time.sleep(1000)


def spin(seconds: float) -> int:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return os.getpid()
