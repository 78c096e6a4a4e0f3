"""What an index was built with, and where it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from ragkit.types.documents import ChunkSettings


@dataclass(frozen=True, slots=True)
class StorageLocation:
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
    """What an index was built with. A difference is an `IndexMismatchError`.

    Another `chunker_version` or `loader_version` than today's is none: no file was read by an
    older chunker or loader than these, and the next `update` reads those again that were read by
    an older one than today's.
    """

    embedder: ModelIdentity
    chunking: ChunkSettings
    format: int
    chunker_version: int = field(default=0, compare=False)
    loader_version: int = field(default=0, compare=False)


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
