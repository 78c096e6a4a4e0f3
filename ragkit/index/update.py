"""Making an index true to folders: deciding about every file, then one run under the lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

from ragkit.answering.abstention import update_threshold
from ragkit.engines.local import LocalEngine
from ragkit.index.last_run import save_last_run
from ragkit.ingest.distributed_embedder import DistributedEmbedder
from ragkit.ingest.loader_version import (
    has_outdated_files,
    loader_fingerprint,
    needs_reload,
    update_manifest,
)
from ragkit.ingest.pipeline import FILES_PER_TASK, OnProgress, Run
from ragkit.ingest.prepare import PrepareSettings
from ragkit.ingest.reconcile import Decision
from ragkit.ingest.roots import (
    FileSelection,
    Root,
    SelectionOptions,
    reconcile_root,
    resolve_roots,
    selection_of,
    source_of,
)
from ragkit.ingest.snapshot import SnapshotRecorder
from ragkit.loading import LoadOptions
from ragkit.models import OllamaSettings
from ragkit.paths import base_folder, index_location
from ragkit.store import ChunkTable, Store
from ragkit.types import Embedder, Engine, FileFingerprint, IndexReport, StorageLocation

MAX_FILE_BYTES = 200 * 1000 * 1000
ROOTS, READING = "roots", "reading"


class WaitOptions(TypedDict, total=False):
    """What to do while another process writes; every field may be left out.

    wait_seconds: how long to wait for it; on_wait is told who it is.
    """

    wait_seconds: float
    on_wait: Callable[[str], None] | None


class ReadOptions(WaitOptions, total=False):
    """How files are read; every field may be left out.

    passwords: for encrypted files. max_file_bytes: larger files are skipped and reported.
    engine: where files are read and cut, `LocalEngine` by default, and where models run, if it
    says so, as `RayEngine` does. files_per_task: how many files it gets at a time.
    on_progress: told how far the run is, several times a second at most. The rest: as in
    `WaitOptions`.
    """

    passwords: Sequence[str]
    max_file_bytes: int
    engine: Engine | None
    files_per_task: int
    on_progress: OnProgress | None


class UpdateOptions(SelectionOptions, ReadOptions, total=False):
    """How an index is brought up to date: the fields of `SelectionOptions` and `ReadOptions`."""


def prepare_settings(store: Store, embedder: Embedder, options: ReadOptions) -> PrepareSettings:
    """How files are read and cut for this index."""
    return PrepareSettings(
        store.manifest.chunking,
        embedder.token_counter,
        LoadOptions(passwords=tuple(options.get("passwords", ()))),
        options.get("max_file_bytes", MAX_FILE_BYTES),
        store.location.options,
    )


def indexed_roots(store: Store) -> list[str]:
    """The folders and files that were indexed, as sources are named."""
    return list(store.catalog.get(ROOTS) or [])


def update(
    store: Store,
    embedder: Embedder,
    servers: OllamaSettings,
    base: Path,
    paths: Sequence[str | os.PathLike[str]],
    options: UpdateOptions,
) -> IndexReport:
    """One run under the lock, as `Index.update` promises it."""
    kept = indexed_roots(store)
    roots = resolve_roots(paths, kept, base)
    recipe = prepare_settings(store, embedder, options)
    before, now = (
        store.catalog.get(store.version_key(READING)),
        loader_fingerprint(recipe.limit_bytes),
    )
    outdated = has_outdated_files(store)
    passwords = bool(recipe.loading.passwords)
    again = needs_reload(before, now, passwords=passwords, outdated=outdated)
    known = partial(store.files.fingerprints, with_versions=outdated)
    selection = selection_of(options)
    decisions = SnapshotRecorder(plan_changes(roots, known, base, store.location, selection, again))
    names = [source_of(root, base) for root in roots]
    if set(names) - set(kept):  # now, so that a run that is killed can go on without their names
        store.catalog.set(ROOTS, list(dict.fromkeys([*kept, *names])))
    report = make_run(store, embedder, servers, options)(decisions)
    changed = bool(report.added + report.updated + report.moved + report.removed)
    update_threshold(store, embedder, written=report.chunks, changed=changed)
    if before != now and set(kept) <= set(names):
        store.catalog.set(store.version_key(READING), now)
    update_manifest(store)
    save_last_run(store, "index", report)
    kept = indexed_roots(store)
    decisions.save_snapshot(store.location, names, kept, embedder.identity, selection, now, report)
    return report


def make_run(
    store: Store,
    embedder: Embedder,
    servers: OllamaSettings,
    options: ReadOptions,
    lenders: Sequence[ChunkTable] = (),
) -> Run:
    """A run that writes this generation as the options say."""
    engine = options.get("engine") or LocalEngine()
    return Run(
        store,
        DistributedEmbedder(embedder, engine, servers) if engine.embeds else embedder,
        engine,
        prepare_settings(store, embedder, options),
        options.get("on_progress"),
        files_per_task=options.get("files_per_task", FILES_PER_TASK),
        lenders=lenders,
    )


def plan_new(
    path: str | os.PathLike[str] | StorageLocation,
    *paths: str | os.PathLike[str],
    **options: Unpack[SelectionOptions],
) -> dict[str, list[str]]:
    """As `Index.plan`, for an index that is not there yet at `path`."""
    place = index_location(path)
    base = base_folder(place)
    roots = resolve_roots(paths, (), base)
    return group_by_kind(plan_changes(roots, tuple, base, place, selection_of(options)))


def plan_changes(
    roots: Sequence[Root],
    known: Callable[[], Iterable[FileFingerprint]],
    base: Path,
    place: StorageLocation,
    selection: FileSelection,
    read_again: Callable[[FileFingerprint], bool] | None = None,
) -> Iterator[Decision]:
    """What to do about each file below any of the roots, found or in the ledger, as they are
    read; `known` reads the ledger, ascending, once for each root. See `decide`."""
    for root in roots:
        yield from reconcile_root(root, known(), base, place, selection, read_again)


def group_by_kind(decisions: Iterable[Decision]) -> dict[str, list[str]]:
    """Kind of decision -> the sources it was made about."""
    planned: dict[str, list[str]] = {}
    for decision in decisions:
        one = decision.found or decision.known
        if one is not None:
            planned.setdefault(decision.kind, []).append(one.source)
    return planned
