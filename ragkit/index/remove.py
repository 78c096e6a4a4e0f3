"""Taking files and whole folders out of an index."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ragkit.errors import RagkitError
from ragkit.index.update import ROOTS, indexed_roots
from ragkit.ingest.roots import files_below, parse_root, source_of
from ragkit.store import Store


def remove(store: Store, base: Path, paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    """As `Index.remove`, under the lock."""
    known, kept = store.files.sources(), indexed_roots(store)
    doomed: set[str] = set()
    left = list(kept)
    for path in paths:
        root = parse_root(os.fspath(path))
        here = files_below(known, root, base)
        within = {source_of(root, base), *files_below(kept, root, base)}
        if not here and not within.intersection(kept):
            raise RagkitError(f"{root} is not in the index; `ragkit status` says what is")
        doomed |= set(here)
        left = [one for one in left if one not in within]
    if left != kept:  # first, so that an `update` after a crash does not take it in again
        store.catalog.set(ROOTS, left)
    was_interrupted = store.begin_write()
    store.remove(doomed | was_interrupted)
    store.maintain()
    store.mark_complete()
    return sorted(doomed)


def still_below(sources: Sequence[str], roots: Sequence[str]) -> bool:
    """Whether any of these files lies below one of `roots`: an update takes it in again."""
    return any(
        source == root or source.startswith("" if root == "." else root.rstrip("/") + "/")
        for root in roots
        for source in sources
        if root != "." or not source.startswith("/")
    )
