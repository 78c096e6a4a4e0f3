"""Making an index true to folders: a decision about every file, then one run under the lock."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ragkit.answering.abstention import update_threshold
from ragkit.engines.local import LocalEngine
from ragkit.errors import RagkitError
from ragkit.index.connection import IndexConnection
from ragkit.index.options import ReadOptions
from ragkit.ingest.distributed_embedder import DistributedEmbedder
from ragkit.ingest.loader_version import (
    has_outdated_files,
    loader_fingerprint,
    needs_reload,
    update_manifest,
)
from ragkit.ingest.ocr import OcrStage, ocr_engine
from ragkit.ingest.pipeline import FILES_PER_TASK, ReusedFiles, Run
from ragkit.ingest.prepare import PrepareSettings, prepare_document
from ragkit.ingest.reconcile import NO_FILE, Decision
from ragkit.ingest.roots import FileSelection, Root, reconcile_root, resolve_roots, source_of
from ragkit.ingest.snapshot import SnapshotRecorder
from ragkit.loading import LoadOptions, load
from ragkit.loading.ocr.recognize import how_to_install, is_installed
from ragkit.models import OllamaSettings
from ragkit.paths import base_folder, index_location
from ragkit.store import ChunkTable, Store
from ragkit.types import (
    DiscoveredFile,
    Embedder,
    FileFingerprint,
    FileRecord,
    IndexReport,
    LastRun,
    StorageLocation,
)

ROOTS, READING, OCR, _LAST_RUN = "roots", "reading", "ocr", "last_run"


def indexed_roots(store: Store) -> list[str]:
    """The folders and files that were indexed, as sources are named."""
    return list(store.catalog.get(ROOTS) or [])


def update(
    connection: IndexConnection,
    paths: Sequence[str | os.PathLike[str]],
    selection: FileSelection,
    options: ReadOptions,
) -> IndexReport:
    """One run under the lock, as `Index.update` promises it."""
    store, embedder = connection.store_and_embedder()
    base = connection.base_folder
    known_roots = indexed_roots(store)
    roots = resolve_roots(paths, known_roots, base)
    ocr = set_ocr(store, options.ocr)
    reading = loader_fingerprint(options.max_file_bytes, ocr=ocr)
    last_reading = store.catalog.get(store.version_key(READING))
    outdated = has_outdated_files(store)
    read_again = needs_reload(
        last_reading, reading, passwords=bool(options.passwords), outdated=outdated
    )
    fingerprints = partial(store.files.fingerprints, with_versions=outdated)
    changes = plan_changes(roots, fingerprints, base, store.location, selection, read_again)
    recorder = SnapshotRecorder(changes)
    names = [source_of(root, base) for root in roots]
    if set(names) - set(known_roots):  # now: a run that is killed can go on without their names
        store.catalog.set(ROOTS, list(dict.fromkeys([*known_roots, *names])))
    report = make_run(store, embedder, connection.ollama, options)(recorder)
    changed = bool(report.added + report.updated + report.moved + report.removed)
    if changed:
        store.drop_unused_ocr_pages()
    update_threshold(store, embedder, written=report.chunks, changed=changed)
    if last_reading != reading and set(known_roots) <= set(names):
        store.catalog.set(store.version_key(READING), reading)
    update_manifest(store)
    save_last_run(store, "index", report)
    recorder.save_snapshot(
        store.location,
        names,
        indexed_roots(store),
        embedder.identity,
        selection,
        reading,
        report,
        ocr=ocr,
    )
    return report


def uses_ocr(store: Store) -> bool:
    """Whether pages without text and pictures are read by OCR."""
    return bool(store.catalog.get(OCR))


def set_ocr(store: Store, ocr: bool | None) -> bool:
    """Turns OCR on or off for this run and those to come, None leaves it; whether it is on.

    Raises `RagkitError` when it is to be on and its libraries are not installed.
    """
    if ocr and not is_installed():
        raise RagkitError(how_to_install())
    before = uses_ocr(store)
    if ocr is None or ocr == before:
        return before
    store.catalog.set(OCR, ocr)
    return ocr


def add_text(
    connection: IndexConnection, text: str, source: str, metadata: Mapping[str, str]
) -> FileRecord:
    """One text under the lock, as `Index.add_text` promises it."""
    if not text.strip() or not source.strip():
        raise ValueError(f"the {'text' if source.strip() else 'source'} is empty")
    store, embedder = connection.store_and_embedder()
    if any(record.inode != NO_FILE for record in store.files.find([source])):
        raise RagkitError(f"{source} is a file of this index; take another name for the text")
    options = ReadOptions()
    data = text.encode("utf-8", "replace")
    document = replace(
        load(data, "text.md", LoadOptions()),
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        metadata=tuple((str(key), str(value)) for key, value in metadata.items()),
    )
    now = time.time_ns()
    found = DiscoveredFile(source, "", len(data), now, NO_FILE)
    settings = prepare_settings(store, embedder, options)
    prepared = prepare_document(settings, found, document, now, "")
    # Nothing can read a text again: no change of a loader or the chunker makes it outdated.
    prepared = replace(prepared, record=replace(prepared.record, loader_version=""))
    run = make_run(store, embedder, connection.ollama, options)
    report = run((), ReusedFiles(1, ([prepared],)))
    update_threshold(store, embedder, written=report.chunks, changed=True)
    return prepared.record


def prepare_settings(
    store: Store, embedder: Embedder, options: ReadOptions, *, ocr: bool = False
) -> PrepareSettings:
    """How files are read and cut for this index. `ocr`: loaders ask for OCR."""
    return PrepareSettings(
        store.manifest.chunking,
        embedder.token_counter,
        LoadOptions(passwords=tuple(options.passwords), ocr={} if ocr else None),
        options.max_file_bytes,
        store.location.options,
    )


def make_run(
    store: Store,
    embedder: Embedder,
    ollama: OllamaSettings,
    options: ReadOptions,
    reuse_vectors_from: Sequence[ChunkTable] = (),
) -> Run:
    """A run that writes this version of the index as the options say."""
    engine = options.engine or LocalEngine()
    reads = uses_ocr(store) and is_installed()
    # Off again, it leaves what it has read: that costs nothing.
    pages = store.open_ocr_pages(create=reads)
    settings = prepare_settings(store, embedder, options, ocr=pages is not None)
    return Run(
        store,
        DistributedEmbedder(embedder, engine, ollama) if engine.embeds else embedder,
        engine,
        settings,
        options.on_progress,
        files_per_task=options.files_per_task or FILES_PER_TASK,
        reuse_vectors_from=reuse_vectors_from,
        ocr=None if pages is None else OcrStage(pages, ocr_engine(engine), settings, reads=reads),
    )


def plan_new(
    path: str | os.PathLike[str] | StorageLocation,
    *paths: str | os.PathLike[str],
    selection: FileSelection,
) -> dict[str, list[str]]:
    """As `Index.plan`, for an index that is not there yet at `path`."""
    location = index_location(path)
    base = base_folder(location)
    roots = resolve_roots(paths, (), base)
    return group_by_kind(plan_changes(roots, tuple, base, location, selection))


def plan_changes(
    roots: Sequence[Root],
    fingerprints: Callable[[], Iterable[FileFingerprint]],
    base: Path,
    location: StorageLocation,
    selection: FileSelection,
    read_again: Callable[[FileFingerprint], bool] | None = None,
) -> Iterator[Decision]:
    """What to do about each file below any of the roots, on disk or in the index, as they are
    read. `fingerprints` reads those of the index, ascending, once for each root. See
    `reconcile_root`."""
    for root in roots:
        yield from reconcile_root(root, fingerprints(), base, location, selection, read_again)


def group_by_kind(decisions: Iterable[Decision]) -> dict[str, list[str]]:
    """Kind of decision -> the sources it was made about."""
    groups: dict[str, list[str]] = {}
    for decision in decisions:
        file = decision.found or decision.record
        if file is not None:
            groups.setdefault(decision.kind, []).append(file.source)
    return groups


def save_last_run(store: Store, command: str, report: IndexReport) -> None:
    """Keeps what a run did, under the lock it ran under."""
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    run = LastRun(command, finished, round(report.seconds, 3), report.counts)
    store.catalog.set(_LAST_RUN, asdict(run))
    store.catalog.maintain()


def load_last_run(store: Store) -> LastRun | None:
    """The last run, None when there was none. A run that saw from the snapshot alone that there
    was nothing to do is noted there."""
    stored = store.catalog.get(_LAST_RUN)
    if stored is None:
        return None
    from ragkit.ingest.snapshot import load_snapshot

    run, snapshot = LastRun(**stored), load_snapshot(store.location)
    if snapshot is None or snapshot.finished < run.finished:
        return run
    counts = {name: snapshot.report.get(name, 0) for name in run.counts}
    return LastRun("index", snapshot.finished, snapshot.seconds, counts)
