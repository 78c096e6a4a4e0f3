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

MOST_BYTES = 160 << 20  # of vectors: as long as comparing all of them is quicker than any index


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

    def places(self, rows: Sequence[int]) -> tuple[list[tuple[str, int]], Vectors]:
        """The source and ordinal of these rows, and their vectors (n, d), in their order."""
        at = self._at(rows)
        ordinals = self.columns["ordinal"].take(at).to_pylist()
        return list(zip(self.sources(rows), ordinals, strict=True)), self.vectors[at]

    def sources(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> list[str]:
        """The sources of these rows, in their order."""
        names: list[str] = self.columns["source"].take(self._at(rows)).to_pylist()
        return names

    def take(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks of these rows, in their order."""
        import pyarrow as pa

        # Taking rows of a column in many pieces joins the pieces first, in slices it does not.
        slices = [self.columns.slice(at, 1) for at in self._at(rows).tolist()]
        return schema.to_chunks(pa.concat_tables(slices))

    def _at(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        import numpy as np

        return np.searchsorted(self.rows, np.asarray(rows, dtype=np.int64))


def load(reader: Reader, dimension: int) -> Resident:
    """What a table holds now."""
    import numpy as np
    import pyarrow as pa

    count = reader.count()
    rows = np.empty(count, dtype=np.int64)
    vectors = np.empty((count, dimension), dtype=np.float32)
    columns: list[pa.RecordBatch] = []
    done = 0

    def use(batch: pa.RecordBatch) -> None:
        nonlocal done
        end = done + len(batch)
        rows[done:end] = batch["_rowid"].to_numpy()
        vectors[done:end] = unit(matrix(batch["vector"]))
        # A copy: columns of a batch keep its vectors in memory, too.
        columns.append(batch.select(list(schema.CHUNK_COLUMNS)).take(np.arange(len(batch))))
        done = end

    def everything(table: Any) -> Any:
        return table.query().select(["vector", *schema.CHUNK_COLUMNS]).with_row_id()

    reader.each(everything, use)
    held = pa.Table.from_batches(columns)
    if (rows[:-1] < rows[1:]).all():
        return Resident(rows, vectors, held)
    order = np.argsort(rows)
    return Resident(rows[order], vectors[order], held.take(order))
