"""Rerankers of LanceDB's interface, as `lancedb:PROVIDER/MODEL`: cohere, cross-encoder, jina, ...

The provider's own package and key are needed; with most of them passages go to that provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ragkit.errors import ModelError, ModelNotFoundError

# Provider -> its class in `lancedb.rerankers`. Those that only merge two rankings are left out.
_CLASSES = {
    "answerdotai": "AnswerdotaiRerankers",
    "cohere": "CohereReranker",
    "colbert": "ColbertReranker",
    "cross-encoder": "CrossEncoderReranker",
    "jina": "JinaReranker",
    "openai": "OpenaiReranker",
    "voyageai": "VoyageAIReranker",
}
_LOCAL = frozenset(["answerdotai", "colbert", "cross-encoder"])


class RegistryReranker:
    """A `Reranker` over one of LanceDB's, made when first needed; or over a `given` object that
    fulfils LanceDB's interface.

    Raises `ModelNotFoundError` for an unknown provider or a package that is not installed,
    `ModelError` for what the provider answers.
    """

    def __init__(self, name: str, given: Any = None) -> None:
        self.name = name
        self._provider, _, self._model = name.removeprefix("lancedb:").partition("/")
        self._given = given
        if given is None and self._provider not in _CLASSES:
            raise ModelNotFoundError(
                f"no reranker {name!r}; LanceDB has {', '.join(sorted(_CLASSES))}"
            )

    @property
    def leaves_machine(self) -> bool:
        """Whether passages may leave this machine."""
        return self._given is None and self._provider not in _LOCAL

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """The relevance of each text; the lowest for those the provider leaves out."""
        import pyarrow as pa

        table = pa.table(
            {
                "text": list(texts),
                "_rowid": pa.array(range(len(texts)), pa.uint64()),
                "_distance": pa.array([0.0] * len(texts), pa.float32()),
            }
        )
        reranker = self._reranker
        try:
            ranked = reranker.rerank_vector(question, table)
            rows = [int(row) for row in ranked["_rowid"].to_pylist()]
            scores = [float(score) for score in ranked["_relevance_score"].to_pylist()]
        except ImportError as error:
            raise ModelNotFoundError(f"{self.name} needs another package: {error}") from error
        except Exception as error:  # every provider raises its own
            raise ModelError(f"{self.name}: {type(error).__name__}: {error}") from error
        found = dict(zip(rows, scores, strict=True))
        if not found:
            raise ModelError(f"{self.name} gave no scores")
        lowest = min(found.values())
        return [found.get(row, lowest - 1.0) for row in range(len(texts))]

    @cached_property
    def _reranker(self) -> Any:
        if self._given is not None:
            return self._given
        import lancedb.rerankers

        kind = getattr(lancedb.rerankers, _CLASSES[self._provider])
        options: dict[str, object] = {"model_name": self._model} if self._model else {}
        if self._provider == "cross-encoder":
            options["trust_remote_code"] = False  # a model is data, not a program to be run
        try:
            return kind(**options)
        except ImportError as error:
            raise ModelNotFoundError(f"{self.name} needs another package: {error}") from error
        except Exception as error:  # every provider raises its own
            raise ModelError(f"{self.name}: {type(error).__name__}: {error}") from error
