"""What passes one by one through the write path, in groups that are worth a call."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ragkit.ingest.prepare import FileTask, PreparedFile

_TASK_BYTES = 1 << 20

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items, the last one of the rest; none for no items."""
    remaining = iter(items)
    while some := list(islice(remaining, size)):
        yield some


def task_groups(tasks: Iterable[FileTask], most_files: int) -> Iterator[tuple[FileTask, ...]]:
    """Tasks in groups of at most so many files, large files alone."""
    group: list[FileTask] = []
    size = 0
    for task in tasks:
        if group and (len(group) >= most_files or size + task.found.size > _TASK_BYTES):
            yield tuple(group)
            group, size = [], 0
        group.append(task)
        size += task.found.size
    if group:
        yield tuple(group)


def group_by_chunks(
    files: Iterable[PreparedFile],
    most_chunks: Callable[[], int],
    *,
    most_files: int = sys.maxsize,
    seconds: float = math.inf,
) -> Iterator[list[PreparedFile]]:
    """Files in groups that end when one of the limits is reached: of chunks, which is asked after
    each file, of files, or of the time that the group took to come together."""
    group: list[PreparedFile] = []
    chunks, since = 0, time.monotonic()
    for one in files:
        group.append(one)
        chunks += len(one.chunks)
        full = chunks >= most_chunks() or len(group) >= most_files
        if full or time.monotonic() - since > seconds:
            yield group
            group, chunks, since = [], 0, time.monotonic()
    if group:
        yield group
