"""All the vectors a failing server can give, and the texts that have none.

A server fails a whole batch for one bad text and does not say which. Halving finds it; what a
second try can cure is tried a second time; what ails the server itself ends the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ragkit.models.ollama.translate import OllamaError, Trouble

if TYPE_CHECKING:
    from ragkit.types import Vectors

_TEXTS_ARE_TO_BLAME = (
    Trouble.TOO_LONG,
    Trouble.BROKEN_VECTOR,
    Trouble.CRASHED,
    Trouble.REFUSED,
)
_TOLERANCE = 0.01  # servers give vectors of length 1; 16-bit arithmetic is allowed for
_PROBE = "Is the server well?"


class Embedding(Protocol):
    """What `Rescue` needs of a server: `embed` gives one row a text, or raises `OllamaError`."""

    def embed(self, texts: Sequence[str]) -> Vectors: ...
    def unload(self) -> None: ...


@dataclass(slots=True)
class Rescued:
    """The vectors of a batch, rows of zeros where there is none, and why there is none."""

    vectors: Vectors
    too_long: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)


class Rescue:
    """Embeds batches through one server and remembers the batch size it can manage.

    `batch_limit` is the most texts a request may hold; a time-out halves it for good.
    """

    def __init__(self, call: Embedding, dimension: int, batch_limit: int) -> None:
        self._call = call
        self._dimension = dimension
        self.batch_limit = batch_limit

    def embed(self, texts: Sequence[str]) -> Rescued:
        """A row for each of `texts`; those without a vector are in exactly one of the other fields.

        Raises the `OllamaError` when the server is at fault: it is gone, it denies, its memory
        is full, it does not answer in time even for one text, or it fails on a plain text too.
        """
        import numpy as np

        rescued = Rescued(np.zeros((len(texts), self._dimension), dtype=np.float32))
        work = [list(range(len(texts)))]
        while work:
            positions = work.pop()
            if len(positions) > self.batch_limit:
                work += [positions[self.batch_limit :], positions[: self.batch_limit]]
                continue
            halves = self._take(texts, positions, rescued)
            work += reversed(halves)
        return rescued

    def _take(
        self, texts: Sequence[str], positions: list[int], rescued: Rescued
    ) -> list[list[int]]:
        """Settles `positions`, or gives them back in halves."""
        try:
            rows = self._embed_twice([texts[position] for position in positions])
        except OllamaError as error:
            middle = len(positions) // 2
            if error.trouble is Trouble.TIMED_OUT and middle:
                self.batch_limit = min(self.batch_limit, middle)
                return [positions]
            if error.trouble not in _TEXTS_ARE_TO_BLAME:
                raise
            if middle:
                return [positions[:middle], positions[middle:]]
            self._give_up(positions[0], error, rescued)
            return []
        broken = self._keep(positions, rows, rescued)
        if broken:
            self._second_chance(texts, broken, rescued)
        return []

    def _embed_twice(self, texts: list[str]) -> Vectors:
        """A crash is worth one more try: the server starts its runner again. So is a single
        text that took too long, which there is nothing left of to halve."""
        try:
            return self._call.embed(texts)
        except OllamaError as error:
            again = error.trouble is Trouble.CRASHED or (
                error.trouble is Trouble.TIMED_OUT and len(texts) == 1
            )
            if error.trouble is Trouble.BROKEN_VECTOR and len(texts) == 1:
                self._call.unload()
                again = True
            if not again:
                raise
        return self._call.embed(texts)

    def _give_up(self, position: int, error: OllamaError, rescued: Rescued) -> None:
        if error.trouble is Trouble.TOO_LONG:
            rescued.too_long.add(position)
            return
        # A server that fails on anything would have each text refused in turn.
        self._call.embed([_PROBE])
        rescued.refused[position] = str(error)

    def _keep(self, positions: list[int], rows: Vectors, rescued: Rescued) -> list[int]:
        """Keeps the usable rows; gives back the positions of the others."""
        import numpy as np

        with np.errstate(all="ignore"):
            lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
            # A length that is not a number fails this too.
            usable = np.abs(lengths - 1) < _TOLERANCE
        kept = np.asarray(positions)
        if usable.all():
            rescued.vectors[kept] = rows / lengths[:, None]
            return []
        rescued.vectors[kept[usable]] = rows[usable] / lengths[usable, None]
        return [int(position) for position in kept[~usable]]

    def _second_chance(self, texts: Sequence[str], positions: list[int], rescued: Rescued) -> None:
        """Once more after an unload, which cures a runner that has begun to give zeros."""
        self._call.unload()
        rows = self._embed_twice([texts[position] for position in positions])
        for position in self._keep(positions, rows, rescued):
            rescued.refused[position] = "the model gives it a vector of zeros or without length 1"
