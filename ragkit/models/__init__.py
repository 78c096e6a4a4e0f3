"""Names of models -> models, and which one to take when none is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragkit.errors import ModelError, ModelNotFoundError
from ragkit.types import Chat, Embedder

if TYPE_CHECKING:
    from ragkit.models.ollama import OllamaHost, PullProgress

DEFAULT_EMBEDDER = "wordllama/l2_supercat_256"
NO_CHAT = "none"
# Which installed models are taken first when none is named; after them any that will do.
_EMBEDDERS = (
    "embeddinggemma",
    "qwen3-embedding",
    "bge-m3",
    "snowflake-arctic-embed2",
    "mxbai-embed-large",
    "nomic-embed-text",
)
_CHATS = ("gemma3",)
_ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Servers:
    """How models on servers are reached. Empty fields mean Ollama's own settings (OLLAMA_HOST).

    `headers` and `api_key` go to these hosts only. `pull` allows a model that was named and is
    missing to be downloaded; `on_pull` is told each step.
    """

    embed_host: str | None = None
    chat_host: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    timeout_seconds: float | None = None
    pull: bool = True
    on_pull: Callable[[PullProgress], object] | None = None

    def host(self, address: str | None) -> OllamaHost:
        from ragkit.models.ollama import OllamaHost

        return OllamaHost(address, headers=dict(self.headers), timeout=self.timeout_seconds)


@dataclass(frozen=True, slots=True)
class Choice:
    """A model's name and why it was taken; the name is "" when there is none to take."""

    name: str
    why: str


def resolve_embedder(name: str, servers: Servers | None = None) -> Embedder:
    """The embedder called `vendor/model`.

    Raises `ModelNotFoundError` for a vendor ragkit does not know, or a missing model.
    """
    servers = servers or Servers()
    vendor, _, model = name.partition("/")
    if vendor == "wordllama":
        from ragkit.models.wordllama import WordLlama

        if name != WordLlama.name:
            raise ModelNotFoundError(f"no model {name}; the embedded one is {WordLlama.name}")
        return WordLlama()
    if vendor == "ollama" and model:
        from ragkit.models.ollama import OllamaEmbedder

        host = servers.host(servers.embed_host)
        return OllamaEmbedder(name, host, pull=servers.pull, on_progress=servers.on_pull)
    if vendor.startswith("lancedb:") and model:
        from ragkit.models.registry import RegistryEmbedder

        return RegistryEmbedder(name)
    raise ModelNotFoundError(
        f"no embedder {name!r}; use {DEFAULT_EMBEDDER}, ollama/NAME (for example "
        "ollama/embeddinggemma) or lancedb:PROVIDER/NAME"
    )


def resolve_chat(
    name: str, servers: Servers | None = None, options: Mapping[str, object] | None = None
) -> Chat:
    """The chat model called "ollama/NAME" (or just NAME), with its `options`.

    Raises `ModelNotFoundError` for another vendor, `ValueError` for an option it does not have.
    """
    servers = servers or Servers()
    vendor, _, rest = name.partition("/")
    if vendor in ("wordllama", "lancedb") or vendor.startswith("lancedb:"):
        raise ModelNotFoundError(f"{vendor} has no chat models; use ollama/NAME")
    from ragkit.models.ollama import OllamaChat

    full = name if vendor == "ollama" and rest else f"ollama/{name}"
    host = servers.host(servers.chat_host)
    return OllamaChat(full, host, options=options, pull=servers.pull, on_progress=servers.on_pull)


def choose_embedder(servers: Servers | None = None) -> Choice:
    """What a new index without a named embedder takes: Ollama when it answers within a second
    and holds a known embedding model, else the embedded one."""
    from ragkit.models.ollama import OllamaModels
    from ragkit.models.prompts import is_embedding_model

    servers = servers or Servers()
    try:
        host = servers.host(servers.embed_host)
        models = OllamaModels(host)
        models.server_version(_ANSWER_SECONDS)
        installed = [m.name for m in models.list_models() if is_embedding_model(m.name)]
    except (ModelError, ValueError) as error:
        return Choice(DEFAULT_EMBEDDER, f"no Ollama: {_first_line(error)}")
    if not installed:
        return Choice(DEFAULT_EMBEDDER, f"Ollama at {host.url} holds no known embedding model")
    return Choice(f"ollama/{_preferred(installed, _EMBEDDERS)}", f"Ollama at {host.url} has it")


def choose_chat(servers: Servers | None = None) -> Choice:
    """The chat model when none is named: RAGKIT_CHAT_MODEL, else an installed one."""
    named = os.environ.get("RAGKIT_CHAT_MODEL")
    if named:
        return Choice(named, "RAGKIT_CHAT_MODEL names it")
    from ragkit.models.ollama import OllamaModels

    servers = servers or Servers()
    try:
        host = servers.host(servers.chat_host)
        models = OllamaModels(host)
        models.server_version(_ANSWER_SECONDS)
        names = [model.name for model in models.list_models()]
        # The preferred ones first, so that few models have to be asked what they can do.
        names.sort(key=lambda name: not name.rpartition("/")[2].startswith(_CHATS))
        for name in names:
            if models.show_model(name).can_chat:
                return Choice(f"ollama/{name}", f"Ollama at {host.url} has it")
    except (ModelError, ValueError) as error:
        return Choice("", f"no Ollama: {_first_line(error)}")
    return Choice("", f"Ollama at {host.url} holds no chat model: ragkit models pull gemma3")


def _preferred(installed: list[str], order: tuple[str, ...]) -> str:
    for wanted in order:
        for name in installed:
            if name.rpartition("/")[2].startswith(wanted):
                return name
    return installed[0]


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
