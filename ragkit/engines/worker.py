"""A worker process of the local engine, and the frames it exchanges with its parent.

Down its standard input come the function and its limit, then one task a frame; up its standard
output one answer a frame, in the same order. Both are pickled, between our own processes only.
"""

from __future__ import annotations

import gc
import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ragkit.errors import RagkitError

# The first byte of an answer.
STARTED, RESULT, ERROR, MEMORY, UNUSABLE = b"S", b"R", b"E", b"M", b"U"

_HEADER_BYTES = 8
_OBJECTS = 100_000  # that are made between two collections of garbage
_READ_BYTES = 1 << 20


def read_frame(descriptor: int) -> bytearray | None:
    """The next frame, None when the other side has gone."""
    header = _read(descriptor, _HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        return None
    count = int.from_bytes(header, "big")
    frame = _read(descriptor, count)
    return frame if len(frame) == count else None


def write_frame(descriptor: int, *parts: bytes) -> None:
    """Sends one frame; blocks until the other side takes it. Raises `OSError` if it has gone."""
    _write(descriptor, sum(map(len, parts)).to_bytes(_HEADER_BYTES, "big"))
    for part in parts:
        _write(descriptor, part)


def _read(descriptor: int, count: int) -> bytearray:
    data = bytearray()
    while len(data) < count:
        piece = os.read(descriptor, min(count - len(data), _READ_BYTES))
        if not piece:
            break
        data += piece
    return data


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def main() -> None:
    """Works until the parent closes the pipe or dies; leaves only by `os._exit`."""
    # Ctrl-C is the parent's business, and a library that prints must not garble the answers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    setup = read_frame(incoming)
    if setup is None:
        os._exit(1)
    try:
        fn, memory_bytes = pickle.loads(setup)  # noqa: S301 - from our parent
        _limit(memory_bytes)
    except Exception as error:  # noqa: BLE001 - importing what `fn` needs may raise anything
        write_frame(outgoing, UNUSABLE, f"{type(error).__name__}: {error}".encode(errors="replace"))
        os._exit(1)
    tasks: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
    # A thread of its own, so that the parent never waits for a busy worker to read, and a
    # worker whose parent has died ends although it is busy.
    threading.Thread(target=_receive, args=(incoming, tasks), daemon=True).start()
    # Documents are many small objects without circles; looking for those took a fifth of the time.
    gc.freeze()
    gc.set_threshold(_OBJECTS)
    write_frame(outgoing, STARTED)
    while True:
        kind, answer = _answer(fn, tasks.get())
        with suppress(OSError):
            write_frame(outgoing, kind, answer)
        if kind == MEMORY:
            os._exit(1)  # what is left of its memory is no place for the next file


def _receive(incoming: int, tasks: queue.SimpleQueue[bytearray]) -> None:
    while (frame := read_frame(incoming)) is not None:
        tasks.put(frame)
    if hasattr(os, "killpg"):
        os.killpg(os.getpgrp(), signal.SIGKILL)  # with what it may have started
    os._exit(1)


def _answer(fn: Callable[[Any], Any], frame: bytearray) -> tuple[bytes, bytes]:
    try:
        return RESULT, pickle.dumps(fn(pickle.loads(frame)), protocol=5)  # noqa: S301
    except MemoryError:
        return MEMORY, b""
    except BaseException as error:  # noqa: BLE001 - whatever a task raises is its own answer
        return ERROR, _pickled(error)


def _pickled(error: BaseException) -> bytes:
    """An exception as the parent can read it: itself where it survives pickling, else its text."""
    try:
        data = pickle.dumps(error, protocol=5)
        if isinstance(pickle.loads(data), Exception):  # noqa: S301 - made here
            return data
    except Exception:  # noqa: BLE001, S110 - a class that cannot be pickled may raise anything
        pass
    return pickle.dumps(RagkitError(f"{type(error).__name__}: {error}"))


def _limit(memory_bytes: int | None) -> None:
    """Lets this process take `memory_bytes` more than it has now (Linux), and dump no core."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = Path("/proc/self/statm")
    if memory_bytes is None or not size.exists():
        return
    used = int(size.read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + memory_bytes
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
