"""Replies from a chat model on an Ollama server, in a window that never cuts unsaid."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, closing
from typing import Any

from ragkit.errors import ModelError
from ragkit.models.ollama.capabilities import ChatCapabilities, probe_chat_model
from ragkit.models.ollama.client import OllamaHost, load_vendor
from ragkit.models.ollama.errors import FailureKind, OllamaError, translate_errors
from ragkit.models.ollama.library import (
    OllamaModels,
    OnProgress,
    is_cloud_model,
    is_same_model,
    parse_model_name,
)
from ragkit.models.ollama.options import check_options
from ragkit.models.ollama.reply import ChatExchange
from ragkit.models.ollama.retry import Sleep
from ragkit.models.ollama.token_estimate import Calibration
from ragkit.types import Message, Usage

_REPLY_SECONDS = 300.0  # until the first piece: the model may have to be loaded, the prompt read


class OllamaChat:
    """A `Chat` over one server, asked for the first time when something is needed of it.

    `name` is "ollama/MODEL"; `options` are those of `check_options`, sent with every call.
    A missing model is downloaded if `pull`, and `on_progress` is then told each step.
    """

    def __init__(
        self,
        name: str,
        host: OllamaHost | None = None,
        *,
        options: Mapping[str, object] | None = None,
        pull: bool = False,
        on_progress: OnProgress | None = None,
        sleep: Sleep = time.sleep,
        sleep_async: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.model = parse_model_name(name)
        self.host = host or OllamaHost()
        self.options = check_options(options or {})
        self._models = OllamaModels(self.host, sleep=sleep)
        self._pull = pull
        self._on_progress = on_progress
        self._sleep = sleep
        self._sleep_async = sleep_async
        self._calibration = Calibration()
        self._known: ChatCapabilities | None = None
        self._loaded_window: int | None = None
        self._asking = threading.Lock()

    @property
    def name(self) -> str:
        return f"ollama/{self.model}"

    @property
    def is_remote(self) -> bool:
        """Whether messages sent to this model leave this machine."""
        return self.host.is_remote or is_cloud_model(self.model)

    @property
    def context_tokens(self) -> int:
        """The window of every call; less once a reply has shown that the server has less."""
        window = self._chat_model().window
        return min(window, self._loaded_window or window)

    @property
    def calibration(self) -> float:
        """The largest ratio of counted to estimated tokens so far, at least 1. It grows by
        itself; a caller may keep it and set it again."""
        return self._calibration.factor

    @calibration.setter
    def calibration(self, factor: float) -> None:
        if not 1 <= factor < 100:
            raise ValueError(f"a calibration is a factor from 1 on, not {factor}")
        self._calibration.factor = factor

    def count_tokens(self, text: str) -> int:
        """At least the tokens of `text`, as far as earlier replies have taught."""
        return self._calibration.estimate(text)

    def reply(self, messages: Sequence[Message], *, reply_tokens: int) -> OllamaReply:
        """The reply, asked for when it is iterated; each iteration asks anew.

        Raises `ContextOverflowError` when the prompt did not fit, which some servers only show
        when the reply has ended; other `ModelError`s for everything else.
        """
        return OllamaReply(self, messages, reply_tokens)

    def reply_async(self, messages: Sequence[Message], *, reply_tokens: int) -> OllamaAsyncReply:
        """As `reply`, inside an event loop."""
        return OllamaAsyncReply(self, messages, reply_tokens)

    def complete(self, prompt: str, *, system: str = "", reply_tokens: int = 256) -> str:
        """The whole reply to one prompt without a conversation.

        Raises `ModelError`, also for a reply that was cut.
        """
        messages = [Message("system", system), Message("user", prompt)]
        exchange = self.exchange(messages, reply_tokens)
        del exchange.body["messages"]
        body = {**exchange.body, "system": system, "prompt": prompt, "stream": False}
        vendor, _ = load_vendor()
        with closing(self.host.client(_REPLY_SECONDS)) as client:
            while True:
                try:
                    with translate_errors(self.host, self.model):
                        part = client._request(
                            vendor.GenerateResponse, "POST", "/api/generate", json=body
                        )
                    break
                except OllamaError as error:
                    seconds = exchange.next_delay(error)
                self._sleep(seconds)
        text = exchange.parse_part(part) + exchange.finish()
        if exchange.usage().finish == "length":
            raise OllamaError(
                f"the reply of {self.model} was cut at {reply_tokens} tokens", FailureKind.REFUSED
            )
        return text.strip()

    def exchange(self, messages: Sequence[Message], reply_tokens: int) -> ChatExchange:
        """One prompt to this model, ready to be sent."""
        return ChatExchange(
            self._chat_model(), self._calibration, self.options, messages, reply_tokens
        )

    def parts(self, exchange: ChatExchange) -> Generator[Any, None, None]:
        """What the server sends, tried again where that can help and nothing has come yet."""
        vendor, _ = load_vendor()
        body = {**exchange.body, "stream": True}
        with closing(self.host.client(_REPLY_SECONDS)) as client:
            while True:
                stream: Any = client._request(
                    vendor.ChatResponse, "POST", "/api/chat", json=body, stream=True
                )
                try:
                    with closing(stream):
                        while True:
                            with translate_errors(self.host, self.model):
                                part = next(stream, None)
                            if part is None:
                                return
                            yield part
                except OllamaError as error:
                    seconds = exchange.next_delay(error)
                self._sleep(seconds)

    async def parts_async(self, exchange: ChatExchange) -> AsyncGenerator[Any, None]:
        """As `parts`, inside an event loop."""
        vendor, _ = load_vendor()
        body = {**exchange.body, "stream": True}
        async with self.host.async_client(_REPLY_SECONDS) as client:
            while True:
                stream: Any = await client._request(
                    vendor.ChatResponse, "POST", "/api/chat", json=body, stream=True
                )
                try:
                    async with aclosing(stream):
                        while True:
                            with translate_errors(self.host, self.model):
                                part = await anext(stream, None)
                            if part is None:
                                return
                            yield part
                except OllamaError as error:
                    seconds = exchange.next_delay(error)
                await self._sleep_async(seconds)

    def check_loaded(self, exchange: ChatExchange) -> None:
        """Asks once, after the first reply, what window the model was really loaded with.

        Raises `ContextOverflowError` when it is smaller and the prompt may not have fitted it.
        """
        model = self._chat_model()
        if self._loaded_window is None and model.sends_window:
            self._loaded_window = self._ask_loaded_window() or model.window
        if self._loaded_window is not None:
            exchange.check_loaded(self._loaded_window)

    def _ask_loaded_window(self) -> int | None:
        try:
            loaded = self._models.loaded_models()
        except ModelError:
            # The reply is here and good; a server that hides this is none the worse for it.
            return None
        windows = [m.context_tokens for m in loaded if is_same_model(m.name, self.model)]
        return windows[0] if windows else None

    def _chat_model(self) -> ChatCapabilities:
        with self._asking:
            if self._known is None:
                details = self._models.ensure_model(
                    self.model, pull=self._pull, on_progress=self._on_progress
                )
                self._known = probe_chat_model(self._models, details, self.options)
            return self._known


class OllamaReply:
    """A `Reply`: the pieces of the text, and `usage` when the last has come."""

    def __init__(self, chat: OllamaChat, messages: Sequence[Message], reply_tokens: int) -> None:
        self.usage: Usage | None = None
        self._chat = chat
        self._messages = tuple(messages)
        self._reply_tokens = reply_tokens

    def __iter__(self) -> Iterator[str]:
        exchange = self._chat.exchange(self._messages, self._reply_tokens)
        with closing(self._chat.parts(exchange)) as parts:
            for part in parts:
                if text := exchange.parse_part(part):
                    yield text
        if text := exchange.finish():
            yield text
        self.usage = exchange.usage()
        self._chat.check_loaded(exchange)


class OllamaAsyncReply:
    """As `OllamaReply`, inside an event loop."""

    def __init__(self, chat: OllamaChat, messages: Sequence[Message], reply_tokens: int) -> None:
        self.usage: Usage | None = None
        self._chat = chat
        self._messages = tuple(messages)
        self._reply_tokens = reply_tokens

    async def __aiter__(self) -> AsyncIterator[str]:
        # The first use of a chat asks the server about the model, with the sync client.
        exchange = await asyncio.to_thread(self._chat.exchange, self._messages, self._reply_tokens)
        async with aclosing(self._chat.parts_async(exchange)) as parts:
            async for part in parts:
                if text := exchange.parse_part(part):
                    yield text
        if text := exchange.finish():
            yield text
        self.usage = exchange.usage()
        await asyncio.to_thread(self._chat.check_loaded, exchange)
