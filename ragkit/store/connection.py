"""The door to LanceDB: connecting, looking whether an index is there, its errors as ours."""

from __future__ import annotations

import atexit
import gc
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import BuiltinFunctionType
from typing import Any

from ragkit.errors import IndexDamagedError, RagkitError, StorageError
from ragkit.object_store import describe_error, is_remote, list_objects, retrying_options
from ragkit.paths import CATALOG, holds_index
from ragkit.types import StorageLocation

__all__ = [
    "CATALOG",
    "CHUNKS",
    "FILES",
    "as_location",
    "connect",
    "connect_async",
    "index_exists",
    "translate_errors",
]

FILES, CHUNKS = "files", "chunks"
_used_by: set[int] = set()  # the process that has used LanceDB; empty until it does

_ENDING = ".lance"


def as_location(place: str | StorageLocation) -> StorageLocation:
    """A place as a location; one without options as it is."""
    return place if isinstance(place, StorageLocation) else StorageLocation(place)


def index_exists(place: str | StorageLocation) -> bool:
    """Whether an index is there; looks without creating anything."""
    place = as_location(place)
    if not is_remote(place.uri):
        return holds_index(place.uri)
    with translate_errors(place.uri):
        return CATALOG in connect(place).list_tables().tables


def connect(place: StorageLocation) -> Any:
    """LanceDB's connection. A local folder that is not there is made."""
    if not _used_by and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_let_child_end)
    _used_by.add(os.getpid())
    os.environ.setdefault("LANCEDB_LOG", "error")  # else the Rust side prints to stderr
    import lancedb

    return lancedb.connect(place.uri, **_options(place))


async def connect_async(place: StorageLocation) -> Any:
    """LanceDB's asynchronous connection."""
    import lancedb

    return await lancedb.connect_async(place.uri, **_options(place))


def _options(place: StorageLocation) -> dict[str, Any]:
    if not is_remote(place.uri):
        return {}
    return {"storage_options": retrying_options(dict(place.options))}


def _let_child_end() -> None:
    """Takes back what LanceDB does at the end of a process: in a forked child it waits for threads
    that are not there, for ever. The function has no name in its module."""
    for found in gc.get_objects():
        if isinstance(found, BuiltinFunctionType) and found.__name__ == "shutdown_runtime":
            atexit.unregister(found)


def refuse_forked_child() -> None:
    """Raises `RagkitError` in a child that was forked after LanceDB was used: its threads are gone
    there, and whatever is opened anew crashes or corrupts memory in half of the children."""
    if _used_by and os.getpid() not in _used_by:
        raise RagkitError(
            "this process was forked from one that had opened an index already, which LanceDB does "
            'not survive. Start workers with multiprocessing.get_context("spawn"), or open the '
            "index in the workers only, after the fork"
        )


@contextmanager
def translate_errors(uri: str) -> Iterator[None]:
    """LanceDB's errors, which are bare ValueError and RuntimeError, as ours. Raises also as
    `refuse_forked_child`: everything that LanceDB does for us is done within this."""
    refuse_forked_child()
    try:
        yield
    except RagkitError:
        raise
    except (ValueError, RuntimeError, OSError) as error:
        text = str(error)
        if is_remote(uri):
            raise StorageError(f"{uri}: {describe_error(text, uri)}") from error
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


def table_sizes(place: StorageLocation) -> dict[str, int]:
    """Bytes of each table, by its name. Costs one `stat` a file, or a listing of the objects."""
    sizes: Counter[str] = Counter()
    for path, size in _remote(place) if is_remote(place.uri) else _local(place.uri):
        table, _, inside = path.partition("/")
        if inside and table.endswith(_ENDING):
            sizes[table.removesuffix(_ENDING)] += size
    return dict(sorted(sizes.items()))


def _remote(place: StorageLocation) -> Iterator[tuple[str, int]]:
    return ((key, size) for key, size, _, _ in list_objects(place))


def _local(folder: str) -> Iterator[tuple[str, int]]:
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            try:
                size = os.stat(path).st_size  # noqa: PTH116 - thousands of files
            except FileNotFoundError:
                continue  # another process has compacted the table
            yield os.path.relpath(path, folder).replace(os.sep, "/"), size
