from __future__ import annotations

import numpy as np
import pytest
from lancedb.embeddings import TextEmbeddingFunction, register

from ragkit.errors import ModelError, ModelNotFoundError
from ragkit.models import resolve_embedder


@register("ragkit-test")
class LetterCounts(TextEmbeddingFunction):
    """Counts letters: near spellings are near. The model `broken` answers as bad providers do."""

    name: str = "letters"

    def ndims(self) -> int:
        return 26

    def generate_embeddings(self, texts: list[str]) -> list[list[float] | None]:
        if self.name == "broken":
            return [None] * len(texts)
        if self.name == "short":
            return [[1.0] * 26]
        letters = "abcdefghijklmnopqrstuvwxyz"
        return [[float(text.lower().count(letter)) for letter in letters] for text in texts]


def test_a_registered_provider_embeds_in_batches_with_length_one() -> None:
    embedder = resolve_embedder("lancedb:ragkit-test/letters")
    vectors = embedder.embed_documents([f"walrus {'ab' * n}" for n in range(150)])
    assert vectors.shape == (150, 26)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert embedder.identity.dimension == 26
    assert embedder.embed_query("walrus ") @ vectors[0] > 0.99


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        pytest.param("lancedb:nobody/x", ModelNotFoundError, "no embedding provider", id="unknown"),
        pytest.param("lancedb:ragkit-test/broken", ModelError, "no usable vector", id="no vector"),
        pytest.param("lancedb:ragkit-test/short", ModelError, "1 vectors for 2 texts", id="short"),
        pytest.param("nonsense", ModelNotFoundError, "ollama/NAME", id="no vendor"),
        pytest.param("wordllama/other", ModelNotFoundError, "embedded one is", id="no such model"),
    ],
)
def test_what_goes_wrong_is_said(name: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        resolve_embedder(name).embed_documents(["one", "two"])
