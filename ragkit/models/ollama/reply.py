"""One prompt and its reply: what is sent, what comes back, and what is learnt from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ragkit.models.ollama.capabilities import ChatCapabilities
from ragkit.models.ollama.errors import FailureKind, OllamaError, OllamaOverflowError
from ragkit.models.ollama.options import Option
from ragkit.models.ollama.retry import RetryPolicy
from ragkit.models.ollama.token_estimate import Calibration
from ragkit.types import Message, Usage


class ChatExchange:
    """The part of asking that is the same whether one waits for it or not.

    Raises `OllamaOverflowError` at once for a prompt that an old server would cut silently.
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
        self._reading = ReplyParser(model)
        self._patience = RetryPolicy(crashes=1)
        self._received = False
        if model.may_truncate and self._estimate > model.window:
            raise self._overflow(None)
        self.body: dict[str, Any] = model.body(
            options, reply_tokens=reply_tokens, room=model.window - self._estimate
        )
        self.body["messages"] = [{"role": m.role, "content": m.content} for m in messages]

    def parse_part(self, part: Any) -> str:
        """What of a part of the reply can be shown now, often nothing."""
        self._received = True
        return self._reading.parse_part(part)

    def finish(self) -> str:
        """The rest of the text, once there are no more parts."""
        return self._reading.finish()

    def next_delay(self, error: OllamaError) -> float:
        """Seconds until the next try; raises `error` when there is to be none."""
        if isinstance(error, OllamaOverflowError):
            self._calibration.observe_overflow(self._texts, error.prompt_tokens)
            raise error
        if self._received:
            raise error
        return self._patience.next_delay(error)

    def usage(self) -> Usage:
        """What the server counted.

        Raises `OllamaOverflowError` when it gives away that the prompt was cut, `OllamaError`
        for a reply that broke off or has nothing to show.
        """
        usage = self._reading.usage()
        counted = usage.prompt_tokens
        if counted is None:
            return usage
        if self._model.sends_window and self._was_truncated(counted):
            raise self._overflow(None)
        self._calibration.observe(self._texts, counted)
        return usage

    def check_loaded(self, window: int) -> None:
        """Raises `OllamaOverflowError` when the model was loaded with a smaller window than was
        asked for, and the prompt may not have fitted it."""
        if self._estimate > window:
            raise OllamaOverflowError(
                f"{self._model.name} runs in a window of {window} tokens, not the "
                f"{self._model.window} asked for, and the prompt may have been cut",
                window=window,
            )

    def _was_truncated(self, counted: int) -> bool:
        """A full window; on old servers also the half of one that a cut leaves behind, and a
        count far below what so many characters must have."""
        window = self._model.window
        if counted >= window - 1:
            return True
        least = sum(len(text) for text in self._texts) / 6
        half_left = abs(counted - (window // 2 + 3)) <= 3 and self._estimate > window // 2
        return self._model.may_truncate and (half_left or counted < 0.6 * least)

    def _overflow(self, counted: int | None) -> OllamaOverflowError:
        self._calibration.observe_overflow(self._texts, counted)
        return OllamaOverflowError(
            f"the prompt does not fit the window of {self._model.window} tokens of "
            f"{self._model.name}",
            counted,
            self._model.window,
        )


class ReplyParser:
    """Takes the parts of one reply, streamed or whole."""

    def __init__(self, model: ChatCapabilities) -> None:
        self._model = model
        self._filter = ThinkingFilter(began=model.begins_thinking)
        self._thought = False
        self._shown = False
        self._last: Any = None

    def parse_part(self, part: Any) -> str:
        """What of the text can be shown now, often nothing."""
        message = getattr(part, "message", part)
        text = (message.content if message is not part else part.response) or ""
        self._thought = self._thought or bool(message.thinking)
        if part.done:
            self._last = part
        return self._show(self._filter.feed(text))

    def finish(self) -> str:
        """The rest of the text, once there are no more parts."""
        return self._show(self._filter.finish())

    def usage(self) -> Usage:
        """What the server counted.

        Raises `OllamaError` for a reply that broke off or has nothing to show.
        """
        last = self._last
        if last is None:
            raise OllamaError(
                f"the reply of {self._model.name} broke off before it was done; ask again",
                FailureKind.CRASHED,
            )
        finish = "length" if last.done_reason == "length" else "stop"
        if not self._shown:
            thinking = self._thought or self._filter.thought
            reason = " but thoughts; allow more with --option num_predict=4096" if thinking else ""
            raise OllamaError(
                f"{self._model.name} replied with nothing{reason}", FailureKind.REFUSED
            )
        return Usage(last.prompt_eval_count, last.eval_count, finish)

    def _show(self, text: str) -> str:
        self._shown = self._shown or bool(text.strip())
        return text


_OPEN = re.compile(r"\s*<(think|thinking|thought)>")
_TAGS = ("<think>", "<thinking>", "<thought>")
_LONGEST_TAG = len("</thinking>")
_CLOSE = re.compile(r"</(think|thinking|thought)>\s*")


class ThinkingFilter:
    """Takes a reply in pieces and gives back the pieces that are meant to be read.

    Only thinking at the beginning is left out: further on, the tag may be what the reply is
    about. `began` says that the model was already thinking before its first piece, as some
    prompt templates have it; if the end tag then never comes, it was not, and `finish` gives
    all the text back. `thought` tells whether anything was left out.

    Law: how a reply is cut into pieces makes no difference to the pieces put together.
    """

    def __init__(self, *, began: bool = False) -> None:
        self._held = ""
        self._state = "thinking" if began else "beginning"
        self._began = began
        self.thought = False

    def feed(self, piece: str) -> str:
        """What of the text so far can be shown now."""
        if self._state == "reply":
            return piece
        self._held += piece
        while True:
            if self._state == "thinking":
                end = _CLOSE.search(self._held)
                if end is None:
                    # Long thoughts are not searched again and again from their beginning.
                    self._held = self._held if self._began else self._held[-_LONGEST_TAG:]
                    return ""
                if end.end() == len(self._held):  # blanks after the tag may still be coming
                    return ""
                self._held = self._held[end.end() :]
                self._state, self._began, self.thought = "beginning", False, True
            begin = _OPEN.match(self._held)
            if begin is None:
                if self._may_still_open():
                    return ""
                self._state = "reply"
                shown, self._held = self._held, ""
                return shown
            self._held = self._held[begin.end() :]
            self._state = "thinking"

    def finish(self) -> str:
        """The rest, once the reply has ended."""
        held, self._held = self._held, ""
        if self._state == "thinking":
            end = _CLOSE.search(held)
            if end is None and self._began:
                return held
            self.thought = True
            return held[end.end() :] if end else ""
        return held

    def _may_still_open(self) -> bool:
        start = self._held.lstrip()
        return any(tag.startswith(start) for tag in _TAGS)
