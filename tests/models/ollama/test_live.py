"""The promises that only a real Ollama server can keep.

Off unless RAGKIT_TEST_OLLAMA holds the address of one. The models come from
RAGKIT_TEST_EMBED_MODEL and RAGKIT_TEST_CHAT_MODEL; they must be installed.

    RAGKIT_TEST_OLLAMA=127.0.0.1:11434 python -m pytest -m ollama
"""

from __future__ import annotations

import asyncio
import os

import numpy as np
import pytest

from ragkit.answering.prompt import build_prompt
from ragkit.errors import ContextOverflowError, EmbeddingError
from ragkit.models.ollama import OllamaChat, OllamaEmbedder, OllamaHost, OllamaModels
from ragkit.types import Message, Passage

ADDRESS = os.environ.get("RAGKIT_TEST_OLLAMA")
EMBED_MODEL = os.environ.get("RAGKIT_TEST_EMBED_MODEL", "embeddinggemma")
CHAT_MODEL = os.environ.get("RAGKIT_TEST_CHAT_MODEL", "gemma3")

pytestmark = [
    pytest.mark.ollama,
    pytest.mark.skipif(not ADDRESS, reason="RAGKIT_TEST_OLLAMA names no server"),
]


@pytest.fixture(scope="module")
def host() -> OllamaHost:
    return OllamaHost(ADDRESS)


@pytest.fixture(scope="module")
def embedder(host: OllamaHost) -> OllamaEmbedder:
    return OllamaEmbedder(EMBED_MODEL, host)


@pytest.fixture(scope="module")
def chat(host: OllamaHost) -> OllamaChat:
    return OllamaChat(CHAT_MODEL, host, options={"temperature": 0, "seed": 1})


def test_the_server_says_its_version_and_models(host: OllamaHost) -> None:
    models = OllamaModels(host)
    assert models.server_version()
    assert models.show_model(EMBED_MODEL).can_embed
    assert models.show_model(CHAT_MODEL).can_chat


def test_vectors_have_length_1_and_near_texts_are_near(embedder: OllamaEmbedder) -> None:
    texts = ["Backups are tested every quarter.", "The cat sleeps on the sofa."]
    passages = embedder.embed_documents(texts)
    question = embedder.embed_query("How often are backups tested?")
    np.testing.assert_allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-5)
    assert passages.shape == (2, embedder.identity.dimension)
    assert passages[0] @ question > passages[1] @ question


def test_a_text_alone_and_in_a_batch_has_nearly_the_same_vector(embedder: OllamaEmbedder) -> None:
    texts = [f"Passage {number} about {'backups ' * number}" for number in range(1, 40)]
    together = embedder.embed_documents(texts)
    for number in (0, 20, 38):
        assert embedder.embed_documents([texts[number]])[0] @ together[number] > 0.999


def test_a_text_that_is_too_long_is_told_and_never_cut(embedder: OllamaEmbedder) -> None:
    texts = ["short", "word " * 20_000, "short too"]
    with pytest.raises(EmbeddingError) as caught:
        embedder.embed_documents(texts)
    assert caught.value.too_long == {1}
    assert np.linalg.norm(caught.value.vectors[[0, 2]], axis=1) == pytest.approx(1, abs=1e-5)


def test_the_longest_text_by_its_own_count_is_read_whole(embedder: OllamaEmbedder) -> None:
    words = "Every quarter one server is restored from its backup. "
    count = embedder.max_tokens // embedder.token_counter([words])[0]
    assert embedder.embed_documents([words * count]).shape[0] == 1


def test_a_reply_cites_the_passage_that_answers(chat: OllamaChat) -> None:
    text = "Backups are tested every quarter by restoring one server."
    passage = Passage(1, "backup.md", text, 0, len(text), 1, 1, None, "", "", ())
    fitted = build_prompt(
        "How often are backups tested?",
        [passage],
        window=chat.context_tokens,
        reserve=512,
        count_tokens=chat.count_tokens,
    )
    reply = chat.reply(fitted.messages, reply_tokens=512)
    answer = "".join(reply)
    assert "quarter" in answer
    assert "[1]" in answer
    assert reply.usage is not None
    assert reply.usage.finish == "stop"
    if reply.usage.prompt_tokens is not None:
        assert reply.usage.prompt_tokens <= fitted.estimated_tokens


def test_replies_inside_an_event_loop_are_the_same(chat: OllamaChat) -> None:
    messages = [Message("user", "Say the single word yes.")]

    async def ask() -> str:
        return "".join([piece async for piece in chat.reply_async(messages, reply_tokens=64)])

    assert "yes" in asyncio.run(ask()).lower()
    assert "yes" in "".join(chat.reply(messages, reply_tokens=64)).lower()


def test_a_prompt_that_does_not_fit_is_an_overflow_and_never_cut(host: OllamaHost) -> None:
    small = OllamaChat(CHAT_MODEL, host, options={"num_ctx": 2048})
    with pytest.raises(ContextOverflowError):
        list(small.reply([Message("user", "word " * 10_000)], reply_tokens=16))
