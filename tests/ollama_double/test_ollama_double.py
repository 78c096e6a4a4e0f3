"""The double is true to a real server, as the official client sees it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import ollama
import pytest

from tests.ollama_double import DoubleModel, OllamaDouble, embed_text


@pytest.fixture
def server() -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        yield double


@pytest.fixture
def client(server: OllamaDouble) -> Iterator[ollama.Client]:
    with ollama.Client(server.url, trust_env=False, timeout=10) as client:
        yield client


def similarity(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_near_texts_are_near_and_vectors_have_length_1() -> None:
    backups, again, cat = (
        embed_text(text, 256)
        for text in ("backups are tested quarterly", "quarterly tested backups", "a cat sleeps")
    )
    assert similarity(backups, again) > 0.7 > 0.3 > similarity(backups, cat)
    assert similarity(cat, cat) == pytest.approx(1)


def test_a_prefix_changes_a_vector() -> None:
    assert embed_text("query: words", 256) != embed_text("words", 256)


def test_an_empty_input_loads_the_model_and_gives_nothing(
    server: OllamaDouble, client: ollama.Client
) -> None:
    reply = client.embed("all-minilm", [])
    assert (list(reply.embeddings), reply.prompt_eval_count) == ([], None)
    assert server.loads == ["all-minilm:latest"]


def test_other_options_load_the_model_again(server: OllamaDouble, client: ollama.Client) -> None:
    for window in (512, 512, 256):
        client.embed("all-minilm", ["a"], options={"num_ctx": window})
    assert server.loads == ["all-minilm:latest"] * 2


def test_a_long_text_is_cut_silently_unless_told_not_to(client: ollama.Client) -> None:
    cut = client.embed("all-minilm", ["word " * 1000])
    assert cut.prompt_eval_count == 256
    with pytest.raises(ollama.ResponseError, match="exceeds the context length") as caught:
        client.embed("all-minilm", ["word " * 1000], truncate=False)
    assert caught.value.status_code == 400


def test_one_bad_text_fails_its_whole_batch(server: OllamaDouble, client: ollama.Client) -> None:
    server.crash_on("poison")
    with pytest.raises(ollama.ResponseError, match="EOF"):
        client.embed("all-minilm", ["fine", "poison", "fine"])


def test_shorter_vectors_may_be_asked_for(client: ollama.Client) -> None:
    assert len(client.embed("all-minilm", "a", dimensions=64).embeddings[0]) == 64
    assert len(client.embed("all-minilm", "a", dimensions=999).embeddings[0]) == 256


@pytest.mark.parametrize(
    ("model", "text", "status"),
    [
        ("nothing", 'model "nothing" not found, try pulling it first', 404),
        ("gemma3", "This server does not support embeddings", 501),
    ],
)
def test_embedding_with_the_wrong_model_fails_as_on_a_server(
    client: ollama.Client, model: str, text: str, status: int
) -> None:
    with pytest.raises(ollama.ResponseError, match=text) as caught:
        client.embed(model, "a")
    assert caught.value.status_code == status


def test_a_prompt_that_is_too_long_loses_its_beginning_and_half_the_window(
    server: OllamaDouble, client: ollama.Client
) -> None:
    messages = [{"role": "system", "content": "Rules."}, {"role": "user", "content": "x" * 40_000}]
    reply = client.chat("gemma3", messages, options={"num_ctx": 4096})
    assert reply.prompt_eval_count == 2050
    assert "Rules." not in server.prompts[0]


def test_old_messages_are_dropped_before_the_rules_and_the_last(
    server: OllamaDouble, client: ollama.Client
) -> None:
    messages = [
        {"role": "system", "content": "Rules."},
        {"role": "user", "content": "old " * 5000},
        {"role": "user", "content": "new"},
    ]
    client.chat("gemma3", messages, options={"num_ctx": 4096})
    assert server.prompts == ["Rules.\n\nnew"]


def test_a_model_that_can_think_does_unless_told_not_to(client: ollama.Client) -> None:
    messages = [{"role": "user", "content": "Hello"}]
    assert client.chat("qwen3", messages).message.thinking
    assert client.chat("qwen3", messages, think=False).message.thinking is None
    with pytest.raises(ollama.ResponseError, match="does not support thinking"):
        client.chat("gemma3", messages, think=True)


def test_no_messages_load_the_model(server: OllamaDouble, client: ollama.Client) -> None:
    assert client.chat("gemma3", []).done_reason == "load"
    assert client.chat("gemma3", [], keep_alive=0).done_reason == "unload"
    assert client.ps().models == []


def test_it_quotes_the_passages_it_was_sent(server: OllamaDouble, client: ollama.Client) -> None:
    prompt = (
        "Passage 4\n```\nsource: a.md:1\n\nThe cat sleeps. Backups are tested every quarter.\n```"
        "\n\nPassage 7\n```\nsource: b.md:1\n\nNothing.\n```\n\nQuestion: When are backups tested?"
    )
    reply = client.chat("gemma3", [{"role": "user", "content": prompt}])
    assert reply.message.content == "Backups are tested every quarter [4]."


def test_streams_come_in_parts_that_end_with_the_counts(client: ollama.Client) -> None:
    parts = list(client.chat("gemma3", [{"role": "user", "content": "Hello"}], stream=True))
    assert [part.done for part in parts] == [False, False, False, True]
    assert parts[-1].eval_count == 3


def test_the_server_streams_unless_told_not_to(server: OllamaDouble) -> None:
    body = {"model": "gemma3", "messages": [{"role": "user", "content": "Hi"}]}
    reply = httpx.post(f"{server.url}/api/chat", json=body, trust_env=False)
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert len(reply.text.splitlines()) == 4


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/", 200, "Ollama is running"),
        ("HEAD", "/", 200, ""),
        ("GET", "/api/nothing", 404, "404 page not found"),
        ("GET", "/api/embed", 405, "405 method not allowed"),
    ],
)
def test_plain_paths_answer_plainly(
    server: OllamaDouble, method: str, path: str, status: int, text: str
) -> None:
    reply = httpx.request(method, server.url + path, trust_env=False)
    assert (reply.status_code, reply.text) == (status, text)


def test_downloads_and_creations_can_be_waited_for(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="file does not exist") as caught:
        client.pull("nothing")
    assert caught.value.status_code == 500
    assert client.create("mine", from_="gemma3").status == "success"
    with pytest.raises(ollama.ResponseError, match="neither 'from' or 'files'"):
        client.create("mine")


def test_a_window_is_no_larger_than_the_model_was_trained_for() -> None:
    model = DoubleModel("tiny:latest", context_length=1024)
    with OllamaDouble([model]) as server, ollama.Client(server.url, trust_env=False) as client:
        client.chat("tiny", [{"role": "user", "content": "Hi"}], options={"num_ctx": 9999})
        assert client.ps().models[0].context_length == 1024
