"""All the vectors a failing server can give, and the texts that have none.

A server fails a whole batch for one bad text and does not say which. Halving finds it; what a
second try can cure is tried a second time; what ails the server itself ends the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ragkit.models.ollama.errors import FailureKind, OllamaError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.types import Vectors

_TEXTS_ARE_TO_BLAME = (
    FailureKind.TOO_LONG,
    FailureKind.BROKEN_VECTOR,
    FailureKind.CRASHED,
    FailureKind.REFUSED,
)
_TOLERANCE = 0.01  # servers give vectors of length 1; 16-bit arithmetic is allowed for
_NO_VECTOR = "its vector is all zeros or not of length 1"
_PROBE = "Is the server well?"


class EmbedBackend(Protocol):
    """What `Rescue` needs of a server: `embed` gives one row a text, or raises `OllamaError`."""

    def embed(self, texts: Sequence[str]) -> Vectors: ...
    def unload(self) -> None: ...


@dataclass(slots=True)
class RecoveredBatch:
    """The vectors of a batch, rows of zeros where there is none, and why there is none."""

    vectors: Vectors
    too_long: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Work:
    """Positions still to be settled; on the second try a broken vector is final."""

    positions: list[int]
    is_second_try: bool = False

    def cut(self, size: int) -> list[_Work]:
        """The first `size` positions, and the others."""
        return [
            _Work(self.positions[:size], self.is_second_try),
            _Work(self.positions[size:], self.is_second_try),
        ]


class BatchRecovery:
    """Embeds batches through one server and remembers the batch size it can manage.

    `batch_limit` is the most texts a request may hold; a time-out halves it for good.
    """

    def __init__(self, call: EmbedBackend, name: str, dimension: int, batch_limit: int) -> None:
        self._call = call
        self._name = name
        self._dimension = dimension
        self.batch_limit = batch_limit

    def embed(self, texts: Sequence[str]) -> RecoveredBatch:
        """A row for each of `texts`; those without a vector are in exactly one of the other fields.

        Raises the `OllamaError` when the server is at fault: it is gone, it denies, its memory
        is full, it does not answer in time even for one text, or it fails on a plain text too.
        """
        import numpy as np

        rescued = RecoveredBatch(np.zeros((len(texts), self._dimension), dtype=np.float32))
        work = [_Work(list(range(len(texts))))]
        while work:
            now = work.pop()
            work += reversed(self._take(texts, now, rescued))
        return rescued

    def _take(self, texts: Sequence[str], work: _Work, rescued: RecoveredBatch) -> list[_Work]:
        """Settles the positions of `work`, or gives back what is left to do."""
        if len(work.positions) > self.batch_limit:
            return work.cut(self.batch_limit)
        middle = len(work.positions) // 2
        try:
            rows = self._embed_twice([texts[position] for position in work.positions])
        except OllamaError as error:
            if error.trouble is FailureKind.TIMED_OUT and middle:
                self.batch_limit = min(self.batch_limit, middle)
                return [work]
            if error.trouble not in _TEXTS_ARE_TO_BLAME:
                raise
            if middle:
                return work.cut(middle)
            if error.trouble is FailureKind.BROKEN_VECTOR and not work.is_second_try:
                return self._second_try(work.positions)
            self._give_up(work.positions[0], error, rescued)
            return []
        broken = self._keep(work.positions, rows, rescued)
        if broken and not work.is_second_try:
            return self._second_try(broken)
        if broken:
            self._check_server()
            rescued.refused.update(dict.fromkeys(broken, _NO_VECTOR))
        return []

    def _embed_twice(self, texts: list[str]) -> Vectors:
        """A crash is worth one more try: the server starts its runner again. So is a single
        text that took too long, which there is nothing left of to halve."""
        try:
            return self._call.embed(texts)
        except OllamaError as error:
            if error.trouble is not FailureKind.CRASHED and (
                error.trouble is not FailureKind.TIMED_OUT or len(texts) > 1
            ):
                raise
        return self._call.embed(texts)

    def _second_try(self, positions: list[int]) -> list[_Work]:
        """An unload cures a runner that has begun to give zeros or NaN."""
        self._call.unload()
        return [_Work(positions, is_second_try=True)]

    def _give_up(self, position: int, error: OllamaError, rescued: RecoveredBatch) -> None:
        if error.trouble is FailureKind.TOO_LONG:
            rescued.too_long.add(position)
            return
        self._check_server()
        rescued.refused[position] = str(error)

    def _check_server(self) -> None:
        """Raises `OllamaError` when a plain text fares no better: a server that fails on
        anything would have each text refused in turn."""
        if not _usable(self._call.embed([_PROBE]))[1].all():
            raise OllamaError(
                f"{self._name} gives no usable vector for any text; update Ollama, or choose "
                "another embedding model",
                FailureKind.UNFIT,
            )

    def _keep(self, positions: list[int], rows: Vectors, rescued: RecoveredBatch) -> list[int]:
        """Keeps the usable rows; gives back the positions of the others."""
        import numpy as np

        lengths, usable = _usable(rows)
        kept = np.asarray(positions)
        if usable.all():
            rescued.vectors[kept] = rows / lengths[:, None]
            return []
        rescued.vectors[kept[usable]] = rows[usable] / lengths[usable, None]
        return [int(position) for position in kept[~usable]]


def _usable(rows: Vectors) -> tuple[Vectors, npt.NDArray[np.bool_]]:
    """The length of each row, and whether it is 1 or nearly so."""
    import numpy as np

    with np.errstate(all="ignore"):
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        # A length that is not a number fails this too.
        return lengths, np.abs(lengths - 1) < _TOLERANCE
