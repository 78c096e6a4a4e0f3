"""Search a folder of documents by meaning, and ask it questions with checkable citations.

import ragkit

index = ragkit.Index.create("notes.index")
report = index.update("~/notes")
hits = index.search("backup test", limit=5)
answer = index.ask("How often are backups tested?")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragkit import errors, types
from ragkit._version import __version__
from ragkit.errors import *  # noqa: F403
from ragkit.types import *  # noqa: F403

if TYPE_CHECKING:
    from ragkit.answering.conversation import Conversation, ConversationTurn
    from ragkit.index import Index
    from ragkit.paths import find_index

__all__ = [
    "Conversation",
    "Index",
    "ConversationTurn",
    "__version__",
    "find_index",
    *errors.__all__,
    *types.__all__,
]


def __getattr__(name: str) -> Any:
    # Index is imported when first used, so that `import ragkit` stays light.
    if name == "Index":
        from ragkit.index import Index

        return Index
    if name == "find_index":
        from ragkit.paths import find_index

        return find_index
    if name in ("Conversation", "ConversationTurn"):
        from ragkit.answering import conversation

        return getattr(conversation, name)
    raise AttributeError(f"module 'ragkit' has no attribute {name!r}")
