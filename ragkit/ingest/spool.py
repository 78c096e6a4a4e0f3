"""Rows that may be too many for memory: a few stay in it, many go to a temporary file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

_MEMORY_BYTES = 16 << 20


class Spool:
    """Rows of JSON values in the order they were added; read them as often as needed, from one
    thread at a time. The file vanishes with the object or the process."""

    def __init__(self, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=memory_bytes)  # noqa: SIM115
        self._count = 0

    def add(self, row: Sequence[Any]) -> None:
        """Adds a row at the end."""
        # Escaped to ASCII: names that are not UTF-8 hold lone surrogates.
        self._file.write(json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n")
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[list[Any]]:
        self._file.seek(0)
        return map(json.loads, self._file)

    def close(self) -> None:
        """Frees what the rows take."""
        self._file.close()
