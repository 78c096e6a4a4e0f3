"""A seal on an index: what its last run found, so that the next can tell from a look at the folders
alone that there is nothing to do. Neither the tables are opened for that nor a model is loaded.

A seal proves only that nothing changed. Whatever differs, and whatever cannot be told from file
names, sizes and times, breaks it, and a run does its work as ever.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from ragkit._version import __version__
from ragkit.errors import IndexLockedError
from ragkit.ingest.loader_version import loader_fingerprint
from ragkit.ingest.reconcile import RACY_NS, RETRY_AFTER_NS, Decision
from ragkit.ingest.roots import FileSelection, discover_root, resolve_roots, source_of
from ragkit.ingest.work_plan import batches
from ragkit.lock import write_lock
from ragkit.object_store import is_remote
from ragkit.paths import base_folder
from ragkit.types import DiscoveredFile, IndexReport, ModelIdentity, Problem, StorageLocation

_FILE = "snapshot.json"
_BATCH = 200  # files that are hashed at once


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`state` stands for the files, the tables and how they were looked at; `kept` are the folders
    the index is of, `embedder` is what identifies its model. In force from `since_ns` until
    `until_ns`, None for good. `finished` (UTC, ISO 8601; "" for none) and `seconds` are those of
    the last run that found it whole; `report` holds the counts and problems of a run that has
    nothing to do."""

    state: str
    roots: list[str]
    embedder: dict[str, Any]
    since_ns: int
    until_ns: int | None
    finished: str
    seconds: float
    report: dict[str, Any]


class SnapshotRecorder:
    """Decisions as they pass, and whether a seal can be put on what comes of them."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._decisions = decisions
        self._started_ns = time.time_ns()
        self._seen = _FilesDigest()
        self._youngest_ns = 0
        self._failed_ns: int | None = None  # when the first of those still failed was seen

    def __iter__(self) -> Iterator[Decision]:
        for some in batches(self._decisions, _BATCH):
            files: list[DiscoveredFile] = []
            for kind, found, record in some:
                if found is not None:
                    files.append(found)
                    self._youngest_ns = max(self._youngest_ns, found.mtime_ns)
                if kind == "unchanged" and record is not None and record.outcome == "failed":
                    self._failed_ns = min(
                        self._failed_ns or record.last_seen_ns, record.last_seen_ns
                    )
            self._seen.add(files)
            yield from some

    def save_snapshot(
        self,
        place: StorageLocation,
        roots: Sequence[str],
        kept: Sequence[str],
        embedder: ModelIdentity,
        selection: FileSelection,
        reading: object,
        report: IndexReport,
    ) -> None:
        """Seals an index after all that its run had to write; not one in an object store, nor
        after files so young that the next run must read them again."""
        if is_remote(place.uri) or self._youngest_ns > self._started_ns - RACY_NS:
            return
        failed_ns = min(self._started_ns, self._failed_ns or self._started_ns)
        whole = report.added + report.updated + report.moved + report.unchanged
        counts = {"unchanged": whole, "skipped": report.skipped, "failed": report.failed}
        problems = [[p.source, p.outcome, p.reason] for p in report.problems]
        seal = Snapshot(
            state=_state(place, roots, selection, reading, self._seen.digest()),
            roots=list(kept),
            embedder=asdict(embedder),
            since_ns=self._started_ns,
            until_ns=failed_ns + RETRY_AFTER_NS if report.failed else None,
            finished="",
            seconds=0.0,
            report={**counts, "problems": problems},
        )
        with suppress(OSError):  # such as a full disk: the next run does without
            _write(place, seal)


def report_if_unchanged(
    place: StorageLocation,
    paths: Sequence[str | os.PathLike[str]],
    selection: FileSelection,
    limit_bytes: int,
    identity_of: Callable[[str], ModelIdentity],
) -> IndexReport | None:
    """The report of a run that has nothing to do, None when it may have, or another process
    writes the index. `identity_of` the name of the model it was built with is asked last.

    Costs a `stat` a file. Raises `RagkitError` as `resolve_roots`, `discover` and `identity_of` do.
    """
    seal = load_snapshot(place)
    if seal is None:
        return None
    started = time.monotonic()
    try:
        with write_lock(Path(place.uri)):
            if not _is_current(seal, place, paths, selection, limit_bytes):
                return None
            if asdict(identity_of(seal.embedder["name"])) != seal.embedder:
                return None
            seconds = time.monotonic() - started
            with suppress(OSError):
                _write(place, replace(seal, finished=_now(), seconds=round(seconds, 3)))
    except (IndexLockedError, OSError):
        return None
    problems = tuple(Problem(*values) for values in seal.report["problems"])
    return IndexReport(**{**seal.report, "problems": problems, "seconds": seconds})


def _is_current(
    seal: Snapshot,
    place: StorageLocation,
    paths: Sequence[str | os.PathLike[str]],
    selection: FileSelection,
    limit_bytes: int,
) -> bool:
    """Whether files, tables and how they are looked at are those that were sealed."""
    if not seal.since_ns <= time.time_ns() < (seal.until_ns or float("inf")):
        return False
    base = base_folder(place)
    roots = resolve_roots(paths, seal.roots, base)
    names = [source_of(root, base) for root in roots]
    found = chain.from_iterable(discover_root(root, base, place, selection) for root in roots)
    seen = _FilesDigest()
    for some in batches(found, _BATCH):
        seen.add(some)
    state = _state(place, names, selection, loader_fingerprint(limit_bytes), seen.digest())
    return state == seal.state


def load_snapshot(place: StorageLocation) -> Snapshot | None:
    """The seal on an index, broken or not; None when it has none."""
    if is_remote(place.uri):
        return None
    try:
        seal = Snapshot(**json.loads(Path(place.uri, _FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    shapes = ((seal.roots, list), (seal.embedder, dict), (seal.report, dict), (seal.since_ns, int))
    return seal if all(isinstance(value, shape) for value, shape in shapes) else None


class _FilesDigest:
    """Files one after another as one hash, however they are parted."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._rest: list[DiscoveredFile] = []

    def add(self, files: list[DiscoveredFile]) -> None:
        self._rest += files
        while len(self._rest) >= _BATCH:
            self._take(self._rest[:_BATCH])
            del self._rest[:_BATCH]

    def digest(self) -> str:
        if self._rest:
            self._take(self._rest)
            self._rest = []
        return self._hash.hexdigest()

    def _take(self, files: list[DiscoveredFile]) -> None:
        sources, _, *values = zip(*files, strict=True)
        # Version 2 writes equal values as equal bytes; a fifth of the time of JSON.
        self._hash.update(marshal.dumps((sources, *values), 2))


def _state(
    place: StorageLocation,
    roots: Sequence[str],
    selection: FileSelection,
    reading: object,
    seen: str,
) -> str:
    looked = [__version__, list(roots), asdict(replace(selection, allow_empty=False)), reading]
    text = json.dumps([looked, _tables(place.uri), seen])
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def _tables(folder: str) -> list[tuple[str, int, int]]:
    """Every version of every table: whatever is written to one makes another list."""
    found = Path(folder).glob("*.lance/_versions/*.manifest")
    states = [(path, path.stat()) for path in sorted(found)]
    return [
        (path.relative_to(folder).as_posix(), status.st_size, status.st_mtime_ns)
        for path, status in states
    ]


def _write(place: StorageLocation, seal: Snapshot) -> None:
    path = Path(place.uri, _FILE)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(asdict(seal)), encoding="utf-8")
    new.replace(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
