"""The folders and files that an index is of, and what to do about each file below them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragkit.errors import RagkitError
from ragkit.ingest.discover import discover, source_of
from ragkit.ingest.reconcile import Decision, guards_against_wipe, reconcile
from ragkit.types import FileRecord, FoundFile


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files below a root count. `allow_empty` lets a root that is suddenly empty take all
    its files out of the index."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    allow_empty: bool = False


def resolve_roots(
    paths: Sequence[str | os.PathLike[str]], kept: Sequence[str], base: Path
) -> list[Path]:
    """Absolute paths of what to look at: `paths`, or without any what was indexed before. Those
    inside another are left out.

    Raises `RagkitError` when a named path is not there, or there is nothing to look at.
    """
    given = [Path(os.path.abspath(Path(path).expanduser())) for path in paths]
    for path in given:
        if not path.exists():
            raise RagkitError(f"no such file or folder: {path}")
    roots = given or [Path(os.path.normpath(base / source)) for source in kept]
    if not roots:
        raise RagkitError("nothing was indexed here yet; name a folder: ragkit index FOLDER")
    return [root for root in dict.fromkeys(roots) if not any(r in root.parents for r in roots)]


def decide(
    root: Path, records: Iterable[FileRecord], base: Path, uri: str, selection: Selection
) -> list[Decision]:
    """What to do about each file below `root`, found or in the ledger (`records`, ascending).

    Raises `RagkitError` when a root where files were known is empty or gone, unless
    `allow_empty`.
    """
    known = [record for record in records if lies_below(record.source, root, base)]
    found: Iterable[FoundFile] = ()
    if root.exists():
        found = discover(
            root,
            base=base,
            include=selection.include,
            exclude=selection.exclude,
            hidden=selection.hidden,
            leave_out=() if "://" in uri else (Path(uri),),
        )
    decisions = list(reconcile(found, known, now_ns=time.time_ns()))
    gone = sum(decision.kind == "gone" for decision in decisions)
    seen = sum(decision.found is not None for decision in decisions)
    refusal = guards_against_wipe(len(known), gone, seen)
    if refusal and not selection.allow_empty:
        raise RagkitError(f"{root}: {refusal}")
    return decisions


def lies_below(source: str, root: Path, base: Path) -> bool:
    """Whether a file belongs to a root; the names of files below `base` are relative to it."""
    at = source_of(root, base)
    if not source.startswith("/") and (at == "." or base.is_relative_to(root)):
        return True
    return source == at or source.startswith(at.rstrip("/") + "/")
