"""A chat model's context window and way of thinking, and the request fields that follow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ragkit.errors import ModelError
from ragkit.models.ollama.errors import FailureKind, OllamaError
from ragkit.models.ollama.library import ModelDetails, OllamaModels, is_cloud_model
from ragkit.models.ollama.options import Option

_DEFAULT_WINDOW = 8192
_TRUNCATE_SINCE = (0, 12, 4)  # older servers ignore `truncate` and cut long prompts silently
_THINKING_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class ChatCapabilities:
    """One chat model on one server.

    `window` is the context in tokens; `sends_window` is False where the server chooses it.
    `think` is the value to send, None for none. `starts_thinking`: its prompt template opens a
    <think> tag, so replies begin inside one. `may_truncate`: the server is so old that it may
    cut long prompts silently.
    """

    name: str
    window: int
    sends_window: bool = True
    think: bool | str | None = None
    starts_thinking: bool = False
    may_truncate: bool = False

    def request_fields(
        self, options: Mapping[str, Option], *, reply_tokens: int, free_tokens: int
    ) -> dict[str, object]:
        """The fields of a chat request, all but the messages.

        `reply_tokens` limits the reply unless `options` do; thinking that cannot be turned off
        gets tokens of its own. The limit exceeds `free_tokens` only if `reply_tokens` does.
        """
        option = options.get("num_predict")
        limit = option if isinstance(option, int) else reply_tokens
        if isinstance(self.think, str):
            limit += _THINKING_TOKENS
        sent: dict[str, object] = {
            **options,
            "num_predict": max(min(limit, free_tokens), min(limit, reply_tokens)),
        }
        # A window that changes between calls makes the server load the model again.
        sent.pop("num_ctx", None)
        if self.sends_window:
            sent["num_ctx"] = self.window
        # `truncate` and `shift`: an error instead of a prompt without its beginning.
        fields: dict[str, object] = {
            "model": self.name,
            "options": sent,
            "truncate": False,
            "shift": False,
        }
        return fields if self.think is None else {**fields, "think": self.think}


def probe_chat_model(
    models: OllamaModels, details: ModelDetails, options: Mapping[str, Option]
) -> ChatCapabilities:
    """The capabilities of an installed model. Raises `ModelError` for one that cannot chat."""
    model = details.name
    if not details.can_chat:
        raise OllamaError(
            f"{model} is no chat model; choose another with --model, or get one with: "
            "ragkit models pull gemma3",
            FailureKind.UNFIT,
        )
    is_cloud = models.host.is_cloud or is_cloud_model(model)
    return ChatCapabilities(
        name=model,
        window=_choose_window(details, options, is_cloud=is_cloud),
        sends_window=not is_cloud,
        think=_choose_think(details),
        starts_thinking=not details.can_think and _template_opens_thinking(details.template),
        may_truncate=not is_cloud and _is_before(_server_version(models), _TRUNCATE_SINCE),
    )


def _choose_window(details: ModelDetails, options: Mapping[str, Option], *, is_cloud: bool) -> int:
    trained = details.context_tokens
    option = options.get("num_ctx")
    if isinstance(option, int):
        return min(option, trained or option)
    if is_cloud:
        return trained or _DEFAULT_WINDOW
    limits = (_DEFAULT_WINDOW, trained, details.num_ctx)
    return min(limit for limit in limits if limit)


def _choose_think(details: ModelDetails) -> bool | str | None:
    if not details.can_think:
        return None
    # This family cannot turn thinking off, only down.
    is_gpt_oss = "gpt-oss" in details.name.lower() or details.family.lower() == "gptoss"
    return "low" if is_gpt_oss else False


def _template_opens_thinking(template: str) -> bool:
    return re.search(r"<think>\s*(\{\{[^{}]*\}\}\s*)*$", template) is not None


def _server_version(models: OllamaModels) -> str:
    try:
        return models.server_version()
    except ModelError:
        # A proxy may hide it; the server behind it is then taken for a current one.
        return ""


def _is_before(version: str, limit: tuple[int, int, int]) -> bool:
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    numbers = tuple(int(number) for number in match.groups()) if match else limit
    # A server built from source calls itself 0.0.0.
    return (0, 0, 0) < numbers < limit
