"""A snapshot of what the last run found, so that the next can see from the folders alone that there
is nothing to do: it neither opens the tables nor loads a model.

A snapshot proves only that nothing changed. When anything differs, or cannot be told from names,
sizes and times, a full run follows.
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
from ragkit.errors import IndexLockedError, IndexReadOnlyError
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
    """What the last run found.

    `state`: a hash of files, tables and settings. `roots`: the indexed folders, `embedder`: the
    fields of the model's `ModelIdentity`. Valid from `since_ns` until `until_ns` (None: without
    end). `finished` (UTC, ISO 8601; "" for none) and `seconds`: the last run that found nothing
    changed. `report`: counts and problems of a run with nothing to do. `ocr`: it is turned on.
    """

    state: str
    roots: list[str]
    embedder: dict[str, Any]
    since_ns: int
    until_ns: int | None
    finished: str
    seconds: float
    report: dict[str, Any]
    ocr: bool


class SnapshotRecorder:
    """Passes the decisions of a run on, and can save a snapshot of their files when it is done."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._decisions = decisions
        self._started_ns = time.time_ns()
        self._digest = _FilesDigest()
        self._youngest_ns = 0
        self._failed_ns: int | None = None  # when the first of those still failed was read

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
            self._digest.add(files)
            yield from some

    def save_snapshot(
        self,
        place: StorageLocation,
        roots: Sequence[str],
        indexed_roots: Sequence[str],
        embedder: ModelIdentity,
        selection: FileSelection,
        fingerprint: object,
        report: IndexReport,
        *,
        ocr: bool = False,
    ) -> None:
        """Saves a snapshot; to be called after everything that the run writes. `roots`: those of
        the run, `indexed_roots`: those of the index, `fingerprint`: `loader_fingerprint`. Saves
        none in an object store, nor after files so young that the next run must read them again.
        """
        if is_remote(place.uri) or self._youngest_ns > self._started_ns - RACY_NS:
            return
        failed_ns = min(self._started_ns, self._failed_ns or self._started_ns)
        whole = report.added + report.updated + report.moved + report.unchanged
        counts = {"unchanged": whole, "skipped": report.skipped, "failed": report.failed}
        problems = [[p.source, p.outcome, p.reason] for p in report.problems]
        snapshot = Snapshot(
            state=_state(place, roots, selection, fingerprint, self._digest.hexdigest()),
            roots=list(indexed_roots),
            embedder=asdict(embedder),
            since_ns=self._started_ns,
            until_ns=failed_ns + RETRY_AFTER_NS if report.failed else None,
            finished="",
            seconds=0.0,
            report={**counts, "problems": problems},
            ocr=ocr,
        )
        with suppress(OSError):  # such as a full disk: the next run does without
            _write(place, snapshot)


def report_if_unchanged(
    place: StorageLocation,
    paths: Sequence[str | os.PathLike[str]],
    selection: FileSelection,
    limit_bytes: int,
    identity_of: Callable[[str], ModelIdentity],
    *,
    ocr: bool | None = None,
) -> IndexReport | None:
    """The report of a run with nothing to do; None when there may be something, or another process
    writes the index. `identity_of` gets the name of the model, and is called last. `ocr`: None is
    as before.

    Costs one `stat` a file. Raises `RagkitError` as `resolve_roots`, `discover`, `identity_of` do.
    """
    snapshot = load_snapshot(place)
    if snapshot is None:
        return None
    started = time.monotonic()

    def unchanged() -> bool:
        if ocr not in (None, snapshot.ocr):
            return False
        if not _is_current(snapshot, place, paths, selection, limit_bytes):
            return False
        return asdict(identity_of(snapshot.embedder["name"])) == snapshot.embedder

    try:
        with write_lock(Path(place.uri)):
            if not unchanged():
                return None
            seconds = time.monotonic() - started
            with suppress(OSError):
                _write(place, replace(snapshot, finished=_now(), seconds=round(seconds, 3)))
    except IndexReadOnlyError:  # nobody else writes there, either
        if not unchanged():
            return None
        seconds = time.monotonic() - started
    except (IndexLockedError, OSError):
        return None
    problems = tuple(Problem(*values) for values in snapshot.report["problems"])
    return IndexReport(**{**snapshot.report, "problems": problems, "seconds": seconds})


def _is_current(
    snapshot: Snapshot,
    place: StorageLocation,
    paths: Sequence[str | os.PathLike[str]],
    selection: FileSelection,
    limit_bytes: int,
) -> bool:
    """Whether files, tables and settings are those of the snapshot."""
    if not snapshot.since_ns <= time.time_ns() < (snapshot.until_ns or float("inf")):
        return False
    base = base_folder(place)
    roots = resolve_roots(paths, snapshot.roots, base)
    names = [source_of(root, base) for root in roots]
    found = chain.from_iterable(discover_root(root, base, place, selection) for root in roots)
    digest = _FilesDigest()
    for some in batches(found, _BATCH):
        digest.add(some)
    fingerprint = loader_fingerprint(limit_bytes, ocr=snapshot.ocr)
    state = _state(place, names, selection, fingerprint, digest.hexdigest())
    return state == snapshot.state


def load_snapshot(place: StorageLocation) -> Snapshot | None:
    """The snapshot of an index, valid or not; None when it has none."""
    if is_remote(place.uri):
        return None
    try:
        snapshot = Snapshot(**json.loads(Path(place.uri, _FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    shapes = (
        (snapshot.roots, list),
        (snapshot.embedder, dict),
        (snapshot.report, dict),
        (snapshot.since_ns, int),
    )
    return snapshot if all(isinstance(value, shape) for value, shape in shapes) else None


class _FilesDigest:
    """A hash of files in their order, however they are grouped."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._pending: list[DiscoveredFile] = []

    def add(self, files: list[DiscoveredFile]) -> None:
        self._pending += files
        while len(self._pending) >= _BATCH:
            self._hash_files(self._pending[:_BATCH])
            del self._pending[:_BATCH]

    def hexdigest(self) -> str:
        if self._pending:
            self._hash_files(self._pending)
            self._pending = []
        return self._hash.hexdigest()

    def _hash_files(self, files: list[DiscoveredFile]) -> None:
        sources, _, *values = zip(*files, strict=True)
        # Version 2 writes equal values as equal bytes; a fifth of the time of JSON.
        self._hash.update(marshal.dumps((sources, *values), 2))


def _state(
    place: StorageLocation,
    roots: Sequence[str],
    selection: FileSelection,
    fingerprint: object,
    digest: str,
) -> str:
    settings = [
        __version__,
        list(roots),
        asdict(replace(selection, allow_empty=False)),
        fingerprint,
    ]
    text = json.dumps([settings, _tables(place.uri), digest])
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def _tables(folder: str) -> list[tuple[str, int, int]]:
    """The file of every version of every table: each write adds or removes one."""
    found = Path(folder).glob("*.lance/_versions/*.manifest")
    states = [(path, path.stat()) for path in sorted(found)]
    return [
        (path.relative_to(folder).as_posix(), status.st_size, status.st_mtime_ns)
        for path, status in states
    ]


def _write(place: StorageLocation, snapshot: Snapshot) -> None:
    path = Path(place.uri, _FILE)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(asdict(snapshot)), encoding="utf-8")
    new.replace(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
