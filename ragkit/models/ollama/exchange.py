"""One prompt and its reply: what is sent, what comes back, and what is learnt from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ragkit.models.ollama.chat_model import ChatModel
from ragkit.models.ollama.estimate import Calibration
from ragkit.models.ollama.options import Option
from ragkit.models.ollama.patience import Patience
from ragkit.models.ollama.reading import Reading
from ragkit.models.ollama.translate import OllamaError, OllamaOverflowError
from ragkit.types import Message, Usage


class Exchange:
    """The part of asking that is the same whether one waits for it or not.

    Raises `OllamaOverflowError` at once for a prompt that an old server would cut silently.
    """

    def __init__(
        self,
        model: ChatModel,
        calibration: Calibration,
        options: Mapping[str, Option],
        messages: Sequence[Message],
        reply_tokens: int,
    ) -> None:
        self._model = model
        self._calibration = calibration
        self._texts = [message.content for message in messages]
        self._estimate = calibration.count_messages(self._texts)
        self._reading = Reading(model)
        self._patience = Patience(crashes=1)
        self._received = False
        if model.may_cut and self._estimate > model.window:
            raise self._overflow(None)
        self.body: dict[str, Any] = model.body(
            options, reply_tokens=reply_tokens, room=model.window - self._estimate
        )
        self.body["messages"] = [{"role": m.role, "content": m.content} for m in messages]

    def take(self, part: Any) -> str:
        """What of a part of the reply can be shown now, often nothing."""
        self._received = True
        return self._reading.take(part)

    def finish(self) -> str:
        """The rest of the text, once there are no more parts."""
        return self._reading.finish()

    def wait_after(self, error: OllamaError) -> float:
        """Seconds until the next try; raises `error` when there is to be none."""
        if isinstance(error, OllamaOverflowError):
            self._calibration.learn_overflow(self._texts, error.prompt_tokens)
            raise error
        if self._received:
            raise error
        return self._patience.wait_after(error)

    def usage(self) -> Usage:
        """What the server counted.

        Raises `OllamaOverflowError` when it gives away that the prompt was cut, `OllamaError`
        for a reply that broke off or has nothing to show.
        """
        usage = self._reading.usage()
        counted = usage.prompt_tokens
        if counted is None:
            return usage
        if self._model.sends_window and self._shows_a_cut(counted):
            raise self._overflow(None)
        self._calibration.learn(self._texts, counted)
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

    def _shows_a_cut(self, counted: int) -> bool:
        """A full window; on old servers also the half of one that a cut leaves behind, and a
        count far below what so many characters must have."""
        window = self._model.window
        if counted >= window - 1:
            return True
        least = sum(len(text) for text in self._texts) / 6
        half_left = abs(counted - (window // 2 + 3)) <= 3 and self._estimate > window // 2
        return self._model.may_cut and (half_left or counted < 0.6 * least)

    def _overflow(self, counted: int | None) -> OllamaOverflowError:
        self._calibration.learn_overflow(self._texts, counted)
        return OllamaOverflowError(
            f"the prompt does not fit the window of {self._model.window} tokens of "
            f"{self._model.name}",
            counted,
            self._model.window,
        )
