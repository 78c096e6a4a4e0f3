"""The folders and files that are indexed: which files lie below them, what to do about each, and
waiting until they change."""

from __future__ import annotations

import os
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragkit.discovery import local_files as folders
from ragkit.discovery.remote_objects import find_objects
from ragkit.errors import RagkitError, missing_library
from ragkit.ingest.reconcile import NO_FILE, Decision, reconcile, refuse_mass_deletion
from ragkit.object_store import is_remote
from ragkit.types import DiscoveredFile, FileFingerprint, StorageLocation

# A folder or a file, or the address of objects in a store.
Root = Path | str

_QUIET_MS = 400  # a save by rename, or a moved folder, is many events: they are taken together
_START_MS = 200


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
    paths: Sequence[str | os.PathLike[str]], indexed_roots: Sequence[str], base: Path
) -> list[Root]:
    """The folders, files and addresses to go through: `paths`, or `indexed_roots` (as sources are
    named) when there are none. Paths are absolute; those inside another are dropped.

    Raises `RagkitError` when a path is not there, or both are empty.
    """
    given = [parse_root(os.fspath(path)) for path in paths]
    for path in given:
        if isinstance(path, Path) and not path.exists():
            raise RagkitError(f"no such file or folder: {path}")
    roots = given or [
        source if is_remote(source) else Path(os.path.normpath(base / source))
        for source in indexed_roots
    ]
    if not roots:
        raise RagkitError("nothing was indexed here yet; name a folder: ragkit index FOLDER")
    return [root for root in dict.fromkeys(roots) if not any(_is_in(root, r) for r in roots)]


def reconcile_root(
    root: Root,
    records: Iterable[FileFingerprint],
    base: Path,
    place: StorageLocation,
    selection: FileSelection,
    read_again: Callable[[FileFingerprint], bool] | None = None,
) -> Iterator[Decision]:
    """A decision for each file below `root`, on disk or among `records` (ascending), as they are
    drawn. `place` is where the index is: its own files are no documents. `read_again`: see
    `reconcile`.

    Raises `RagkitError` after the last decision when a root that had files is empty or gone,
    unless `allow_empty`: the caller must delete nothing before.
    """
    found = discover_root(root, base, place, selection)
    belongs = belongs_to(root, base)
    below = (file for file in records if file.inode != NO_FILE and belongs(file.source))
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
    where the index is: its own files are no documents."""
    remote = is_remote(place.uri)
    if isinstance(root, str):
        return find_objects(
            StorageLocation(root, place.options),
            include=selection.include,
            exclude=selection.exclude,
            hidden=selection.hidden,
            skip=(place.uri,) if remote else (),
        )
    if not root.exists():
        return ()
    return folders.discover(
        root,
        base=base,
        include=selection.include,
        exclude=selection.exclude,
        hidden=selection.hidden,
        skip=() if remote else (Path(place.uri),),
    )


def parse_root(path: str) -> Root:
    """A path made absolute, its names in the form of Unicode they have on disk; or an address."""
    if is_remote(path):
        return path.rstrip("/")
    return folders.disk_spelling(Path(os.path.abspath(Path(path).expanduser())))


def _is_in(inner: Root, outer: Root) -> bool:
    if isinstance(inner, Path):
        return isinstance(outer, Path) and outer in inner.parents
    return isinstance(outer, str) and inner.startswith(outer + "/")


def source_of(root: Root, base: Path) -> str:
    """The name of a root as a source; that of an address is the address."""
    return root if isinstance(root, str) else folders.source_of(root, base)


def belongs_to(root: Root, base: Path) -> Callable[[str], bool]:
    """A function that says of a source whether it lies in a root. Sources below `base` are relative
    to it."""
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
    """Those of `sources` that lie in a root, in their order; where none does, those whose names
    differ in the form of Unicode only, as of a file that is gone from the disk."""
    sources = list(sources)
    found = list(filter(belongs_to(root, base), sources))
    if found or str(root).isascii():
        return found
    belongs = belongs_to(_composed(root), Path(_composed(base)))
    return [source for source in sources if belongs(unicodedata.normalize("NFC", source))]


def _composed(path: Root) -> Root:
    text = unicodedata.normalize("NFC", str(path))
    return Path(text) if isinstance(path, Path) else text


def changes(
    roots: Sequence[Path], excluded_path: Path, stop: threading.Event | None = None
) -> Iterator[None]:
    """Yields once when the watch has begun, so that nothing falls between it and a first update,
    then each time something changed below `roots`, but not below `excluded_path`, until `stop`.

    Raises `RagkitError` when watchfiles is not installed.
    """
    try:
        import watchfiles
    except ImportError as error:
        raise RagkitError(missing_library("--watch", "watchfiles")) from error
    excluded = excluded_path.resolve()

    def is_outside(_change: object, path: str) -> bool:
        return not Path(path).is_relative_to(excluded)

    watching = watchfiles.watch(
        *roots,
        watch_filter=is_outside,
        step=50,
        debounce=_QUIET_MS,
        stop_event=stop,
        rust_timeout=_START_MS,
        yield_on_timeout=True,
    )
    begun = False
    for batch in watching:
        if batch or not begun:
            begun = True
            yield
