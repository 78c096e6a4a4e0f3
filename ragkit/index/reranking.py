"""Names of rerankers -> rerankers."""

from __future__ import annotations

from typing import Any

from ragkit.models import Servers, resolve_chat
from ragkit.query.rerank import ChatReranker
from ragkit.types import Reranker


def find_reranker(named: str | Reranker | Any, servers: Servers) -> Reranker:
    """The reranker called `ollama/NAME` (a chat model that grades passages) or
    `lancedb:PROVIDER/MODEL`; an object that fulfils `Reranker` as it is, and one of LanceDB's as
    one.

    Raises `ModelNotFoundError` for a vendor ragkit does not know, `ValueError` for another object.
    """
    if isinstance(named, str) and not named.startswith("lancedb:"):
        return ChatReranker(resolve_chat(named, servers, {"temperature": 0}))
    if isinstance(named, str) or hasattr(named, "rerank_vector"):
        from ragkit.models.registry_rerankers import RegistryReranker

        if isinstance(named, str):
            return RegistryReranker(named)
        return RegistryReranker(f"lancedb:{type(named).__name__}", given=named)
    if not hasattr(named, "score"):
        raise ValueError(f"{type(named).__name__} is no reranker")
    reranker: Reranker = named
    return reranker
