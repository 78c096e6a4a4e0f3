"""One writer at a time: an operating-system lock that dies with its process."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ragkit.errors import IndexLockedError, IndexReadOnlyError

_FILE = "write.lock"
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
_PAUSE_SECONDS = 0.2
_held: set[int] = set()  # the descriptors of the locks of this process


@contextmanager
def write_lock(
    folder: Path, *, wait_seconds: float = 0.0, on_wait: Callable[[str], object] | None = None
) -> Iterator[None]:
    """Holds the write lock of a local index; the kernel frees it when the process ends, so a
    lock left by a dead process is taken over.

    Raises `IndexLockedError`, naming the holder, when it is not free within `wait_seconds`;
    `IndexReadOnlyError` when nobody may write there.
    """
    path = folder / _FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise
        raise IndexReadOnlyError(
            f"the index at {folder} may not be written ({os.strerror(error.errno).lower()}); "
            "search, ask, status and verify work all the same"
        ) from error
    _held.add(descriptor)
    try:
        deadline = time.monotonic() + wait_seconds
        told = False
        while not _try_lock(descriptor):
            holder = _holder(path)
            if time.monotonic() >= deadline:
                raise IndexLockedError(
                    f"{holder} is writing this index; wait for it with --wait SECONDS"
                )
            if on_wait is not None and not told:
                on_wait(holder)
                told = True
            time.sleep(min(_PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))
        _sign(descriptor)
        yield
    finally:
        if descriptor in _held:  # a forked child has closed it
            _held.remove(descriptor)
            os.close(descriptor)  # frees the lock


def _close_in_child() -> None:
    """A lock lasts until every process has closed it: a child of the writer must not prolong it."""
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # beyond the text, which stays readable
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sign(descriptor: int) -> None:
    text = json.dumps({"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")})
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, text.encode())


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"another ragkit (process {int(holder['pid'])}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another ragkit"
