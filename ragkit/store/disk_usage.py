"""How much room the tables of an index take."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

from ragkit.object_store import is_remote, list_objects
from ragkit.types import StorageLocation

_ENDING = ".lance"


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
                continue  # a run beside us has folded it away
            yield os.path.relpath(path, folder).replace(os.sep, "/"), size
