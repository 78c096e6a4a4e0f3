"""Building a generation with another model beside the one that answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ragkit.errors import RagkitError
from ragkit.index.opening import fitted, fitting_chunks, reindex_command
from ragkit.index.updating import MAX_FILE_BYTES, READING, ReadOptions, kept_roots, run_of
from ragkit.ingest.again import reading_of
from ragkit.ingest.pipeline import Carried
from ragkit.ingest.prepare import Prepared
from ragkit.ingest.reconcile import reconcile
from ragkit.ingest.refind import find_again
from ragkit.models import Servers
from ragkit.query.calibrate import keep_floor
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


def model_to_take(store: Store) -> str:
    """The model a rebuild takes when none is named: that of the unfinished generation, else that
    of the index."""
    unfinished = store.generations.unfinished
    return (store if unfinished is None else store.other(unfinished)).manifest.embedder.name


def reindex(
    old: Store, embedder: Embedder, servers: Servers, base: Path, options: ReindexOptions
) -> tuple[Store, IndexReport]:
    """One rebuild under the lock, as `Index.reindex` promises it, and the generation that is
    then in force."""
    new = _new_generation(old, embedder, options)
    same_chunks = _same_chunks(old.manifest, new.manifest)
    records = old.files.records()
    to_read = [r for r in records if r.outcome == "failed" or not same_chunks]
    found = find_again(to_read, kept_roots(old), base, old.place)
    here = {file.source for file in found}
    held = {record.source: record for record in new.files.records()}
    carried = [record for record in records if record.source not in here]
    due = [r for r in carried if r.source not in held or held[r.source].seen_ns < r.seen_ns]
    stale = {record.source for record in due} & held.keys()
    if stale:  # the old generation was updated since they were carried over
        new.mark_writing()
        new.remove(stale)
    for record in carried:
        held.pop(record.source, None)
    lenders = [old.chunks] if old.manifest.embedder == embedder.identity else []
    run = run_of(new, embedder, servers, options, lenders)
    decisions = reconcile(found, (one.known for one in held.values()), now_ns=time.time_ns())
    report = run(decisions, Carried(len(due), _carry(old, due, as_they_are=same_chunks)))
    keep_floor(new, embedder, written=report.chunks, changed=True)
    limit_bytes = options.get("max_file_bytes", MAX_FILE_BYTES)
    read = old.catalog.get(old.key(READING)) if same_chunks else reading_of(limit_bytes)
    new.catalog.set(new.key(READING), read)
    new.generations.publish()
    if options.get("drop_old"):
        new.generations.drop_previous()
    return new, report


def _new_generation(old: Store, embedder: Embedder, options: ReindexOptions) -> Store:
    """The unfinished generation to go on with, or a new one.

    Raises `RagkitError` when the unfinished one is of another manifest.
    """
    name = old.generations.unfinished
    unfinished = None if name is None else old.other(name)
    settings = (unfinished or old).manifest.chunking
    tokens, overlap = options.get("chunk_tokens"), options.get("overlap")
    if tokens is not None:
        settings = fitting_chunks(embedder, tokens, 0)
    if overlap is not None:
        settings = replace(settings, overlap=overlap)
    manifest = Manifest(embedder.identity, fitted(embedder, settings), FORMAT)
    if unfinished is None:
        return old.other(old.generations.begin(manifest))
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


def _carry(
    old: Store, records: Sequence[FileRecord], *, as_they_are: bool
) -> Iterator[list[Prepared]]:
    """The files of these records with the chunks that the old generation holds of them. Unless
    `as_they_are`, a file with chunks gets a row that says so and is read when it is back."""
    for group in _groups(records):
        chunks = old.chunks.of_files([record.source for record in group if record.chunks])
        prepared: list[Prepared] = []
        for record in group:
            rows = chunks.get(record.source, [])
            if rows and not as_they_are:
                reason = "; ".join(part for part in (record.reason, _KEPT) if part)
                record = replace(record, reason=reason, sha256="", inode=0)
            prepared.append(
                Prepared(record, tuple(one for one, _ in rows), tuple(beside for _, beside in rows))
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
