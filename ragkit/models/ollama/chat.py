"""Replies from a chat model on an Ollama server, whose window no prompt exceeds silently."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from typing import Any

from ragkit.errors import ModelError
from ragkit.models.ollama.capabilities import ChatCapabilities, check_options, probe_chat_model
from ragkit.models.ollama.client import OllamaHost, load_vendor
from ragkit.models.ollama.errors import OllamaError, Sleep, translate_errors
from ragkit.models.ollama.library import (
    OllamaModels,
    OnProgress,
    is_cloud_model,
    is_same_model,
    parse_model_name,
)
from ragkit.models.ollama.reply import ChatExchange
from ragkit.models.token_estimate import Calibration
from ragkit.types import Message, Usage

_REPLY_SECONDS = 300.0  # until the first piece: time to load the model and to read the prompt


class OllamaChat:
    """A `Chat` over one server, which is contacted when something is first needed of it.

    `name` is "ollama/MODEL"; `options` are those of `check_options`, sent with every call.
    A missing model is downloaded if `pull`; `on_progress` is then called with each step.
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
        self.sleep = sleep
        self.sleep_async = sleep_async
        self._models = OllamaModels(self.host, sleep=sleep)
        self._pull = pull
        self._on_progress = on_progress
        self._calibration = Calibration()
        self._capabilities: ChatCapabilities | None = None
        self._loaded_window: int | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return f"ollama/{self.model}"

    @property
    def is_remote(self) -> bool:
        """Whether messages sent to this model leave this machine."""
        return self.host.is_remote or is_cloud_model(self.model)

    @property
    def context_tokens(self) -> int:
        """The window of every call; smaller once a reply has shown that the server's is."""
        window = self._probe().window
        return min(window, self._loaded_window or window)

    @property
    def calibration(self) -> float:
        """The largest ratio of counted to estimated tokens so far, at least 1. It grows by
        itself; a caller may store it and set it again."""
        return self._calibration.factor

    @calibration.setter
    def calibration(self, factor: float) -> None:
        if not 1 <= factor < 100:
            raise ValueError(f"a calibration is a factor from 1 on, not {factor}")
        self._calibration.factor = factor

    def count_tokens(self, text: str) -> int:
        """An upper estimate of the tokens of `text`, corrected by the counts of earlier replies."""
        return self._calibration.estimate(text)

    def reply(self, messages: Sequence[Message], *, reply_tokens: int) -> OllamaReply:
        """The reply, requested when it is iterated; each iteration requests it anew.

        Iterating raises `ContextOverflowError` when the prompt did not fit, which some servers
        only show when the reply has ended; other `ModelError`s for everything else.
        """
        return OllamaReply(self, messages, reply_tokens)

    def reply_async(self, messages: Sequence[Message], *, reply_tokens: int) -> OllamaAsyncReply:
        """As `reply`, inside an event loop."""
        return OllamaAsyncReply(self, messages, reply_tokens)

    def begin_exchange(self, messages: Sequence[Message], reply_tokens: int) -> ChatExchange:
        """One prompt to this model, ready to be sent."""
        return ChatExchange(self._probe(), self._calibration, self.options, messages, reply_tokens)

    def check_loaded_window(self, exchange: ChatExchange) -> None:
        """Asks once, after the first reply, which window the model was loaded with.

        Raises `ContextOverflowError` when it is smaller and the prompt may not have fitted it.
        """
        model = self._probe()
        if self._loaded_window is None and model.sends_window:
            self._loaded_window = self._fetch_loaded_window() or model.window
        if self._loaded_window is not None:
            exchange.check_window(self._loaded_window)

    def _fetch_loaded_window(self) -> int | None:
        try:
            loaded = self._models.loaded_models()
        except ModelError:
            # The reply is complete; a server that hides this must not spoil it.
            return None
        windows = [m.context_tokens for m in loaded if is_same_model(m.name, self.model)]
        return windows[0] if windows else None

    def _probe(self) -> ChatCapabilities:
        with self._lock:
            if self._capabilities is None:
                details = self._models.ensure_model(
                    self.model, pull=self._pull, on_progress=self._on_progress
                )
                self._capabilities = probe_chat_model(self._models, details, self.options)
            return self._capabilities


class _BaseReply:
    def __init__(self, chat: OllamaChat, messages: Sequence[Message], reply_tokens: int) -> None:
        self.usage: Usage | None = None
        self._chat = chat
        self._prompt = (tuple(messages), reply_tokens)


class OllamaReply(_BaseReply):
    """A `Reply`: the pieces of the text, and `usage` after the last of them.

    A failed request is repeated where that can help and nothing has arrived yet.
    """

    def __iter__(self) -> Iterator[str]:
        chat = self._chat
        exchange = chat.begin_exchange(*self._prompt)
        with closing(chat.host.client(_REPLY_SECONDS)) as client:
            while True:
                try:
                    with closing(client._request(**_chat_request(exchange))) as stream:
                        while True:
                            with translate_errors(chat.host, chat.model):
                                part = next(stream, None)
                            if part is None:
                                break
                            if text := exchange.parse_part(part):
                                yield text
                    break
                except OllamaError as error:
                    seconds = exchange.next_delay(error)
                chat.sleep(seconds)
        if text := exchange.finish():
            yield text
        self.usage = exchange.usage()
        chat.check_loaded_window(exchange)


class OllamaAsyncReply(_BaseReply):
    """As `OllamaReply`, inside an event loop."""

    async def __aiter__(self) -> AsyncIterator[str]:
        chat = self._chat
        # The first use of a chat asks the server about the model, with the sync client.
        exchange = await asyncio.to_thread(chat.begin_exchange, *self._prompt)
        async with chat.host.async_client(_REPLY_SECONDS) as client:
            while True:
                try:
                    async with aclosing(await client._request(**_chat_request(exchange))) as stream:
                        while True:
                            with translate_errors(chat.host, chat.model):
                                part = await anext(stream, None)
                            if part is None:
                                break
                            if text := exchange.parse_part(part):
                                yield text
                    break
                except OllamaError as error:
                    seconds = exchange.next_delay(error)
                await chat.sleep_async(seconds)
        if text := exchange.finish():
            yield text
        self.usage = exchange.usage()
        await asyncio.to_thread(chat.check_loaded_window, exchange)


def _chat_request(exchange: ChatExchange) -> dict[str, Any]:
    """Arguments of the official client's `_request`: its `chat` sends no `truncate`, no `shift`."""
    vendor, _ = load_vendor()
    request = {"method": "POST", "url": "/api/chat", "json": exchange.body}
    return {"cls": vendor.ChatResponse, "stream": True, **request}
