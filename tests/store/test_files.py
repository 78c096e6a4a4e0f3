"""The ledger as reconciling reads it."""

from __future__ import annotations

import random
from dataclasses import fields
from pathlib import Path

import pytest

from ragkit.index import Index
from ragkit.store.schema import file_schema
from ragkit.types import FileFingerprint, FileRecord

NAMES = [
    "a",
    "a b",
    "a'b",
    'a"b',
    "a.md",
    "a/b",
    "a0",
    "B",
    "é",
    "\uffff",
    "\U0001f600",
    "日本",
    "%",
    "\n",
]


@pytest.mark.parametrize("page", [1, 3, 14, 1000])
def test_the_ledger_is_read_in_order_whatever_fits_into_memory(index: Index, page: int) -> None:
    records = [
        FileRecord(
            name, "skipped", f"reason {at}", size=at, mtime_ns=-at, inode=2 * at, last_seen_ns=at
        )
        for at, name in enumerate(NAMES)
    ]
    random.Random(page).shuffle(records)
    for start in range(0, len(records), 5):
        index._connection.store.files.write(records[start : start + 5])
    known = list(index._connection.store.files.fingerprints(page))
    assert [one.source for one in known] == sorted(NAMES)
    assert set(known) == {
        FileFingerprint(r.source, r.outcome, r.reason, r.size, r.mtime_ns, r.inode, r.last_seen_ns)
        for r in records
    }


def test_a_piece_of_the_ledger_may_be_smaller_than_a_step_of_the_sample(index: Index) -> None:
    names = [f"{number:03}" for number in range(132)]
    index._connection.store.files.write([FileRecord(name, "indexed") for name in names[:129]])
    for name in names[129:]:
        index._connection.store.files.write([FileRecord(name, "indexed")])
    assert [one.source for one in index._connection.store.files.fingerprints(128)] == names


def test_an_empty_ledger_is_read(index: Index) -> None:
    assert list(index._connection.store.files.fingerprints()) == []


def test_records_are_found_by_source(index: Index, tmp_path: Path) -> None:
    records = [FileRecord(name, "indexed", sha256="ab", chunks=2) for name in NAMES]
    index._connection.store.files.write(records)
    found = index._connection.store.files.find(["a'b", "日本", "missing"])
    assert sorted(one.source for one in found) == ["a'b", "日本"]
    assert all(one in records for one in found)


def test_every_field_of_a_record_has_a_column() -> None:
    assert set(file_schema().names) == {field.name for field in fields(FileRecord)}
