"""The files of the index compared with those on disk: new, changed, gone, unchanged. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from ragkit.discovery.left_out import LEFT_OUT_FOLDERS
from ragkit.types import DiscoveredFile, FileFingerprint

Kind = Literal["new", "changed", "check", "retry", "unchanged", "refused", "gone", "unreachable"]

# A file may change twice within one tick of its file system's clock: 2 s on FAT.
RACY_NS = 2 * 10**9
NO_FILE = -1  # the inode of a text that was added and is no file
RETRY_AFTER_NS = 3600 * 10**9


class Decision(NamedTuple):
    """What to do about one file.

    new: read it. changed, check: read it; if its hash is the same, store its stat alone (check:
    the stat is equal, but the file was so young when it was read that this proves nothing).
    retry: read it again whatever its hash is. unchanged: nothing. refused: store the refusal.
    gone: remove it. unreachable: nothing; its folder could not be listed, it may well be there.

    `found` is None for gone and unreachable, `record` for files that have no row.
    """

    kind: Kind
    found: DiscoveredFile | None
    record: FileFingerprint | None


def reconcile(
    found: Iterable[DiscoveredFile],
    records: Iterable[FileFingerprint],
    *,
    now_ns: int,
    retry_after_ns: int = RETRY_AFTER_NS,
    read_again: Callable[[FileFingerprint], bool] | None = None,
) -> Iterator[Decision]:
    """One decision for every source in `found` or `records`, in ascending order of source.

    Both must ascend by source, as `discover` yields them; they are read in step, so memory does
    not grow with their length. Equal (size, mtime_ns, inode) is unchanged. A failed file is read
    again when its stat differs or `retry_after_ns` after it was last read; so is any file for
    which `read_again` is true (read by an older loader, say).

    Law: deciding about records just made from the same files gives unchanged only, unless a
    file was younger than two seconds when it was seen. Raises `ValueError` for unsorted input.
    """
    rows = _ascending(records)
    record = next(rows, None)
    unlisted = ""  # the last folder that could not be listed: all in it follows at once
    previous = ""
    for file in found:
        source, _, size, mtime_ns, inode, refusal = file
        # The common case first, and lean: it is the whole work of a run that finds no change.
        if (
            record is not None
            and record.source == source
            and record.mtime_ns == mtime_ns
            and record.size == size
            and record.inode == inode
            and record.outcome != "failed"
            and record.last_seen_ns - mtime_ns >= RACY_NS
            and read_again is None
            and not refusal
        ):
            previous = source
            yield tuple.__new__(Decision, ("unchanged", file, record))
            record = next(rows, None)
            continue
        if source <= previous:
            raise ValueError(f"not in ascending order: {previous!r}, {source!r}")
        previous = source
        while record is not None and record.source < source:
            yield _missing(record, unlisted)
            record = next(rows, None)
        if refusal and source.endswith("/") and refusal not in LEFT_OUT_FOLDERS:
            unlisted = source
        if record is None or record.source != source:
            yield Decision("refused" if refusal else "new", file, None)
            continue
        outdated = read_again is not None and read_again(record)
        kind = "retry" if outdated and not refusal else _kind(file, record, now_ns, retry_after_ns)
        yield Decision(kind, file, record)
        record = next(rows, None)
    while record is not None:
        yield _missing(record, unlisted)
        record = next(rows, None)


def _kind(file: DiscoveredFile, record: FileFingerprint, now_ns: int, retry_after_ns: int) -> Kind:
    if file.refusal:
        return "refused"
    failed = record.outcome == "failed"
    if file.mtime_ns != record.mtime_ns or file.size != record.size or file.inode != record.inode:
        return "retry" if failed else "changed"
    # A clock that was set back must not put a retry off for years.
    if failed and not 0 <= now_ns - record.last_seen_ns < retry_after_ns:
        return "retry"
    return "unchanged" if record.last_seen_ns - record.mtime_ns >= RACY_NS else "check"


def _missing(record: FileFingerprint, unlisted: str) -> Decision:
    below = unlisted and record.source.startswith(unlisted)
    return Decision("unreachable" if below else "gone", None, record)


def _ascending(records: Iterable[FileFingerprint]) -> Iterator[FileFingerprint]:
    previous = ""
    for record in records:
        if record.source <= previous:
            raise ValueError(f"not in ascending order: {previous!r}, {record.source!r}")
        previous = record.source
        yield record


def refuse_mass_deletion(indexed_count: int, gone_count: int, found_count: int) -> str | None:
    """Why the files of a root must not be removed: it is suddenly empty. None when it is not."""
    if found_count or not gone_count:
        return None
    files = "1 file is" if indexed_count == 1 else f"{indexed_count:,} files are"
    return (
        f"nothing was found, but {files} indexed from here: is a disk not mounted? "
        "If they are gone for good, say --allow-empty"
    )
