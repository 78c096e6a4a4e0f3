"""One request for embeddings, waited for and checked."""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from ragkit.models.ollama.estimate import estimate_tokens
from ragkit.models.ollama.host import OllamaHost
from ragkit.models.ollama.patience import Sleep, patiently
from ragkit.models.ollama.translate import (
    OllamaError,
    OllamaOverflowError,
    Trouble,
    translated,
)

if TYPE_CHECKING:
    from ragkit.types import Vectors

_KEEP_ALIVE = "30m"


class EmbedCall:
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
                Trouble.REFUSED,
            )
        rows = _to_array(reply.embeddings)
        if self._dimension not in (None, rows.shape[1]):
            raise OllamaError(
                f"{self._model} at {self._host.url} now gives vectors of {rows.shape[1]} numbers, "
                f"not {self._dimension}: the model was exchanged meanwhile; run ragkit again",
                Trouble.NOT_OLLAMA,
            )
        self._refuse_cut(texts, reply.prompt_eval_count)
        return rows

    def may_be_cut(self, text: str) -> bool:
        """Whether `text` may exceed the window; it is then sent alone, so that it can be told."""
        # Most texts have fewer bytes than the window has tokens, which is soon seen.
        return len(text.encode()) >= self._window and estimate_tokens(text) >= self._window

    def _refuse_cut(self, texts: Sequence[str], counted: int | None) -> None:
        """A server that ignores `truncate` gives itself away by a count that fills the window."""
        if (
            len(texts) == 1
            and counted
            and counted >= self._window - 1
            and self.may_be_cut(texts[0])
        ):
            raise OllamaOverflowError(
                f"{self._model} at {self._host.url} read no more than {counted} tokens of a text",
                window=self._window,
            )

    def _post(self, texts: Sequence[str], keep_alive: str | float) -> Any:
        def once() -> Any:
            with self._gate, translated(self._host, self._model):
                if self._stopped.is_set():
                    raise CancelledError
                return self._client.embed(
                    self._model,
                    list(texts),
                    truncate=False,
                    options=self._options,
                    keep_alive=keep_alive,
                )

        return patiently(once, self._sleep)


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
