"""The vectors of a small table in memory, where the nearest of them are a matrix product away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragkit.store.arrays import matrix, products, unit

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.store.reader import Reader
    from ragkit.types import Vectors

MOST_BYTES = 64 << 20  # of vectors: as long as comparing all of them is quicker than any index


@dataclass(frozen=True, slots=True)
class Resident:
    """Row ids (n,), ascending, vectors (n, d) of length 1, sources and ordinals (n,)."""

    rows: npt.NDArray[np.int64]
    vectors: Vectors
    sources: list[str]
    ordinals: list[int]

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
        import numpy as np

        found: Vectors = self.vectors[np.searchsorted(self.rows, rows)]
        return found

    def places(self, rows: Sequence[int]) -> list[tuple[str, int]]:
        """The source and ordinal of these rows, in their order."""
        import numpy as np

        at = np.searchsorted(self.rows, np.asarray(rows, dtype=np.int64)).tolist()
        return [(self.sources[one], self.ordinals[one]) for one in at]


def load(reader: Reader) -> Resident:
    """What a table holds now."""
    import numpy as np

    def everything(table: Any) -> Any:
        return table.query().select(["vector", "source", "ordinal"]).with_row_id()

    (found,) = reader.fetch(everything)
    found = found.sort_by("_rowid")
    return Resident(
        found["_rowid"].to_numpy().astype(np.int64),
        unit(matrix(found["vector"])),
        found["source"].to_pylist(),
        found["ordinal"].to_pylist(),
    )
