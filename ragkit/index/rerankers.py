"""Names of rerankers -> rerankers."""

from __future__ import annotations

from ragkit.errors import ModelNotFoundError
from ragkit.models import OllamaSettings, resolve_chat
from ragkit.retrieval.rerank import ChatReranker
from ragkit.types import Reranker


def resolve_reranker(named: str | Reranker, servers: OllamaSettings) -> Reranker:
    """The reranker called `ollama/NAME`, a chat model that grades passages; an object with `score`
    as it is.

    Raises `ModelNotFoundError` for a vendor ragkit does not know, `ValueError` for another object.
    """
    if not isinstance(named, str):
        if not hasattr(named, "score"):
            kind = type(named).__name__
            raise ValueError(f"{kind} is no reranker: it has no score(question, texts)")
        return named
    if named.partition(":")[0].partition("/")[0] == "lancedb":
        raise ModelNotFoundError(
            f"no reranker {named!r}: those of LanceDB are no longer adapted; use ollama/NAME, or "
            "pass any object with score(question, texts) as rerank= from Python"
        )
    return ChatReranker(resolve_chat(named, servers, {"temperature": 0}))
