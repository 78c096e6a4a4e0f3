"""What an index knows of files, of its runs and of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ragkit.types.documents import ChunkSettings

Outcome = Literal["indexed", "skipped", "failed"]


class FoundFile(NamedTuple):
    """A file that discovery saw, as `stat` saw it. A tuple: three times cheaper to make.

    `source` is what people and the ledger call it: with "/" between folders, relative to the
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
    """The ledger row of one discovered file.

    `characters` counts the non-blank characters extracted, `characters_lost` those of them that
    are in no chunk. `reason` is "" for a file that is wholly indexed.
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
    characters_lost: int = 0
    chunks: int = 0
    media_type: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    seen_ns: int = 0

    @property
    def known(self) -> KnownFile:
        """What tells whether the file changed."""
        return KnownFile(*(getattr(self, name) for name in KnownFile._fields))


class KnownFile(NamedTuple):
    """What the ledger tells of a file, to see whether it is as it was: fields of its `FileRecord`.
    A tuple, as `FoundFile`."""

    source: str
    outcome: Outcome
    reason: str = ""
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    seen_ns: int = 0


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


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the last run that wrote an index did. `what` is "index" or "reindex", `finished` a
    time in UTC (ISO 8601), `counts` the numbers of its `IndexReport`."""

    what: str
    finished: str
    seconds: float
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the stored rows of one file."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a look at every row of an index found. `flaws` are those that are left; `repaired`
    names the files that were mended."""

    files: int
    chunks: int
    flaws: tuple[Flaw, ...] = ()
    repaired: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """What `update` tells its `on_progress` callback, several times a second at most.

    `stage` is "scan", "index" or "tidy"; `files_total` is 0 until it is known.
    """

    stage: str
    files_done: int = 0
    files_total: int = 0
    chunks: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """Where an index or documents are: a local path, or an s3://, gs:// or az:// address.

    `options` are (key, value) pairs for the object store, such as ("endpoint", "http://..."), with
    the names that LanceDB gives them; what they leave out is taken from the environment.
    """

    uri: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What must be equal for two vectors to be comparable. `digest` is "" where the vendor has
    none; the prefixes are the exact characters put before a question or a passage."""

    name: str
    dimension: int
    digest: str = ""
    query_prefix: str = ""
    document_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was built with. A difference is an `IndexMismatchError`."""

    embedder: ModelIdentity
    chunking: ChunkSettings
    format: int


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """How the chunks nearest to a question are found. `kind` is "IVF_RQ" or "IVF_SQ"; "" means
    exact search, because no settings recalled enough.

    Measured when `rows` chunks were indexed, in `seconds`: `recall` is the share of the 10 exact
    neighbours found, at 200 points between sampled chunks, when `probes` partitions are looked
    into and `refine` times as many chunks as are wanted are compared exactly.
    """

    kind: str
    rows: int = 0
    probes: int = 0
    refine: int = 0
    recall: float = 1.0
    seconds: float = 0.0
