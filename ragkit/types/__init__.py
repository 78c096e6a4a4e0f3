"""The data that flows through ragkit, and the Protocols that vendors and engines fulfil.

Offsets count characters of `Document.text` and are half-open; pages and lines start at 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragkit.types.answers import (
    Answer,
    Citation,
    ContextUse,
    Coverage,
    Disagreement,
    Hit,
    KeywordQuery,
    Passage,
    Sentence,
    Support,
)
from ragkit.types.documents import Chunk, ChunkSettings, Derived, Document, Heading, location
from ragkit.types.ledger import (
    FileRecord,
    Flaw,
    FoundFile,
    IndexReport,
    KnownFile,
    LastRun,
    Location,
    Manifest,
    ModelIdentity,
    Outcome,
    Problem,
    Progress,
    VectorIndex,
    VerifyReport,
)
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
)

if TYPE_CHECKING:
    from ragkit.types.protocols import Vectors as Vectors

__all__ = [
    "Answer",
    "AsyncReply",
    "Chat",
    "Chunk",
    "ChunkSettings",
    "Citation",
    "ContextUse",
    "Coverage",
    "Derived",
    "Disagreement",
    "Document",
    "Embedder",
    "Engine",
    "FileRecord",
    "Flaw",
    "FoundFile",
    "Heading",
    "Hit",
    "IndexReport",
    "KeywordQuery",
    "KnownFile",
    "LastRun",
    "Location",
    "Manifest",
    "Message",
    "ModelIdentity",
    "Outcome",
    "Passage",
    "Problem",
    "Progress",
    "Reply",
    "Reranker",
    "Sentence",
    "Support",
    "TokenCounter",
    "Usage",
    "VectorIndex",
    "VerifyReport",
    "location",
]
