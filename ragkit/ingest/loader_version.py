"""Which files to read again although they did not change: because we can read more than before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec

from ragkit.types import FileFingerprint

# Raised whenever a file may load differently than before, so that indexes load it again. Not
# with the loaders: importing those takes longer than a look at thousands of unchanged files.
LOADER_VERSION = 3
# The libraries of extras that loaders use where they are installed.
_LIBRARIES = ("docx", "pptx", "openpyxl")


def loader_fingerprint(limit_bytes: int) -> dict[str, object]:
    """What decides, beside its bytes, what becomes of a file. JSON; kept with the index."""
    return {
        "loaders": LOADER_VERSION,
        "limit_bytes": limit_bytes,
        "libraries": [name for name in _LIBRARIES if find_spec(name) is not None],
    }


def needs_reload(
    before: Mapping[str, object] | None, now: Mapping[str, object], *, passwords: bool
) -> Callable[[FileFingerprint], bool] | None:
    """Whether to read a file again, None when none is: all when the loaders are others than
    `before`; those that were skipped when a limit or the libraries are, or `passwords` are given.
    `before` is the `loader_fingerprint` of the last run, None when that is not known."""
    if before is not None and before.get("loaders") != now.get("loaders"):
        return lambda _: True
    if passwords or (before is not None and before != now):
        return lambda file: file.outcome == "skipped"
    return None
