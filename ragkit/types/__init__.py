"""The data that flows through ragkit, and the Protocols that vendors and engines fulfil.

Offsets count characters of `Document.text` and are half-open; pages and lines start at 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragkit.types.documents import (
    Chunk,
    ChunkFeatures,
    ChunkSettings,
    Document,
    Heading,
    OcrLine,
    OcrPage,
    format_location,
)
from ragkit.types.files import (
    DiscoveredFile,
    FileCounts,
    FileFingerprint,
    FileRecord,
    IndexReport,
    IndexStatus,
    IntegrityIssue,
    IntegrityReport,
    LastRun,
    Outcome,
    Problem,
    Progress,
    VersionNames,
)
from ragkit.types.manifest import Manifest, ModelIdentity, StorageLocation, VectorIndex
from ragkit.types.protocols import (
    AsyncReply,
    Chat,
    Embedder,
    Engine,
    Message,
    Reply,
    Reranker,
    TokenCounter,
    Usage,
    is_remote,
)
from ragkit.types.results import (
    Answer,
    Citation,
    Conflict,
    ContextUsage,
    Hit,
    Hits,
    IndexCoverage,
    KeywordQuery,
    Passage,
    Sentence,
    SupportLevel,
)

if TYPE_CHECKING:
    from ragkit.types.protocols import Vectors as Vectors

__all__ = [
    "Answer",
    "AsyncReply",
    "Chat",
    "Chunk",
    "ChunkFeatures",
    "ChunkSettings",
    "Citation",
    "Conflict",
    "ContextUsage",
    "DiscoveredFile",
    "Document",
    "Embedder",
    "Engine",
    "FileCounts",
    "FileFingerprint",
    "FileRecord",
    "Heading",
    "Hit",
    "Hits",
    "IndexCoverage",
    "IndexReport",
    "IndexStatus",
    "IntegrityIssue",
    "IntegrityReport",
    "KeywordQuery",
    "LastRun",
    "Manifest",
    "Message",
    "ModelIdentity",
    "OcrLine",
    "OcrPage",
    "Outcome",
    "Passage",
    "Problem",
    "Progress",
    "Reply",
    "Reranker",
    "Sentence",
    "StorageLocation",
    "SupportLevel",
    "TokenCounter",
    "Usage",
    "VectorIndex",
    "VersionNames",
    "format_location",
    "is_remote",
]
