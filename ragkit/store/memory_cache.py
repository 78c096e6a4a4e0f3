"""What is kept of a table in memory, where a process searches again and again.

Of a large table where each chunk stands: reading these columns of a few rows takes longer than
anything else of a search. Of a small one the vectors and texts, too: the nearest vectors are a
matrix product away then, and what was found is at hand.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragkit.errors import IndexChangedError
from ragkit.store import schema
from ragkit.store.async_reader import AsyncTableReader
from ragkit.store.connection import refuse_forked_child
from ragkit.store.schema import matrix, normalize_rows, products
from ragkit.types import Chunk

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from ragkit.store.async_reader import AsyncTableReader
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
class RowIndex:
    """Row ids (n,), ascending, and the columns of their chunks but for the texts."""

    rows: npt.NDArray[np.int64]
    columns: pa.Table

    def locate(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Where these rows stand. Raises `IndexChangedError` when one is not there."""
        return find_rows(self.rows, rows)

    def sources(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> list[str]:
        """The sources of these rows, in their order."""
        names: list[str] = self.columns["source"].take(self.locate(rows)).to_pylist()
        return names

    def positions(self, rows: Sequence[int]) -> list[tuple[str, int]]:
        """The source and ordinal of these rows, in their order."""
        ordinals = self.columns["ordinal"].take(self.locate(rows)).to_pylist()
        return list(zip(self.sources(rows), ordinals, strict=True))

    def chunks(self, rows: Sequence[int], texts: pa.ChunkedArray) -> list[Chunk]:
        """The chunks of these rows, whose texts these are."""
        return schema.to_chunks(self.columns.take(self.locate(rows)).append_column("text", texts))


@dataclass(frozen=True, slots=True)
class InMemoryTable:
    """A table: its outline, its vectors (n, d) of length 1 and its texts."""

    row_index: RowIndex
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
        return self.row_index.rows[best], similarity[best]

    def vectors_of(self, rows: Sequence[int]) -> Vectors:
        """The vectors (n, d) of these rows, in their order."""
        found: Vectors = self.vectors[self.row_index.locate(rows)]
        return found

    def load_chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks of these rows, in their order."""
        import pyarrow as pa

        # To take rows of a column in many pieces joins the pieces first; slices of it do not.
        slices = [self.texts.slice(at, 1) for at in self.row_index.locate(rows).tolist()]
        pieces = [piece for one in slices for piece in one.chunks]
        return self.row_index.chunks(rows, pa.chunked_array(pieces))


def load_row_index(reader: AsyncTableReader) -> RowIndex:
    """That of a table as it is now; it has rows."""
    outline, _ = _scanned(reader, (), lambda _batch, _count: None)
    return outline


def load_table(reader: AsyncTableReader) -> InMemoryTable:
    """What a table holds now; it has rows."""
    import numpy as np
    import pyarrow as pa

    vectors = np.empty((0, 0), dtype=np.float32)
    texts: list[pa.Array] = []
    done = 0

    def use(batch: pa.RecordBatch, count: int) -> None:
        nonlocal vectors, done
        block = normalize_rows(matrix(batch["vector"]))
        if not done:
            vectors = np.empty((count, block.shape[1]), dtype=np.float32)
        vectors[done : done + len(block)] = block
        texts.append(_copied(batch["text"]))
        done += len(block)

    outline, order = _scanned(reader, ("vector", "text"), use)
    held = pa.chunked_array(texts)
    if order is None:
        return InMemoryTable(outline, vectors, held)
    return InMemoryTable(outline, vectors[order], held.take(pa.array(order)))


def _scanned(
    reader: AsyncTableReader, also: Sequence[str], use_also: Callable[[pa.RecordBatch, int], object]
) -> tuple[RowIndex, npt.NDArray[np.int64] | None]:
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
        return RowIndex(ids, columns), None
    order = np.argsort(ids)
    return RowIndex(ids[order], columns.take(pa.array(order))), order


def _kept(column: pa.Array) -> pa.Array:
    """Names and headings are the same in many rows: each once, and its number in every row."""
    import pyarrow as pa

    return column.dictionary_encode() if pa.types.is_string(column.type) else _copied(column)


def _copied(column: pa.Array) -> pa.Array:
    """A column by itself: as it came, it keeps all others of its batch in memory."""
    import pyarrow as pa

    return pa.concat_arrays([column, column[:0]])


# From the second search on; at the first where that is as quick as a search.
_OFTEN, _AT_ONCE_BYTES = 2, 2 << 20
# Of vectors: as long as comparing all of them is quicker than any index; in a run that writes.
_MOST_BYTES, _SPARING_BYTES = 160 << 20, 32 << 20
_MOST_ROWS = 5_000_000  # whose outline is kept: some 50 bytes each


class TableCache:
    """What is in memory of a table that `reader` reads, whose rows have vectors of `dimension`;
    from any thread. What was read before the table changed is read again."""

    def __init__(self, reader: AsyncTableReader, dimension: Callable[[], int]) -> None:
        self._reader = reader
        self._dimension = dimension
        self._searches = 0
        self._loading = threading.Lock()  # once, though both legs of a search ask
        self._sparing = False
        self._state = -1  # of the table, that all this is about
        self._rows = 0
        self._whole: InMemoryTable | None = None
        self._outline: RowIndex | None = None

    def count_search(self) -> None:
        """To be told of each search."""
        self._searches += 1

    @contextmanager
    def low_memory(self) -> Iterator[None]:
        """For searches of a run that writes, which needs the memory itself. A table in an object
        store is read all the same: it would be asked some hundred times for each search."""
        self._sparing = not self._reader.is_remote
        try:
            yield
        finally:
            self._sparing = False

    def full_table(self) -> InMemoryTable | None:
        """A small table."""
        refuse_forked_child()  # a thread of the parent may have held the lock
        with self._loading:
            self._look()
            size = 4 * self._rows * self._dimension()
            if self._whole is None and 0 < size <= self._most_bytes():
                self._whole = load_table(self._reader)
                self._outline = self._whole.row_index
            return self._whole

    def row_index(self) -> RowIndex | None:
        """That of a table that is searched often."""
        if whole := self.full_table():
            return whole.row_index
        with self._loading:
            often = self._searches >= _OFTEN and not self._sparing
            if self._outline is None and often and 0 < self._rows <= _MOST_ROWS:
                self._outline = load_row_index(self._reader)
            return self._outline

    def _look(self) -> None:
        if self._state != self._reader.state:
            self._state = self._reader.state
            self._whole = self._outline = None
            self._rows = self._reader.count()

    def _most_bytes(self) -> int:
        if self._searches < _OFTEN:
            return _AT_ONCE_BYTES
        return _SPARING_BYTES if self._sparing else _MOST_BYTES
