"""What is kept of a table in memory, where a process searches again and again.

Of a large table where each chunk stands: reading these columns of a few rows takes longer than
anything else of a search. Of a small one the vectors and texts, too: the nearest vectors are a
matrix product away then, and what was found is at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragkit.errors import IndexChangedError
from ragkit.store import schema
from ragkit.store.arrays import matrix, products, unit
from ragkit.types import Chunk

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from ragkit.store.reader import Reader
    from ragkit.types import Vectors

_OUTLINE = tuple(name for name in schema.CHUNK_COLUMNS if name != "text")


def find_rows(
    held: npt.NDArray[np.int64], wanted: Sequence[int] | npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Where each of the row ids `wanted` stands in `held`, which ascends.

    Raises `IndexChangedError` when one does not: its row has moved since it was found.
    """
    import numpy as np

    asked = np.asarray(wanted, dtype=np.int64)
    at = np.searchsorted(held, asked)
    if len(asked) and (not len(held) or (held[np.minimum(at, len(held) - 1)] != asked).any()):
        raise IndexChangedError("the index was written while it was searched; ask again")
    return at


@dataclass(frozen=True, slots=True)
class Outline:
    """Row ids (n,), ascending, and the columns of their chunks but for the texts."""

    rows: npt.NDArray[np.int64]
    columns: pa.Table

    def at(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Where these rows stand. Raises `IndexChangedError` when one is not there."""
        return find_rows(self.rows, rows)

    def sources(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> list[str]:
        """The sources of these rows, in their order."""
        names: list[str] = self.columns["source"].take(self.at(rows)).to_pylist()
        return names

    def places(self, rows: Sequence[int]) -> list[tuple[str, int]]:
        """The source and ordinal of these rows, in their order."""
        ordinals = self.columns["ordinal"].take(self.at(rows)).to_pylist()
        return list(zip(self.sources(rows), ordinals, strict=True))

    def chunks(self, rows: Sequence[int], texts: pa.ChunkedArray) -> list[Chunk]:
        """The chunks of these rows, whose texts these are."""
        return schema.to_chunks(self.columns.take(self.at(rows)).append_column("text", texts))


@dataclass(frozen=True, slots=True)
class Resident:
    """A table: its outline, its vectors (n, d) of length 1 and its texts."""

    outline: Outline
    vectors: Vectors
    texts: pa.ChunkedArray

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
        return self.outline.rows[best], similarity[best]

    def vectors_of(self, rows: Sequence[int]) -> Vectors:
        """The vectors (n, d) of these rows, in their order."""
        found: Vectors = self.vectors[self.outline.at(rows)]
        return found

    def take(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks of these rows, in their order."""
        import pyarrow as pa

        # To take rows of a column in many pieces joins the pieces first; slices of it do not.
        slices = [self.texts.slice(at, 1) for at in self.outline.at(rows).tolist()]
        pieces = [piece for one in slices for piece in one.chunks]
        return self.outline.chunks(rows, pa.chunked_array(pieces))


def load_outline(reader: Reader) -> Outline:
    """That of a table as it is now; it has rows."""
    outline, _ = _scanned(reader, (), lambda _batch, _count: None)
    return outline


def load(reader: Reader) -> Resident:
    """What a table holds now; it has rows."""
    import numpy as np
    import pyarrow as pa

    vectors = np.empty((0, 0), dtype=np.float32)
    texts: list[pa.Array] = []
    done = 0

    def use(batch: pa.RecordBatch, count: int) -> None:
        nonlocal vectors, done
        block = unit(matrix(batch["vector"]))
        if not done:
            vectors = np.empty((count, block.shape[1]), dtype=np.float32)
        vectors[done : done + len(block)] = block
        texts.append(_copied(batch["text"]))
        done += len(block)

    outline, order = _scanned(reader, ("vector", "text"), use)
    held = pa.chunked_array(texts)
    if order is None:
        return Resident(outline, vectors, held)
    return Resident(outline, vectors[order], held.take(pa.array(order)))


def _scanned(
    reader: Reader, also: Sequence[str], use_also: Callable[[pa.RecordBatch, int], object]
) -> tuple[Outline, npt.NDArray[np.int64] | None]:
    """The outline, and where its rows stood among those that were read, None for the same places.
    `use_also` gets them, with the columns `also`, and how many there are in all."""
    import numpy as np
    import pyarrow as pa

    rows: list[npt.NDArray[np.int64]] = []
    tables: list[pa.Table] = []

    def use(batch: pa.RecordBatch, count: int) -> None:
        rows.append(batch["_rowid"].to_numpy().astype(np.int64))
        tables.append(pa.table({name: _kept(batch[name]) for name in _OUTLINE}))
        use_also(batch, count)

    reader.scan(lambda table: table.query().select([*_OUTLINE, *also]).with_row_id(), use)
    ids = np.concatenate(rows)
    columns = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    if (ids[:-1] < ids[1:]).all():
        return Outline(ids, columns), None
    order = np.argsort(ids)
    return Outline(ids[order], columns.take(pa.array(order))), order


def _kept(column: pa.Array) -> pa.Array:
    """Names and headings are the same in many rows: each once, and its number in every row."""
    import pyarrow as pa

    return column.dictionary_encode() if pa.types.is_string(column.type) else _copied(column)


def _copied(column: pa.Array) -> pa.Array:
    """A column by itself: as it came, it keeps all others of its batch in memory."""
    import pyarrow as pa

    return pa.concat_arrays([column, column[:0]])
