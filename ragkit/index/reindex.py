"""Building a version of an index with another model beside the one that answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ragkit.answering.abstention import update_threshold
from ragkit.discovery.local_files import relocate_files
from ragkit.errors import RagkitError
from ragkit.index.compatibility import chunk_settings_for, clamp_chunk_settings, reindex_command
from ragkit.index.connection import IndexConnection
from ragkit.index.options import ReadOptions
from ragkit.index.update import READING, indexed_roots, make_run, uses_ocr
from ragkit.ingest.loader_version import loader_fingerprint
from ragkit.ingest.pipeline import ReusedFiles
from ragkit.ingest.prepare import PreparedFile
from ragkit.ingest.reconcile import NO_FILE, reconcile
from ragkit.store import Store
from ragkit.store.schema import FORMAT
from ragkit.types import Embedder, FileRecord, IndexReport, Manifest

_GROUP_FILES, _GROUP_CHUNKS = 200, 2_000
_REUSED = "not on disk when the index was rebuilt; its text was taken over from before"


def default_reindex_model(store: Store) -> str:
    """The model of a rebuild that names none: that of the unfinished version, else that of the
    index."""
    unfinished = store.versions.unfinished
    return (store if unfinished is None else store.open_version(unfinished)).manifest.embedder.name


def reindex(
    connection: IndexConnection,
    embedder: Embedder,
    options: ReadOptions,
    chunk_tokens: int | None,
    overlap: int | None,
    *,
    drop_previous: bool,
) -> tuple[Store, IndexReport]:
    """One rebuild under the lock, as `Maintenance.reindex` promises it, and the version that is
    then current.

    Files that are on disk are read, the chunks of all others are reused. The new version may hold
    some of both from a run that was interrupted.
    """
    old = connection.store
    new = _begin_version(old, embedder, chunk_tokens, overlap)
    same_chunks = _same_chunks(old.manifest, new.manifest)
    records = old.files.records()
    to_read = [r for r in records if r.outcome == "failed" or not same_chunks]
    on_disk = relocate_files(to_read, indexed_roots(old), connection.base_folder, old.location)
    read_sources = {file.source for file in on_disk}
    existing = {record.source: record for record in new.files.records()}
    reused = [record for record in records if record.source not in read_sources]
    pending = [
        record
        for record in reused
        if record.source not in existing
        or existing[record.source].last_seen_ns < record.last_seen_ns
    ]
    outdated = {record.source for record in pending} & existing.keys()
    if outdated:  # the old version was updated after these files were copied from it
        new.mark_incomplete()
        new.remove(outdated)
    for record in reused:
        existing.pop(record.source, None)
    reuse_vectors_from = [old.chunks] if old.manifest.embedder == embedder.identity else []
    run = make_run(new, embedder, connection.ollama, options, reuse_vectors_from)
    fingerprints = (record.fingerprint for record in existing.values())
    report = run(
        reconcile(on_disk, fingerprints, now_ns=time.time_ns()),
        ReusedFiles(len(pending), _reused_files(old, pending, keep_reasons=same_chunks)),
    )
    update_threshold(new, embedder, written=report.chunks, changed=True)
    reading = (
        old.catalog.get(old.version_key(READING))
        if same_chunks
        else loader_fingerprint(options.max_file_bytes, ocr=uses_ocr(old))
    )
    new.catalog.set(new.version_key(READING), reading)
    new.versions.activate()
    if drop_previous:
        new.versions.drop_previous()
    return new, report


def _begin_version(
    old: Store, embedder: Embedder, chunk_tokens: int | None, overlap: int | None
) -> Store:
    """The unfinished version to go on with, or a new one.

    Raises `RagkitError` when the unfinished one has another manifest.
    """
    name = old.versions.unfinished
    unfinished = None if name is None else old.open_version(name)
    settings = (unfinished or old).manifest.chunking
    if chunk_tokens is not None:
        settings = chunk_settings_for(embedder, chunk_tokens, 0)
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
    """Whether only the vectors differ, so that no file needs to be read. A rebuild with the very
    same model is asked for to read all files again."""
    alike = (old.embedder.name, old.chunking) == (new.embedder.name, new.chunking)
    return alike and old.embedder != new.embedder


def _reused_files(
    old: Store, records: Sequence[FileRecord], *, keep_reasons: bool
) -> Iterator[list[PreparedFile]]:
    """The files of these records with the chunks that the old version holds of them. Unless
    `keep_reasons`, a file with chunks gets a record that says so, and is read when it is back."""
    for group in _groups(records):
        rows_by_source = old.chunks.by_file([one.source for one in group if one.chunks])
        prepared: list[PreparedFile] = []
        for record in group:
            rows = rows_by_source.get(record.source, [])
            if rows and not keep_reasons and record.inode != NO_FILE:
                reason = "; ".join(part for part in (record.reason, _REUSED) if part)
                record = replace(record, reason=reason, sha256="", inode=0)
            chunks = tuple(chunk for chunk, _ in rows)
            features = tuple(beside for _, beside in rows)
            prepared.append(PreparedFile(record, chunks, features))
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
