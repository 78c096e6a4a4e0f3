"""The folders and files that an index is of, and what to do about each file below them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragkit.discovery import local_files as folders
from ragkit.discovery.remote_objects import find_objects
from ragkit.errors import RagkitError
from ragkit.ingest.reconcile import NO_FILE, Decision, reconcile, refuse_mass_deletion
from ragkit.object_store import is_remote
from ragkit.types import DiscoveredFile, FileFingerprint, StorageLocation

# A folder or a file, or the address of objects in a store.
Root = Path | str


@dataclass(frozen=True, slots=True)
class FileSelection:
    """Which files below a root are indexed. `include` and `exclude` are globs as in .gitignore,
    relative to the root; `hidden` adds names that begin with a dot. `allow_empty` lets a root that
    is suddenly empty take all its files out of the index."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    allow_empty: bool = False


def resolve_roots(
    paths: Sequence[str | os.PathLike[str]], kept: Sequence[str], base: Path
) -> list[Root]:
    """Absolute paths of what to look at, or addresses: `paths`, or without any what was indexed
    before. Those inside another are left out.

    Raises `RagkitError` when a named path is not there, or there is nothing to look at.
    """
    given = [parse_root(os.fspath(path)) for path in paths]
    for path in given:
        if isinstance(path, Path) and not path.exists():
            raise RagkitError(f"no such file or folder: {path}")
    roots = given or [
        source if is_remote(source) else Path(os.path.normpath(base / source)) for source in kept
    ]
    if not roots:
        raise RagkitError("nothing was indexed here yet; name a folder: ragkit index FOLDER")
    return [root for root in dict.fromkeys(roots) if not any(_is_in(root, r) for r in roots)]


def reconcile_root(
    root: Root,
    known: Iterable[FileFingerprint],
    base: Path,
    place: StorageLocation,
    selection: FileSelection,
    read_again: Callable[[FileFingerprint], bool] | None = None,
) -> Iterator[Decision]:
    """What to do about each file below `root`, found or in the ledger (`known`, ascending), as
    they are read. `place` is where the index is: nothing of it is a document. Files for which
    `read_again` is true are to be read even if they did not change.

    Raises `RagkitError` after the last decision when a root where files were known is empty or
    gone, unless `allow_empty`: nothing must be deleted before.
    """
    found = discover_root(root, base, place, selection)
    belongs = belongs_to(root, base)
    below = (file for file in known if file.inode != NO_FILE and belongs(file.source))
    gone = seen = others = 0
    for decision in reconcile(found, below, now_ns=time.time_ns(), read_again=read_again):
        if decision.found is not None:
            seen += 1
        elif decision.kind == "gone":
            gone += 1
        else:
            others += 1
        yield decision
    refusal = refuse_mass_deletion(gone + others, gone, seen)
    if refusal and not selection.allow_empty:
        raise RagkitError(f"{root}: {refusal}")


def discover_root(
    root: Root, base: Path, place: StorageLocation, selection: FileSelection
) -> Iterable[DiscoveredFile]:
    """The files below a root in ascending order of source; none where it is not there. `place` is
    where the index is: nothing of it is a document."""
    remote = is_remote(place.uri)
    if isinstance(root, str):
        return find_objects(
            StorageLocation(root, place.options),
            include=selection.include,
            exclude=selection.exclude,
            hidden=selection.hidden,
            leave_out=(place.uri,) if remote else (),
        )
    if not root.exists():
        return ()
    return folders.discover(
        root,
        base=base,
        include=selection.include,
        exclude=selection.exclude,
        hidden=selection.hidden,
        leave_out=() if remote else (Path(place.uri),),
    )


def parse_root(path: str) -> Root:
    """A path made absolute, or an address."""
    return path.rstrip("/") if is_remote(path) else Path(os.path.abspath(Path(path).expanduser()))


def _is_in(inner: Root, outer: Root) -> bool:
    if isinstance(inner, Path):
        return isinstance(outer, Path) and outer in inner.parents
    return isinstance(outer, str) and inner.startswith(outer + "/")


def source_of(root: Root, base: Path) -> str:
    """What a root is called: as its files are, see `discover`; an address is its own name."""
    return root if isinstance(root, str) else folders.source_of(root, base)


def belongs_to(root: Root, base: Path) -> Callable[[str], bool]:
    """Whether a file belongs to a root, by its source; the names of files below `base` are
    relative to it."""
    at = source_of(root, base)
    inside = at.rstrip("/") + "/"
    all_relative = isinstance(root, Path) and (at == "." or base.is_relative_to(root))

    def belongs(source: str) -> bool:
        return (
            source == at
            or source.startswith(inside)
            or (all_relative and not source.startswith("/") and not is_remote(source))
        )

    return belongs


def files_below(sources: Iterable[str], root: Root, base: Path) -> list[str]:
    """Those of the files that belong to a root, in their order."""
    return list(filter(belongs_to(root, base), sources))
