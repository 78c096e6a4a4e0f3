from __future__ import annotations

import base64
import binascii
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import LoadError
from ragkit.loading import load
from ragkit.loading.encoded_data import decode_block, without_encoded_data

LETTER = "The mill key is blue and hangs by the door.\nÜber allem steht der Müller.\n" * 3
NOISE = random.Random(1).randbytes(1500)
PNG = b"\x89PNG\r\n\x1a\n" + NOISE


def wrapped(data: bytes, width: int = 76) -> str:
    text = base64.b64encode(data).decode()
    return "\n".join(text[at : at + width] for at in range(0, len(text), width)) + "\n"


def uuencoded(data: bytes) -> str:
    lines = (binascii.b2a_uu(data[at : at + 45]).decode() for at in range(0, len(data), 45))
    return "begin 644 file\n" + "".join(lines) + "`\nend\n"


def yencoded(data: bytes) -> bytes:
    codes = ((byte + 42) % 256 for byte in data)
    body = b"".join(
        b"=" + bytes([(code + 64) % 256]) if code in (0, 10, 13, 61) else bytes([code])
        for code in codes
    )
    return b"=ybegin line=128 size=9 name=file\n" + body + b"\n=yend size=9\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(base64.b64encode(LETTER.encode()), id="base64 in one line"),
        pytest.param(wrapped(LETTER.encode()).encode(), id="base64"),
        pytest.param(wrapped(LETTER.encode("cp1252")).encode(), id="base64 of windows-1252"),
        pytest.param(wrapped(LETTER.encode()).replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(base64.urlsafe_b64encode(LETTER.encode()), id="base64 of addresses"),
        pytest.param(uuencoded(LETTER.encode()).encode(), id="uuencode"),
        pytest.param(yencoded(LETTER.encode()), id="yEnc"),
    ],
)
def test_a_file_that_is_one_block_is_decoded(data: bytes) -> None:
    document = load(data, "letter.txt")
    assert document.text == LETTER
    assert "one block of encoded data" in document.notes[-1]


def test_decoded_lines_have_the_line_of_the_file_they_begin_in() -> None:
    document = load(b"\n" + wrapped(LETTER.encode()).encode(), "letter.txt")
    encoded = LETTER.encode()
    for number, start in enumerate([0, 44, 75], 0):
        assert encoded[start : start + 3] in (b"The", "Ü".encode() + b"b")
        assert document.file_lines[number] == 2 + start // 57


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(wrapped(PNG), "a picture (image/png)", id="picture"),
        pytest.param(wrapped(b"PK\3\4" + NOISE), "an archive (zip)", id="zip"),
        pytest.param(wrapped(b"%PDF-1.4\n" + NOISE), "a document", id="PDF"),
        pytest.param(wrapped(NOISE), "a binary file", id="anything"),
        pytest.param(uuencoded(PNG), "a picture (image/png)", id="uuencode"),
    ],
)
def test_a_block_without_text_is_refused_with_what_it_is(data: str, reason: str) -> None:
    with pytest.raises(LoadError) as caught:
        load(data.encode(), "data.txt")
    assert caught.value.outcome == "skipped"
    assert reason in str(caught.value)
    assert "decode it" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param(f"Dear Ann\n\n{wrapped(NOISE)}\nBest\n", "Dear Ann\n\n\nBest\n", id="base64"),
        pytest.param(
            f"-----BEGIN KEY-----\n{wrapped(NOISE, 64)}-----END KEY-----",
            "-----BEGIN KEY-----\n-----END KEY-----",
            id="key",
        ),
        pytest.param(
            f"A ![plan](data:image/png;base64,{base64.b64encode(NOISE).decode()}) b\nc",
            "A ![plan](data:image/png;base64,) b\nc",
            id="picture in a line",
        ),
        pytest.param(
            "Dump\n" + "\n".join(NOISE[at : at + 30].hex() for at in range(0, 600, 30)) + "\nend",
            "Dump\nend",
            id="hexadecimal",
        ),
        pytest.param(f"See\n{uuencoded(NOISE)}bye", "See\nbegin 644 file\nend\nbye", id="uuencode"),
    ],
)
def test_blocks_in_a_text_are_left_out_and_counted(text: str, left: str) -> None:
    document = load(text.encode(), "note.md")
    assert document.text == left
    assert document.lost_characters == sum(map(len, text.split())) - sum(map(len, left.split()))
    assert "left out" in document.notes[-1]
    lines = text.split("\n")
    for line, number in zip(left.split("\n"), document.file_lines, strict=True):
        assert lines[number - 1].startswith(line[:20])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ACGT" * 300, id="DNA"),
        pytest.param("\n".join(["ACGTTGCAAC" * 6] * 50), id="DNA in lines"),
        pytest.param(
            "\n".join(random.Random(at).randbytes(32).hex() for at in range(50)), id="hashes"
        ),
        pytest.param("abcdEFGH1234" * 3, id="a word"),
        pytest.param("=" * 500 + "\n" + "-" * 500, id="rules"),
        pytest.param("/usr/lib/python/site/packages" * 20, id="a path"),
        pytest.param("Donaudampfschifffahrtsgesellschaft" * 15, id="a long word"),
    ],
)
def test_words_paths_and_hashes_stay(text: str) -> None:
    assert load(text.encode(), "a.txt").text == text


@given(st.binary(min_size=90, max_size=400))
def test_base64_comes_back(data: bytes) -> None:
    block = decode_block(wrapped(data).encode())
    assert block is None or block[0] == data


@pytest.mark.parametrize(
    "piece", ["A" * 399 + ".", "A" * 60 + "\n", "begin 644 a\nM\n", "Aa1" * 9 + "\n"]
)
def test_time_grows_with_length(piece: str) -> None:
    began = time.process_time()
    without_encoded_data("A" * 40 + "\n" + piece * (2_000_000 // len(piece)))
    assert time.process_time() - began < 5
