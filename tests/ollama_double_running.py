"""What every call of the Ollama double needs: models by name, windows, tokens, loading."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tests.ollama_double_http import Fault
from tests.ollama_double_models import DoubleModel

if TYPE_CHECKING:
    from tests.ollama_double import OllamaDouble

_DEFAULT_WINDOW = 4096


def version_of(double: OllamaDouble) -> tuple[int, ...]:
    return tuple(int(number) for number in double.version.split(".")[:3])


def key_of(name: str) -> str:
    name = name.lower()
    return name if ":" in name else f"{name}:latest"


def model_of(double: OllamaDouble, body: dict[str, Any], text: str) -> DoubleModel:
    name = body.get("model") or body.get("name")
    if not name:
        raise Fault(400, "model is required")
    model = double.models.get(key_of(name))
    if model is None:
        raise Fault(404, text.format(name))
    return model


def window_of(model: DoubleModel, options: dict[str, Any]) -> int:
    wanted = options.get("num_ctx") or model.num_ctx or _DEFAULT_WINDOW
    return min(wanted, model.context_length, model.loaded_limit or wanted)


def tokens(double: OllamaDouble, text: str) -> int:
    return math.ceil(len(text.encode()) / double.bytes_per_token) + 2


def load(double: OllamaDouble, model: DoubleModel, body: dict[str, Any]) -> None:
    """Loads the model unless it is loaded with these very options; `keep_alive` 0 unloads."""
    options = body.get("options") or {}
    reloading = ("num_ctx", "num_batch", "num_gpu", "num_thread", "use_mmap")
    wanted = tuple(sorted((key, options[key]) for key in reloading if key in options))
    if double.loaded.get(model.name) != wanted:
        double.loads.append(model.name)
        double.loaded[model.name] = wanted
    if body.get("keep_alive") == 0:
        del double.loaded[model.name]
        double.zeros = {words: passing for words, passing in double.zeros.items() if not passing}
