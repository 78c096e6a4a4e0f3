"""Ollama: embeddings, chat and model management over its official client.

`ollama` and `httpx` are imported nowhere else, and here only when a server is first contacted.
"""

from ragkit.models.ollama.capabilities import check_options, parse_options
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
    "InstalledModel",
    "LoadedModel",
    "ModelDetails",
    "OllamaChat",
    "OllamaEmbedder",
    "OllamaHost",
    "OllamaModels",
    "PullProgress",
    "check_options",
    "parse_options",
]
