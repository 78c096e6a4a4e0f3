"""A small table in memory, where the nearest vectors are a matrix product away and what was found
is at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragkit.store import schema
from ragkit.store.arrays import matrix, products, unit
from ragkit.types import Chunk

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from ragkit.store.reader import Reader
    from ragkit.types import Vectors

MOST_BYTES = 64 << 20  # of vectors: as long as comparing all of them is quicker than any index


@dataclass(frozen=True, slots=True)
class Resident:
    """Row ids (n,), ascending, vectors (n, d) of length 1, and the columns of chunks."""

    rows: npt.NDArray[np.int64]
    vectors: Vectors
    columns: pa.Table

    def nearest(self, vector: Vectors, limit: int) -> tuple[npt.NDArray[np.int64], Vectors]:
        """Row ids and cosine similarities of the `limit` rows nearest to a vector of length 1,
        best first; of equal ones the first rows."""
        import numpy as np

        similarity = products(self.vectors, vector)
        if limit < len(similarity):
            least = np.partition(similarity, -limit)[-limit]
            near = np.flatnonzero(similarity >= least)
        else:
            near = np.arange(len(similarity))
        best = near[np.argsort(-similarity[near], kind="stable")][:limit]
        return self.rows[best], similarity[best]

    def vectors_of(self, rows: npt.NDArray[np.int64]) -> Vectors:
        """The vectors (n, d) of these rows, in their order."""
        found: Vectors = self.vectors[self._at(rows)]
        return found

    def places(self, rows: Sequence[int]) -> list[tuple[str, int]]:
        """The source and ordinal of these rows, in their order."""
        found = self.columns.select(["source", "ordinal"]).take(self._at(rows))
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def take(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks of these rows, in their order."""
        return schema.to_chunks(self.columns.take(self._at(rows)))

    def _at(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        import numpy as np

        return np.searchsorted(self.rows, np.asarray(rows, dtype=np.int64))


def load(reader: Reader) -> Resident:
    """What a table holds now."""
    import numpy as np

    def everything(table: Any) -> Any:
        return table.query().select(["vector", *schema.CHUNK_COLUMNS]).with_row_id()

    (found,) = reader.fetch(everything)
    rows = found["_rowid"].to_numpy().astype(np.int64)
    order = np.argsort(rows)
    vectors = np.empty((len(rows), found["vector"].type.list_size), dtype=np.float32)
    places, done = np.argsort(order), 0
    for block in found["vector"].chunks:
        vectors[places[done : done + len(block)]] = unit(matrix(block))
        done += len(block)
    columns = found.select(list(schema.CHUNK_COLUMNS))
    if (order[:-1] > order[1:]).any():
        columns = columns.take(order)
    return Resident(rows[order], vectors, columns.combine_chunks())
