"""When a table, or its outline, is read into memory: for a process that searches it often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ragkit.store.reader import Reader
from ragkit.store.resident import Outline, Resident, load, load_outline

# From the second search on; at the first where that is as quick as a search.
_OFTEN, _AT_ONCE_BYTES = 2, 2 << 20
# Of vectors: as long as comparing all of them is quicker than any index; in a run that writes.
_MOST_BYTES, _SPARING_BYTES = 160 << 20, 32 << 20
_MOST_ROWS = 5_000_000  # whose outline is kept: some 50 bytes each


class Kept:
    """What is in memory of a table that `reader` reads, whose rows have vectors of `dimension`;
    from any thread. What was read before the table changed is read again."""

    def __init__(self, reader: Reader, dimension: Callable[[], int]) -> None:
        self._reader = reader
        self._dimension = dimension
        self._searches = 0
        self._loading = threading.Lock()  # once, though both legs of a search ask
        self._sparing = False
        self._state = -1  # of the table, that all this is about
        self._rows = 0
        self._whole: Resident | None = None
        self._outline: Outline | None = None

    def search_begins(self) -> None:
        """To be told of each search."""
        self._searches += 1

    @contextmanager
    def sparing(self) -> Iterator[None]:
        """For searches of a run that writes, which needs the memory itself. A table in an object
        store is read all the same: it would be asked some hundred times for each search."""
        self._sparing = not self._reader.is_remote
        try:
            yield
        finally:
            self._sparing = False

    def whole(self) -> Resident | None:
        """A small table."""
        with self._loading:
            self._look()
            size = 4 * self._rows * self._dimension()
            if self._whole is None and 0 < size <= self._most_bytes():
                self._whole = load(self._reader)
                self._outline = self._whole.outline
            return self._whole

    def outline(self) -> Outline | None:
        """That of a table that is searched often."""
        if whole := self.whole():
            return whole.outline
        with self._loading:
            often = self._searches >= _OFTEN and not self._sparing
            if self._outline is None and often and 0 < self._rows <= _MOST_ROWS:
                self._outline = load_outline(self._reader)
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
