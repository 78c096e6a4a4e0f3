"""Checks every row of an index, and repairs it by reading files again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ragkit.discovery.local_files import relocate_files
from ragkit.index.connection import IndexConnection
from ragkit.index.options import ReadOptions
from ragkit.index.update import indexed_roots, make_run
from ragkit.ingest.prepare import embedding_input, text_hash
from ragkit.ingest.reconcile import Decision
from ragkit.store import Store
from ragkit.store.schema import row_ids
from ragkit.types import Chunk, FileRecord, IntegrityIssue, IntegrityReport

if TYPE_CHECKING:
    from ragkit.types import Vectors

_LENGTH_TOLERANCE = 0.01


def verify(store: Store) -> IntegrityReport:
    """What is wrong with the index, in order of source. Reads it a batch at a time; of each
    chunk four numbers are kept."""
    started = time.monotonic()
    found: Counter[tuple[str, str]] = Counter()
    places = _Places()
    for ids, chunks, hashes, vectors in store.chunks.iter_rows():
        places.add(chunks)
        found.update(_issues(ids, chunks, hashes, vectors))
    records = store.files.records(("source", "chunks"))
    found.update(places.flaws(records))
    flaws = tuple(
        IntegrityIssue(source, f"{reason} ({count} times)" if count > 1 else reason)
        for (source, reason), count in sorted(found.items())
    )
    return IntegrityReport(len(records), places.count, flaws, seconds=time.monotonic() - started)


def repair(
    connection: IndexConnection, damaged: IntegrityReport, options: ReadOptions
) -> IntegrityReport:
    """The index with exactly the files that have issues read again, and verified anew. Damaged
    rows of files that are not on disk stay, but for rows of files that the index has no record of.

    The rows are removed before the files are read: none of their vectors is used again, and after
    a crash the files are new to the next update.
    """
    started = time.monotonic()
    store, embedder = connection.store_and_embedder()
    sources = {issue.source for issue in damaged.issues}
    unknown = sources - set(store.files.sources())
    records = [FileRecord(source, "failed") for source in sorted(sources)]
    roots, base = indexed_roots(store), connection.base_folder
    found = relocate_files(records, roots, base, store.location)
    interrupted = store.begin_write()
    store.remove({file.source for file in found} | unknown | interrupted)
    run = make_run(store, embedder, connection.ollama, options)
    run([Decision("new", file, None) for file in found])
    store.mark_complete()
    after = verify(store)
    repaired = sources - {issue.source for issue in after.issues}
    return IntegrityReport(
        after.files,
        after.chunks,
        after.issues,
        tuple(sorted(repaired)),
        damaged.seconds + time.monotonic() - started,
    )


def _issues(
    ids: Sequence[str], chunks: Sequence[Chunk], hashes: Sequence[str], vectors: Vectors
) -> Iterator[tuple[str, str]]:
    """(source, what is wrong) of single rows."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1)
    sound = np.abs(lengths - 1) <= _LENGTH_TOLERANCE  # false for what is not finite
    rows = zip(ids, row_ids(chunks), chunks, hashes, sound, strict=True)
    for row_id, right_id, one, kept_hash, is_sound in rows:
        if row_id != right_id:
            yield one.source, "a row has another's key"
        if text_hash(embedding_input(one)) != kept_hash:
            yield one.source, "a text does not fit its hash"
        if one.end - one.start != len(one.text):
            yield one.source, "a text does not fit its place in the file"
        if not is_sound:
            yield one.source, "a vector is not of length 1"


class _Places:
    """Where the chunks of each file are: three numbers a chunk."""

    def __init__(self) -> None:
        import numpy as np

        self._numbers: dict[str, int] = {}
        self._batches = [np.empty((3, 0), dtype=np.int64)]  # file, ordinal, start

    def add(self, chunks: Sequence[Chunk]) -> None:
        """Takes in some rows."""
        import numpy as np

        numbers = self._numbers
        rows = [(numbers.setdefault(c.source, len(numbers)), c.ordinal, c.start) for c in chunks]
        self._batches.append(np.array(rows, dtype=np.int64).reshape(-1, 3).T)

    @property
    def count(self) -> int:
        """How many rows there were."""
        return sum(batch.shape[1] for batch in self._batches)

    def flaws(self, records: Sequence[FileRecord]) -> Iterator[tuple[str, str]]:
        """(source, what is wrong) of the rows of a file together, and beside its record."""
        import numpy as np

        file, ordinal, start = np.concatenate(self._batches, axis=1)
        order = np.lexsort((ordinal, file))
        file, ordinal, start = file[order], ordinal[order], start[order]
        counts = np.bincount(file, minlength=len(self._numbers))
        firsts = np.repeat(np.cumsum(counts) - counts, counts)
        gaps = file[ordinal != np.arange(len(file)) - firsts]
        turned = file[1:][(np.diff(file) == 0) & (np.diff(start) <= 0)]
        names = list(self._numbers)
        for which, reason in (
            (gaps, "its chunks are not numbered without a gap"),
            (turned, "its chunks are not in the order of the file"),
        ):
            yield from ((names[number], reason) for number in np.unique(which))
        known = Counter(record.source for record in records)
        yield from ((name, "it has two records") for name, rows in known.items() if rows > 1)
        yield from ((name, "the file has no record") for name in names if name not in known)
        for record in records:
            number = self._numbers.get(record.source)
            held = 0 if number is None else int(counts[number])
            if held != record.chunks:
                yield record.source, f"{held} chunks where its record has {record.chunks}"
