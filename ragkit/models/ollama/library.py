"""The models of one server: list, show, pull, create, delete, and which are loaded."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ragkit.errors import ModelNotFoundError
from ragkit.models.ollama.client import OllamaHost
from ragkit.models.ollama.errors import (
    FailureKind,
    OllamaError,
    Sleep,
    retry_while_busy,
    translate_errors,
)
from ragkit.models.prefixes import is_embedding_model

_ANSWER_SECONDS = 30.0
_PULL_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model on the server's disk. `size` in bytes; `modified` is ISO 8601 or ""."""

    name: str
    digest: str
    size: int
    family: str = ""
    parameters: str = ""
    quantization: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory. `context_tokens` is the window it has there, None if unknown."""

    name: str
    context_tokens: int | None


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """One model as its server describes it.

    `context_tokens` is the window it was trained for, `num_ctx` the one its Modelfile sets.
    `capabilities` is None where the server is too old to list them.
    """

    name: str
    family: str = ""
    parameters: str = ""
    quantization: str = ""
    context_tokens: int | None = None
    embedding_dimension: int | None = None
    num_ctx: int | None = None
    capabilities: tuple[str, ...] | None = None
    template: str = ""
    license: str = ""

    @property
    def can_embed(self) -> bool:
        if self.capabilities is None:
            return "bert" in self.family or is_embedding_model(self.name)
        return "embedding" in self.capabilities

    @property
    def can_chat(self) -> bool:
        if self.capabilities is None:
            return not self.can_embed
        return "completion" in self.capabilities

    @property
    def can_think(self) -> bool:
        return "thinking" in (self.capabilities or ())


@dataclass(frozen=True, slots=True)
class PullProgress:
    """One step of a download or a creation. `total` and `completed` count the bytes of one
    layer, `digest`; both are 0 in steps without a download."""

    status: str
    digest: str = ""
    completed: int = 0
    total: int = 0


OnProgress = Callable[[PullProgress], object]


class OllamaModels:
    """The models of one server. Every call raises `ModelError`s."""

    def __init__(self, host: OllamaHost | None = None, *, sleep: Sleep = time.sleep) -> None:
        self.host = host or OllamaHost()
        self._sleep = sleep

    def server_version(self, seconds: float = _ANSWER_SECONDS) -> str:
        """The server's version, such as "0.33.0", after `seconds` at most."""

        def get(client: Any) -> Any:
            # The official client has no method for it.
            return client._request_raw("GET", "/api/version").json()["version"]

        return str(self._call("the server", get, seconds))

    def list_models(self) -> tuple[InstalledModel, ...]:
        """The installed models in the server's order, which is newest first."""
        reply = self._call("the server", lambda client: client.list())
        return tuple(_to_installed_model(model) for model in reply.models)

    def find_model(self, model: str) -> InstalledModel | None:
        """The installed model called `model`, None if there is none."""
        for installed in self.list_models():
            if is_same_model(installed.name, model):
                return installed
        return None

    def show_model(self, model: str) -> ModelDetails:
        return _to_model_details(model, self._call(model, lambda client: client.show(model)))

    def loaded_models(self) -> tuple[LoadedModel, ...]:
        """The models in memory now."""
        reply = self._call("the server", lambda client: client.ps())
        return tuple(
            LoadedModel(
                name=model.model or model.name or "",
                context_tokens=model.context_length or None,
            )
            for model in reply.models
        )

    def pull_model(self, model: str) -> Iterator[PullProgress]:
        """Downloads `model`, step by step; a stopped download continues where it ended."""
        return self._stream(model, lambda client: client.pull(model, stream=True))

    def create_model(
        self,
        model: str,
        *,
        base: str,
        system: str | None = None,
        parameters: Mapping[str, object] | None = None,
    ) -> Iterator[PullProgress]:
        """Makes `model` from an installed `base`, with its own system message and parameters."""
        # Only the base can be missing, so errors name that.
        return self._stream(
            base,
            lambda client: client.create(
                model, from_=base, system=system, parameters=parameters or None, stream=True
            ),
        )

    def delete_model(self, model: str) -> None:
        self._call(model, lambda client: client.delete(model))

    def ensure_model(
        self, model: str, *, pull: bool, on_progress: OnProgress | None
    ) -> ModelDetails:
        """The details of `model`, which is downloaded first if it is missing and `pull` is set.

        Raises `ModelNotFoundError` when it is missing and `pull` is False.
        """
        try:
            return self.show_model(model)
        except ModelNotFoundError:
            if not pull:
                raise
            for step in self.pull_model(model):
                if on_progress is not None:
                    on_progress(step)
            return self.show_model(model)

    def _call(
        self, model: str, method: Callable[[Any], Any], seconds: float = _ANSWER_SECONDS
    ) -> Any:
        with closing(self.host.client(seconds)) as client:

            def call() -> Any:
                with translate_errors(self.host, model):
                    return method(client)

            return retry_while_busy(call, self._sleep)

    def _stream(self, model: str, method: Callable[[Any], Any]) -> Iterator[PullProgress]:
        finished = False
        with closing(self.host.client(_PULL_SECONDS)) as client:
            with translate_errors(self.host, model):
                steps = iter(method(client))
            with closing(steps):
                while True:
                    with translate_errors(self.host, model):
                        step = next(steps, None)
                    if step is None:
                        break
                    finished = step.status == "success"
                    yield PullProgress(
                        step.status or "", step.digest or "", step.completed or 0, step.total or 0
                    )
        if not finished:
            raise OllamaError(
                f"{self.host.url} stopped before {model} was complete; run it again",
                FailureKind.CRASHED,
            )


def parse_model_name(name: str) -> str:
    """`ollama/gemma3:latest` and `gemma3` -> `gemma3`, the name to ask the server for.

    Raises `ValueError` for a name that is empty or holds blanks.
    """
    model = name.strip().removeprefix("ollama/")
    if not model or model != "".join(model.split()):
        raise ValueError(f"{name!r} is no name of a model; write it like ollama/embeddinggemma")
    return model.removesuffix(":latest")


def is_same_model(one: str, other: str) -> bool:
    """Whether the server takes both names for one model: case and `:latest` do not count."""
    return one.lower().removesuffix(":latest") == other.lower().removesuffix(":latest")


def is_cloud_model(model: str) -> bool:
    """Whether a local server passes this model's calls on to Ollama's service."""
    tag = model.lower().partition(":")[2]
    return tag == "cloud" or tag.endswith("-cloud")


def _to_installed_model(model: Any) -> InstalledModel:
    details = model.details
    return InstalledModel(
        name=model.model or "",
        digest=model.digest or "",
        size=int(model.size or 0),
        family=(details and details.family) or "",
        parameters=(details and details.parameter_size) or "",
        quantization=(details and details.quantization_level) or "",
        modified=model.modified_at.isoformat() if model.modified_at else "",
    )


def _to_model_details(model: str, reply: Any) -> ModelDetails:
    info = reply.modelinfo or {}
    architecture = info.get("general.architecture", "")
    details = reply.details
    found = re.search(r"^num_ctx\s+(\d+)", reply.parameters or "", re.MULTILINE)
    return ModelDetails(
        name=model,
        family=(details and details.family) or architecture,
        parameters=(details and details.parameter_size) or "",
        quantization=(details and details.quantization_level) or "",
        context_tokens=info.get(f"{architecture}.context_length"),
        embedding_dimension=info.get(f"{architecture}.embedding_length"),
        num_ctx=int(found.group(1)) if found else None,
        capabilities=None if reply.capabilities is None else tuple(reply.capabilities),
        template=reply.template or "",
        license=reply.license or "",
    )
