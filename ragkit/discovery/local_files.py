"""Which files of a folder to read, and what to call them."""

from __future__ import annotations

import heapq
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

from ragkit.discovery.gitignore import (
    IgnoreScope,
    PatternList,
    enter_folder,
    match,
    parse_patterns,
    pattern_lines,
    raw_name,
)
from ragkit.discovery.left_out import FOLDER_MARKS, INDEX, folder_reason
from ragkit.discovery.read_file import kind_of, read_file, reason_of
from ragkit.discovery.remote_objects import find_objects
from ragkit.discovery.walk import (
    MARKS,
    DirectoryWalk,
    WalkFolder,
    display_name,
    from_stat,
    fs_name,
    is_inside,
)
from ragkit.errors import RagkitError
from ragkit.object_store import is_remote
from ragkit.types import DiscoveredFile, FileRecord, StorageLocation

__all__ = ["DiscoveredFile", "discover", "disk_spelling", "read_file", "source_of"]


def discover(
    root: Path,
    *,
    base: Path,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    hidden: bool = False,
    skip: Sequence[Path] = (),
) -> Iterator[DiscoveredFile]:
    """The files of a folder (or the one file) `root`, in ascending order of `source`.

    Left out: what .gitignore says, as git reads it, and .ragkitignore, which has the last word
    over it; both also in the folders above `root`, up to the top of the enclosing git work tree
    or to `base`. Hidden entries unless `hidden`; the folders of `skip`; those that never
    hold documents (.git, .ragkit, node_modules, virtual environments, ...). `include` and
    `exclude` are patterns of gitignore syntax on the path below `root`: a pattern that matches
    a folder holds for all in it, and `exclude` has the last word. In both forms of Unicode they
    match the same names, and a name that looks like a pattern matches itself, too.

    Other indexes, tables of LanceDB, caches and backups of editors are found with a `refusal`.
    Links to folders are not followed. Pipes, sockets, devices, links that leave `root` and what
    may not be read are found with a `refusal`. `source` is made from real paths: a folder
    reached through a link has one name. Costs one `stat` a file; nothing is opened but pattern
    files. Raises `RagkitError` when `root` is not there or cannot be listed.
    """
    top, home = os.path.realpath(root), os.path.realpath(base)
    include_patterns = parse_patterns(pattern_lines(include)) if include else None
    exclude_patterns = parse_patterns(pattern_lines(exclude))
    status = _status_of_root(root, top)
    skipped = frozenset(map(os.path.realpath, skip))
    if (
        any(is_inside(top, folder) for folder in skipped)
        or folder_reason(top, FOLDER_MARKS) == INDEX
    ):
        raise RagkitError(f"{root} is part of an index, not a folder of documents")
    if stat.S_ISREG(status.st_mode):
        return _single(top, home, status, include_patterns, exclude_patterns)
    outer, raw = _outer_scope(top, home)
    scope = replace(outer, first=((exclude_patterns, len(raw)),))
    walk = DirectoryWalk(top, hidden, skipped, include_patterns, len(raw))
    start = WalkFolder(_prefix(top, home), top, raw, scope, include_patterns is None)
    if home == top or not is_inside(home, top):
        return walk.files(start)
    # Files below `base` have relative names, the others absolute ones: two sorted walks.
    others = replace(walk, excluded_paths=skipped | {home})
    return heapq.merge(others.files(start), walk.files_below(start, home), key=itemgetter(0))


def source_of(path: Path, base: Path) -> str:
    """The `source` under which `discover` finds this file, or which, with "/" behind it, the
    sources of the files in this folder begin with; "." for `base` itself.

    Links are resolved, but for the name of a file that is one.
    """
    if path.is_dir():
        real = os.path.realpath(path)
    else:
        real = os.path.join(os.path.realpath(path.parent), path.name)
    return _source(real, os.path.realpath(base))


def disk_spelling(path: Path) -> Path:
    """The path as its names are written on disk, where they differ in the form of Unicode only:
    macOS writes "ö" as two characters, keyboards as one. Unchanged where nothing is there."""
    if str(path).isascii():
        return path
    found = Path(path.anchor)
    for name in path.parts[1:]:
        if not name.isascii():
            with suppress(OSError):
                same = [one for one in os.listdir(found) if is_same_name(one, name)]
                name = name if name in same or not same else min(same)
        found /= name
    return found


def is_same_name(name: str, other: str) -> bool:
    """Whether two names differ in the form of Unicode at most."""
    return name == other or (
        unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", other)
    )


def _status_of_root(root: Path, top: str) -> os.stat_result:
    """`stat` of a root that is a file or a folder that can be listed."""
    try:
        status = Path(top).stat()
        if stat.S_ISDIR(status.st_mode):
            os.scandir(top).close()
    except (FileNotFoundError, NotADirectoryError):
        raise RagkitError(f"no such file or folder: {root}") from None
    except OSError as error:
        raise RagkitError(f"{root} cannot be read: {reason_of(error)}") from error
    if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
        raise RagkitError(f"{root} is {kind_of(status.st_mode)}, neither a folder nor a file")
    return status


def _outer_scope(top: str, home: str) -> tuple[IgnoreScope, str]:
    """The patterns of the folders above `top`, and its path from the outermost of them."""
    upwards = [Path(top), *Path(top).parents]
    outermost = next((p for p in upwards if os.path.lexists(p / ".git")), upwards[0])
    if is_inside(top, home) and is_inside(str(outermost), home):
        outermost = Path(home)
    scope, raw = IgnoreScope(), ""
    for inner, outer in reversed([*pairwise(upwards[: upwards.index(outermost) + 1])]):
        marks = [mark for mark in MARKS if os.path.lexists(outer / mark)]
        scope = enter_folder(scope, raw, str(outer), marks)
        raw += raw_name(inner.name) + "/"
    return scope, raw


def _single(
    top: str, home: str, status: os.stat_result, include: PatternList | None, exclude: PatternList
) -> Iterator[DiscoveredFile]:
    """A root that is one file: named on purpose, so only `include` and `exclude` are asked."""
    name = raw_name(os.path.basename(top))
    excluded = match(IgnoreScope(first=((exclude, 0),)).steps("")[0], name)
    included = include is None or match(IgnoreScope(first=((include, 0),)).steps("")[0], name)
    if included and not excluded:
        yield from_stat(_source(top, home), top, status)


def _source(path: str, base: str) -> str:
    if path == base:
        return "."
    if is_inside(path, base):
        path = path[len(base.rstrip(os.sep)) + 1 :]
    return display_name(path.replace(os.sep, "/"))


def _prefix(folder: str, base: str) -> str:
    """What every `source` in `folder` begins with."""
    return "" if folder == base else _source(folder, base).rstrip("/") + "/"


def relocate_files(
    records: Iterable[FileRecord], roots: Sequence[str], base: Path, place: StorageLocation
) -> list[DiscoveredFile]:
    """The files of these records as they are on disk now, in ascending order of source; without
    those that are gone, and links that lead out of all `roots` (as sources are named) now. Costs
    one `stat` a file, for objects the listing of each address in `roots`."""
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
