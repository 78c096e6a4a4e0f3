"""Embeddings from an Ollama server: prefixed, batched, checked, and never cut unnoticed."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragkit.concurrency import map_ordered
from ragkit.errors import ContextOverflowError, EmbeddingError
from ragkit.models.ollama.batch_recovery import BatchRecovery, RecoveredBatch
from ragkit.models.ollama.client import OllamaHost
from ragkit.models.ollama.errors import (
    FailureKind,
    OllamaError,
    OllamaOverflowError,
    translate_errors,
)
from ragkit.models.ollama.library import OllamaModels, OnProgress, is_cloud_model, parse_model_name
from ragkit.models.ollama.retry import Sleep, retry_while_busy
from ragkit.models.ollama.token_estimate import EstimatedTokenCounter, estimate_tokens
from ragkit.models.prefixes import prefixes_for
from ragkit.types import ModelIdentity

if TYPE_CHECKING:
    from ragkit.types import Vectors


_BATCH_TEXTS = 64
_BATCH_CHARACTERS = 16_000
_REQUESTS_AT_ONCE = 2  # the server works on one while the other is on its way
_LOAD_SECONDS = 300.0
_BATCH_SECONDS = 120.0
_SAFE_WINDOW = 2048  # servers from 0.30 on cut or crash beyond it, whatever the model could read
_UNKNOWN_WINDOW = 512
_SPECIAL_TOKENS = 4
_PROBE = "How long is a vector?"


@dataclass(frozen=True, slots=True)
class _Facts:
    """What must be asked of the server once."""

    digest: str
    dimension: int
    window: int


class OllamaEmbedder:
    """An `Embedder` over one server, asked for the first time when something is needed of it.

    `name` is "ollama/MODEL". A missing model is downloaded if `pull`, and `on_progress` is then
    told each step. `embed_documents` may be called from several threads: two requests at most are
    with the server at a time, so a caller keeps the model busy by asking for the next texts in a
    second thread while it stores the vectors of the last.
    """

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
        self._prompts = prefixes_for(self.model)
        self._pull = pull
        self._on_progress = on_progress
        self._sleep = sleep
        self._known: _Facts | None = None
        self._asking = threading.Lock()
        self._at_once = threading.Semaphore(_REQUESTS_AT_ONCE)

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
        facts = self._facts()
        return ModelIdentity(
            name=self.name,
            dimension=facts.dimension,
            digest=facts.digest,
            query_prefix=self._prompts.query_prefix,
            document_prefix=self._prompts.document_prefix,
        )

    @property
    def max_tokens(self) -> int:
        """The longest passage the model reads whole, its prefix already taken off.

        Loads the model when it is not in memory."""
        prefix = estimate_tokens(self._prompts.document_prefix)
        return self._facts().window - prefix - _SPECIAL_TOKENS

    @property
    def token_counter(self) -> EstimatedTokenCounter:
        return EstimatedTokenCounter()

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32 of length 1, rows in the order of `texts`.

        Raises `EmbeddingError` with all other vectors when some texts are too long or have no
        usable vector, another `ModelError` when the server itself is at fault, `ValueError` for
        a blank text.
        """
        import numpy as np

        if any(not text.strip() for text in texts):
            raise ValueError("a blank text has no meaning to embed")
        facts = self._facts()
        vectors = np.zeros((len(texts), facts.dimension), dtype=np.float32)
        too_long: set[int] = set()
        refused: dict[int, str] = {}
        client = self.host.client(_BATCH_SECONDS)
        call = self._call(client, facts)
        rescue = BatchRecovery(call, self.name, facts.dimension, _BATCH_TEXTS)
        prefix = self._prompts.document_prefix

        def embed(batch: list[int]) -> tuple[list[int], RecoveredBatch]:
            return batch, rescue.embed([prefix + texts[position] for position in batch])

        batches = _batches(texts, call, refused)
        results = map_ordered(embed, batches, at_once=_REQUESTS_AT_ONCE, afterwards=client.close)
        try:
            for batch, rescued in results:
                vectors[batch] = rescued.vectors
                too_long.update(batch[place] for place in rescued.too_long)
                refused.update((batch[place], why) for place, why in rescued.refused.items())
        finally:
            call.stop()
            results.close()
        if too_long or refused:
            raise EmbeddingError(
                _summary(self.name, len(texts), too_long, refused),
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
        facts = self._facts()
        with closing(self.host.client(_LOAD_SECONDS)) as client:
            rescue = BatchRecovery(self._call(client, facts), self.name, facts.dimension, 1)
            rescued = rescue.embed([self._prompts.query_prefix + text])
        if rescued.too_long:
            raise ContextOverflowError(
                f"the question is longer than {self.name} reads ({facts.window} tokens); "
                "ask it in fewer words",
                window=facts.window,
            )
        if rescued.refused:
            raise OllamaError(
                f"{self.name} cannot embed the question: {rescued.refused[0]}", FailureKind.REFUSED
            )
        question: Vectors = rescued.vectors[0]
        return question

    def _call(self, client: Any, facts: _Facts) -> EmbedRequest:
        return EmbedRequest(
            client,
            self.host,
            self.model,
            window=facts.window,
            dimension=facts.dimension,
            gate=self._at_once,
            sleep=self._sleep,
        )

    def _facts(self) -> _Facts:
        with self._asking:
            if self._known is None:
                self._known = self._ask_facts()
            return self._known

    def _ask_facts(self) -> _Facts:
        models = OllamaModels(self.host, sleep=self._sleep)
        details = models.ensure_model(self.model, pull=self._pull, on_progress=self._on_progress)
        if not details.can_embed:
            raise OllamaError(
                f"{self.model} is no embedding model; get one with: "
                "ragkit models pull embeddinggemma",
                FailureKind.UNFIT,
            )
        installed = models.find_model(self.model)
        limits = (self._prompts.max_tokens, details.context_tokens, details.num_ctx)
        window = min([limit for limit in limits if limit] or [_UNKNOWN_WINDOW])
        window = min(window, _SAFE_WINDOW)
        with closing(self.host.client(_LOAD_SECONDS)) as client:
            call = EmbedRequest(client, self.host, self.model, window=window, sleep=self._sleep)
            call.load()
            dimension = call.embed([_PROBE]).shape[1]
        return _Facts(installed.digest if installed else "", dimension, window)


def _batches(
    texts: Sequence[str], call: EmbedRequest, refused: dict[int, str]
) -> Iterator[list[int]]:
    """Positions of `texts` in batches bounded by count and characters. A text that no request
    can carry goes to `refused`, one that may be too long into a batch of its own."""
    batch: list[int] = []
    characters = 0
    for position, text in enumerate(texts):
        try:
            text.encode()
        except UnicodeEncodeError:
            refused[position] = "it holds half of a surrogate pair, which is no text"
            continue
        alone = call.may_exceed_window(text)
        if batch and (
            alone or len(batch) == _BATCH_TEXTS or characters + len(text) > _BATCH_CHARACTERS
        ):
            yield batch
            batch, characters = [], 0
        batch.append(position)
        characters += len(text)
        if alone:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _summary(name: str, count: int, too_long: set[int], refused: dict[int, str]) -> str:
    parts = []
    if too_long:
        parts.append(f"{len(too_long)} too long")
    if refused:
        parts.append(f"{len(refused)} refused ({next(iter(refused.values()))})")
    return f"{name} could not embed some of {count} texts: {', '.join(parts)}"


_KEEP_ALIVE = "30m"


class EmbedRequest:
    """Calls for one model, all with the same options: others would make the server load anew.

    `window` is the context asked for, in tokens. `dimension` is what each row must have, None
    while it is unknown. `gate` bounds how many requests are with the server.
    """

    def __init__(
        self,
        client: Any,
        host: OllamaHost,
        model: str,
        *,
        window: int,
        dimension: int | None = None,
        gate: AbstractContextManager[object] | None = None,
        sleep: Sleep,
    ) -> None:
        self._client = client
        self._host = host
        self._model = model
        self._window = window
        self._dimension = dimension
        self._gate = gate or nullcontext()
        self._sleep = sleep
        self._stopped = threading.Event()
        # A batch below the window makes servers from 0.30 on cut or crash within the window.
        self._options = {"num_ctx": window, "num_batch": window}

    def stop(self) -> None:
        """Makes every further request fail at once; one that is under way ends by itself."""
        self._stopped.set()

    def load(self) -> None:
        """Returns when the model is in memory."""
        self._post([], keep_alive=_KEEP_ALIVE)

    def unload(self) -> None:
        self._post([], keep_alive=0)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32 as the server gave them: the rows are counted but may hold anything.

        Raises `OllamaError`.
        """
        reply = self._post(texts, keep_alive=_KEEP_ALIVE)
        dimensions = {len(row) for row in reply.embeddings}
        if len(reply.embeddings) != len(texts) or len(dimensions) != 1:
            raise OllamaError(
                f"{self._model} at {self._host.url} gave {len(reply.embeddings)} vectors of "
                f"{sorted(dimensions)} numbers for {len(texts)} texts",
                FailureKind.REFUSED,
            )
        rows = _to_array(reply.embeddings)
        if self._dimension not in (None, rows.shape[1]):
            raise OllamaError(
                f"{self._model} at {self._host.url} now gives vectors of {rows.shape[1]} numbers, "
                f"not {self._dimension}: the model was exchanged meanwhile; run ragkit again",
                FailureKind.NOT_OLLAMA,
            )
        self._check_truncation(texts, reply.prompt_eval_count)
        return rows

    def may_exceed_window(self, text: str) -> bool:
        """Whether `text` may exceed the window; it is then sent alone, so that it can be told."""
        # Most texts have fewer bytes than the window has tokens, which is soon seen.
        return len(text.encode()) >= self._window and estimate_tokens(text) >= self._window

    def _check_truncation(self, texts: Sequence[str], counted: int | None) -> None:
        """A server that ignores `truncate` gives itself away by a count that fills the window."""
        if (
            len(texts) == 1
            and counted
            and counted >= self._window - 1
            and self.may_exceed_window(texts[0])
        ):
            raise OllamaOverflowError(
                f"{self._model} at {self._host.url} read no more than {counted} tokens of a text",
                window=self._window,
            )

    def _post(self, texts: Sequence[str], keep_alive: str | float) -> Any:
        def once() -> Any:
            with self._gate, translate_errors(self._host, self._model):
                if self._stopped.is_set():
                    raise CancelledError
                return self._client.embed(
                    self._model,
                    list(texts),
                    truncate=False,
                    options=self._options,
                    keep_alive=keep_alive,
                )

        return retry_while_busy(once, self._sleep)


def _to_array(rows: Sequence[Sequence[float]]) -> Vectors:
    """(n, d) float32; a third of the time that numpy takes to look at the type of each number."""
    import numpy as np

    pack = struct.Struct(f"{len(rows[0])}f").pack
    try:
        packed = b"".join([pack(*row) for row in rows])
    except OverflowError:  # a number beyond float32: infinite, which the check of lengths refuses
        with np.errstate(over="ignore"):
            return np.asarray(rows).astype(np.float32)
    return np.frombuffer(packed, dtype=np.float32).reshape(len(rows), -1)
