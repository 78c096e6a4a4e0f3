"""Promises of `ragkit.models.custom_embedder`: embedders of one's own, whatever they lack."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ragkit import Index
from ragkit.errors import ModelError
from ragkit.models import resolve_embedder
from ragkit.models.custom_embedder import EmbedderWrapper, complete_embedder
from ragkit.models.wordllama import WordLlamaEmbedder
from ragkit.types import ModelIdentity, is_remote

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Letters:
    """The smallest embedder: counts letters, in lists of any length."""

    name = "letters"

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [float(text.lower().count(letter)) for letter in LETTERS]


class Broken(Letters):
    def __init__(self, rows: list[object]) -> None:
        self.rows = rows

    def embed_documents(self, texts: Sequence[str]) -> list[object]:  # type: ignore[override]
        return self.rows


def test_an_index_is_built_and_searched_with_the_smallest_embedder(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "animals.md").write_text("The walrus wallows.\n")
    (notes / "music.md").write_text("A fugue for six flutes.\n")
    index = Index.create(tmp_path / "index", embedder=Letters())
    assert index.update(notes).problems == ()
    again = Index.open(tmp_path / "index", embedder=Letters())
    hits = again.search("wallowing walrus", keyword_weight=0)
    assert hits[0].chunk.source.endswith("animals.md")


def test_what_is_missing_is_filled_in() -> None:
    embedder = complete_embedder(Letters())
    assert embedder.identity == ModelIdentity("letters", 26)
    assert embedder.max_tokens is None
    assert embedder.token_counter(["", "one two"]) == [0, 2]
    assert not is_remote(embedder)


def test_vectors_get_length_one() -> None:
    embedder = complete_embedder(Letters())
    vectors = embedder.embed_documents(["walrus", "aaab"])
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.allclose(embedder.embed_query("aaab")[:2], [3 / math.sqrt(10), 1 / math.sqrt(10)])
    assert embedder.embed_documents([]).shape == (0, 0)


def test_what_is_there_is_used() -> None:
    class More(Letters):
        identity = ModelIdentity("letters", 26, digest="7")
        max_tokens = 100
        is_remote = True

    embedder = complete_embedder(More())
    assert (embedder.identity.digest, embedder.max_tokens) == ("7", 100)
    assert is_remote(embedder)


def test_an_embedder_without_a_name_gets_one_of_its_class_and_model() -> None:
    class HouseEmbeddings:
        model = "small-v2"
        embed_documents = Letters.embed_documents
        embed_query = Letters.embed_query

    assert complete_embedder(HouseEmbeddings()).name == "HouseEmbeddings/small-v2"


def test_a_whole_embedder_stays_as_it_is() -> None:
    for embedder in (WordLlamaEmbedder(), EmbedderWrapper(WordLlamaEmbedder())):
        assert complete_embedder(embedder) is embedder
        assert resolve_embedder(embedder) is embedder


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param([[1.0, 2.0]], "1 vectors for 2 texts", id="too few"),
        pytest.param([[1.0, 2.0], [1.0]], "no usable vector", id="ragged"),
        pytest.param([[1.0, 2.0], None], "no usable vector", id="none"),
        pytest.param([[1.0, 2.0], [0.0, 0.0]], "no usable vector", id="zeros"),
        pytest.param([[1.0, 2.0], [math.nan, 1.0]], "no usable vector", id="nan"),
        pytest.param([[1.0, 2.0], [1e39, 1.0]], "no usable vector", id="infinite"),
    ],
)
def test_vectors_that_are_none_are_refused(rows: list[object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        complete_embedder(Broken(rows)).embed_documents(["one", "two"])


def test_an_object_that_does_not_embed_is_refused() -> None:
    with pytest.raises(ValueError, match=r"dict is no embedder: it has no embed_documents\(\)"):
        resolve_embedder({})
