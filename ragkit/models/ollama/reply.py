"""One prompt and its reply: the request, the text without thinking, and the token counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ragkit.models.ollama.capabilities import ChatCapabilities, Option
from ragkit.models.ollama.errors import (
    FailureKind,
    OllamaError,
    OllamaOverflowError,
    RetryPolicy,
)
from ragkit.models.token_estimate import Calibration
from ragkit.types import Message, Usage

_OPEN = re.compile(r"\s*<(think|thinking|thought)>")
_TAGS = ("<think>", "<thinking>", "<thought>")
_LONGEST_TAG = len("</thinking>")
_CLOSE = re.compile(r"</(think|thinking|thought)>\s*")


class ChatExchange:
    """One prompt and its reply, without any input or output: the same for sync and async.

    `body` is the request. Raises `OllamaOverflowError` at once for a prompt that an old server
    would cut silently.
    """

    def __init__(
        self,
        model: ChatCapabilities,
        calibration: Calibration,
        options: Mapping[str, Option],
        messages: Sequence[Message],
        reply_tokens: int,
    ) -> None:
        self._model = model
        self._calibration = calibration
        self._texts = [message.content for message in messages]
        self._estimate = calibration.estimate_messages(self._texts)
        self._retries = RetryPolicy(crash_retries=1)
        self._filter = ThinkingFilter(starts_thinking=model.starts_thinking)
        self._has_started = self._has_thinking = self._has_text = False
        self._last_part: Any = None
        if model.may_truncate and self._estimate > model.window:
            raise self._overflow_error()
        self.body: dict[str, Any] = {
            **model.request_fields(
                options, reply_tokens=reply_tokens, free_tokens=model.window - self._estimate
            ),
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "stream": True,
        }

    def next_delay(self, error: OllamaError) -> float:
        """Seconds until the next try; raises `error` when there is none."""
        if isinstance(error, OllamaOverflowError):
            self._calibration.observe_overflow(self._texts, error.prompt_tokens)
            raise error
        if self._has_started:
            raise error
        return self._retries.next_delay(error)

    def parse_part(self, part: Any) -> str:
        """The text that this part of the stream completes, often ""."""
        self._has_started = True
        self._has_thinking = self._has_thinking or bool(part.message.thinking)
        if part.done:
            self._last_part = part
        return self._output(self._filter.feed(part.message.content or ""))

    def finish(self) -> str:
        """The rest of the text, after the last part."""
        return self._output(self._filter.finish())

    def usage(self) -> Usage:
        """The server's token counts, after `finish`.

        Raises `OllamaOverflowError` when they show that the prompt was cut, `OllamaError` for a
        reply that broke off or has no text.
        """
        last = self._last_part
        if last is None:
            raise OllamaError(
                f"the reply of {self._model.name} broke off before it was done; ask again",
                FailureKind.CRASHED,
            )
        if not self._has_text:
            thinking = self._has_thinking or self._filter.found_thinking
            reason = " but thoughts; allow more with --option num_predict=4096" if thinking else ""
            raise OllamaError(
                f"{self._model.name} replied with nothing{reason}", FailureKind.REFUSED
            )
        prompt_tokens: int | None = last.prompt_eval_count
        if prompt_tokens is not None:
            if self._model.sends_window and self._was_truncated(prompt_tokens):
                raise self._overflow_error()
            self._calibration.observe(self._texts, prompt_tokens)
        finish = "length" if last.done_reason == "length" else "stop"
        return Usage(prompt_tokens, last.eval_count, finish)

    def check_window(self, loaded_window: int) -> None:
        """Raises `OllamaOverflowError` when the model was loaded with a smaller window than was
        requested, and the prompt may not have fitted it."""
        if self._estimate > loaded_window:
            raise OllamaOverflowError(
                f"{self._model.name} runs in a window of {loaded_window} tokens, not the "
                f"{self._model.window} asked for, and the prompt may have been cut",
                window=loaded_window,
            )

    def _output(self, text: str) -> str:
        self._has_text = self._has_text or bool(text.strip())
        return text

    def _was_truncated(self, prompt_tokens: int) -> bool:
        """A full window; on old servers also the half of one that a cut leaves, and a count far
        below what so many characters must have."""
        window = self._model.window
        if prompt_tokens >= window - 1:
            return True
        least = sum(len(text) for text in self._texts) / 6
        is_half = abs(prompt_tokens - (window // 2 + 3)) <= 3 and self._estimate > window // 2
        return self._model.may_truncate and (is_half or prompt_tokens < 0.6 * least)

    def _overflow_error(self) -> OllamaOverflowError:
        self._calibration.observe_overflow(self._texts, None)
        return OllamaOverflowError(
            f"the prompt does not fit the window of {self._model.window} tokens of "
            f"{self._model.name}",
            window=self._model.window,
        )


class ThinkingFilter:
    """Removes a model's thinking from a reply that arrives in pieces.

    Only thinking at the beginning is removed: further on, the tag may be what the reply is
    about. `starts_thinking`: the prompt template has opened the tag before the first piece; if
    the end tag then never comes, it was no thinking, and `finish` returns all the text.
    `found_thinking` tells whether anything was removed.

    Law: the texts returned, joined, do not depend on how the reply was split into pieces.
    """

    def __init__(self, *, starts_thinking: bool = False) -> None:
        self._pending = ""
        self._state = "thinking" if starts_thinking else "beginning"
        self._by_template = starts_thinking
        self.found_thinking = False

    def feed(self, piece: str) -> str:
        """The text that is certainly no thinking, "" while that is open."""
        if self._state == "reply":
            return piece
        self._pending += piece
        while True:
            if self._state == "thinking":
                end = _CLOSE.search(self._pending)
                if end is None:
                    # Long thinking is not searched again from its beginning for every piece.
                    if not self._by_template:
                        self._pending = self._pending[-_LONGEST_TAG:]
                    return ""
                if end.end() == len(self._pending):  # blanks may still follow the tag
                    return ""
                self._pending = self._pending[end.end() :]
                self._state, self._by_template, self.found_thinking = "beginning", False, True
            begin = _OPEN.match(self._pending)
            if begin is None:
                if self._may_still_open():
                    return ""
                self._state = "reply"
                text, self._pending = self._pending, ""
                return text
            self._pending = self._pending[begin.end() :]
            self._state = "thinking"

    def finish(self) -> str:
        """The rest, once the reply has ended."""
        rest, self._pending = self._pending, ""
        if self._state == "thinking":
            end = _CLOSE.search(rest)
            if end is None and self._by_template:
                return rest
            self.found_thinking = True
            return rest[end.end() :] if end else ""
        return rest

    def _may_still_open(self) -> bool:
        start = self._pending.lstrip()
        return any(tag.startswith(start) for tag in _TAGS)
