"""What must be known of a chat model before it is asked: its window, and how it thinks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ragkit.errors import ModelError
from ragkit.models.ollama.errors import FailureKind, OllamaError
from ragkit.models.ollama.library import ModelDetails, OllamaModels, is_cloud_model
from ragkit.models.ollama.options import Option

_DEFAULT_WINDOW = 8192
_TRUNCATE_SINCE = (0, 12, 4)  # servers before it know no `truncate` and cut prompts silently
_THINKING_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class ChatCapabilities:
    """One model on one server.

    `window` is the context in tokens; `sends_window` is False where the server ignores a wish.
    `think` is what to send for it, None for nothing. `begins_thinking` says that its prompt
    template opens a thought without telling. `may_cut` says that the server is so old that it
    cuts long prompts silently.
    """

    name: str
    window: int
    sends_window: bool = True
    think: bool | str | None = None
    begins_thinking: bool = False
    may_truncate: bool = False

    def body(
        self, options: Mapping[str, Option], *, reply_tokens: int, room: int
    ) -> dict[str, object]:
        """The fields that chat and completion requests share, as the server reads them.

        `reply_tokens` bounds the reply unless the options do; thoughts that cannot be turned off
        come on top. More than `room` is only asked for if `reply_tokens` is more already.
        """
        wanted = options.get("num_predict")
        limit = wanted if isinstance(wanted, int) else reply_tokens
        if isinstance(self.think, str):
            limit += _THINKING_TOKENS
        sent: dict[str, object] = {
            **options,
            "num_predict": max(min(limit, room), min(limit, reply_tokens)),
        }
        # A window that changes between calls makes the server load the model again.
        sent.pop("num_ctx", None)
        if self.sends_window:
            sent["num_ctx"] = self.window
        body: dict[str, object] = {
            "model": self.name,
            "options": sent,
            # An error instead of a prompt without its beginning.
            "truncate": False,
            "shift": False,
        }
        if self.think is not None:
            body["think"] = self.think
        return body


def probe_chat_model(
    models: OllamaModels, details: ModelDetails, options: Mapping[str, Option]
) -> ChatCapabilities:
    """How to talk to an installed model. Raises `ModelError` for one that cannot chat."""
    model = details.name
    if not details.can_chat:
        raise OllamaError(
            f"{model} is no chat model; choose another with --model, or get one with: "
            "ragkit models pull gemma3",
            FailureKind.UNFIT,
        )
    remote = models.host.is_cloud or is_cloud_model(model)
    return ChatCapabilities(
        name=model,
        window=_window(details, options, remote=remote),
        sends_window=not remote,
        think=_think(details),
        begins_thinking=not details.can_think and _opens_a_thought(details.template),
        may_truncate=not remote and _is_before(_version(models), _TRUNCATE_SINCE),
    )


def _window(details: ModelDetails, options: Mapping[str, Option], *, remote: bool) -> int:
    trained = details.context_tokens
    asked = options.get("num_ctx")
    if isinstance(asked, int):
        return min(asked, trained or asked)
    if remote:
        return trained or _DEFAULT_WINDOW
    limits = (_DEFAULT_WINDOW, trained, details.num_ctx)
    return min(limit for limit in limits if limit)


def _think(details: ModelDetails) -> bool | str | None:
    if not details.can_think:
        return None
    # This family cannot do without thinking, only with less.
    is_gpt_oss = "gpt-oss" in details.name.lower() or details.family.lower() == "gptoss"
    return "low" if is_gpt_oss else False


def _opens_a_thought(template: str) -> bool:
    return re.search(r"<think>\s*(\{\{[^{}]*\}\}\s*)*$", template) is not None


def _version(models: OllamaModels) -> str:
    try:
        return models.server_version()
    except ModelError:
        # A proxy need not tell; what is behind it is taken for a server of today.
        return ""


def _is_before(version: str, limit: tuple[int, int, int]) -> bool:
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    numbers = tuple(int(number) for number in found.groups()) if found else limit
    # 0.0.0 is what a server built from its source calls itself.
    return (0, 0, 0) < numbers < limit
