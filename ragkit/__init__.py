"""Search a folder of documents by meaning, and ask it questions with checkable citations.

import ragkit

with ragkit.Index.open("notes.index", create=True) as index:
    report = index.update("~/notes")
    hits = index.search("backup test", limit=5)
    answer = index.ask("How often are backups tested?")

All that a caller may catch stands in `ragkit.errors`. Loggers are called as the modules are, below
"ragkit".
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ragkit import errors
from ragkit._version import __version__
from ragkit.errors import FilterError, ModelError, RagkitError
from ragkit.types import (
    Answer,
    Chat,
    Chunk,
    Citation,
    Embedder,
    Engine,
    FileRecord,
    Hit,
    IndexReport,
    IndexStatus,
    IntegrityReport,
    Message,
    Passage,
    Progress,
    Reranker,
    Sentence,
    StorageLocation,
)

if TYPE_CHECKING:
    from ragkit.answering.conversation import Conversation
    from ragkit.engines.local import LocalEngine
    from ragkit.engines.ray import RayEngine
    from ragkit.index import Index
    from ragkit.models import OllamaSettings
    from ragkit.paths import find_index

__all__ = [
    "Answer",
    "Chat",
    "Chunk",
    "Citation",
    "Conversation",
    "Embedder",
    "Engine",
    "FileRecord",
    "FilterError",
    "Hit",
    "Index",
    "IndexReport",
    "IndexStatus",
    "IntegrityReport",
    "LocalEngine",
    "Message",
    "ModelError",
    "OllamaSettings",
    "Passage",
    "Progress",
    "RagkitError",
    "RayEngine",
    "Reranker",
    "Sentence",
    "StorageLocation",
    "__version__",
    "errors",
    "find_index",
]

# What is imported when it is first used, so that `import ragkit` stays light.
_LATE = {
    "Conversation": "ragkit.answering.conversation",
    "Index": "ragkit.index",
    "LocalEngine": "ragkit.engines.local",
    "OllamaSettings": "ragkit.models",
    "RayEngine": "ragkit.engines.ray",
    "find_index": "ragkit.paths",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'ragkit' has no attribute {name!r}")
    return getattr(importlib.import_module(_LATE[name]), name)


def __dir__() -> list[str]:
    return __all__
