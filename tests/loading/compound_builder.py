"""Builds compound files (OLE2): the container of .msg, .xls, .doc and .ppt."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import pairwise

_SECTOR, _SMALL, _CUTOFF = 512, 64, 4096
_END, _FREE, _TABLE, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
_STORAGE, _STREAM, _ROOT = 1, 2, 5


def build_compound(streams: Mapping[str, bytes]) -> bytes:
    """A file of these streams; "a/b" is the stream b in the storage a."""
    tree: dict[str, object] = {}
    for path, data in streams.items():
        *folders, name = path.split("/")
        node = tree
        for folder in folders:
            node = node.setdefault(folder, {})  # type: ignore[assignment]
        node[name] = data
    return _Builder(tree).file()


class _Builder:
    def __init__(self, tree: dict[str, object]) -> None:
        self._sectors: list[bytes] = []
        self._chains: list[int] = []
        self._small: list[bytes] = []
        self._small_chains: list[int] = []
        self._entries: list[bytearray] = [bytearray()]
        child = self._storage(tree)
        small = b"".join(self._small)
        self._entries[0] = self._entry("Root Entry", _ROOT, self._add(small), len(small), child)

    def file(self) -> bytes:
        directory = b"".join(self._entries)
        directory += bytearray(128) * (-len(self._entries) % 4)
        start = self._add(bytes(directory))
        small_table = struct.pack(f"<{len(self._small_chains)}I", *self._small_chains)
        small_table += b"\xff" * (-len(small_table) % _SECTOR)
        small_start = self._add(small_table)
        tables = 1
        while tables * 128 < len(self._chains) + tables:
            tables += 1
        first = len(self._chains)
        chains = self._chains + [_TABLE] * tables
        chains += [_FREE] * (tables * 128 - len(chains))
        header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
        header += struct.pack("<HHHHH6xII", 0x3E, 3, 0xFFFE, 9, 6, 0, tables)
        header += struct.pack("<IIIII", start, 0, _CUTOFF, small_start, len(small_table) // _SECTOR)
        header += struct.pack("<II", _END, 0)
        places = [first + number for number in range(tables)] + [_FREE] * (109 - tables)
        header += struct.pack("<109I", *places)
        return header + b"".join(self._sectors) + struct.pack(f"<{len(chains)}I", *chains)

    def _storage(self, tree: dict[str, object]) -> int:
        """Writes entries and gives the number of the first; each is the right one of the last."""
        numbers = []
        for name, value in tree.items():
            if isinstance(value, bytes):
                entry = self._entry(name, _STREAM, self._add_stream(value), len(value), _NONE)
            else:
                child = self._storage(value)  # type: ignore[arg-type]
                entry = self._entry(name, _STORAGE, 0, 0, child)
            self._entries.append(entry)
            numbers.append(len(self._entries) - 1)
        for number, following in pairwise(numbers):
            self._entries[number][72:76] = struct.pack("<I", following)
        return numbers[0] if numbers else _NONE

    def _entry(self, name: str, kind: int, start: int, size: int, child: int) -> bytearray:
        encoded = name.encode("utf-16-le") + b"\0\0"
        entry = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
        entry += struct.pack("<III", _NONE, _NONE, child) + bytes(36)
        return bytearray(entry + struct.pack("<IQ", start, size))

    def _add_stream(self, data: bytes) -> int:
        if len(data) >= _CUTOFF:
            return self._add(data)
        return _append(data, _SMALL, self._small, self._small_chains)

    def _add(self, data: bytes) -> int:
        return _append(data, _SECTOR, self._sectors, self._chains)


def _append(data: bytes, size: int, sectors: list[bytes], chains: list[int]) -> int:
    """Adds the sectors of a stream to a chain of their own and gives the first."""
    first = len(sectors)
    pieces = [data[at : at + size].ljust(size, b"\0") for at in range(0, len(data), size)]
    sectors += pieces
    chains += [first + number for number in range(1, len(pieces))]
    if pieces:
        chains.append(_END)
    return first if pieces else _END
