"""The files of a ledger as they are on disk by now: what a rebuild reads again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ragkit.ingest.find_objects import find_objects
from ragkit.ingest.walk import lies_in, of_status, real_name
from ragkit.objects import is_remote
from ragkit.types import FileRecord, FoundFile, Location


def find_again(
    records: Iterable[FileRecord], roots: Sequence[str], base: Path, place: Location
) -> list[FoundFile]:
    """The files of these records that can be read, in ascending order of source; nothing for
    those that are gone, and for links that have come to lead out of all `roots` (as sources are
    named). Costs one `stat` a file, for objects the listing of each address in `roots`."""
    local: list[FoundFile] = []
    remote: set[str] = set()
    inside = [os.path.realpath(base / real_name(one)) for one in roots if not is_remote(one)]
    for record in records:
        if is_remote(record.source):
            remote.add(record.source)
        elif found := _found(record.source, inside, base):
            local.append(found)
    listed = {
        found.source: found
        for root in roots
        if remote and is_remote(root)
        for found in find_objects(Location(root, place.options), hidden=True)
        if found.source in remote
    }
    return sorted([*local, *listed.values()])


def _found(source: str, inside: Sequence[str], base: Path) -> FoundFile | None:
    named = os.path.normpath(base / real_name(source))
    try:
        path = os.path.realpath(named, strict=True)
        if path != named and not any(lies_in(path, root) for root in inside):
            return None
        found = of_status(source, path, Path(path).stat())
    except OSError:
        return None
    return None if found.refusal else found
