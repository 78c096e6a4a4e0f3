"""Taking files and whole folders out of an index."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from ragkit.errors import RagkitError
from ragkit.index.update import ROOTS, indexed_roots
from ragkit.ingest.reconcile import NO_FILE
from ragkit.ingest.roots import files_below, parse_root, source_of
from ragkit.store import Store


def remove(store: Store, base: Path, paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    """As `Index.remove`, under the lock."""
    known, roots = store.files.sources(), indexed_roots(store)
    removed: set[str] = set()
    remaining = list(roots)
    for path in paths:
        name = os.fspath(path)
        forms = {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}
        texts = [one.source for one in store.files.find(forms) if one.inode == NO_FILE]
        if texts:
            removed.add(name if name in texts else min(texts))
            continue
        root = parse_root(name)
        files = files_below(known, root, base)
        removed_roots = {source_of(root, base), *files_below(roots, root, base)}
        if not files and not removed_roots.intersection(roots):
            raise RagkitError(f"{root} is not in the index; `ragkit status` says what is")
        removed.update(files)
        remaining = [one for one in remaining if one not in removed_roots]
    if remaining != roots:  # first: an `update` after a crash does not take it in again
        store.catalog.set(ROOTS, remaining)
    interrupted = store.begin_write()
    store.remove(removed | interrupted)
    store.drop_unused_ocr_pages()
    store.maintain()
    store.mark_complete()
    return sorted(removed)


def still_below(sources: Sequence[str], roots: Sequence[str]) -> bool:
    """Whether any of these files lies below one of `roots`: an update takes it in again."""
    return any(
        source == root or source.startswith("" if root == "." else root.rstrip("/") + "/")
        for root in roots
        for source in sources
        if root != "." or not source.startswith("/")
    )
