"""Checks of Ollama servers and of the models that embed and chat."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragkit.doctor.checks import Check, failed_check
from ragkit.errors import ModelError
from ragkit.models import NO_CHAT, OllamaSettings, choose_chat, resolve_chat
from ragkit.types import Embedder, is_remote

if TYPE_CHECKING:
    from ragkit.models.ollama import InstalledModel, OllamaModels
    from ragkit.types import Vectors

_VERSION_SECONDS = 5.0
_EMBEDS_BATCHES_SINCE = (0, 3, 4)
_REFUSES_LONG_PROMPTS_SINCE = (0, 12, 4)
_UPDATE = "update Ollama: https://ollama.com/download"
_START = "start it with `ollama serve`, or install it from https://ollama.com/download"
_OTHER_MODEL = (
    "choose another embedding model: ragkit index FOLDER --embedder ollama/embeddinggemma"
)

_NEAR = "Backups are tested every quarter by restoring one server."
_FAR = "The cat sleeps on the sofa in the afternoon sun."
_QUESTION = "How often are backups tested?"
_LEAST_ALIKE = 0.999  # one text alone and in a batch, in 16-bit arithmetic


@dataclass(frozen=True, slots=True)
class ModelReport:
    """A model on a server. `loaded_context` is the window of a model in memory, None for others;
    `capabilities` is None where the server does not list them."""

    name: str
    digest: str
    size: int
    capabilities: tuple[str, ...] | None
    context_tokens: int | None
    loaded_context: int | None


@dataclass(frozen=True, slots=True)
class ServerReport:
    """A server and its models; `version` is "" when it does not answer."""

    url: str
    serves: tuple[str, ...]
    is_remote: bool
    version: str = ""
    models: tuple[ModelReport, ...] = ()


def check_servers(
    ollama: OllamaSettings, *, needed: Sequence[str]
) -> tuple[list[Check], list[ServerReport]]:
    """A check and a report for each server. One that does not answer is a "trouble" if `needed`
    names what it is for ("embeddings", "chat"), else a "note"."""
    roles: dict[str, list[str]] = {}
    for role, address in (("embeddings", ollama.embed_host), ("chat", ollama.chat_host)):
        roles.setdefault(ollama.host(address).url, []).append(role)
    checks, reports = [], []
    for serves in roles.values():
        address = ollama.embed_host if "embeddings" in serves else ollama.chat_host
        check, report = _check_server(ollama, address, serves)
        if check.outcome == "trouble" and not report.version and not set(serves) & set(needed):
            check = replace(check, outcome="note")
        checks.append(check)
        reports.append(report)
    return [*checks, *_check_key(ollama)], reports


def _check_server(
    ollama: OllamaSettings, address: str | None, serves: Sequence[str]
) -> tuple[Check, ServerReport]:
    from ragkit.models.ollama import OllamaModels

    models = OllamaModels(ollama.host(address))
    host = models.host
    name = f"Ollama for {' and '.join(serves)}"
    report = ServerReport(host.url, tuple(serves), host.is_remote)
    try:
        version = models.server_version(_VERSION_SECONDS)
        report = replace(report, version=version, models=_report_models(models))
    except ModelError as error:
        return failed_check(name, error, _START), report
    finding = f"{host.url}, version {version}, {len(report.models)} models"
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    if (0, 0, 0) < numbers < _EMBEDS_BATCHES_SINCE:
        return Check(name, "trouble", f"{finding}: too old to embed batches", _UPDATE), report
    if (0, 0, 0) < numbers < _REFUSES_LONG_PROMPTS_SINCE:
        finding += ": so old that it cuts long prompts silently, which ragkit cannot always detect"
        return Check(name, "note", finding, _UPDATE), report
    if report.is_remote:
        return Check(name, "note", f"{finding}; texts sent to it leave this machine"), report
    return Check(name, "ok", finding), report


def _report_models(models: OllamaModels) -> tuple[ModelReport, ...]:
    try:
        loaded = {one.name: one.context_tokens for one in models.loaded_models()}
    except ModelError:  # the cloud has no such list
        loaded = {}
    return tuple(_report_model(models, one, loaded.get(one.name)) for one in models.list_models())


def _report_model(models: OllamaModels, one: InstalledModel, loaded: int | None) -> ModelReport:
    try:
        details = models.show_model(one.name)
    except ModelError:  # one damaged model must not hide the others
        return ModelReport(one.name, one.digest, one.size, None, None, loaded)
    return ModelReport(
        one.name, one.digest, one.size, details.capabilities, details.context_tokens, loaded
    )


def _check_key(ollama: OllamaSettings) -> list[Check]:
    if not os.environ.get("OLLAMA_API_KEY"):
        return []
    hosts = [ollama.host(address) for address in (ollama.embed_host, ollama.chat_host)]
    if any(host.is_cloud for host in hosts):
        return [Check("key", "ok", "OLLAMA_API_KEY is sent to ollama.com and to nobody else")]
    finding = "OLLAMA_API_KEY is set and not sent: it goes to https://ollama.com alone"
    fix = "to send a key elsewhere: --header 'Authorization=Bearer KEY'"
    return [Check("key", "note", finding, fix)]


def check_embedder(embedder: Embedder) -> Check:
    """Whether a few plain texts get sensible vectors."""
    try:
        identity = embedder.identity
        batch = embedder.embed_documents([_NEAR, _FAR, _QUESTION])
        alone = embedder.embed_documents([_NEAR])[0]
        question = embedder.embed_query(_QUESTION)
    except ModelError as error:
        return failed_check("embedder", error, _OTHER_MODEL)
    fault = find_vector_fault(batch, alone, question)
    digest = f", digest {identity.digest[:12]}" if identity.digest else ""
    finding = f"{identity.name}, {identity.dimension} numbers a vector{digest}: "
    if fault:
        return Check("embedder", "trouble", finding + fault, f"{_UPDATE}, or {_OTHER_MODEL}")
    return Check("embedder", "ok", finding + "alone as in a batch, length 1, near texts are near")


def find_vector_fault(batch: Vectors, alone: Vectors, question: Vectors) -> str:
    """What is wrong with some vectors, "" for nothing.

    `batch` (3, d) are those of a text that answers a question, of one that does not, and of the
    question, made together; `alone` (d,) is that of the first text, made alone; `question` (d,)
    is that of the question as a question.
    """
    import numpy as np

    lengths = np.linalg.norm(np.vstack([batch, alone, question]), axis=1)
    if not np.all(np.abs(lengths - 1) < 0.01):
        return f"its vectors have lengths from {lengths.min():.3f} to {lengths.max():.3f}, not 1"
    if (alike := float(alone @ batch[0])) < _LEAST_ALIKE:
        return f"a text alone and in a batch have other vectors (cosine {alike:.4f})"
    near, far = float(question @ batch[0]), float(question @ batch[1])
    if near <= far:
        return f"an answer is no nearer to its question ({near:.3f}) than another text ({far:.3f})"
    return ""


def check_loaded(models: OllamaModels, model: str, tokens: int) -> list[Check]:
    """Whether the model, which was just used, has a window of `tokens` at least."""
    from ragkit.models.ollama.library import is_same_model

    try:
        loaded = [m.context_tokens for m in models.loaded_models() if is_same_model(m.name, model)]
    except ModelError:
        return []
    if not loaded or loaded[0] is None:
        return []
    finding = f"{model} is loaded with a window of {loaded[0]:,} tokens"
    if loaded[0] >= tokens:
        return [Check("loaded context", "ok", finding)]
    fix = "free some memory and unload it (`ollama stop`), or choose a smaller model"
    return [Check("loaded context", "trouble", f"{finding}, less than the {tokens:,} asked", fix)]


def check_chat(ollama: OllamaSettings) -> Check:
    """The chat model that would write answers, and its window."""
    choice = choose_chat(ollama)
    if choice.name in ("", NO_CHAT):
        why = choice.why if not choice.name else "RAGKIT_CHAT_MODEL says so"
        fix = "for written answers: ragkit models pull gemma3"
        return Check("chat model", "note", f"none ({why}); answers quote the documents", fix)
    try:
        chat = resolve_chat(choice.name, replace(ollama, pull=False))
        window = chat.context_tokens
    except ModelError as error:
        return failed_check("chat model", error, "choose another with --model or RAGKIT_CHAT_MODEL")
    finding = f"{chat.name} ({choice.why}), asked with a window of {window:,} tokens"
    if is_remote(chat):
        return Check("chat model", "note", f"{finding}; passages sent to it leave this machine")
    return Check("chat model", "ok", finding)
