from __future__ import annotations

import random
import struct
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import LoadError
from ragkit.loading.compound_file import CompoundFile, compound_format
from tests.loading.compound_builder import build_compound

STREAMS = {"Small": b"few bytes", "Large": b"many " * 3000, "Folder/Inner": b"inner"}


def test_streams_are_read_as_they_were_written() -> None:
    file = CompoundFile(build_compound(STREAMS))
    assert file.names() == ["Folder", "Large", "Small"]
    assert file.names(["Folder"]) == ["Inner"]
    for path, data in STREAMS.items():
        assert file.read(path.split("/")) == data
        assert file.size(path.split("/")) == len(data)
    assert file.read(["folder", "INNER"]) == b"inner"
    assert file.read(["Nothing"]) == b""
    assert file.read(["Folder"]) == b""


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("WordDocument", "doc"),
        ("PowerPoint Document", "ppt"),
        ("Workbook", "xls"),
        ("Book", "xls"),
        ("__properties_version1.0", "msg"),
    ],
)
def test_the_format_is_found_from_the_streams(stream: str, expected: str) -> None:
    assert compound_format(build_compound({"Other": b"x", stream: b"x"})) == expected


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        ("EncryptedPackage", "needs a password"),
        ("VisioDocument", "Visio drawing: export it as .pdf"),
        ("BodyText/Section0", "Hangul file"),
        ("Catalog", "a compound binary file: if it is a document"),
    ],
)
def test_what_is_not_read_is_named(stream: str, reason: str) -> None:
    with pytest.raises(LoadError, match=reason) as caught:
        compound_format(build_compound({stream: b"x"}))
    assert caught.value.outcome == "skipped"


def test_a_file_that_claims_larger_tables_than_it_holds_is_refused() -> None:
    for place in (0x2C, 0x40, 0x48):
        data = bytearray(build_compound(STREAMS))
        data[place : place + 4] = struct.pack("<I", 2**31 - 1)
        with pytest.raises(LoadError, match="damaged"):
            CompoundFile(bytes(data))


def test_a_stream_that_claims_to_be_longer_than_the_file_is_not_read() -> None:
    data = build_compound(STREAMS).replace(struct.pack("<Q", 15000), struct.pack("<Q", 2**40))
    assert CompoundFile(data).read(["Large"]) == b""


@given(st.integers(0, 2**32), st.integers(1, 100))
def test_damaged_files_take_bounded_time(seed: int, count: int) -> None:
    data = bytearray(build_compound(STREAMS))
    chance = random.Random(seed)
    for _ in range(count):
        data[chance.randrange(8, len(data))] = chance.choice((0, 1, 255, chance.randrange(256)))
    begun = time.process_time()
    with suppress(LoadError):
        file = CompoundFile(bytes(data))
        for name in file.names():
            file.read([name])
    assert time.process_time() - begun < 5
