"""The door to LanceDB: connecting, looking whether an index is there, its errors as ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragkit.errors import IndexDamagedError, RagkitError

CATALOG, FILES, CHUNKS = "catalog", "files", "chunks"


def exists(uri: str) -> bool:
    """Whether an index is at `uri`; looks without creating anything."""
    if not is_remote(uri):
        return Path(uri, f"{CATALOG}.lance").is_dir()
    with translated(uri):
        return CATALOG in connect(uri).list_tables().tables


def is_remote(uri: str) -> bool:
    return "://" in uri


def connect(uri: str) -> Any:
    """LanceDB's connection. A local folder that is not there is made."""
    os.environ.setdefault("LANCEDB_LOG", "error")  # else the Rust side prints to stderr
    import lancedb

    return lancedb.connect(uri)


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """LanceDB's errors, which are bare ValueError and RuntimeError, as ours."""
    try:
        yield
    except RagkitError:
        raise
    except (ValueError, RuntimeError, OSError) as error:
        text = str(error)
        if "No space left" in text or "os error 28" in text:
            raise RagkitError(
                f"the disk that holds {uri} is full; what was committed is safe. "
                "Free some space and run the command again"
            ) from error
        if "Read-only file system" in text or "os error 30" in text or "ermission denied" in text:
            raise RagkitError(f"cannot write to {uri}: read-only or permission denied") from error
        raise IndexDamagedError(
            f"the index at {uri} cannot be read ({text.splitlines()[0][:200]}); "
            "delete that folder and run `ragkit index` again: your documents are untouched"
        ) from error
