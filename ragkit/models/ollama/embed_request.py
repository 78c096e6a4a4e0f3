"""Requests that embed texts, and how a batch is finished when the server fails on it.

A server fails a whole batch for one bad text and does not say which. Bisecting finds it; what a
second try can cure gets one; a failure of the server itself ends the work.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ragkit.models.ollama.client import OllamaHost
from ragkit.models.ollama.errors import (
    FailureKind,
    OllamaError,
    OllamaOverflowError,
    Sleep,
    retry_while_busy,
    translate_errors,
)
from ragkit.models.token_estimate import estimate_tokens

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.types import Vectors

_KEEP_ALIVE = "30m"
_CAUSED_BY_A_TEXT = (
    FailureKind.TOO_LONG,
    FailureKind.BROKEN_VECTOR,
    FailureKind.CRASHED,
    FailureKind.REFUSED,
)
_TOLERANCE = 0.01  # servers give vectors of length 1, in 16-bit arithmetic
_NO_VECTOR = "its vector is all zeros or not of length 1"
_PROBE = "Is the server well?"


class EmbedRequest:
    """Requests to one model, all with the same options: others would make the server reload it.

    `window` is the context to ask for, in tokens. `dimension` is the length that every row must
    have, None while it is unknown. `slots` limits how many requests the server has at a time.
    """

    def __init__(
        self,
        client: Any,
        host: OllamaHost,
        model: str,
        *,
        window: int,
        dimension: int | None = None,
        slots: AbstractContextManager[object] | None = None,
        sleep: Sleep,
    ) -> None:
        self._client = client
        self._host = host
        self._model = model
        self._window = window
        self._dimension = dimension
        self._slots = slots or nullcontext()
        self._sleep = sleep
        self._stopped = threading.Event()
        # With a batch below the window, servers from 0.30 on cut or crash within the window.
        self._options = {"num_ctx": window, "num_batch": window}

    def stop(self) -> None:
        """Makes every further request fail at once; one under way ends by itself."""
        self._stopped.set()

    def load(self) -> None:
        """Returns when the model is in memory."""
        self._post([], keep_alive=_KEEP_ALIVE)

    def unload(self) -> None:
        self._post([], keep_alive=0)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32 as the server gave them: counted, but with any content.

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
        """Whether `text` may exceed the window; it is then sent alone, to be told apart."""
        # Most texts have fewer bytes than the window has tokens, which is quickly checked.
        return len(text.encode()) >= self._window and estimate_tokens(text) >= self._window

    def _check_truncation(self, texts: Sequence[str], tokens: int | None) -> None:
        """A server that ignores `truncate` shows it by a count that fills the window."""
        if (
            len(texts) == 1
            and tokens
            and tokens >= self._window - 1
            and self.may_exceed_window(texts[0])
        ):
            raise OllamaOverflowError(
                f"{self._model} at {self._host.url} read no more than {tokens} tokens of a text",
                window=self._window,
            )

    def _post(self, texts: Sequence[str], keep_alive: str | float) -> Any:
        def call() -> Any:
            with self._slots, translate_errors(self._host, self._model):
                if self._stopped.is_set():
                    raise CancelledError
                return self._client.embed(
                    self._model,
                    list(texts),
                    truncate=False,
                    options=self._options,
                    keep_alive=keep_alive,
                )

        return retry_while_busy(call, self._sleep)


@dataclass(slots=True)
class RecoveredBatch:
    """The vectors of a batch (n, d), with rows of zeros for texts without one; these are either
    `too_long` or `refused`, with the reason. Both hold positions in the batch."""

    vectors: Vectors
    too_long: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """Positions of a batch that are still to be embedded; `is_retry` makes a bad vector final."""

    positions: list[int]
    is_retry: bool = False

    def split(self, size: int) -> list[_Part]:
        """The first `size` positions, and the others."""
        return [
            _Part(self.positions[:size], self.is_retry),
            _Part(self.positions[size:], self.is_retry),
        ]


class BatchRecovery:
    """Embeds batches by `request` and recovers all vectors that a failing server can give.

    `batch_limit` is the number of texts that a request may hold; a time-out halves it for good.
    """

    def __init__(self, request: EmbedRequest, name: str, dimension: int, batch_limit: int) -> None:
        self._request = request
        self._name = name
        self._dimension = dimension
        self.batch_limit = batch_limit

    def embed(self, texts: Sequence[str]) -> RecoveredBatch:
        """A row for each of `texts`.

        Raises the `OllamaError` when the server is at fault: it is gone, denies access, has no
        memory, does not answer in time even for one text, or fails on a plain text too.
        """
        import numpy as np

        batch = RecoveredBatch(np.zeros((len(texts), self._dimension), dtype=np.float32))
        parts = [_Part(list(range(len(texts))))]
        while parts:
            part = parts.pop()
            parts += reversed(self._embed_part(texts, part, batch))
        return batch

    def _embed_part(self, texts: Sequence[str], part: _Part, batch: RecoveredBatch) -> list[_Part]:
        """Puts the results of `part` into `batch`; returns the parts that are still to do."""
        if len(part.positions) > self.batch_limit:
            return part.split(self.batch_limit)
        middle = len(part.positions) // 2
        try:
            rows = self._embed_with_retry([texts[position] for position in part.positions])
        except OllamaError as error:
            if error.kind is FailureKind.TIMED_OUT and middle:
                self.batch_limit = min(self.batch_limit, middle)
                return [part]
            if error.kind not in _CAUSED_BY_A_TEXT:
                raise
            if middle:
                return part.split(middle)
            if error.kind is FailureKind.BROKEN_VECTOR and not part.is_retry:
                return self._unload_and_retry(part.positions)
            if error.kind is FailureKind.TOO_LONG:
                batch.too_long.add(part.positions[0])
            else:
                self._check_server()
                batch.refused[part.positions[0]] = str(error)
            return []
        unusable = _store_usable_rows(part.positions, rows, batch)
        if unusable and not part.is_retry:
            return self._unload_and_retry(unusable)
        if unusable:
            self._check_server()
            batch.refused.update(dict.fromkeys(unusable, _NO_VECTOR))
        return []

    def _embed_with_retry(self, texts: list[str]) -> Vectors:
        """A second try after a crash, because the server restarts its runner, and for a single
        text that took too long, because it cannot be split."""
        try:
            return self._request.embed(texts)
        except OllamaError as error:
            if error.kind is not FailureKind.CRASHED and (
                error.kind is not FailureKind.TIMED_OUT or len(texts) > 1
            ):
                raise
        return self._request.embed(texts)

    def _unload_and_retry(self, positions: list[int]) -> list[_Part]:
        """Unloading the model cures a runner that has begun to give zeros or NaN."""
        self._request.unload()
        return [_Part(positions, is_retry=True)]

    def _check_server(self) -> None:
        """Raises `OllamaError` when a plain text has no usable vector either: such a server would
        have each text refused in turn."""
        if not _check_lengths(self._request.embed([_PROBE]))[1].all():
            raise OllamaError(
                f"{self._name} gives no usable vector for any text; update Ollama, or choose "
                "another embedding model",
                FailureKind.UNFIT,
            )


def _store_usable_rows(positions: list[int], rows: Vectors, batch: RecoveredBatch) -> list[int]:
    """Puts the usable rows into the batch, scaled to length 1; returns the other positions."""
    import numpy as np

    lengths, usable = _check_lengths(rows)
    targets = np.asarray(positions)
    if usable.all():
        batch.vectors[targets] = rows / lengths[:, None]
        return []
    batch.vectors[targets[usable]] = rows[usable] / lengths[usable, None]
    return [int(position) for position in targets[~usable]]


def _check_lengths(rows: Vectors) -> tuple[Vectors, npt.NDArray[np.bool_]]:
    """The length of each row, and whether it is about 1; NaN is not."""
    import numpy as np

    with np.errstate(all="ignore"):
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        return lengths, np.abs(lengths - 1) < _TOLERANCE


def _to_array(rows: Sequence[Sequence[float]]) -> Vectors:
    """(n, d) float32, in a third of the time that `np.asarray` takes."""
    import numpy as np

    pack = struct.Struct(f"{len(rows[0])}f").pack
    try:
        packed = b"".join([pack(*row) for row in rows])
    except OverflowError:  # beyond float32: becomes infinite, which the check of lengths refuses
        with np.errstate(over="ignore"):
            return np.asarray(rows).astype(np.float32)
    return np.frombuffer(packed, dtype=np.float32).reshape(len(rows), -1)
