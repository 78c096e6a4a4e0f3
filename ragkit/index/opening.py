"""Where an index is, and whether a model belongs to it."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path

from ragkit import store
from ragkit.errors import IndexMismatchError
from ragkit.objects import is_remote
from ragkit.types import ChunkSettings, Embedder, Location, Manifest

DEFAULT_FOLDER = ".ragkit"
_LEAST_HEADROOM = 32  # tokens a chunk leaves for prefixes and table headers in a small window


def find_index(start: Path | None = None) -> str:
    """The index a command means when it names none: env RAGKIT_DB, else the nearest `.ragkit`
    folder from `start` (the current folder) upward, else `.ragkit` in `start`."""
    named = os.environ.get("RAGKIT_DB")
    if named:
        return named
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if store.exists(str(folder / DEFAULT_FOLDER)):
            return str(folder / DEFAULT_FOLDER)
    return str(here / DEFAULT_FOLDER)


def index_place(path: str | os.PathLike[str] | Location) -> Location:
    """An address, or a path made absolute."""
    place = path if isinstance(path, Location) else Location(os.fspath(path))
    uri = place.uri or find_index()
    if is_remote(uri):
        return replace(place, uri=uri.rstrip("/"))
    return replace(place, uri=os.path.abspath(Path(uri).expanduser()))


def fitting_chunks(model: Embedder, tokens: int | None, overlap: int) -> ChunkSettings:
    """The settings asked for, made smaller where the model reads less."""
    default = ChunkSettings()
    size = tokens or default.tokens
    whole = max(size, default.whole_tokens) if tokens is None else size
    return fitted(model, ChunkSettings(size, overlap, whole))


def fitted(model: Embedder, settings: ChunkSettings) -> ChunkSettings:
    """The settings, made smaller where the model reads less.

    Raises `ValueError` when the overlap leaves no room.
    """
    size, overlap, whole = settings.tokens, settings.overlap, settings.whole_tokens
    if model.max_tokens is not None:
        room = max(1, model.max_tokens - max(_LEAST_HEADROOM, model.max_tokens // 8))
        size, whole = min(size, room), min(whole, room)
    if size < 1 or not 0 <= overlap < size:
        raise ValueError(f"overlap must be at least 0 and below the chunk size {size}")
    return ChunkSettings(size, overlap, whole)


def check_embedder(manifest: Manifest, model: Embedder, uri: str) -> None:
    built, now = manifest.embedder, model.identity
    if built == now:
        return
    if built.name != now.name:
        what = f"was built with {built.name}, not {now.name}"
    elif built.digest != now.digest:
        what = f"was built with another version of {built.name} ({built.digest}, now {now.digest})"
    else:
        what = f"was built with other settings of {built.name}"
    raise IndexMismatchError(
        f"the index at {uri} {what}; rebuild it with that one: {reindex_command(uri, now.name)}"
    )


def reindex_command(uri: str, embedder: str) -> str:
    """What to run for another model."""
    elsewhere = "" if index_place("").uri == uri else f" --db {shlex.quote(uri)}"
    return f"ragkit reindex --embedder {embedder}{elsewhere}"
