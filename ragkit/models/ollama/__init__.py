"""Ollama, whole: embeddings, chat and model management over the official client.

Nothing outside this package imports `ollama` or `httpx`, and this package imports them only when
a server is first asked for something.
"""

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
from ragkit.models.ollama.options import ALLOWED_OPTIONS, check_options, parse_option, parse_options

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
