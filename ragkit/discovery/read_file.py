"""The bytes of one file, read so that nothing it may turn out to be can hang or surprise."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from ragkit.errors import LoadError

_HEAD_BYTES = 8192
# A pipe must not block, a link must not be followed; neither flag exists on Windows.
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_file(
    path: str,
    *,
    limit_bytes: int,
    head_check: Callable[[bytes], Exception | None] | None = None,
) -> bytes:
    """The bytes of a regular file that stayed the same while they were read.

    `head_check` is given the first 8,192 bytes before more are read; what it returns is raised.
    `path` must not be a link: it could lead elsewhere by now.

    Raises `LoadError`: skipped when the file is larger than `limit_bytes` or is no regular file;
    failed when it may not be read, vanished, or changed during each of two readings.
    """
    for _ in range(2):
        data = _read_once(path, limit_bytes, head_check)
        if data is not None:
            return data
    raise LoadError("changed while it was read; index again when it is at rest")


def _read_once(
    path: str, limit_bytes: int, head_check: Callable[[bytes], Exception | None] | None
) -> bytes | None:
    """The file's bytes, None when it changed meanwhile."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise LoadError(f"{kind_of(before.st_mode)}, not a file", outcome="skipped")
            if before.st_size > limit_bytes:
                raise too_large(before.st_size, limit_bytes)
            head = os.read(descriptor, _HEAD_BYTES)
            problem = head_check(head) if head_check is not None else None
            if problem is not None:
                raise problem
            data = _rest(descriptor, head, before.st_size)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise LoadError("vanished while it was read") from None
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        reason = "it has become a link" if is_link else reason_of(error)
        raise LoadError(f"cannot be read: {reason}") from error
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return data if same and len(data) == before.st_size else None


def _rest(descriptor: int, head: bytes, size: int) -> bytes:
    """The whole file of `size` bytes, or one byte more when it has grown."""
    if len(head) < _HEAD_BYTES and len(head) == size:
        return head
    os.lseek(descriptor, 0, os.SEEK_SET)  # read again in one piece: joining doubles the memory
    data = os.read(descriptor, size + 1)
    while len(data) <= size and (more := os.read(descriptor, size + 1 - len(data))):
        data += more
    return data


def too_large(size: int, limit_bytes: int) -> LoadError:
    """The answer to a file beyond the limit."""
    shown, limit = _size(size), _size(limit_bytes)
    shown = shown if shown != limit else f"{size} bytes"
    hint = "--max-file-size SIZE raises it"
    return LoadError(f"{shown}, larger than the limit of {limit}: {hint}", outcome="skipped")


def kind_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def reason_of(error: OSError) -> str:
    """Why the system refused, in words."""
    if isinstance(error, PermissionError):
        return "permission denied"
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]


def _size(count: int) -> str:
    """Bytes as people write them: "2.1 GB", "200 MB", "512 bytes"; 1 MB is a million."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}".replace(".0 ", " ")
    return f"{count} bytes"
