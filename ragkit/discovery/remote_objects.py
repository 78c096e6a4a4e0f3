"""Which objects of an object store to read, and what to call them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ragkit.discovery.gitignore import IgnoreScope, match, parse_patterns, pattern_lines, raw_name
from ragkit.discovery.left_out import is_hidden
from ragkit.discovery.walk import NEVER
from ragkit.object_store import list_objects
from ragkit.types import DiscoveredFile, StorageLocation


def find_objects(
    root: StorageLocation,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    hidden: bool = False,
    skip: Sequence[str] = (),
) -> Iterator[DiscoveredFile]:
    """The objects below an address (or the one object there), in ascending order of `source`,
    which is their address.

    `include`, `exclude` and `hidden` mean what they mean for folders; ignore files are not read.
    Objects below the addresses of `skip`, and tables of LanceDB, are left out. The listing is the
    only request: size, time and etag of an object tell whether it changed. Raises `StorageError`.
    """
    path_filter = _PathFilter(include, exclude, hidden=hidden)
    outside = tuple(address.rstrip("/") + "/" for address in skip)
    for key, size, modified, tag in list_objects(root):
        source = f"{root.uri}/{key}" if key else root.uri
        folder, _, name = key.rpartition("/")
        if key and (key.endswith("/") or source.startswith(outside)):
            continue
        if path_filter.takes_file(folder, name or root.uri.rpartition("/")[2]):
            mtime_ns = int(modified.timestamp() * 1e6) * 1000
            yield DiscoveredFile(source, source, size, mtime_ns, _number(tag))


class _PathFilter:
    """What --include, --exclude and --hidden say about a file in a folder below the root."""

    def __init__(self, include: Sequence[str], exclude: Sequence[str], *, hidden: bool) -> None:
        self._included = _scope(include) if include else None
        self._excluded = _scope(exclude)
        self._hidden = hidden
        self._folder = lru_cache(maxsize=1024)(self._check_folder)

    def takes_file(self, folder: str, name: str) -> bool:
        fits, included = self._folder(folder)
        if not fits or (is_hidden(name) and not self._hidden):
            return False
        inside = folder + "/" if folder else ""
        if match(self._excluded.steps(raw_name(inside))[0], raw_name(name)):
            return False
        if included or self._included is None:
            return True
        return bool(match(self._included.steps(raw_name(inside))[0], raw_name(name)))

    def _check_folder(self, folder: str) -> tuple[bool, bool]:
        """Whether anything in it counts, and whether `include` takes all of it."""
        if not folder:
            return True, False
        outer, _, name = folder.rpartition("/")
        fits, included = self._folder(outer)
        inside = raw_name(outer + "/" if outer else "")
        if (
            not fits
            or name in NEVER
            or name.endswith(".lance")
            or (is_hidden(name) and not self._hidden)
        ):
            return False, False
        if match(self._excluded.steps(inside)[1], raw_name(name)):
            return False, False
        if self._included is not None and not included:
            included = bool(match(self._included.steps(inside)[1], raw_name(name)))
        return True, included


def _scope(patterns: Sequence[str]) -> IgnoreScope:
    return IgnoreScope(first=((parse_patterns(pattern_lines(patterns)), 0),))


def _number(tag: str) -> int:
    """An etag as a number for `DiscoveredFile.inode`."""
    return int.from_bytes(hashlib.sha256(tag.encode()).digest()[:7], "big")
