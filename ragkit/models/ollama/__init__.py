"""Ollama: embeddings, chat and model management over its official client.

`ollama` and `httpx` are imported nowhere else, and here only when a server is first contacted.
"""

from ragkit.models.ollama.capabilities import (
    ALLOWED_OPTIONS,
    check_options,
    parse_option,
    parse_options,
)
from ragkit.models.ollama.chat import OllamaChat
from ragkit.models.ollama.client import OllamaHost
from ragkit.models.ollama.embedder import OllamaEmbedder
from ragkit.models.ollama.library import (
    InstalledModel,
    LoadedModel,
    ModelDetails,
    OllamaModels,
    PullProgress,
)

__all__ = [
    "ALLOWED_OPTIONS",
    "InstalledModel",
    "LoadedModel",
    "ModelDetails",
    "OllamaChat",
    "OllamaEmbedder",
    "OllamaHost",
    "OllamaModels",
    "PullProgress",
    "check_options",
    "parse_option",
    "parse_options",
]
