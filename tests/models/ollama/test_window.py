"""Promises about the context window, from `fit` through `OllamaChat` to what the model reads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragkit.answering.prompt import INSTRUCTIONS, FittedPrompt, build_prompt
from ragkit.errors import ContextOverflowError
from ragkit.models.ollama import OllamaChat, OllamaHost
from ragkit.types import Message, Passage
from tests.ollama_double import DoubleModel, OllamaDouble

RESERVE = 64


def passage(number: int, text: str) -> Passage:
    return Passage(number, f"{number}.md", text, 0, len(text), 1, 1, None, "", "", ())


def ask(
    chat: OllamaChat, question: str, passages: Sequence[Passage], history: Sequence[Message] = ()
) -> FittedPrompt:
    """Fits and asks, and fits again with what was learnt while the prompt is too long."""
    for _ in range(12):
        fitted = build_prompt(
            question,
            passages,
            history=history,
            window=chat.context_tokens,
            reserve=RESERVE,
            count_tokens=chat.count_tokens,
        )
        try:
            list(chat.reply(fitted.messages, reply_tokens=RESERVE))
        except ContextOverflowError:
            continue
        return fitted
    raise AssertionError("it was too long twelve times")


@pytest.fixture
def server() -> Iterator[OllamaDouble]:
    with OllamaDouble([DoubleModel("tiny:latest", context_length=2048)]) as double:
        yield double


def long_prompt(tokens: int) -> list[Message]:
    return [
        Message("system", "Rules."),
        Message("user", "First question"),
        Message("assistant", "First reply"),
        Message("user", "x" * 4 * tokens),
    ]


texts = st.text(st.sampled_from("ab 1.\né日🎌[]`"), min_size=1, max_size=700)


@settings(max_examples=60, deadline=None)
@given(
    question=texts.filter(lambda text: bool(text.strip())),
    contents=st.lists(texts, max_size=6),
    history=st.lists(texts, max_size=4),
    window=st.integers(700, 2500),
    bytes_per_token=st.floats(1, 6),
)
def test_whatever_is_asked_the_prompt_that_is_read_is_whole(
    question: str, contents: list[str], history: list[str], window: int, bytes_per_token: float
) -> None:
    model = DoubleModel("tiny:latest", context_length=window)
    passages = [passage(number, text) for number, text in enumerate(contents, 1)]
    roles = ("user", "assistant")
    turns = [Message(roles[n % 2], text) for n, text in enumerate(history)]  # type: ignore[arg-type]
    with OllamaDouble([model], bytes_per_token=bytes_per_token) as double:
        chat = OllamaChat("tiny", OllamaHost(double.url))
        try:
            fitted = ask(chat, question, passages, turns)
        except ContextOverflowError:
            # The estimate is pessimistic, but not absurdly so.
            assert double.tokens(INSTRUCTIONS, question) > (window - RESERVE) / 4
            return
        read = double.prompts[-1]
        body = double.bodies("/api/chat")[-1]
    assert double.tokens(*[m["content"] for m in body["messages"]]) <= window
    assert body["options"]["num_ctx"] == window
    assert read == "\n\n".join(message.content for message in fitted.messages)
    assert read.startswith(INSTRUCTIONS)
    assert "\n\nQuestion: " in read
    numbers = [line for line in read.split("\n") if line.startswith("Passage ")]
    assert numbers == [f"Passage {used.number}" for used in fitted.used]
    assert {*fitted.used, *fitted.omitted} == set(passages)


def test_an_overflow_brings_the_server_s_figures_and_corrects_the_estimate(
    server: OllamaDouble,
) -> None:
    server.bytes_per_token = 1
    chat = OllamaChat("tiny", OllamaHost(server.url))
    before = chat.count_tokens("plain words")
    with pytest.raises(ContextOverflowError) as caught:
        list(chat.reply([Message("user", "plain words " * 200)], reply_tokens=10))
    assert (caught.value.prompt_tokens, caught.value.window) == (2402, 2048)
    assert chat.calibration > 2
    assert before < chat.count_tokens("plain words") <= len("plain words")


@pytest.mark.parametrize(
    "text",
    [
        "the prompt is longer than the context length currently available to the model; shorten "
        "the prompt, adjust the context length in settings, or use a model with a longer context "
        "length",
        "request (5000 tokens) exceeds the available context size (2048 tokens), try increasing it",
    ],
)
def test_an_overflow_without_figures_makes_the_estimate_stricter(
    server: OllamaDouble, text: str
) -> None:
    server.overflow_text = text
    chat = OllamaChat("tiny", OllamaHost(server.url))
    with pytest.raises(ContextOverflowError):
        list(chat.reply(long_prompt(3000), reply_tokens=10))
    assert chat.calibration == 1.25


def test_counts_above_the_estimate_raise_it_and_others_leave_it(server: OllamaDouble) -> None:
    chat = OllamaChat("tiny", OllamaHost(server.url))
    list(chat.reply([Message("user", "plain words")], reply_tokens=10))
    assert chat.calibration == 1
    server.bytes_per_token = 1
    list(chat.reply([Message("user", "plain words " * 20)], reply_tokens=10))
    assert chat.calibration == pytest.approx(240 / 80)


def test_a_calibration_can_be_kept_and_set_again() -> None:
    chat = OllamaChat("tiny", OllamaHost("127.0.0.1"))
    before = chat.count_tokens("some words")
    chat.calibration = 1.5
    assert chat.count_tokens("some words") == -(-before * 3 // 2)
    with pytest.raises(ValueError, match="calibration"):
        chat.calibration = 0.5


@pytest.mark.parametrize("version", ["0.12.3", "0.5.7", "0.9.0"])
@pytest.mark.parametrize("way", ["sync", "async"])
def test_an_old_server_that_would_cut_a_prompt_silently_does_not_get_it(
    server: OllamaDouble, version: str, way: str
) -> None:
    server.version = version
    chat = OllamaChat("tiny", OllamaHost(server.url))
    with pytest.raises(ContextOverflowError, match="window of 2048"):
        _run(chat, long_prompt(5000), way)
    assert server.bodies("/api/chat") == []


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([Message("user", "日本" * 630)], id="half of the window"),
        pytest.param(
            [
                Message("user", "日本" * 630),
                Message("assistant", "Yes."),
                Message("user", "And the next?"),
            ],
            id="the oldest messages",
        ),
    ],
)
def test_an_old_server_that_cut_a_prompt_is_found_out_by_its_count(
    server: OllamaDouble, way: str, messages: list[Message]
) -> None:
    """The tokenizer is worse than the estimate expects, so the prompt was sent."""
    server.version, server.bytes_per_token = "0.11.0", 1.5
    chat = OllamaChat("tiny", OllamaHost(server.url))
    with pytest.raises(ContextOverflowError, match="window of 2048"):
        _run(chat, messages, way)
    assert len(server.prompts[0].encode()) < sum(len(m.content.encode()) for m in messages)
    assert chat.calibration > 1


def test_a_new_server_is_trusted_to_say_so_whatever_the_count(server: OllamaDouble) -> None:
    """Half a window of tokens is also what a prompt of that length has."""
    chat = OllamaChat("tiny", OllamaHost(server.url))
    message = Message("user", "word" * 1025)
    assert server.tokens(message.content) == 1027
    assert list(chat.reply([message], reply_tokens=10))


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_model_loaded_with_less_than_was_asked_for_is_found_out(
    server: OllamaDouble, way: str
) -> None:
    server.exchange_model("tiny:latest", loaded_limit=1024)
    chat = OllamaChat("tiny", OllamaHost(server.url))
    assert chat.context_tokens == 2048
    assert _run(chat, [Message("user", "short")], way)
    assert chat.context_tokens == 1024
    assert {body["options"]["num_ctx"] for body in server.bodies("/api/chat")} == {2048}
    with pytest.raises(ContextOverflowError):
        _run(chat, long_prompt(1200), way)
    assert ask(chat, "why?", [passage(n, "words " * 60) for n in range(1, 9)]).omitted


def test_a_prompt_that_may_have_been_cut_by_a_smaller_window_is_not_trusted(
    server: OllamaDouble,
) -> None:
    server.exchange_model("tiny:latest", loaded_limit=1024)
    chat = OllamaChat("tiny", OllamaHost(server.url))
    with pytest.raises(ContextOverflowError, match="window of 1024 tokens, not the 2048"):
        list(chat.reply([Message("user", "short " * 600)], reply_tokens=10))


def test_a_server_that_hides_what_is_loaded_is_none_the_worse_for_it(
    server: OllamaDouble,
) -> None:
    server.fail_next(1, 403, "", path="/api/ps")
    chat = OllamaChat("tiny", OllamaHost(server.url))
    assert list(chat.reply([Message("user", "short")], reply_tokens=10))


def _run(chat: OllamaChat, messages: Sequence[Message], way: str) -> str:
    if way == "sync":
        return "".join(chat.reply(messages, reply_tokens=10))

    async def run() -> str:
        return "".join([piece async for piece in chat.reply_async(messages, reply_tokens=10)])

    return asyncio.run(run())
