"""Names of models -> models."""

from __future__ import annotations

from ragkit.errors import ModelNotFoundError
from ragkit.types import Embedder

DEFAULT_EMBEDDER = "wordllama/l2_supercat_256"


def resolve_embedder(name: str) -> Embedder:
    """The embedder called `vendor/model`.

    Raises `ModelNotFoundError` for a vendor ragkit does not know.
    """
    vendor, _, _model = name.partition("/")
    if vendor == "wordllama":
        from ragkit.models.wordllama import WordLlama

        if name != WordLlama.name:
            raise ModelNotFoundError(f"no model {name}; the embedded one is {WordLlama.name}")
        return WordLlama()
    raise ModelNotFoundError(
        f"no embedder {name!r}; use {DEFAULT_EMBEDDER} or ollama/NAME, "
        "for example ollama/embeddinggemma"
    )
