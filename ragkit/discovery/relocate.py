"""The files of a ledger as they are on disk by now: what a rebuild reads again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ragkit.discovery.remote_objects import find_objects
from ragkit.discovery.walk import from_stat, fs_name, is_inside
from ragkit.object_store import is_remote
from ragkit.types import DiscoveredFile, FileRecord, StorageLocation


def relocate_files(
    records: Iterable[FileRecord], roots: Sequence[str], base: Path, place: StorageLocation
) -> list[DiscoveredFile]:
    """The files of these records that can be read, in ascending order of source; nothing for
    those that are gone, and for links that have come to lead out of all `roots` (as sources are
    named). Costs one `stat` a file, for objects the listing of each address in `roots`."""
    local: list[DiscoveredFile] = []
    remote: set[str] = set()
    inside = [os.path.realpath(base / fs_name(one)) for one in roots if not is_remote(one)]
    for record in records:
        if is_remote(record.source):
            remote.add(record.source)
        elif found := _found(record.source, inside, base):
            local.append(found)
    listed = {
        found.source: found
        for root in roots
        if remote and is_remote(root)
        for found in find_objects(StorageLocation(root, place.options), hidden=True)
        if found.source in remote
    }
    return sorted([*local, *listed.values()])


def _found(source: str, inside: Sequence[str], base: Path) -> DiscoveredFile | None:
    named = os.path.normpath(base / fs_name(source))
    try:
        path = os.path.realpath(named, strict=True)
        if path != named and not any(is_inside(path, root) for root in inside):
            return None
        found = from_stat(source, path, Path(path).stat())
    except OSError:
        return None
    return None if found.refusal else found
