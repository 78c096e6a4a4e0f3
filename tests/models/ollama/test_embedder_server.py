"""Promises of `OllamaEmbedder` where the server, not a text, is at fault."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from ragkit.errors import ModelError, ModelNotFoundError, ModelUnavailableError
from ragkit.models.ollama import OllamaEmbedder, OllamaHost, PullProgress
from tests.ollama_double import DoubleModel, OllamaDouble, embed_text

TEXTS = [f"passage number {number}" for number in range(100)]


@pytest.fixture
def server() -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        yield double


@pytest.fixture
def naps() -> list[float]:
    """The seconds slept."""
    return []


@pytest.fixture
def embedder(server: OllamaDouble, naps: list[float]) -> OllamaEmbedder:
    host = OllamaHost(server.url, timeout=0.6)
    embedder = OllamaEmbedder("ollama/embeddinggemma", host, sleep=naps.append)
    assert embedder.max_tokens  # loads the model
    return embedder


def assert_all_embedded(vectors: np.ndarray) -> None:
    wanted = [embed_text(f"title: none | text: {text}", 256) for text in TEXTS]
    np.testing.assert_allclose(vectors, wanted, atol=1e-6)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_waited_for_longer_each_time(
    server: OllamaDouble, embedder: OllamaEmbedder, naps: list[float], status: int
) -> None:
    server.fail_next(4, status, "server busy, please try again.  maximum pending requests exceeded")
    vectors = embedder.embed_documents(TEXTS[:10])
    assert vectors.shape == (10, 256)
    assert [round(nap) for nap in naps] == sorted(round(nap) for nap in naps)
    assert all(0.75 * 2**n <= nap <= 1.25 * 2**n for n, nap in enumerate(naps))


def test_a_server_that_stays_busy_is_given_up_after_fifteen_seconds(
    server: OllamaDouble, embedder: OllamaEmbedder, naps: list[float]
) -> None:
    server.fail_next(5, 503, "server busy")
    with pytest.raises(ModelUnavailableError, match=r"server busy.*try again later"):
        embedder.embed_documents(TEXTS[:10])
    assert len(naps) == 4


def test_a_connection_dropped_once_costs_nothing(
    server: OllamaDouble, embedder: OllamaEmbedder
) -> None:
    server.drop_next(2, path="/api/embed")
    assert_all_embedded(embedder.embed_documents(TEXTS))


def test_a_runner_that_crashed_once_costs_nothing(
    server: OllamaDouble, embedder: OllamaEmbedder
) -> None:
    server.fail_next(2, 500, "model runner has unexpectedly stopped", path="/api/embed")
    assert_all_embedded(embedder.embed_documents(TEXTS))


def test_a_server_that_fails_on_everything_is_at_fault_and_not_the_texts(
    server: OllamaDouble, embedder: OllamaEmbedder
) -> None:
    server.fail_next(1000, 500, "something is broken", path="/api/embed")
    before = len(server.calls)
    with pytest.raises(ModelUnavailableError, match="something is broken"):
        embedder.embed_documents(TEXTS)
    assert len(server.calls) - before < 40


def test_a_server_too_slow_for_a_batch_gets_smaller_ones_from_then_on(
    server: OllamaDouble, embedder: OllamaEmbedder
) -> None:
    server.slow_over(20)
    assert_all_embedded(embedder.embed_documents(TEXTS))
    sizes = [len(body["input"]) for body in server.bodies("/api/embed")[2:]]
    assert sizes.count(64) == 1
    assert max(sizes[4:]) <= 20


def test_a_server_that_never_answers_is_given_up_with_the_option_that_helps(
    server: OllamaDouble, embedder: OllamaEmbedder
) -> None:
    server.slow_over(0)
    with pytest.raises(ModelUnavailableError, match=r"did not answer in time.*--timeout"):
        embedder.embed_documents(TEXTS[:2])


def test_nothing_that_listens_is_told_at_once_with_what_to_do(naps: list[float]) -> None:
    with OllamaDouble() as server:
        gone = OllamaHost(server.url)
    embedder = OllamaEmbedder("embeddinggemma", gone, sleep=naps.append)
    with pytest.raises(ModelUnavailableError, match="ollama serve"):
        embedder.embed_query("why?")
    assert naps == []


def test_a_missing_model_names_the_command_that_gets_it(server: OllamaDouble) -> None:
    embedder = OllamaEmbedder("ollama/nomic-embed-text", OllamaHost(server.url))
    with pytest.raises(ModelNotFoundError, match="ragkit models pull nomic-embed-text"):
        embedder.embed_documents(["text"])
    assert server.bodies("/api/pull") == []


def test_a_model_that_vanishes_meanwhile_is_missing(
    server: OllamaDouble, embedder: OllamaEmbedder
) -> None:
    del server.models["embeddinggemma:latest"]
    with pytest.raises(ModelNotFoundError, match="ragkit models pull embeddinggemma"):
        embedder.embed_documents(TEXTS)


def test_a_missing_model_is_pulled_with_progress_if_allowed() -> None:
    steps: list[PullProgress] = []
    model = DoubleModel("nomic-embed-text:latest", ("embedding",), "nomic-bert", 2048)
    with OllamaDouble([], library=[model]) as server:
        embedder = OllamaEmbedder(
            "ollama/nomic-embed-text", OllamaHost(server.url), pull=True, on_progress=steps.append
        )
        assert embedder.embed_documents(["text"]).shape == (1, 256)
    assert steps[-1].status == "success"
    assert [s.completed for s in steps if s.total] == sorted(s.completed for s in steps if s.total)
    assert steps[2].total == model.size


def test_a_chat_model_is_no_embedder_and_the_error_names_one(server: OllamaDouble) -> None:
    with pytest.raises(ModelError, match="ragkit models pull embeddinggemma"):
        OllamaEmbedder("ollama/gemma3", OllamaHost(server.url)).embed_documents(["text"])
    assert server.bodies("/api/embed") == []


def test_an_old_server_without_capabilities_is_simply_asked() -> None:
    with OllamaDouble(version="0.5.0") as server:
        embedder = OllamaEmbedder("ollama/embeddinggemma", OllamaHost(server.url))
        assert embedder.embed_documents(["text"]).shape == (1, 256)


def test_a_server_too_old_for_batches_is_told_to_be_updated() -> None:
    with (
        OllamaDouble(version="0.3.0") as server,
        pytest.raises(ModelError, match="update Ollama"),
    ):
        OllamaEmbedder("ollama/embeddinggemma", OllamaHost(server.url)).embed_documents(["text"])


@pytest.mark.parametrize(
    ("status", "text", "hint"),
    [
        (401, "unauthorized", "ollama signin"),
        (403, "ollama cloud is disabled: remote model is unavailable", "ollama signin"),
        (403, "", "use its IP address"),
        (500, "model requires more system memory (9 GiB) than is available (3 GiB)", "smaller"),
        (500, "llama-server reported out-of-memory during startup: x", "smaller model"),
        (501, "This server does not support embeddings. Start it with `--embeddings`", "pull"),
    ],
)
def test_what_no_second_try_cures_is_told_at_once_with_a_hint(
    server: OllamaDouble, embedder: OllamaEmbedder, status: int, text: str, hint: str
) -> None:
    before = len(server.calls)
    server.fail_next(100, status, text, path="/api/embed")
    with pytest.raises(ModelError, match=hint):
        embedder.embed_documents(TEXTS[:3])
    assert len(server.calls) - before == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>welcome</html>", id="HTML"),
        pytest.param(b'{"embeddings": null}', id="null"),
        pytest.param(b'{"embeddings": [null]}', id="a null vector"),
        pytest.param(b'{"embeddings": [[0.1, "x"]]}', id="words for numbers"),
        pytest.param(b'{"embeddings": [[]]}', id="an empty vector"),
        pytest.param(b"{", id="half of it"),
        pytest.param(b"[]", id="a list"),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_answers_that_no_server_gives_are_model_errors(
    server: OllamaDouble, embedder: OllamaEmbedder, status: int, body: bytes
) -> None:
    server.fail_next(100, status, body=body, path="/api/embed")
    with pytest.raises(ModelError):
        embedder.embed_documents(["text"])


def test_a_reply_with_too_few_vectors_is_never_taken(
    server: OllamaDouble, embedder: OllamaEmbedder
) -> None:
    server.mangle_vectors(lambda vectors: vectors[: max(1, len(vectors) - 1)])
    assert_all_embedded(embedder.embed_documents(TEXTS))


def test_a_model_exchanged_meanwhile_is_noticed_by_its_dimension(
    server: OllamaDouble, embedder: OllamaEmbedder
) -> None:
    server.exchange_model("embeddinggemma:latest", dimension=128)
    with pytest.raises(ModelError, match="vectors of 128 numbers, not 256"):
        embedder.embed_documents(TEXTS)


def test_ctrl_c_ends_the_process_at_once_while_a_request_is_under_way(
    server: OllamaDouble,
) -> None:
    program = (
        "import sys\n"
        "from ragkit.models.ollama import OllamaEmbedder, OllamaHost\n"
        "embedder = OllamaEmbedder('embeddinggemma', OllamaHost(sys.argv[1]))\n"
        "assert embedder.max_tokens  # loads the model\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "embedder.embed_documents([f'text {number}' for number in range(500)])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, server.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        server.hold()
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        server.wait_for_calls("/api/embed", 4)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert process.returncode != 0
    assert errors.rstrip().endswith("KeyboardInterrupt")
