"""Parts of the chunks table in memory, for processes that search often.

Of a large table: source, ordinal and the other short columns of each row. Reading these for a few
rows from disk takes longer than the rest of a search. Of a small table also vectors and texts: a
search is one matrix product then.
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


_INDEX_COLUMNS = tuple(name for name in schema.CHUNK_COLUMNS if name != "text")


def find_rows(
    ascending: npt.NDArray[np.int64], wanted: Sequence[int] | npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The positions (n,) of the row ids `wanted` in `ascending`.

    Raises `IndexChangedError` when one is missing: its row has moved since it was found.
    """
    import numpy as np

    asked = np.asarray(wanted, dtype=np.int64)
    at = np.searchsorted(ascending, asked)
    last = len(ascending) - 1
    if len(asked) and (last < 0 or (ascending[np.minimum(at, last)] != asked).any()):
        raise IndexChangedError("the index was written while it was searched; ask again")
    return at


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Row ids (n,), ascending, and all columns of their chunks but the texts."""

    rows: npt.NDArray[np.int64]
    columns: pa.Table

    def locate(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The positions (n,) of these rows. Raises `IndexChangedError` when one is missing."""
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
        """The chunks of these rows; `texts` are theirs, in the same order."""
        return schema.to_chunks(self.columns.take(self.locate(rows)).append_column("text", texts))


@dataclass(frozen=True, slots=True)
class InMemoryTable:
    """A whole table: its row index, vectors (n, d) of length 1, and texts."""

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
    """The row index of a table that is not empty."""
    row_index, _ = _scan(reader, (), lambda _batch, _count: None)
    return row_index


def load_table(reader: AsyncTableReader) -> InMemoryTable:
    """A table that is not empty, read into memory."""
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
        texts.append(_copy(batch["text"]))
        done += len(block)

    row_index, order = _scan(reader, ("vector", "text"), use)
    held = pa.chunked_array(texts)
    if order is None:
        return InMemoryTable(row_index, vectors, held)
    return InMemoryTable(row_index, vectors[order], held.take(pa.array(order)))


def _scan(
    reader: AsyncTableReader, also: Sequence[str], use_also: Callable[[pa.RecordBatch, int], object]
) -> tuple[RowIndex, npt.NDArray[np.int64] | None]:
    """The row index of a table, and its permutation of the rows as they were read, None when they
    were in order. `use_also` is called with each batch, which has the columns `also`, too, and
    with the number of all rows."""
    import numpy as np
    import pyarrow as pa

    rows: list[npt.NDArray[np.int64]] = []
    tables: list[pa.Table] = []

    def use(batch: pa.RecordBatch, count: int) -> None:
        rows.append(batch["_rowid"].to_numpy().astype(np.int64))
        tables.append(pa.table({name: _compressed(batch[name]) for name in _INDEX_COLUMNS}))
        use_also(batch, count)

    reader.scan(lambda table: table.query().select([*_INDEX_COLUMNS, *also]).with_row_id(), use)
    ids = np.concatenate(rows)
    columns = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    if (ids[:-1] < ids[1:]).all():
        return RowIndex(ids, columns), None
    order = np.argsort(ids)
    return RowIndex(ids[order], columns.take(pa.array(order))), order


def _compressed(column: pa.Array) -> pa.Array:
    """A column in little memory: names and headings, the same in many rows, as a dictionary."""
    import pyarrow as pa

    return column.dictionary_encode() if pa.types.is_string(column.type) else _copy(column)


def _copy(column: pa.Array) -> pa.Array:
    """A copy of a column: the column itself would hold all others of its batch in memory."""
    import pyarrow as pa

    return pa.concat_arrays([column, column[:0]])


# From the second search on; at the first where that is as quick as a search.
_OFTEN, _AT_ONCE_BYTES = 2, 2 << 20
# Of vectors: as long as comparing all of them is quicker than any index; in a run that writes.
_MOST_BYTES, _LOW_MEMORY_BYTES = 160 << 20, 32 << 20
_MOST_ROWS = 5_000_000  # whose row_index is kept: some 50 bytes each


class TableCache:
    """The parts in memory of the table of `reader`, with vectors of `dimension`; for any thread.
    After a change of the table they are read again."""

    def __init__(self, reader: AsyncTableReader, dimension: Callable[[], int]) -> None:
        self._reader = reader
        self._dimension = dimension
        self._searches = 0
        self._loading = threading.Lock()  # once, though both legs of a search ask
        self._low_memory = False
        self._state = -1  # of the table, that all this is about
        self._rows = 0
        self._full_table: InMemoryTable | None = None
        self._row_index: RowIndex | None = None

    def count_search(self) -> None:
        """To be called for each search: tables are read into memory when there are several."""
        self._searches += 1

    @contextmanager
    def low_memory(self) -> Iterator[None]:
        """For searches of a run that writes, which needs the memory itself. A table in an object
        store is read all the same: else each search would make some hundred requests."""
        self._low_memory = not self._reader.is_remote
        try:
            yield
        finally:
            self._low_memory = False

    def full_table(self) -> InMemoryTable | None:
        """The whole table; None when it is empty or large."""
        refuse_forked_child()  # a thread of the parent may have held the lock
        with self._loading:
            self._check_state()
            size = 4 * self._rows * self._dimension()
            if self._full_table is None and 0 < size <= self._most_bytes():
                self._full_table = load_table(self._reader)
                self._row_index = self._full_table.row_index
            return self._full_table

    def row_index(self) -> RowIndex | None:
        """The row index; None when the table is empty or seldom searched."""
        if whole := self.full_table():
            return whole.row_index
        with self._loading:
            often = self._searches >= _OFTEN and not self._low_memory
            if self._row_index is None and often and 0 < self._rows <= _MOST_ROWS:
                self._row_index = load_row_index(self._reader)
            return self._row_index

    def _check_state(self) -> None:
        if self._state != self._reader.state:
            self._state = self._reader.state
            self._full_table = self._row_index = None
            self._rows = self._reader.count()

    def _most_bytes(self) -> int:
        if self._searches < _OFTEN:
            return _AT_ONCE_BYTES
        return _LOW_MEMORY_BYTES if self._low_memory else _MOST_BYTES
