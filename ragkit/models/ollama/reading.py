"""Reads a reply as it arrives: what to show, what was counted, and whether it is whole."""

from __future__ import annotations

from typing import Any

from ragkit.models.ollama.chat_model import ChatModel
from ragkit.models.ollama.thinking import ThinkingFilter
from ragkit.models.ollama.translate import OllamaError, Trouble
from ragkit.types import Usage


class Reading:
    """Takes the parts of one reply, streamed or whole."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._filter = ThinkingFilter(began=model.begins_thinking)
        self._thought = False
        self._shown = False
        self._last: Any = None

    def take(self, part: Any) -> str:
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
                Trouble.CRASHED,
            )
        finish = "length" if last.done_reason == "length" else "stop"
        if not self._shown:
            thinking = self._thought or self._filter.thought
            reason = " but thoughts; allow more with --option num_predict=4096" if thinking else ""
            raise OllamaError(f"{self._model.name} replied with nothing{reason}", Trouble.REFUSED)
        return Usage(last.prompt_eval_count, last.eval_count, finish)

    def _show(self, text: str) -> str:
        self._shown = self._shown or bool(text.strip())
        return text
