"""Making an index true to folders: deciding about every file, then one run under the lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypedDict, Unpack

from ragkit.engines.local import LocalEngine
from ragkit.index.history import keep_run
from ragkit.ingest.again import due_again, reading_of
from ragkit.ingest.load import LoadOptions
from ragkit.ingest.pipeline import FILES_PER_TASK, OnProgress, Run
from ragkit.ingest.prepare import Recipe
from ragkit.ingest.reconcile import Decision
from ragkit.ingest.roots import (
    Root,
    Selection,
    SelectionOptions,
    decide,
    resolve_roots,
    selection_of,
    source_of,
)
from ragkit.ingest.seal import Noted
from ragkit.ingest.spread import SpreadEmbedder
from ragkit.models import Servers
from ragkit.place import base_of, index_place
from ragkit.query.calibrate import keep_floor
from ragkit.store import ChunkTable, Store
from ragkit.types import Embedder, Engine, IndexReport, KnownFile, Location

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


def recipe_of(store: Store, embedder: Embedder, options: ReadOptions) -> Recipe:
    """How files are read and cut for this index."""
    return Recipe(
        store.manifest.chunking,
        embedder.token_counter,
        LoadOptions(passwords=tuple(options.get("passwords", ()))),
        options.get("max_file_bytes", MAX_FILE_BYTES),
        store.place.options,
    )


def kept_roots(store: Store) -> list[str]:
    """The folders and files that were indexed, as sources are named."""
    return list(store.catalog.get(ROOTS) or [])


def update(
    store: Store,
    embedder: Embedder,
    servers: Servers,
    base: Path,
    paths: Sequence[str | os.PathLike[str]],
    options: UpdateOptions,
) -> IndexReport:
    """One run under the lock, as `Index.update` promises it."""
    kept = kept_roots(store)
    roots = resolve_roots(paths, kept, base)
    recipe = recipe_of(store, embedder, options)
    before, now = store.catalog.get(store.key(READING)), reading_of(recipe.limit_bytes)
    again = due_again(before, now, passwords=bool(recipe.loading.passwords))
    selection = selection_of(options)
    decisions = Noted(decide_all(roots, store.files.known, base, store.place, selection, again))
    names = [source_of(root, base) for root in roots]
    if set(names) - set(kept):  # now, so that a run that is killed can go on without their names
        store.catalog.set(ROOTS, list(dict.fromkeys([*kept, *names])))
    report = run_of(store, embedder, servers, options)(decisions)
    changed = bool(report.added + report.updated + report.moved + report.removed)
    keep_floor(store, embedder, written=report.chunks, changed=changed)
    if before != now and set(kept) <= set(names):
        store.catalog.set(store.key(READING), now)
    keep_run(store, "index", report)
    kept = kept_roots(store)
    decisions.put_seal(store.place, names, kept, embedder.identity, selection, now, report)
    return report


def run_of(
    store: Store,
    embedder: Embedder,
    servers: Servers,
    options: ReadOptions,
    lenders: Sequence[ChunkTable] = (),
) -> Run:
    """A run that writes this generation as the options say."""
    engine = options.get("engine") or LocalEngine()
    return Run(
        store,
        SpreadEmbedder(embedder, engine, servers) if engine.embeds else embedder,
        engine,
        recipe_of(store, embedder, options),
        options.get("on_progress"),
        files_per_task=options.get("files_per_task", FILES_PER_TASK),
        lenders=lenders,
    )


def plan_new(
    path: str | os.PathLike[str] | Location,
    *paths: str | os.PathLike[str],
    **options: Unpack[SelectionOptions],
) -> dict[str, list[str]]:
    """As `Index.plan`, for an index that is not there yet at `path`."""
    place = index_place(path)
    base = base_of(place)
    roots = resolve_roots(paths, (), base)
    return by_kind(decide_all(roots, tuple, base, place, selection_of(options)))


def decide_all(
    roots: Sequence[Root],
    known: Callable[[], Iterable[KnownFile]],
    base: Path,
    place: Location,
    selection: Selection,
    read_again: Callable[[KnownFile], bool] | None = None,
) -> Iterator[Decision]:
    """What to do about each file below any of the roots, found or in the ledger, as they are
    read; `known` reads the ledger, ascending, once for each root. See `decide`."""
    for root in roots:
        yield from decide(root, known(), base, place, selection, read_again)


def by_kind(decisions: Iterable[Decision]) -> dict[str, list[str]]:
    """Kind of decision -> the sources it was made about."""
    planned: dict[str, list[str]] = {}
    for decision in decisions:
        one = decision.found or decision.record
        if one is not None:
            planned.setdefault(decision.kind, []).append(one.source)
    return planned
