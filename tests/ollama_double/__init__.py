"""A stand-in for an Ollama server; README.md says how to use it."""

from tests.ollama_double.models import DoubleModel, embed_text
from tests.ollama_double.server import OllamaDouble

__all__ = ["DoubleModel", "OllamaDouble", "embed_text"]
