"""Where an index is; looks, and opens nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ragkit.object_store import is_remote
from ragkit.types import StorageLocation

DEFAULT_FOLDER = ".ragkit"
CATALOG = "catalog"  # the table that is made last: without it there is no index


def find_index(start: Path | None = None) -> str:
    """The index a command means when it names none: env RAGKIT_DB, else the nearest `.ragkit`
    folder from `start` (the current folder) upward, else `.ragkit` in `start`."""
    named = os.environ.get("RAGKIT_DB")
    if named:
        return named
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if holds_index(str(folder / DEFAULT_FOLDER)):
            return str(folder / DEFAULT_FOLDER)
    return str(here / DEFAULT_FOLDER)


def index_location(path: str | os.PathLike[str] | StorageLocation) -> StorageLocation:
    """An address, or a path made absolute."""
    place = path if isinstance(path, StorageLocation) else StorageLocation(os.fspath(path))
    uri = place.uri or find_index()
    if is_remote(uri):
        return replace(place, uri=uri.rstrip("/"))
    return replace(place, uri=os.path.abspath(Path(uri).expanduser()))


def base_folder(place: StorageLocation) -> Path:
    """Sources below this folder are named relative to it. Nothing lies below that of an index in
    an object store: its local sources have absolute names."""
    return Path(os.path.abspath(os.devnull)) if is_remote(place.uri) else Path(place.uri).parent


def holds_index(folder: str) -> bool:
    """Whether a local folder holds an index."""
    return any(Path(folder, f"{CATALOG}.lance", "_versions").glob("*.manifest"))
