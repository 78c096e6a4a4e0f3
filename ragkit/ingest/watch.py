"""Waiting for changes below some folders. A change is only a hint: an ordinary update follows."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from ragkit.errors import RagkitError, missing_library

_QUIET_MS = 400  # a save by rename, or a moved folder, is many events: they are taken together
_START_MS = 200


def changes(
    roots: Sequence[Path], leave_out: Path, stop: threading.Event | None = None
) -> Iterator[None]:
    """Yields once when the watch has begun, so that nothing falls between it and a first update,
    then each time something changed below `roots`, but not below `leave_out`, until `stop`.

    Raises `RagkitError` when watchfiles is not installed.
    """
    try:
        import watchfiles
    except ImportError as error:
        raise RagkitError(missing_library("--watch", "watchfiles")) from error
    left_out = leave_out.resolve()

    def counts(_change: object, path: str) -> bool:
        return not Path(path).is_relative_to(left_out)

    watching = watchfiles.watch(
        *roots,
        watch_filter=counts,
        step=50,
        debounce=_QUIET_MS,
        stop_event=stop,
        rust_timeout=_START_MS,
        yield_on_timeout=True,
    )
    begun = False
    for batch in watching:
        if batch or not begun:
            begun = True
            yield
