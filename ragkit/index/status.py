"""What is in an index, as one object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ragkit.answering.abstention import load_threshold
from ragkit.index.connection import IndexConnection
from ragkit.index.update import indexed_roots, load_last_run
from ragkit.store.connection import table_sizes
from ragkit.types import (
    FileCounts,
    FileRecord,
    IndexStatus,
    Problem,
    VersionNames,
)


def index_status(connection: IndexConnection) -> IndexStatus:
    """As `Index.status`."""
    store = connection.store
    threshold = load_threshold(store)
    records = store.files.records()
    return IndexStatus(
        uri=store.uri,
        indexed_paths=tuple(indexed_roots(store)),
        manifest=store.manifest,
        files=count_files(records),
        problems=list_problems(records),
        last_run=load_last_run(store),
        disk_usage=table_sizes(store.location),
        versions=VersionNames(
            store.versions.current, store.versions.previous, store.versions.unfinished
        ),
        vector_index=store.chunks.vector_index,
        abstention_threshold=None if threshold is None else threshold.score,
        settings=connection.search_settings,
    )


def count_files(records: Sequence[FileRecord]) -> FileCounts:
    """How many files these are, and how much is in them."""
    outcomes = Counter(record.outcome for record in records)
    return FileCounts(
        discovered=len(records),
        indexed=outcomes["indexed"],
        skipped=outcomes["skipped"],
        failed=outcomes["failed"],
        pages=sum(record.pages for record in records),
        pages_without_text=sum(record.pages_without_text for record in records),
        characters=sum(record.characters for record in records),
        lost_characters=sum(record.lost_characters for record in records),
        chunks=sum(record.chunks for record in records),
    )


def list_problems(records: Sequence[FileRecord]) -> tuple[Problem, ...]:
    """The files among these that are not wholly in the index, and why."""
    return tuple(Problem(one.source, one.outcome, one.reason) for one in records if one.reason)
