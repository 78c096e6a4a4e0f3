"""Arrow columns as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from ragkit.types import Vectors


def matrix(column: pa.ChunkedArray | pa.Array) -> Vectors:
    """A column of fixed-size lists as (n, d) float32."""
    import numpy as np

    if hasattr(column, "combine_chunks"):
        column = column.combine_chunks()
    values = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float32).reshape(len(column), column.type.list_size)


def normalize_rows(vectors: Vectors) -> Vectors:
    """(n, d) at length 1; none is of length 0."""
    import numpy as np

    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def products(vectors: Vectors, vector: Vectors) -> Vectors:
    """The inner product of each of (n, d) with a vector (d,), in this thread: the threads of a
    matrix product go on spinning when it is done, and slow down the queries beside it."""
    import numpy as np

    found: Vectors = np.einsum("ij,j->i", vectors, vector)
    return found


def concat(column: pa.ChunkedArray) -> bytes:
    """The UTF-8 bytes of all strings of a column, one after another; nulls there are none."""
    return b"".join(map(_joined, column.chunks))


def _joined(column: pa.StringArray) -> bytes:
    _, offsets, data = column.buffers()
    if not len(column):
        return b""
    ends = memoryview(offsets).cast("i")
    return bytes(memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]])
