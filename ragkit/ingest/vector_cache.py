"""Vectors that are stored already, by the hash of their text."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.types import Vectors

    Keys = npt.NDArray[np.uint64]

_DIRECT_LOOKUPS = 2  # then the hashes are read into memory
_MIX = 0x9E3779B97F4A7C15


class Table(Protocol):
    """Where vectors are stored by text hash."""

    def count(self) -> int: ...
    def text_hashes(self) -> bytes: ...
    def vectors_by_hash(self, hashes: Collection[str]) -> Mapping[str, Vectors]: ...


class VectorCache:
    """The vectors in some tables, and those that a run adds to the first of them.

    A look-up reads a whole column. So after a few look-ups the hashes of all chunks are read into
    memory, as numbers of 8 bytes, and only hashes among them are looked up. `find` and `add` may
    be called from different threads.
    """

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = [table for table in tables if table.count()]
        self._added_to = tables[0]
        self._direct_lookups_left = _DIRECT_LOOKUPS if self._tables else 0
        self._hashes_read = not self._tables
        self._runs: list[Keys] = []  # each ascending, each more than twice as long as the next
        self._lock = threading.Lock()

    def add(self, hashes: Collection[str]) -> None:
        """Says that vectors with these hashes will be stored in the first table."""
        with self._lock:
            if self._added_to not in self._tables:
                self._tables.insert(0, self._added_to)
            self._insert("".join(hashes).encode())

    def find(self, hashes: Sequence[str]) -> dict[str, Vectors]:
        """The stored vectors: hash -> (d,) float32; hashes without one are not in it."""
        with self._lock:
            wanted = self._probable(hashes)
        found: dict[str, Vectors] = {}
        for table in self._tables:
            missing = [key for key in wanted if key not in found]
            if missing:
                found.update(table.vectors_by_hash(missing))
        return found

    def _probable(self, hashes: Sequence[str]) -> Sequence[str]:
        import numpy as np

        if self._direct_lookups_left:
            self._direct_lookups_left -= 1
            return hashes
        if not self._hashes_read:
            self._hashes_read = True
            self._insert(b"".join(table.text_hashes() for table in self._tables))
        keys = _keys("".join(hashes).encode())
        probable = np.zeros(len(keys), dtype=np.bool_)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, keys), len(run) - 1)
            probable |= run[at] == keys
        return [key for key, is_probable in zip(hashes, probable, strict=True) if is_probable]

    def _insert(self, hashes: bytes) -> None:
        import numpy as np

        run = np.unique(_keys(hashes))
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.unique(np.concatenate([self._runs.pop(), run]))
        if len(run):
            self._runs.append(run)


def _keys(hashes: bytes) -> Keys:
    """Joined text hashes of 32 ASCII characters each, as numbers (n,)."""
    import numpy as np

    words = np.frombuffer(hashes, dtype=np.uint64).reshape(-1, 4)
    return words[:, 0] * np.uint64(_MIX) ^ words[:, 1]
