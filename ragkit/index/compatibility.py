"""Whether a model belongs to an index, and which chunks fit it."""

from __future__ import annotations

import shlex

from ragkit.errors import IndexMismatchError
from ragkit.paths import index_location
from ragkit.store import Store
from ragkit.store.schema import FORMAT
from ragkit.types import ChunkSettings, Embedder, Manifest

_LEAST_HEADROOM = 32  # tokens a chunk leaves for prefixes and table headers in a small window


def chunk_settings_for(model: Embedder, tokens: int | None, overlap: int) -> ChunkSettings:
    """The settings asked for, made smaller where the model reads less."""
    default = ChunkSettings()
    size = tokens or default.tokens
    whole = max(size, default.whole_tokens) if tokens is None else size
    return clamp_chunk_settings(model, ChunkSettings(size, overlap, whole))


def clamp_chunk_settings(model: Embedder, settings: ChunkSettings) -> ChunkSettings:
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


def check_format(store: Store) -> None:
    """Raises `IndexMismatchError` when another version of ragkit wrote the index."""
    if store.manifest.format != FORMAT:
        raise IndexMismatchError(
            f"{store.uri} has format {store.manifest.format}, this ragkit writes {FORMAT}; "
            "delete that folder and run `ragkit index` again"
        )


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
    elsewhere = "" if index_location("").uri == uri else f" --db {shlex.quote(uri)}"
    return f"ragkit reindex --embedder {embedder}{elsewhere}"
