"""Promises of `OllamaChat`, sync and async, against a real server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ragkit.errors import ModelError, ModelNotFoundError, ModelUnavailableError
from ragkit.models.ollama import OllamaChat, OllamaHost, PullProgress
from ragkit.types import Chat, Message, Usage
from tests.ollama_double import DoubleModel, OllamaDouble

HELLO = [Message("system", "Be kind."), Message("user", "Hello there")]
GPT_OSS = DoubleModel("gpt-oss:20b", ("completion", "thinking"), "gptoss", 131072)
REASONER = DoubleModel("reasoner:latest", inline_thinking=True)


@pytest.fixture
def server() -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        for model in (GPT_OSS, REASONER):
            double.models[model.name] = model
        yield double


@pytest.fixture
def naps() -> list[float]:
    """The seconds slept."""
    return []


@pytest.fixture
def chat_for(server: OllamaDouble, naps: list[float]) -> Callable[..., OllamaChat]:
    async def nap(seconds: float) -> None:
        naps.append(seconds)

    def make(name: str = "ollama/gemma3", **options: Any) -> OllamaChat:
        host = OllamaHost(server.url, timeout=options.pop("timeout", 30))
        return OllamaChat(name, host, sleep=naps.append, sleep_async=nap, **options)

    return make


def whole(chat: OllamaChat, messages: list[Message], reply_tokens: int) -> tuple[str, Usage | None]:
    reply = chat.reply(messages, reply_tokens=reply_tokens)
    return "".join(reply), reply.usage


def whole_async(
    chat: OllamaChat, messages: list[Message], reply_tokens: int
) -> tuple[str, Usage | None]:
    async def run() -> tuple[str, Usage | None]:
        reply = chat.reply_async(messages, reply_tokens=reply_tokens)
        return "".join([piece async for piece in reply]), reply.usage

    return asyncio.run(run())


both_ways = pytest.mark.parametrize("ask", [whole, whole_async], ids=["sync", "async"])
Ask = Callable[[OllamaChat, list[Message], int], tuple[str, Usage | None]]
Make = Callable[..., OllamaChat]


# ---------------------------------------------------------------- what it gives


def test_it_is_a_chat(chat_for: Make) -> None:
    chat: Chat = chat_for()
    assert chat.name == "ollama/gemma3"


@both_ways
def test_a_reply_comes_whole_with_what_the_server_counted(chat_for: Make, ask: Ask) -> None:
    text, usage = ask(chat_for(), HELLO, 100)
    assert text == "You said: Hello there"
    assert usage == Usage(prompt_tokens=9, reply_tokens=4, finish="stop")


def test_a_reply_comes_in_pieces_and_its_usage_at_the_end(chat_for: Make) -> None:
    reply = chat_for().reply(HELLO, reply_tokens=100)
    pieces = iter(reply)
    assert (next(pieces), reply.usage) == ("You ", None)
    assert list(pieces) == ["said: ", "Hello ", "there"]
    assert reply.usage is not None


def test_each_iteration_of_a_reply_asks_anew(server: OllamaDouble, chat_for: Make) -> None:
    reply = chat_for().reply(HELLO, reply_tokens=100)
    assert list(reply) == list(reply)
    assert len(server.bodies("/api/chat")) == 2


@both_ways
def test_a_reply_that_was_cut_says_so(chat_for: Make, ask: Ask) -> None:
    assert ask(chat_for(), HELLO, 2) == ("You said: ", Usage(9, 2, "length"))


def test_several_questions_are_under_way_together(server: OllamaDouble, chat_for: Make) -> None:
    chat = chat_for()
    assert chat.context_tokens == 8192
    server.hold()

    async def ask(text: str) -> str:
        reply = chat.reply_async([Message("user", text)], reply_tokens=100)
        return "".join([piece async for piece in reply])

    async def run() -> list[str]:
        asked = asyncio.gather(*(ask(f"question {number}") for number in range(4)))
        await asyncio.to_thread(server.wait_for_calls, "/api/chat", 4)
        server.release()
        return await asked

    assert asyncio.run(run()) == [f"You said: question {number}" for number in range(4)]
    assert server.most_at_once["/api/chat"] == 4


def test_a_reply_may_be_left_unread(server: OllamaDouble, chat_for: Make) -> None:
    chat = chat_for()
    for _ in chat.reply(HELLO, reply_tokens=100):
        break
    assert whole(chat, HELLO, 100)[0] == "You said: Hello there"


# ---------------------------------------------------------------- what it sends


def test_every_call_asks_for_the_same_window_and_no_silent_cut(
    server: OllamaDouble, chat_for: Make
) -> None:
    chat = chat_for()
    for tokens in (10, 1000):
        whole(chat, HELLO, tokens)
    whole_async(chat, HELLO, 10)
    bodies = server.bodies("/api/chat")
    assert {body["options"]["num_ctx"] for body in bodies} == {8192}
    assert {(body["truncate"], body["shift"]) for body in bodies} == {(False, False)}
    assert server.loads == ["gemma3:latest"]


@pytest.mark.parametrize(
    ("trained", "modelfile", "option", "window"),
    [
        (131072, None, None, 8192),
        (4096, None, None, 4096),
        (131072, 2048, None, 2048),
        (131072, 65536, None, 8192),
        (131072, 2048, 16384, 16384),
        (4096, None, 16384, 4096),
    ],
)
def test_the_window_is_8192_or_what_model_modelfile_and_option_say(
    server: OllamaDouble,
    chat_for: Make,
    trained: int,
    modelfile: int | None,
    option: int | None,
    window: int,
) -> None:
    server.exchange_model("gemma3:latest", context_length=trained, num_ctx=modelfile)
    chat = chat_for(options={"num_ctx": option} if option else {})
    assert chat.context_tokens == window
    whole(chat, HELLO, 10)
    assert server.bodies("/api/chat")[0]["options"]["num_ctx"] == window


def test_options_are_sent_with_every_call(server: OllamaDouble, chat_for: Make) -> None:
    options = {"temperature": 0.2, "top_p": 0.9, "top_k": 40, "stop": ["END"], "seed": 7}
    whole(chat_for(options=options), HELLO, 10)
    sent = server.bodies("/api/chat")[0]["options"]
    assert sent == {**options, "num_ctx": 8192, "num_predict": 10}


def test_an_option_that_is_none_is_refused_at_once(chat_for: Make) -> None:
    with pytest.raises(ValueError, match="no option 'warmth'; there are temperature"):
        chat_for(options={"warmth": 1})


@pytest.mark.parametrize(("option", "sent"), [(5, 5), (500, 500), (1_000_000, 8091)])
def test_a_longer_reply_may_be_asked_for_as_far_as_there_is_room(
    server: OllamaDouble, chat_for: Make, option: int, sent: int
) -> None:
    whole(chat_for(options={"num_predict": option}), HELLO, 10)
    assert server.bodies("/api/chat")[0]["options"]["num_predict"] == pytest.approx(sent, abs=5)


# ---------------------------------------------------------------- thinking


@pytest.mark.parametrize(
    ("name", "think"), [("gemma3", None), ("qwen3", False), ("gpt-oss:20b", "low")]
)
@both_ways
def test_a_model_that_can_think_is_asked_not_to(
    server: OllamaDouble, chat_for: Make, ask: Ask, name: str, think: object
) -> None:
    text, _ = ask(chat_for(name), HELLO, 100)
    assert text == "You said: Hello there"
    assert server.bodies("/api/chat")[0].get("think") == think


def test_thoughts_that_cannot_be_turned_off_get_tokens_of_their_own(
    server: OllamaDouble, chat_for: Make
) -> None:
    whole(chat_for("gpt-oss:20b"), HELLO, 100)
    assert server.bodies("/api/chat")[0]["options"]["num_predict"] == 2148


@both_ways
def test_thoughts_in_the_text_are_left_out(chat_for: Make, ask: Ask) -> None:
    assert ask(chat_for("reasoner"), HELLO, 100)[0] == "You said: Hello there"


@both_ways
def test_a_thought_that_the_template_opens_is_left_out(
    server: OllamaDouble, chat_for: Make, ask: Ask
) -> None:
    server.exchange_model("gemma3:latest", template="{{ .Prompt }}<|assistant|><think>\n")
    server.scripted.extend(["I see a greeting.</think>\n\nHello.", "Hello again."])
    chat = chat_for()
    assert ask(chat, HELLO, 100)[0] == "Hello."
    assert ask(chat, HELLO, 100)[0] == "Hello again."


# ---------------------------------------------------------------- what goes wrong


@both_ways
@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_reply_is_an_error(
    server: OllamaDouble, chat_for: Make, ask: Ask, text: str
) -> None:
    server.scripted.append(text)
    with pytest.raises(ModelError, match="gemma3 replied with nothing"):
        ask(chat_for(), HELLO, 100)


@both_ways
@pytest.mark.parametrize(("name", "text"), [("gpt-oss:20b", ""), ("reasoner", "Hello.")])
def test_a_reply_of_nothing_but_thoughts_names_the_option_that_helps(
    server: OllamaDouble, chat_for: Make, ask: Ask, name: str, text: str
) -> None:
    server.scripted.append(text)
    with pytest.raises(ModelError, match=r"nothing but thoughts.*num_predict"):
        ask(chat_for(name, options={"num_predict": 3}), HELLO, 3)


@both_ways
@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("no done", "broke off before it was done"),
        ("error", "unexpectedly stopped"),
        ("drop", "the connection to .* broke"),
    ],
)
def test_a_stream_that_breaks_off_is_an_error_and_not_tried_again(
    server: OllamaDouble, chat_for: Make, ask: Ask, how: str, says: str
) -> None:
    server.break_streams(how)
    with pytest.raises(ModelError, match=says):
        ask(chat_for(), HELLO, 100)
    assert len(server.bodies("/api/chat")) == 1


@both_ways
@pytest.mark.parametrize("times", [1, 2])
def test_a_connection_dropped_before_the_first_piece_is_tried_once_more(
    server: OllamaDouble, chat_for: Make, ask: Ask, times: int
) -> None:
    server.drop_next(times, path="/api/chat")
    if times == 1:
        assert ask(chat_for(), HELLO, 100)[0] == "You said: Hello there"
    else:
        with pytest.raises(ModelUnavailableError, match=r"connection to .* broke"):
            ask(chat_for(), HELLO, 100)


@both_ways
def test_a_busy_server_is_waited_for(
    server: OllamaDouble, chat_for: Make, naps: list[float], ask: Ask
) -> None:
    server.fail_next(3, 429, "you've reached your hourly usage limit", path="/api/chat")
    assert ask(chat_for(), HELLO, 100)[0] == "You said: Hello there"
    assert [round(nap / 2**n) for n, nap in enumerate(naps)] == [1, 1, 1]


@both_ways
def test_a_server_that_stays_busy_is_given_up(
    server: OllamaDouble, chat_for: Make, naps: list[float], ask: Ask
) -> None:
    server.fail_next(5, 503, "server busy", path="/api/chat")
    with pytest.raises(ModelUnavailableError, match="server busy"):
        ask(chat_for(), HELLO, 100)
    assert len(naps) == 4


@both_ways
def test_a_silent_server_is_given_up_with_the_option_that_helps(
    server: OllamaDouble, chat_for: Make, ask: Ask
) -> None:
    chat = chat_for(timeout=0.2)
    assert chat.context_tokens
    server.hold()
    with pytest.raises(ModelUnavailableError, match="--timeout"):
        ask(chat, HELLO, 100)


@both_ways
@pytest.mark.parametrize(
    ("status", "text", "kind", "says"),
    [
        (404, "model 'gemma3' not found", ModelNotFoundError, "ragkit models pull gemma3"),
        (401, "unauthorized", ModelUnavailableError, "ollama signin"),
        (500, "model requires more system memory", ModelUnavailableError, "smaller model"),
        (400, '"gemma3" does not support thinking', ModelError, "does not support thinking"),
        (502, "<html>Bad Gateway</html>", ModelUnavailableError, "Bad Gateway"),
    ],
)
def test_errors_of_the_server_come_with_what_to_do(
    server: OllamaDouble,
    chat_for: Make,
    ask: Ask,
    status: int,
    text: str,
    kind: type[ModelError],
    says: str,
) -> None:
    server.fail_next(2, status, text, path="/api/chat")
    with pytest.raises(kind, match=says):
        ask(chat_for(), HELLO, 100)


@both_ways
@pytest.mark.parametrize("body", [b"[1]", b"null", b"{", b"<html>", b'"text"', b'{"x": 1}'])
@pytest.mark.parametrize("status", [200, 400])
def test_answers_that_no_server_gives_are_model_errors(
    server: OllamaDouble, chat_for: Make, ask: Ask, status: int, body: bytes
) -> None:
    server.fail_next(2, status, body=body, path="/api/chat")
    with pytest.raises(ModelError):
        ask(chat_for(), HELLO, 100)


@both_ways
def test_nothing_that_listens_is_told_with_what_to_do(ask: Ask) -> None:
    with OllamaDouble() as server:
        chat = OllamaChat("gemma3", OllamaHost(server.url))
        assert chat.context_tokens
    with pytest.raises(ModelUnavailableError, match="ollama serve"):
        ask(chat, HELLO, 100)


def test_an_embedding_model_is_no_chat_model(chat_for: Make) -> None:
    with pytest.raises(ModelError, match=r"embeddinggemma is no chat model.*--model"):
        whole(chat_for("embeddinggemma"), HELLO, 100)


def test_a_missing_model_is_pulled_with_progress_if_allowed() -> None:
    steps: list[PullProgress] = []
    with OllamaDouble([], library=[DoubleModel("tiny:latest")]) as server:
        host = OllamaHost(server.url)
        with pytest.raises(ModelNotFoundError, match="ragkit models pull tiny"):
            whole(OllamaChat("ollama/tiny", host), HELLO, 100)
        chat = OllamaChat("ollama/tiny", host, pull=True, on_progress=steps.append)
        assert whole(chat, HELLO, 100)[0] == "You said: Hello there"
    assert steps[-1].status == "success"


@pytest.mark.parametrize("name", ["gemma3:cloud", "gpt-oss:120b-cloud"])
def test_a_cloud_model_leaves_the_machine_and_keeps_its_own_window(
    server: OllamaDouble, chat_for: Make, name: str
) -> None:
    server.models[name] = DoubleModel(name, context_length=131072)
    chat = chat_for(name)
    assert chat.is_remote
    assert chat.context_tokens == 131072
    assert whole(chat, HELLO, 100)[0] == "You said: Hello there"
    assert "num_ctx" not in server.bodies("/api/chat")[0]["options"]


def test_a_local_model_stays_on_the_machine(chat_for: Make) -> None:
    assert not chat_for().is_remote
    assert OllamaChat("gemma3", OllamaHost("https://ollama.com")).is_remote
