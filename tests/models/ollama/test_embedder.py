"""Promises of `OllamaEmbedder`, each against a real server on loopback that fails as told."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from ragkit.errors import (
    ContextOverflowError,
    EmbeddingError,
    ModelError,
)
from ragkit.models.ollama import OllamaEmbedder, OllamaHost
from ragkit.models.prefixes import prefixes_for
from ragkit.types import Embedder
from tests.ollama_double import DoubleModel, OllamaDouble, embed_text

GEMMA = prefixes_for("embeddinggemma")


@pytest.fixture
def server() -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        yield double


def embedder_for(
    server: OllamaDouble, name: str = "ollama/embeddinggemma", **options: object
) -> OllamaEmbedder:
    host = OllamaHost(server.url, timeout=options.pop("timeout", 30))  # type: ignore[arg-type]
    return OllamaEmbedder(name, host, **{"sleep": _no_sleep, **options})  # type: ignore[arg-type]


def _no_sleep(seconds: float) -> None:
    """Tests do not wait."""


def numbered(count: int) -> list[str]:
    return [f"passage number {number} about topic {number % 7}" for number in range(count)]


def expected(text: str, dimension: int = 256) -> np.ndarray:
    return np.asarray(embed_text(GEMMA.document_prefix + text, dimension), dtype=np.float32)


def assert_right(vectors: np.ndarray, texts: list[str], *, but: frozenset[int] | set[int]) -> None:
    """Every row is the vector of its text; the rows in `but` are zero."""
    assert vectors.shape == (len(texts), 256)
    assert vectors.dtype == np.float32
    for position, text in enumerate(texts):
        wanted = np.zeros(256) if position in but else expected(text)
        np.testing.assert_allclose(vectors[position], wanted, atol=1e-6, err_msg=text)


# ---------------------------------------------------------------- what it gives


def test_it_is_an_embedder(server: OllamaDouble) -> None:
    embedder: Embedder = embedder_for(server)
    assert embedder.name == "ollama/embeddinggemma"


def test_nothing_is_asked_before_something_is_needed(server: OllamaDouble) -> None:
    embedder = embedder_for(server)
    assert (embedder.name, embedder.is_remote) == ("ollama/embeddinggemma", False)
    assert server.calls == []


def test_the_identity_holds_all_that_vectors_depend_on(server: OllamaDouble) -> None:
    identity = embedder_for(server).identity
    assert identity.name == "ollama/embeddinggemma"
    assert identity.dimension == 256
    assert identity.digest == server.models["embeddinggemma:latest"].digest
    assert identity.query_prefix == "task: search result | query: "
    assert identity.document_prefix == "title: none | text: "


def test_a_model_pulled_anew_has_another_identity(server: OllamaDouble) -> None:
    before = embedder_for(server).identity
    server.exchange_model("embeddinggemma:latest")
    assert embedder_for(server).identity != before


@pytest.mark.parametrize(
    "name", ["ollama/embeddinggemma:latest", "embeddinggemma", "ollama/EmbeddingGemma:latest"]
)
def test_names_of_one_model_find_its_digest(server: OllamaDouble, name: str) -> None:
    digest = server.models["embeddinggemma:latest"].digest
    assert embedder_for(server, name).identity.digest == digest


@pytest.mark.parametrize("name", ["", "ollama/", "two words"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a model"):
        OllamaEmbedder(name)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 300])
def test_every_text_gets_its_own_vector_in_order(server: OllamaDouble, count: int) -> None:
    texts = numbered(count)
    assert_right(embedder_for(server).embed_documents(texts), texts, but=set())


def test_near_texts_are_near_and_a_question_finds_its_passage(server: OllamaDouble) -> None:
    embedder = embedder_for(server)
    passages = embedder.embed_documents(["backups are tested quarterly", "the cat sleeps"])
    question = embedder.embed_query("when are backups tested")
    assert question.shape == (256,)
    assert passages[0] @ question > passages[1] @ question


def test_questions_and_passages_get_their_own_prefix(server: OllamaDouble) -> None:
    embedder = embedder_for(server)
    embedder.embed_documents(["same words"])
    embedder.embed_query("same words")
    assert server.embedded_texts()[-2:] == [
        "title: none | text: same words",
        "task: search result | query: same words",
    ]


def test_a_token_count_can_be_sent_to_another_process() -> None:
    counter = pickle.loads(pickle.dumps(OllamaEmbedder("embeddinggemma").token_counter))
    assert counter(["", "one two three"]) == [0, 4]


@pytest.mark.parametrize(
    ("name", "window"), [("embeddinggemma", 2048), ("all-minilm", 256), ("bge-m3", 2048)]
)
def test_the_longest_text_leaves_room_for_the_prefix(
    server: OllamaDouble, name: str, window: int
) -> None:
    server.models["bge-m3:latest"] = DoubleModel("bge-m3:latest", ("embedding",), "bert", 8192)
    embedder = embedder_for(server, name)
    assert window - 25 < embedder.max_tokens < window
    text = "a" * ((embedder.max_tokens - 2) * 4)
    assert embedder.embed_documents([text]).shape == (1, 256)


@pytest.mark.parametrize("text", ["", "  ", "\n\t", "\u2003"])
def test_a_blank_text_is_refused_before_anything_is_sent(server: OllamaDouble, text: str) -> None:
    with pytest.raises(ValueError, match="blank"):
        embedder_for(server).embed_documents(["fine", text])
    with pytest.raises(ValueError, match="blank"):
        embedder_for(server).embed_query(text)
    assert server.calls == []


# ---------------------------------------------------------------- how it asks


def test_the_model_is_loaded_before_the_first_text(server: OllamaDouble) -> None:
    assert embedder_for(server).max_tokens  # loads the model
    first = server.bodies("/api/embed")[0]
    assert first["input"] == []
    assert first["keep_alive"] == "30m"


def test_batches_are_bounded_by_count_and_by_characters(server: OllamaDouble) -> None:
    embedder = embedder_for(server)
    texts = numbered(150) + ["word " * 1000] * 8
    embedder.embed_documents(texts)
    batches = [body["input"] for body in server.bodies("/api/embed")[2:]]
    assert sorted(map(len, batches)) == [2, 3, 25, 64, 64]
    assert max(sum(map(len, batch)) for batch in batches) <= 16_000 + 64 * 20


def test_two_requests_at_most_are_under_way_even_from_several_threads(
    server: OllamaDouble,
) -> None:
    embedder = embedder_for(server)
    assert embedder.max_tokens  # loads the model
    threads = [
        threading.Thread(target=embedder.embed_documents, args=(numbered(200),)) for _ in range(3)
    ]
    server.hold()
    for thread in threads:
        thread.start()
    server.wait_for_calls("/api/embed", 4)
    server.release()
    for thread in threads:
        thread.join()
    assert server.most_at_once["/api/embed"] == 2


def test_options_never_change_so_the_model_is_loaded_once(server: OllamaDouble) -> None:
    embedder = embedder_for(server)
    embedder.embed_documents(numbered(130))
    embedder.embed_query("what?")
    bodies = server.bodies("/api/embed")
    assert {str(body["options"]) for body in bodies} == {"{'num_ctx': 2048, 'num_batch': 2048}"}
    assert {body["truncate"] for body in bodies} == {False}
    assert server.loads == ["embeddinggemma:latest"]


# ---------------------------------------------------------------- what goes wrong with a text


@pytest.mark.parametrize("guilty", [{0}, {63}, {64}, {17, 99}, {0, 1, 2, 3}, set(range(70, 80))])
def test_texts_that_crash_the_runner_are_found_and_all_others_embedded(
    server: OllamaDouble, guilty: set[int]
) -> None:
    server.crash_on("poison")
    texts = [t + (" poison" if n in guilty else "") for n, t in enumerate(numbered(130))]
    with pytest.raises(EmbeddingError, match=f"{len(guilty)} refused") as caught:
        embedder_for(server).embed_documents(texts)
    assert set(caught.value.refused) == guilty
    assert all("EOF" in reason for reason in caught.value.refused.values())
    assert_right(caught.value.vectors, texts, but=guilty)


def test_texts_that_are_too_long_are_told_apart_from_bad_ones(server: OllamaDouble) -> None:
    server.crash_on("poison")
    texts = numbered(70)
    texts[5] = "long " * 3000
    texts[66] = "poison"
    with pytest.raises(EmbeddingError, match="1 too long, 1 refused") as caught:
        embedder_for(server).embed_documents(texts)
    assert caught.value.too_long == {5}
    assert set(caught.value.refused) == {66}
    assert_right(caught.value.vectors, texts, but={5, 66})


def test_a_server_that_cuts_in_spite_of_truncate_is_found_out(server: OllamaDouble) -> None:
    server.ignores_truncate = True
    texts = ["fine", "long " * 3000, "fine too"]
    with pytest.raises(EmbeddingError) as caught:
        embedder_for(server).embed_documents(texts)
    assert caught.value.too_long == {1}
    assert_right(caught.value.vectors, texts, but={1})


def test_a_vector_of_zeros_is_tried_again_after_an_unload(server: OllamaDouble) -> None:
    embedder = embedder_for(server)
    assert embedder.max_tokens  # loads the model
    server.zero_vector_for("number 3 ", until_unload=True)
    texts = numbered(70)
    assert_right(embedder.embed_documents(texts), texts, but=set())
    assert [body["keep_alive"] for body in server.bodies("/api/embed")].count(0) == 1


def test_a_vector_that_stays_zero_is_refused(server: OllamaDouble) -> None:
    server.zero_vector_for("number 3 ")
    texts = numbered(70)
    with pytest.raises(EmbeddingError, match="vector is all zeros") as caught:
        embedder_for(server).embed_documents(texts)
    assert set(caught.value.refused) == {3}
    assert_right(caught.value.vectors, texts, but={3})


def test_a_text_whose_vector_holds_nan_is_found_and_refused(server: OllamaDouble) -> None:
    server.nan_for("number 3 ")
    texts = numbered(70)
    with pytest.raises(EmbeddingError, match="NaN") as caught:
        embedder_for(server).embed_documents(texts)
    assert set(caught.value.refused) == {3}
    assert_right(caught.value.vectors, texts, but={3})


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(float("nan"), id="NaN"),
        pytest.param(float("inf"), id="infinite"),
        pytest.param(1e300, id="beyond float32"),
        pytest.param(25.4, id="not of length 1"),
    ],
)
def test_a_broken_number_in_a_reply_is_never_stored(server: OllamaDouble, value: float) -> None:
    embedder = embedder_for(server)
    assert embedder.max_tokens  # loads the model

    def spoil(vectors: list[list[float]]) -> list[list[float]]:
        if len(vectors) == 3:
            vectors[-1][0] = value
        return vectors

    server.mangle_vectors(spoil)
    texts = ["one", "two", "three"]
    assert_right(embedder.embed_documents(texts), texts, but=set())

    def spoil_all(vectors: list[list[float]]) -> list[list[float]]:
        return [[value, *vector[1:]] for vector in vectors]

    server.mangle_vectors(spoil_all)
    with pytest.raises(ModelError, match="embeddinggemma gives no usable vector for any text"):
        embedder.embed_documents(texts)


def test_half_a_surrogate_pair_is_refused_and_the_rest_embedded(server: OllamaDouble) -> None:
    texts = ["fine", "broken \ud83d here"]
    with pytest.raises(EmbeddingError, match="surrogate") as caught:
        embedder_for(server).embed_documents(texts)
    assert set(caught.value.refused) == {1}
    assert_right(caught.value.vectors, texts, but={1})


def test_odd_but_valid_characters_are_embedded(server: OllamaDouble) -> None:
    texts = ["nul \0 byte", "emoji 🎌", "日本語", "e\u0301", "\ufeffmark", "\u202eright to left"]
    assert_right(embedder_for(server).embed_documents(texts), texts, but=set())


@pytest.mark.parametrize(
    "text",
    [
        "the input length exceeds the context length",
        "input length exceeds maximum context length",
        "input exceeds maximum context length and cannot be truncated further",
        "input (2100 tokens) is too large to process. increase the physical batch size "
        "(current batch size: 2048)",
    ],
)
def test_every_version_s_way_to_say_too_long_is_understood(server: OllamaDouble, text: str) -> None:
    embedder = embedder_for(server)
    assert embedder.max_tokens  # loads the model
    server.fail_next(1, 400, text, path="/api/embed")
    with pytest.raises(EmbeddingError) as caught:
        embedder.embed_documents(["only one"])
    assert caught.value.too_long == {0}


def test_a_question_that_is_too_long_says_so(server: OllamaDouble) -> None:
    with pytest.raises(ContextOverflowError, match="fewer words"):
        embedder_for(server).embed_query("why " * 4000)


def test_a_question_without_a_vector_is_an_error(server: OllamaDouble) -> None:
    server.zero_vector_for("why")
    with pytest.raises(ModelError, match="cannot embed the question"):
        embedder_for(server).embed_query("why")
