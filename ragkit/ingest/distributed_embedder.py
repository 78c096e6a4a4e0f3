"""A model whose passages are embedded by an engine's workers, many batches at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from ragkit.errors import EmbeddingError, ModelError, RagkitError
from ragkit.models import OllamaSettings, resolve_embedder
from ragkit.models.custom_embedder import CustomEmbedder, EmbedderWrapper
from ragkit.types import Embedder, Engine

if TYPE_CHECKING:
    from ragkit.types import Vectors

_LEAST_BATCH = 16
_BATCHES_PER_SLOT = 2  # the last worker of a call is waited for half as long


class ModelSpec(NamedTuple):
    """A model as workers get it: by its name, to be loaded once a process, or whole."""

    name: str
    ollama: OllamaSettings
    whole: Embedder | None = None


class DistributedEmbedder(EmbedderWrapper):
    """The `embedder`, its passages embedded by the workers of `engine`. A worker without a server
    named in `ollama` speaks to the one that its own OLLAMA_HOST names."""

    def __init__(self, embedder: Embedder, engine: Engine, ollama: OllamaSettings) -> None:
        super().__init__(embedder)
        self._engine = engine
        self._work = partial(embed_batch, _model(embedder, ollama))

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32 in the order of `texts`.

        Raises what the model raises: `EmbeddingError` with the vectors there are when some texts
        have none; another `ModelError` when a batch has failed as a whole.
        """
        import numpy as np

        size = max(_LEAST_BATCH, -(-len(texts) // (self._engine.slots * _BATCHES_PER_SLOT)))
        starts = range(0, len(texts), size)
        vectors = np.zeros((len(texts), self.identity.dimension), dtype=np.float32)
        too_long: set[int] = set()
        refused: dict[int, str] = {}
        batches = [list(texts[start : start + size]) for start in starts]
        for at, result in self._engine.imap(self._work, batches):
            start = starts[at]
            if isinstance(result, EmbeddingError):
                too_long.update(start + place for place in result.too_long)
                refused.update({start + place: why for place, why in result.refused.items()})
                result = result.vectors
            elif isinstance(result, RagkitError):
                raise result
            elif isinstance(result, Exception):
                raise ModelError(f"{self.name} failed: {result}") from result
            vectors[start : start + len(batches[at])] = result
        if too_long or refused:
            raise EmbeddingError(
                f"{self.name} has no vector for {len(too_long) + len(refused)} texts",
                vectors=vectors,
                too_long=frozenset(too_long),
                refused=refused,
            )
        return vectors


def embed_batch(model: ModelSpec, texts: list[str]) -> Vectors:
    """What a worker does: (n, d) float32."""
    embedder = model.whole or _loaded(model.name, model.ollama)
    return embedder.embed_documents(texts)


@lru_cache(maxsize=2)
def _loaded(name: str, ollama: OllamaSettings) -> Embedder:
    return resolve_embedder(name, ollama)


def _model(embedder: Embedder, ollama: OllamaSettings) -> ModelSpec:
    """By its name where that gives the same model; workers neither download nor show progress."""
    is_named = type(embedder).__module__.startswith("ragkit.models.")
    if is_named and not isinstance(embedder, CustomEmbedder):
        return ModelSpec(embedder.name, replace(ollama, pull=False, on_pull=None))
    return ModelSpec(embedder.name, OllamaSettings(), embedder)
