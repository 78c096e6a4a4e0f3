"""What an index knows of files, and what its runs report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ragkit.types.manifest import Manifest, VectorIndex

Outcome = Literal["indexed", "skipped", "failed"]


class DiscoveredFile(NamedTuple):
    """A file that discovery saw, as `stat` saw it. A tuple: three times cheaper to make.

    `source` is what people and the index call it: with "/" between folders, relative to the
    folder that holds the index where it lies below it, else absolute; bytes that are not UTF-8
    are shown as backslash escapes. `path` opens it. `refusal` says why it must not be opened,
    "" for a file to read; a folder that cannot be listed is refused under a `source` that ends
    with "/". In an object store both are the address, and `inode` is a number made of the etag.
    """

    source: str
    path: str
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What the index knows of one discovered file.

    `characters` counts the non-blank characters extracted, `lost_characters` those of them that
    are in no chunk. `reason` is "" for a file that is wholly indexed. `loader_version` names the
    loader that read it, "pdf/1"; it is "" for a file that was not opened.
    """

    source: str
    outcome: Outcome
    reason: str = ""
    sha256: str = ""
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    pages: int = 0
    pages_without_text: int = 0
    characters: int = 0
    lost_characters: int = 0
    chunks: int = 0
    media_type: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    last_seen_ns: int = 0
    chunker_version: int = 0
    loader_version: str = ""

    @property
    def fingerprint(self) -> FileFingerprint:
        """What tells whether the file changed."""
        return FileFingerprint(*(getattr(self, name) for name in FileFingerprint._fields))


class FileFingerprint(NamedTuple):
    """What tells whether a file has changed: fields of its `FileRecord`.
    A tuple, as `DiscoveredFile`."""

    source: str
    outcome: Outcome
    reason: str = ""
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    last_seen_ns: int = 0
    pages_without_text: int = 0
    chunker_version: int = 0
    loader_version: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that is not wholly in the index, and why."""

    source: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one run of `update` did. Every discovered file is in exactly one of the counts
    added, updated, moved, unchanged, skipped, failed; `removed` counts files that vanished.

    `embedded` and `reused` count chunks whose vector the model made or the index already held.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    chunks: int = 0
    embedded: int = 0
    reused: int = 0
    seconds: float = 0.0
    problems: tuple[Problem, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Its numbers by name."""
        names = ("added", "updated", "moved", "removed", "unchanged", "skipped", "failed")
        return {name: getattr(self, name) for name in (*names, "chunks", "embedded", "reused")}


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the last run that wrote an index did. `what` is "index" or "reindex", `finished` a
    time in UTC (ISO 8601), `counts` the numbers of its `IndexReport`."""

    command: str
    finished: str
    seconds: float
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class FileCounts:
    """How many files were discovered, by outcome, and what is in them. `characters` are those
    that are not blank, `lost_characters` those of them that no chunk holds."""

    discovered: int = 0
    indexed: int = 0
    skipped: int = 0
    failed: int = 0
    pages: int = 0
    pages_without_text: int = 0
    characters: int = 0
    lost_characters: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class VersionNames:
    """The versions of an index: the one that answers, the one before a `reindex`, and one that a
    `reindex` has not finished; None where there is none."""

    current: str
    previous: str | None = None
    unfinished: str | None = None


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What is in an index, what is not and why, and what the last run did.

    `disk_usage` is bytes by table. `vector_index` is None where there are so few chunks that each
    search compares all of them. `abstention_threshold` is the evidence, 0 to 1, below which `ask`
    gives no answer; None for an empty index. `settings` are the defaults of `search`.
    """

    uri: str
    indexed_paths: tuple[str, ...]
    manifest: Manifest
    files: FileCounts
    problems: tuple[Problem, ...]
    last_run: LastRun | None
    disk_usage: dict[str, int]
    versions: VersionNames
    vector_index: VectorIndex | None
    abstention_threshold: float | None
    settings: dict[str, float | int]


@dataclass(frozen=True, slots=True)
class IntegrityIssue:
    """What is wrong with the stored rows of one file."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """What a look at every row of an index found. `flaws` are those that are left; `repaired`
    names the files that were repaired."""

    files: int
    chunks: int
    issues: tuple[IntegrityIssue, ...] = ()
    repaired: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """What `update` tells its `on_progress` callback, several times a second at most.

    `stage` is "scan", "index", "ocr" or "optimize"; `files_total` is 0 until it is known. In stage
    "ocr", `pages_total` pages are to be read, and `pages_done` of them are.
    """

    stage: str
    files_done: int = 0
    files_total: int = 0
    chunks: int = 0
    source: str = ""
    pages_done: int = 0
    pages_total: int = 0
