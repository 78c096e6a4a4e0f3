"""One file -> its row and its chunks. Workers do this; it needs neither model nor database."""

from __future__ import annotations

import hashlib
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from ragkit.discovery.read_file import read_file
from ragkit.errors import LoadError
from ragkit.ingest.chunking import chunk
from ragkit.ingest.loader_version import CHUNKER_VERSION, loader_version
from ragkit.language.stemming import stem_text
from ragkit.language.symbols import spell_symbols
from ragkit.loading import LoadOptions, find_loader, load, refusal
from ragkit.loading.ocr.pages import PagesUnreadError
from ragkit.object_store import is_remote, read_object
from ragkit.types import (
    Chunk,
    ChunkFeatures,
    ChunkSettings,
    DiscoveredFile,
    Document,
    FileRecord,
    OcrPage,
    Outcome,
    StorageLocation,
    TokenCounter,
)

_CONTEXT_FOLDERS = 2  # how many folder names above a file are searchable with it
_HEADER_METADATA = ("title", "subject", "author", "tags")
HEADER_CHARACTERS = 800  # chosen by scripts/bench/retrieval.py among 300 to 1,000
_CHUNK_FIELDS = tuple(field.name for field in fields(Chunk))


@dataclass(frozen=True, slots=True)
class PrepareSettings:
    """How the files of a run are read and chunked. Can be pickled. `storage`: the options of the
    object store that documents come from."""

    chunking: ChunkSettings
    count_tokens: TokenCounter
    loading: LoadOptions
    limit_bytes: int
    storage: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FileTask:
    """A file to prepare. `stored_sha256`: its hash in the index, "" to read it in any case. `ocr`:
    what OCR has read of it, as in `LoadOptions`; None before it was asked."""

    found: DiscoveredFile
    stored_sha256: str = ""
    ocr: Mapping[int, OcrPage | None] | None = None


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file that was read and chunked; `features` belong to `chunks`, one by one. `same`: its hash
    is the stored one; it has no chunks here then. `unread`: pages that OCR has to read first; only
    its hash is known by then."""

    record: FileRecord
    chunks: tuple[Chunk, ...] = ()
    features: tuple[ChunkFeatures, ...] = ()
    same: bool = False
    unread: tuple[int, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        # Column by column: a fifth of the time that chunk by chunk takes.
        chunks = [[getattr(one, name) for one in self.chunks] for name in _CHUNK_FIELDS]
        columns = (chunks, list(zip(*self.features, strict=True)))
        return (_prepared, (self.record, *columns, self.same, self.unread))


def _prepared(
    record: FileRecord,
    chunks: list[list[Any]],
    features: list[tuple[str, ...]],
    same: bool,
    unread: tuple[int, ...],
) -> PreparedFile:
    return PreparedFile(
        record,
        tuple(Chunk(*values) for values in zip(*chunks, strict=True)),
        tuple(map(ChunkFeatures._make, zip(*features, strict=True))),
        same,
        unread,
    )


def prepare_files(settings: PrepareSettings, tasks: Sequence[FileTask]) -> list[PreparedFile]:
    """Every task prepared, in order. A file that cannot be read is a result, not an error."""
    return [_prepare(settings, task) for task in tasks]


def prepare_document(
    settings: PrepareSettings,
    found: DiscoveredFile,
    document: Document,
    last_seen_ns: int,
    loader: str,
) -> PreparedFile:
    """A document, that `loader` has read, cut into chunks.

    Raises `LoadError` when it has no text.
    """
    chunks = tuple(chunk(document, settings.chunking, settings.count_tokens))
    if not chunks:
        raise LoadError("no text in it", outcome="skipped")
    record = _record(found, document, len(chunks), last_seen_ns, loader)
    first, *others = chunks
    features = (chunk_features(first, document_header(document)), *map(chunk_features, others))
    return PreparedFile(record, chunks, features)


def failed_record(
    found: DiscoveredFile, outcome: Outcome, reason: str, loader: str = ""
) -> FileRecord:
    """The row of a file without text; `loader` has read it, "" where that is not known."""
    return FileRecord(
        source=found.source,
        outcome=outcome,
        reason=reason,
        size=found.size,
        mtime_ns=found.mtime_ns,
        inode=found.inode,
        last_seen_ns=time.time_ns(),
        loader_version=loader_version(loader),
    )


def embedding_input(one: Chunk) -> str:
    """The text that is embedded for a chunk: its own, below the header of its table."""
    return f"{one.table_header}\n{one.text}" if one.table_header else one.text


def text_hash(text: str) -> str:
    """The key under which a vector is reused: 32 hex digits of SHA-256 of the embedded text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def search_context(one: Chunk) -> str:
    """What else a chunk is found by: file and folder names, headings, table header, and names such
    as C++ in letters."""
    parts = (_names(one.source), one.heading, one.table_header, spell_symbols(one.text))
    return "\n".join(part for part in parts if part)


@lru_cache(maxsize=1)  # the chunks of a file come one after another
def _names(source: str) -> str:
    path = PurePosixPath(source)
    names = path.parts[-1 - _CONTEXT_FOLDERS :] if not path.is_absolute() else path.parts[-1:]
    return unicodedata.normalize("NFC", " ".join(names))  # as keyboards write them


def document_header(document: Document) -> str:
    """What a document says about itself: file and folder names, title, authors and tags, and how
    its text begins (a title page, a letterhead, a heading and what follows)."""
    values = [value for key, value in document.metadata if key in _HEADER_METADATA]
    return "\n".join([_names(document.source), *values, document.text[:HEADER_CHARACTERS]])


def chunk_features(one: Chunk, header: str = "") -> ChunkFeatures:
    """What is stored beside a chunk; `header` is the document's, for its first chunk."""
    return ChunkFeatures(
        text_hash(embedding_input(one)), search_context(one), stem_text(one.text), header
    )


def _prepare(settings: PrepareSettings, task: FileTask) -> PreparedFile:
    found = task.found
    last_seen_ns = time.time_ns()
    loader = sha256 = ""
    options = settings.loading if task.ocr is None else replace(settings.loading, ocr=task.ocr)
    try:
        data = _read(settings, found)
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 == task.stored_sha256:
            return PreparedFile(
                replace(failed_record(found, "indexed", ""), sha256=sha256), same=True
            )
        loader = find_loader(data, found.source, options)
        document = load(data, found.source, options, loader=loader)
        return prepare_document(settings, found, document, last_seen_ns, loader)
    except PagesUnreadError as error:
        record = replace(failed_record(found, "skipped", str(error), loader), sha256=sha256)
        return PreparedFile(record, unread=error.pages)
    except LoadError as error:
        outcome: Outcome = "skipped" if error.outcome == "skipped" else "failed"
        record = failed_record(found, outcome, str(error), loader)
        # With its hash it is known whose pages OCR has read.
        return PreparedFile(record if task.ocr is None else replace(record, sha256=sha256))
    except RecursionError:
        reason = "nested too deeply to be read"
        return PreparedFile(failed_record(found, "failed", reason, loader))
    except MemoryError:
        raise  # the engine knows the limit, and gives the file a fresh worker
    except Exception as error:  # noqa: BLE001 - a parser may raise anything on a damaged file
        reason = f"could not be read: {type(error).__name__}: {error}"[:300]
        return PreparedFile(failed_record(found, "failed", reason, loader))


def _read(settings: PrepareSettings, found: DiscoveredFile) -> bytes:
    def head_check(head: bytes) -> Exception | None:
        return refusal(found.source, head, ocr=settings.loading.ocr is not None)

    return read_bytes(found.path, settings.limit_bytes, settings.storage, head_check)


def read_bytes(
    path: str,
    limit_bytes: int,
    storage: tuple[tuple[str, str], ...],
    head_check: Callable[[bytes], Exception | None],
) -> bytes:
    """A file or an object, whole. Raises `LoadError` when it is too large or cannot be read, and
    what `head_check` says of its first bytes."""
    if is_remote(path):
        place = StorageLocation(path, storage)
        return read_object(place, limit_bytes=limit_bytes, head_check=head_check)
    return read_file(path, limit_bytes=limit_bytes, head_check=head_check)


def _record(
    found: DiscoveredFile, document: Document, chunks: int, last_seen_ns: int, loader: str
) -> FileRecord:
    return FileRecord(
        source=found.source,
        outcome="indexed",
        reason="; ".join(document.notes),
        sha256=document.sha256,
        size=found.size,
        mtime_ns=found.mtime_ns,
        inode=found.inode,
        pages=len(document.page_starts),
        pages_without_text=document.pages_without_text,
        characters=sum(map(len, document.text.split())) + document.lost_characters,
        lost_characters=document.lost_characters,
        chunks=chunks,
        media_type=document.media_type,
        metadata=document.metadata,
        last_seen_ns=last_seen_ns,
        chunker_version=CHUNKER_VERSION,
        loader_version=loader_version(loader),
    )
