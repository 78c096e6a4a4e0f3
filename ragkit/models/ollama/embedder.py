"""Embeddings from an Ollama server: prefixed, batched, checked, never of a silently cut text."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragkit.concurrency import map_ordered
from ragkit.errors import ContextOverflowError, EmbeddingError
from ragkit.models.ollama.client import OllamaHost
from ragkit.models.ollama.embed_request import BatchRecovery, EmbedRequest, RecoveredBatch
from ragkit.models.ollama.errors import FailureKind, OllamaError, Sleep
from ragkit.models.ollama.library import OllamaModels, OnProgress, is_cloud_model, parse_model_name
from ragkit.models.prefixes import prefixes_for
from ragkit.models.token_estimate import EstimatedTokenCounter, estimate_tokens
from ragkit.types import ModelIdentity

if TYPE_CHECKING:
    from ragkit.types import Vectors

_BATCH_TEXTS = 64
_BATCH_CHARACTERS = 16_000
_CONCURRENT_REQUESTS = 2  # the server works on one while the other is in transit
_LOAD_SECONDS = 300.0
_BATCH_SECONDS = 120.0
_SAFE_WINDOW = 2048  # servers from 0.30 on cut or crash beyond it, whatever the model could read
_UNKNOWN_WINDOW = 512
_SPECIAL_TOKENS = 4
_PROBE = "How long is a vector?"


class OllamaEmbedder:
    """An `Embedder` over one server, which is contacted when something is first needed of it.

    `name` is "ollama/MODEL". A missing model is downloaded if `pull`; `on_progress` is then
    called with each step. `embed_documents` may be called from several threads: the server gets
    two requests at a time at most, so a second thread that asks for the next texts while the
    first stores its vectors keeps the model busy.
    """

    token_counter = EstimatedTokenCounter()

    def __init__(
        self,
        name: str,
        host: OllamaHost | None = None,
        *,
        pull: bool = False,
        on_progress: OnProgress | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.model = parse_model_name(name)
        self.host = host or OllamaHost()
        self._prefixes = prefixes_for(self.model)
        self._pull = pull
        self._on_progress = on_progress
        self._sleep = sleep
        self._properties: _ModelProperties | None = None
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(_CONCURRENT_REQUESTS)

    @property
    def name(self) -> str:
        return f"ollama/{self.model}"

    @property
    def is_remote(self) -> bool:
        """Whether texts sent to this model leave this machine."""
        return self.host.is_remote or is_cloud_model(self.model)

    @property
    def identity(self) -> ModelIdentity:
        """What the vectors depend on. The first use loads the model."""
        properties = self._probe()
        return ModelIdentity(
            name=self.name,
            dimension=properties.dimension,
            digest=properties.digest,
            query_prefix=self._prefixes.query_prefix,
            document_prefix=self._prefixes.document_prefix,
        )

    @property
    def max_tokens(self) -> int:
        """The longest passage that the model reads whole, without its prefix. The first use loads
        the model."""
        prefix = estimate_tokens(self._prefixes.document_prefix)
        return self._probe().window - prefix - _SPECIAL_TOKENS

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32 of length 1, rows in the order of `texts`.

        Raises `EmbeddingError`, which holds all other vectors, when some texts are too long or
        have no usable vector; another `ModelError` when the server itself is at fault;
        `ValueError` for a blank text.
        """
        import numpy as np

        if any(not text.strip() for text in texts):
            raise ValueError("a blank text has no meaning to embed")
        dimension = self._probe().dimension
        vectors = np.zeros((len(texts), dimension), dtype=np.float32)
        too_long: set[int] = set()
        refused: dict[int, str] = {}
        client = self.host.client(_BATCH_SECONDS)
        request = self._request(client)
        recovery = BatchRecovery(request, self.name, dimension, _BATCH_TEXTS)
        prefix = self._prefixes.document_prefix

        def embed(positions: list[int]) -> tuple[list[int], RecoveredBatch]:
            return positions, recovery.embed([prefix + texts[position] for position in positions])

        batches = _split_into_batches(texts, request, refused)
        results = map_ordered(embed, batches, at_once=_CONCURRENT_REQUESTS, afterwards=client.close)
        try:
            for positions, batch in results:
                vectors[positions] = batch.vectors
                too_long.update(positions[row] for row in batch.too_long)
                refused.update((positions[row], reason) for row, reason in batch.refused.items())
        finally:
            request.stop()
            results.close()
        if too_long or refused:
            raise EmbeddingError(
                _error_message(self.name, len(texts), too_long, refused),
                vectors=vectors,
                too_long=frozenset(too_long),
                refused=refused,
            )
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """(d,) float32 of length 1.

        Raises `ContextOverflowError` for a question longer than the model reads, `ModelError`,
        `ValueError` for a blank one.
        """
        if not text.strip():
            raise ValueError("a blank question has no meaning to embed")
        properties = self._probe()
        with closing(self.host.client(_LOAD_SECONDS)) as client:
            recovery = BatchRecovery(self._request(client), self.name, properties.dimension, 1)
            batch = recovery.embed([self._prefixes.query_prefix + text])
        if batch.too_long:
            raise ContextOverflowError(
                f"the question is longer than {self.name} reads ({properties.window} tokens); "
                "ask it in fewer words",
                window=properties.window,
            )
        if batch.refused:
            raise OllamaError(
                f"{self.name} cannot embed the question: {batch.refused[0]}", FailureKind.REFUSED
            )
        vector: Vectors = batch.vectors[0]
        return vector

    def _request(self, client: Any) -> EmbedRequest:
        properties = self._probe()
        return EmbedRequest(
            client,
            self.host,
            self.model,
            window=properties.window,
            dimension=properties.dimension,
            slots=self._slots,
            sleep=self._sleep,
        )

    def _probe(self) -> _ModelProperties:
        with self._lock:
            if self._properties is None:
                self._properties = self._fetch_properties()
            return self._properties

    def _fetch_properties(self) -> _ModelProperties:
        models = OllamaModels(self.host, sleep=self._sleep)
        details = models.ensure_model(self.model, pull=self._pull, on_progress=self._on_progress)
        if not details.can_embed:
            raise OllamaError(
                f"{self.model} is no embedding model; get one with: "
                "ragkit models pull embeddinggemma",
                FailureKind.UNFIT,
            )
        installed = models.find_model(self.model)
        limits = (self._prefixes.max_tokens, details.context_tokens, details.num_ctx)
        window = min([limit for limit in limits if limit] or [_UNKNOWN_WINDOW])
        window = min(window, _SAFE_WINDOW)
        with closing(self.host.client(_LOAD_SECONDS)) as client:
            request = EmbedRequest(client, self.host, self.model, window=window, sleep=self._sleep)
            request.load()
            dimension = request.embed([_PROBE]).shape[1]
        return _ModelProperties(installed.digest if installed else "", dimension, window)


@dataclass(frozen=True, slots=True)
class _ModelProperties:
    digest: str
    dimension: int
    window: int


def _split_into_batches(
    texts: Sequence[str], request: EmbedRequest, refused: dict[int, str]
) -> Iterator[list[int]]:
    """Positions of `texts` in batches limited by count and characters. A text that cannot be sent
    goes to `refused`, one that may be too long into a batch of its own."""
    batch: list[int] = []
    characters = 0
    for position, text in enumerate(texts):
        try:
            text.encode()
        except UnicodeEncodeError:
            refused[position] = "it holds half of a surrogate pair, which is no text"
            continue
        is_alone = request.may_exceed_window(text)
        if batch and (
            is_alone or len(batch) == _BATCH_TEXTS or characters + len(text) > _BATCH_CHARACTERS
        ):
            yield batch
            batch, characters = [], 0
        batch.append(position)
        characters += len(text)
        if is_alone:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _error_message(name: str, count: int, too_long: set[int], refused: dict[int, str]) -> str:
    parts = []
    if too_long:
        parts.append(f"{len(too_long)} too long")
    if refused:
        parts.append(f"{len(refused)} refused ({next(iter(refused.values()))})")
    return f"{name} could not embed some of {count} texts: {', '.join(parts)}"
