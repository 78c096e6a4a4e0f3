"""Embedders of LanceDB's registry, as `lancedb:PROVIDER/MODEL`: openai, cohere, voyageai, ...

The provider's own package and key are needed; texts go to that provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ragkit.errors import ModelError, ModelNotFoundError
from ragkit.models.custom_embedder import unit_vectors
from ragkit.models.token_estimate import EstimatedTokenCounter
from ragkit.types import ModelIdentity, TokenCounter

if TYPE_CHECKING:
    from ragkit.types import Vectors

_BATCH_TEXTS = 64
_MAX_TOKENS = 512  # unknown to the registry; the smallest that is common


class LanceDBEmbedder:
    """An `Embedder` over one of LanceDB's embedding functions, which is made when first needed.

    Raises `ModelNotFoundError` for an unknown provider or a package that is not installed,
    `ModelError` for what the provider answers.
    """

    max_tokens: int | None = _MAX_TOKENS
    token_counter: TokenCounter = EstimatedTokenCounter()
    is_remote = True  # most of these providers are services

    def __init__(self, name: str) -> None:
        self.name = name
        provider, _, self._model = name.removeprefix("lancedb:").partition("/")
        self._provider = provider

    @cached_property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(self.name, len(self.embed_query("dimension")))

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32 of length 1."""
        import numpy as np

        starts = range(0, len(texts), _BATCH_TEXTS)
        batches = [list(texts[start : start + _BATCH_TEXTS]) for start in starts]
        rows = (self._call("compute_source_embeddings", batch) for batch in batches)
        vectors = [
            unit_vectors(vectors, len(batch), self.name)
            for batch, vectors in zip(batches, rows, strict=True)
        ]
        return np.concatenate(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        """(d,) float32 of length 1."""
        rows = self._call("compute_query_embeddings", text)
        vector: Vectors = unit_vectors(rows, 1, self.name)[0]
        return vector

    def _call(self, method: str, argument: object) -> list[Any]:
        function = self._function
        try:
            return list(getattr(function, method)(argument))
        except Exception as error:  # every provider raises its own
            raise ModelError(f"{self.name}: {type(error).__name__}: {error}") from error

    @cached_property
    def _function(self) -> Any:
        from lancedb.embeddings import get_registry

        try:
            return get_registry().get(self._provider).create(name=self._model)
        except KeyError as error:
            raise ModelNotFoundError(
                f"LanceDB knows no embedding provider {self._provider!r}"
            ) from error
        except ImportError as error:
            raise ModelNotFoundError(f"{self.name} needs another package: {error}") from error
        except Exception as error:  # every provider raises its own
            raise ModelError(f"{self.name}: {type(error).__name__}: {error}") from error
