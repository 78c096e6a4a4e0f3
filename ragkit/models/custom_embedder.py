"""Embedders of your own, completed where they lack something, and wrappers round any embedder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ragkit.errors import ModelError
from ragkit.models.token_estimate import EstimatedTokenCounter
from ragkit.types import Embedder, ModelIdentity, TokenCounter

if TYPE_CHECKING:
    from ragkit.types import Vectors


def complete_embedder(model: object) -> Embedder:
    """`model` as an `Embedder`. It needs no more than `embed_documents` and `embed_query`.

    Where it lacks a part of the Protocol, it gets: a `name` of its class and its `model`; an
    `identity` of its name and the dimension of one vector; no `max_tokens`; a `token_counter`
    that estimates; vectors scaled to length 1, of any rows of numbers.

    Raises `ValueError` for an object without these methods.
    """
    for method in ("embed_documents", "embed_query"):
        if not callable(getattr(model, method, None)):
            raise ValueError(f"{type(model).__name__} is no embedder: it has no {method}()")
    parts = ("name", "identity", "max_tokens", "token_counter")
    if all(hasattr(type(model), part) or part in getattr(model, "__dict__", ()) for part in parts):
        embedder: Embedder = model  # type: ignore[assignment]
        return embedder
    return CustomEmbedder(model)


class CustomEmbedder:
    """An `Embedder` over an object that has only a part of the Protocol."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.name: str = getattr(model, "name", None) or _describe(model)
        self.max_tokens: int | None = getattr(model, "max_tokens", None)
        self.token_counter: TokenCounter = getattr(model, "token_counter", EstimatedTokenCounter())
        self.is_remote = bool(getattr(model, "is_remote", False))

    @cached_property
    def identity(self) -> ModelIdentity:
        identity: ModelIdentity | None = getattr(self._model, "identity", None)
        return identity or ModelIdentity(self.name, len(self.embed_query("dimension")))

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32 of length 1."""
        texts = list(texts)
        return unit_vectors(self._model.embed_documents(texts), len(texts), self.name)

    def embed_query(self, text: str) -> Vectors:
        """(d,) float32 of length 1."""
        vector: Vectors = unit_vectors([self._model.embed_query(text)], 1, self.name)[0]
        return vector


class EmbedderWrapper:
    """An `Embedder` that leaves everything to another. Subclasses override what they change."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def identity(self) -> ModelIdentity:
        return self._embedder.identity

    @property
    def max_tokens(self) -> int | None:
        return self._embedder.max_tokens

    @property
    def token_counter(self) -> TokenCounter:
        return self._embedder.token_counter

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.embed_documents(texts)

    def embed_query(self, text: str) -> Vectors:
        return self._embedder.embed_query(text)


def unit_vectors(rows: Sequence[Any], count: int, name: str) -> Vectors:
    """(count, d) float32 of length 1, from rows of numbers as `name` gave them.

    Raises `ModelError` for another number of rows, for rows that differ in length, and for a
    vector of zeros, NaN or infinite numbers.
    """
    import numpy as np

    if len(rows) != count:
        raise ModelError(f"{name} gave {len(rows)} vectors for {count} texts")
    if not count:
        return np.zeros((0, 0), dtype=np.float32)
    try:
        with np.errstate(over="ignore"):
            vectors = np.asarray(rows, dtype=np.float32).reshape(count, -1)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{name} gave no usable vector for a text") from error
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise ModelError(f"{name} gave no usable vector for a text")
    unit: Vectors = vectors / lengths
    return unit


def _describe(model: object) -> str:
    """`OllamaEmbeddings(model="bge-m3")` -> "OllamaEmbeddings/bge-m3"."""
    variant = getattr(model, "model", None) or getattr(model, "model_name", None)
    kind = type(model).__name__
    return f"{kind}/{variant}" if isinstance(variant, str) else kind
