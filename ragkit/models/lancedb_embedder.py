"""Embedders of LanceDB's registry, as `lancedb:PROVIDER/MODEL`: openai, cohere, voyageai, ...

The provider's own package and key are needed; texts go to that provider. Only its plain calls
are used: batched here, checked here, never handed to a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ragkit.errors import ModelError, ModelNotFoundError
from ragkit.types import ModelIdentity

if TYPE_CHECKING:
    from ragkit.types import Vectors

_BATCH_TEXTS = 64
_MAX_TOKENS = 512  # the registry does not say; the smallest limit that is common
_BYTES_PER_TOKEN = 2.5


class ByteTokenCounter:
    """Tokens reckoned from UTF-8 bytes, on the high side. Picklable."""

    def __call__(self, texts: Sequence[str]) -> list[int]:
        return [
            int(len(text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN + 0.999) for text in texts
        ]


class LanceDBEmbedder:
    """An `Embedder` over one of LanceDB's embedding functions, made when first needed.

    Raises `ModelNotFoundError` for an unknown provider or a package that is not installed,
    `ModelError` for what the provider answers.
    """

    max_tokens = _MAX_TOKENS

    def __init__(self, name: str) -> None:
        self.name = name
        provider, _, self._model = name.removeprefix("lancedb:").partition("/")
        self._provider = provider
        self.token_counter = ByteTokenCounter()

    @property
    def is_remote(self) -> bool:
        """Whether texts may leave this machine: most of these providers are services."""
        return True

    @cached_property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(self.name, len(self.embed_query("dimension")))

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32 of length 1."""
        import numpy as np

        rows: list[Any] = []
        for start in range(0, len(texts), _BATCH_TEXTS):
            batch = list(texts[start : start + _BATCH_TEXTS])
            rows += self._call("compute_source_embeddings", batch, len(batch))
        return np.stack([self._unit(row) for row in rows]) if rows else np.zeros((0, 0), np.float32)

    def embed_query(self, text: str) -> Vectors:
        """(d,) float32 of length 1."""
        return self._unit(self._call("compute_query_embeddings", text, 1)[0])

    def _call(self, method: str, argument: object, count: int) -> list[Any]:
        function = self._function
        try:
            rows = list(getattr(function, method)(argument))
        except Exception as error:  # every provider raises its own
            raise ModelError(f"{self.name}: {type(error).__name__}: {error}") from error
        if len(rows) != count:
            raise ModelError(f"{self.name} gave {len(rows)} vectors for {count} texts")
        return rows

    def _unit(self, row: Any) -> Vectors:
        import numpy as np

        vector = np.asarray(row, dtype=np.float32) if row is not None else np.zeros(0, np.float32)
        norm = float(np.linalg.norm(vector))
        if vector.ndim != 1 or not np.isfinite(vector).all() or norm == 0:
            raise ModelError(f"{self.name} gave no usable vector for a text")
        unit: Vectors = vector / np.float32(norm)
        return unit

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
