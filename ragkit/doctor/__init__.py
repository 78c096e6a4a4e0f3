"""Checks of this machine, the index and the models, with a fix for each trouble.

diagnosis = diagnose("notes.index", OllamaSettings())
for check in diagnosis.checks:
    print(check.outcome, check.name, check.finding, check.fix)
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from ragkit import store
from ragkit.doctor.checks import (
    Check,
    Outcome,
    check_disk,
    check_embedded_model,
    check_links,
    check_processor,
    failed_check,
    nearest_folder,
    processor_info,
    python_info,
)
from ragkit.doctor.models import (
    ModelReport,
    ServerReport,
    check_chat,
    check_embedder,
    check_loaded,
    check_servers,
)
from ragkit.errors import RagkitError, StorageError
from ragkit.index import Index
from ragkit.models import DEFAULT_EMBEDDER, OllamaSettings, choose_embedder, resolve_embedder
from ragkit.object_store import check_conditional_put, is_remote
from ragkit.store import as_location
from ragkit.types import StorageLocation

__all__ = ["Check", "Diagnosis", "ModelReport", "Outcome", "ServerReport", "diagnose"]

_REBUILD = "delete that folder and run `ragkit index` again: your documents are untouched"
_STORE_FIX = "check the address, the keys and --storage-option endpoint=..., region=..."


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks, in the order they were made, and the Ollama servers."""

    checks: tuple[Check, ...]
    servers: tuple[ServerReport, ...]

    @property
    def healthy(self) -> bool:
        """Whether no check is a "trouble"."""
        return all(check.outcome != "trouble" for check in self.checks)


def diagnose(location: str | StorageLocation, ollama: OllamaSettings | None = None) -> Diagnosis:
    """Checks this machine, the index at `location` if there is one, and the models.

    Nothing is changed or downloaded; the embedding model is loaded for a few vectors. A server
    that does not answer is a "trouble" only if something needs it: the index, a host or a chat
    model that was named.
    """
    ollama = replace(ollama or OllamaSettings(), pull=False)
    processor = check_processor(*processor_info())
    checks = [
        Check("python", "ok", python_info()),
        processor,
        *_check_folder(as_location(location)),
    ]
    index = None
    # Importing LanceDB would end this process at once where the processor cannot run it.
    if processor.outcome != "trouble":
        check, index = _check_index(as_location(location), ollama)
        checks.append(check)
    try:
        name = index.manifest.embedder.name if index else choose_embedder(ollama).name
        checks.append(check_embedded_model(needed=name == DEFAULT_EMBEDDER))
        server_checks, reports = check_servers(ollama, needed=_needed_servers(name, ollama))
    except RagkitError as error:  # an OLLAMA_HOST that is no address
        checks.append(failed_check("Ollama", error, "correct or unset OLLAMA_HOST"))
        return Diagnosis(tuple(checks), ())
    checks += [*server_checks, *_check_embedder(name, index, ollama), check_chat(ollama)]
    return Diagnosis(tuple(checks), tuple(reports))


def _check_folder(location: StorageLocation) -> list[Check]:
    if is_remote(location.uri):
        return [_check_object_store(location)]
    folder = nearest_folder(Path(location.uri).absolute())
    return [check_disk(folder), check_links(folder)]


def _check_object_store(location: StorageLocation) -> Check:
    """Whether the object store can refuse to overwrite a file, which LanceDB needs to commit."""
    try:
        check_conditional_put(location)
    except RagkitError as error:
        return failed_check("object store", error, _STORE_FIX)
    return Check("object store", "ok", f"{location.uri}: writes, and honours conditional writes")


def _check_index(place: StorageLocation, ollama: OllamaSettings) -> tuple[Check, Index | None]:
    try:
        if not store.index_exists(place):
            finding, fix = f"none at {place.uri} yet", "make one with: ragkit index FOLDER"
            return Check("index", "note", finding, fix), None
        index = Index.open(place, ollama=ollama)
        files = index.files()
    except StorageError as error:
        return failed_check("index", error, _STORE_FIX), None
    except RagkitError as error:
        return failed_check("index", error, _REBUILD), None
    indexed = sum(one.outcome == "indexed" for one in files)
    chunks = sum(one.chunks for one in files)
    finding = f"{index.uri}: {indexed} of {len(files)} files, {chunks:,} chunks"
    return Check("index", "ok", f"{finding}, by {index.manifest.embedder.name}"), index


def _needed_servers(embedder: str, ollama: OllamaSettings) -> list[str]:
    """What an Ollama server is needed for: "embeddings", "chat", both or nothing."""
    named = bool(os.environ.get("OLLAMA_HOST"))
    needed = []
    if embedder.startswith("ollama/") or ollama.embed_host or named:
        needed.append("embeddings")
    if os.environ.get("RAGKIT_CHAT_MODEL") or ollama.chat_host or named:
        needed.append("chat")
    return needed


def _check_embedder(name: str, index: Index | None, ollama: OllamaSettings) -> list[Check]:
    """The embedder of the index, else the one of a new index."""
    try:
        embedder = index.embedder if index else resolve_embedder(name, ollama)
    except RagkitError as error:
        return [failed_check("embedder", error, "ragkit models list shows what is installed")]
    check = check_embedder(embedder)
    if check.outcome == "trouble" or not name.startswith("ollama/"):
        return [check]
    from ragkit.models.ollama import OllamaModels

    models = OllamaModels(ollama.host(ollama.embed_host))
    model = name.removeprefix("ollama/")
    return [check, *check_loaded(models, model, embedder.max_tokens or 0)]
