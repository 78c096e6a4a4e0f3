"""Models by their names, and which one is used when none is named."""

from __future__ import annotations

import os
import socket
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragkit.errors import ModelError, ModelNotFoundError, ModelUnavailableError
from ragkit.types import Chat, Embedder

if TYPE_CHECKING:
    from ragkit.models.ollama import OllamaHost, OllamaModels, PullProgress

DEFAULT_EMBEDDER = "wordllama/l2_supercat_256"
NO_CHAT = "none"
# The installed models that are used first when none is named; after them any that can do it.
_PREFERRED_EMBEDDERS = (
    "embeddinggemma",
    "qwen3-embedding",
    "bge-m3",
    "snowflake-arctic-embed2",
    "mxbai-embed-large",
    "nomic-embed-text",
)
_PREFERRED_CHATS = ("gemma3",)
_ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class OllamaSettings:
    """How Ollama servers are reached. Empty fields mean Ollama's own settings (OLLAMA_HOST).

    `headers`, which may hold a key, are sent to the hosts named here and to no other; when none is
    named, to the one of OLLAMA_HOST. `pull` allows the download of a missing model that was
    named; `on_pull` is then called with each step.
    """

    embed_host: str | None = None
    chat_host: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    timeout_seconds: float | None = None
    pull: bool = True
    on_pull: Callable[[PullProgress], object] | None = None

    def host(self, address: str | None) -> OllamaHost:
        """The server at `address`, which is one of the two hosts or None.

        Raises `ValueError` for a malformed address, `ModelUnavailableError` when it comes from
        OLLAMA_HOST.
        """
        from ragkit.models.ollama import OllamaHost

        try:
            host = OllamaHost(address, timeout=self.timeout_seconds)
        except ValueError as error:
            if address:
                raise
            raise ModelUnavailableError(f"OLLAMA_HOST: {error}") from error
        own = [OllamaHost(one).url for one in (self.embed_host, self.chat_host) if one]
        if self.headers and (not own or host.url in own):
            return OllamaHost(address, headers=dict(self.headers), timeout=self.timeout_seconds)
        return host


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The name of the model to use and why; the name is "" when there is none."""

    name: str
    why: str


def resolve_embedder(name: str | object, ollama: OllamaSettings | None = None) -> Embedder:
    """The embedder called `vendor/model`; an object of your own as `complete_embedder` returns it.

    Raises `ModelNotFoundError` for an unknown vendor or a missing model, `ValueError` for an
    object that does not embed.
    """
    if not isinstance(name, str):
        from ragkit.models.custom_embedder import complete_embedder

        return complete_embedder(name)
    ollama = ollama or OllamaSettings()
    vendor, _, model = name.partition("/")
    if vendor == "wordllama":
        from ragkit.models.wordllama import WordLlamaEmbedder

        if name != WordLlamaEmbedder.name:
            raise ModelNotFoundError(
                f"no model {name}; the embedded one is {WordLlamaEmbedder.name}"
            )
        return WordLlamaEmbedder()
    if vendor == "ollama" and model:
        from ragkit.models.ollama import OllamaEmbedder

        _check_name(name)
        host = ollama.host(ollama.embed_host)
        return OllamaEmbedder(name, host, pull=ollama.pull, on_progress=ollama.on_pull)
    if vendor.startswith("lancedb:") and model:
        from ragkit.models.lancedb_embedder import LanceDBEmbedder

        return LanceDBEmbedder(name)
    raise ModelNotFoundError(
        f"no embedder {name!r}; use {DEFAULT_EMBEDDER}, ollama/NAME (for example "
        "ollama/embeddinggemma) or lancedb:PROVIDER/NAME; an object of your own is passed as "
        "embedder= from Python"
    )


def resolve_chat(
    name: str, ollama: OllamaSettings | None = None, options: Mapping[str, object] | None = None
) -> Chat:
    """The chat model called "ollama/NAME" (or just NAME), with its `options`.

    Raises `ModelNotFoundError` for another vendor, `ValueError` for an option it does not have.
    """
    ollama = ollama or OllamaSettings()
    vendor, _, rest = name.partition("/")
    if vendor in ("wordllama", "lancedb") or vendor.startswith("lancedb:"):
        raise ModelNotFoundError(f"{vendor} has no chat models; use ollama/NAME")
    from ragkit.models.ollama import OllamaChat

    full = name if vendor == "ollama" and rest else f"ollama/{name}"
    _check_name(full)
    host = ollama.host(ollama.chat_host)
    return OllamaChat(full, host, options=options, pull=ollama.pull, on_progress=ollama.on_pull)


def choose_embedder(ollama: OllamaSettings | None = None) -> ModelChoice:
    """The embedder of a new index when none is named: of Ollama when it answers within a second
    and has a known embedding model, else the embedded one."""
    from ragkit.models.ollama.library import is_cloud_model
    from ragkit.models.prefixes import is_embedding_model

    ollama = ollama or OllamaSettings()
    try:
        models = _connect(ollama, ollama.embed_host)
        installed = [
            model.name
            for model in models.list_models()
            if is_embedding_model(model.name) and not is_cloud_model(model.name)
        ]
    except (ModelError, ValueError) as error:
        return ModelChoice(DEFAULT_EMBEDDER, f"installed with ragkit; {_first_line(error)}")
    url = models.host.url
    if not installed:
        why = f"installed with ragkit; Ollama at {url} holds no known embedding model"
        return ModelChoice(DEFAULT_EMBEDDER, why)
    installed.sort(key=lambda name: _rank(name, _PREFERRED_EMBEDDERS))
    return ModelChoice(_full_name(installed[0]), f"Ollama at {url} has it")


def choose_chat(ollama: OllamaSettings | None = None) -> ModelChoice:
    """The chat model when none is named: RAGKIT_CHAT_MODEL, else an installed one.

    A model in Ollama's cloud is never chosen here: passages would leave this machine.
    """
    named = os.environ.get("RAGKIT_CHAT_MODEL")
    if named:
        return ModelChoice(named, "RAGKIT_CHAT_MODEL names it")
    ollama = ollama or OllamaSettings()
    try:
        models = _connect(ollama, ollama.chat_host)
        name = _first_chat_model(models)
    except (ModelError, ValueError) as error:
        return ModelChoice("", _first_line(error))
    if name:
        return ModelChoice(_full_name(name), f"Ollama at {models.host.url} has it")
    return ModelChoice("", f"Ollama at {models.host.url} holds no chat model of its own")


def _connect(ollama: OllamaSettings, address: str | None) -> OllamaModels:
    """The models of a server that answers within a second; raises `ModelError` for another."""
    from ragkit.models.ollama import OllamaModels

    # timeout_seconds is meant for models at work, not for this check.
    host = replace(ollama, timeout_seconds=None).host(address)
    if host.is_loopback and not _is_listening(host.url):
        # Checked without the client, whose import takes longer than everything else here.
        raise ModelUnavailableError(
            f"no Ollama server answers at {host.url} (https://ollama.com/download)"
        )
    models = OllamaModels(host)
    models.server_version(_ANSWER_SECONDS)
    return models


def _is_listening(url: str) -> bool:
    parts = urllib.parse.urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), _ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


def _first_chat_model(models: OllamaModels) -> str:
    from ragkit.models.ollama.library import is_cloud_model

    names = [one.name for one in models.list_models() if not is_cloud_model(one.name)]
    # The preferred ones first, so that the server is asked about few of them.
    names.sort(key=lambda name: _rank(name, _PREFERRED_CHATS))
    for name in names:
        try:
            if models.show_model(name).can_chat:
                return name
        except ModelError:  # one damaged model must not hide the others
            continue
    return ""


def _rank(name: str, order: tuple[str, ...]) -> int:
    base = name.rpartition("/")[2]
    return next((at for at, one in enumerate(order) if base.startswith(one)), len(order))


def _full_name(model: str) -> str:
    return f"ollama/{model.removesuffix(':latest')}"


def _check_name(name: str) -> None:
    from ragkit.models.ollama.library import parse_model_name

    try:
        parse_model_name(name)
    except ValueError as error:
        raise ModelNotFoundError(str(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
