"""The options of a chat model, its window and thinking, and the request fields that follow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ragkit.errors import ModelError
from ragkit.models.ollama.errors import FailureKind, OllamaError
from ragkit.models.ollama.library import ModelDetails, OllamaModels, is_cloud_model

Option = float | int | list[str]

_DEFAULT_WINDOW = 8192
_TRUNCATE_SINCE = (0, 12, 4)  # older servers ignore `truncate` and cut long prompts silently
_THINKING_TOKENS = 2048

# The type and the bounds, both included, of each option that is a number.
_NUMBERS: dict[str, tuple[type[int] | type[float], float, float]] = {
    "temperature": (float, 0, 10),
    "top_p": (float, 0, 1),
    "top_k": (int, 0, 1_000_000),
    "num_predict": (int, 1, 1_000_000),
    "seed": (int, -(2**63), 2**63 - 1),
    "num_ctx": (int, 256, 100_000_000),
}
_OPTIONS = (*_NUMBERS, "stop")


def parse_options(texts: Iterable[str]) -> dict[str, Option]:
    """`["temperature=0.2"]` -> {"temperature": 0.2}. Several `stop=` add up, of any other key the
    last value counts.

    Raises `ValueError` naming what is allowed.
    """
    options: dict[str, Option] = {}
    for text in texts:
        name, equals, value_text = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is no option; write it like temperature=0.2")
        key = name.strip()
        value = _check_value(key, value_text)
        earlier = options.get(key)
        if isinstance(earlier, list) and isinstance(value, list):
            value = earlier + value
        options[key] = value
    return options


def check_options(options: Mapping[str, object]) -> dict[str, Option]:
    """`options`, each value in the type that Ollama wants.

    Raises `ValueError` naming what is allowed.
    """
    return {key: _check_value(key, value) for key, value in options.items()}


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


def _check_value(key: str, value: object) -> Option:
    if key == "stop":
        return _check_texts(value)
    if key not in _NUMBERS:
        raise ValueError(f"no option {key!r}; there are {', '.join(_OPTIONS)}")
    kind, low, high = _NUMBERS[key]
    noun = "a whole number" if kind is int else "a number"
    try:
        number = kind(value) if isinstance(value, str) else value
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"{key} must be {noun}, not {value!r}")
    if not low <= number <= high or (kind is int and number != int(number)):
        raise ValueError(f"{key} must be {noun} from {low} to {high}, not {value!r}")
    return kind(number)


def _check_texts(value: object) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(t, str) and t for t in texts):
        raise ValueError(f"stop must be one or more texts, not {value!r}")
    return [text for text in texts if isinstance(text, str)]


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
