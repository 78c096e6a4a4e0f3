"""Building a generation with another model beside the one that answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ragkit.answering.abstention import update_threshold
from ragkit.discovery.relocate import relocate_files
from ragkit.errors import RagkitError
from ragkit.index.compatibility import chunk_settings_for, clamp_chunk_settings, reindex_command
from ragkit.index.update import MAX_FILE_BYTES, READING, ReadOptions, indexed_roots, make_run
from ragkit.ingest.loader_version import loader_fingerprint
from ragkit.ingest.pipeline import ReusedFiles
from ragkit.ingest.prepare import PreparedFile
from ragkit.ingest.reconcile import reconcile
from ragkit.models import OllamaSettings
from ragkit.store import Store
from ragkit.store.schema import FORMAT
from ragkit.types import Embedder, FileRecord, IndexReport, Manifest

_GROUP_FILES, _GROUP_CHUNKS = 200, 2_000
_KEPT = "not on disk when the index was rebuilt; its text was taken over from before"


class ReindexOptions(ReadOptions, total=False):
    """How an index is rebuilt; every field may be left out.

    chunk_tokens, overlap: the chunk size, in tokens of the model; left out, what the index has,
    made smaller where the model reads less. drop_old: drop the old generation at the end, for
    which no reader must be left. The rest: as in `ReadOptions`.
    """

    chunk_tokens: int | None
    overlap: int | None
    drop_old: bool


def default_reindex_model(store: Store) -> str:
    """The model a rebuild takes when none is named: that of the unfinished generation, else that
    of the index."""
    unfinished = store.versions.unfinished
    return (store if unfinished is None else store.open_version(unfinished)).manifest.embedder.name


def reindex(
    old: Store, embedder: Embedder, servers: OllamaSettings, base: Path, options: ReindexOptions
) -> tuple[Store, IndexReport]:
    """One rebuild under the lock, as `Index.reindex` promises it, and the generation that is
    then in force."""
    new = _begin_version(old, embedder, options)
    same_chunks = _same_chunks(old.manifest, new.manifest)
    records = old.files.records()
    to_read = [r for r in records if r.outcome == "failed" or not same_chunks]
    found = relocate_files(to_read, indexed_roots(old), base, old.location)
    here = {file.source for file in found}
    held = {record.source: record for record in new.files.records()}
    carried = [record for record in records if record.source not in here]
    due = [
        r for r in carried if r.source not in held or held[r.source].last_seen_ns < r.last_seen_ns
    ]
    stale = {record.source for record in due} & held.keys()
    if stale:  # the old generation was updated since they were carried over
        new.mark_incomplete()
        new.remove(stale)
    for record in carried:
        held.pop(record.source, None)
    lenders = [old.chunks] if old.manifest.embedder == embedder.identity else []
    run = make_run(new, embedder, servers, options, lenders)
    decisions = reconcile(found, (one.fingerprint for one in held.values()), now_ns=time.time_ns())
    report = run(decisions, ReusedFiles(len(due), _reused_files(old, due, as_they_are=same_chunks)))
    update_threshold(new, embedder, written=report.chunks, changed=True)
    limit_bytes = options.get("max_file_bytes", MAX_FILE_BYTES)
    read = (
        old.catalog.get(old.version_key(READING))
        if same_chunks
        else loader_fingerprint(limit_bytes)
    )
    new.catalog.set(new.version_key(READING), read)
    new.versions.activate()
    if options.get("drop_old"):
        new.versions.drop_previous()
    return new, report


def _begin_version(old: Store, embedder: Embedder, options: ReindexOptions) -> Store:
    """The unfinished generation to go on with, or a new one.

    Raises `RagkitError` when the unfinished one is of another manifest.
    """
    name = old.versions.unfinished
    unfinished = None if name is None else old.open_version(name)
    settings = (unfinished or old).manifest.chunking
    tokens, overlap = options.get("chunk_tokens"), options.get("overlap")
    if tokens is not None:
        settings = chunk_settings_for(embedder, tokens, 0)
    if overlap is not None:
        settings = replace(settings, overlap=overlap)
    manifest = Manifest(embedder.identity, clamp_chunk_settings(embedder, settings), FORMAT)
    if unfinished is None:
        return old.open_version(old.versions.begin(manifest))
    if unfinished.manifest != manifest:
        other = unfinished.manifest.embedder.name
        raise RagkitError(
            f"another rebuild is unfinished, with {other} and chunks of "
            f"{unfinished.manifest.chunking.tokens} tokens. Finish it: "
            f"{reindex_command(old.uri, other)}. Or give it up: ragkit reindex --drop-unfinished"
        )
    return unfinished


def _same_chunks(old: Manifest, new: Manifest) -> bool:
    """Whether both generations cut every text alike and only vectors differ: the chunks need no
    reading then. A rebuild with the very same model is asked for to read all again."""
    alike = (old.embedder.name, old.chunking) == (new.embedder.name, new.chunking)
    return alike and old.embedder != new.embedder


def _reused_files(
    old: Store, records: Sequence[FileRecord], *, as_they_are: bool
) -> Iterator[list[PreparedFile]]:
    """The files of these records with the chunks that the old generation holds of them. Unless
    `as_they_are`, a file with chunks gets a row that says so and is read when it is back."""
    for group in _groups(records):
        chunks = old.chunks.by_file([record.source for record in group if record.chunks])
        prepared: list[PreparedFile] = []
        for record in group:
            rows = chunks.get(record.source, [])
            if rows and not as_they_are:
                reason = "; ".join(part for part in (record.reason, _KEPT) if part)
                record = replace(record, reason=reason, sha256="", inode=0)
            prepared.append(
                PreparedFile(
                    record, tuple(one for one, _ in rows), tuple(beside for _, beside in rows)
                )
            )
        yield prepared


def _groups(records: Sequence[FileRecord]) -> Iterator[list[FileRecord]]:
    group: list[FileRecord] = []
    chunks = 0
    for record in records:
        if group and (len(group) >= _GROUP_FILES or chunks + record.chunks > _GROUP_CHUNKS):
            yield group
            group, chunks = [], 0
        group.append(record)
        chunks += record.chunks
    if group:
        yield group
