from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import LoadError
from ragkit.loading import load


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(rb"one\par two\b bold\b0 .\par", "one\n\ntwobold.", id="paragraphs"),
        pytest.param(rb"a\line b\tab c", "a\nb c", id="line and tab"),
        pytest.param(rb"caf\'e9 \{x\} 50\~%", "café {x} 50 %", id="escapes"),
        pytest.param(rb"\u26053?\u-10179?\u-8704? end", "旅😀 end", id="Unicode"),
        pytest.param(rb"\uc2\u26053 ?? end", "旅 end", id="two stand-ins"),
        pytest.param(
            rb"{\fonttbl{\f0 Arial;}}{\info{\title T}}{\*\generator G;}words", "words", id="groups"
        ),
        pytest.param(rb"{\pict 0102}{\header page 1}words", "words", id="picture and header"),
        pytest.param(
            rb"{\fonttbl{\f1\fcharset128 M;}}{\f1 \'93\'fa\'96\'7b} x",
            "日本 x",
            id="a font's encoding",
        ),
        pytest.param(rb"\ansicpg1251 \'cf\'f0\'e8", "При", id="a code page"),
        pytest.param(rb"a\cell b\cell\row c", "a | b |\n\nc", id="table"),
        pytest.param(rb"\ansicpg932 \'83A\'83\'5c", "アソ", id="a letter as a second byte"),
        pytest.param(b"\\ansicpg1251 " + "При".encode("cp1251"), "При", id="bytes as they are"),
        pytest.param(rb"\ansicpg10000 caf\'e9", "café", id="a code page nobody has"),
        pytest.param(rb"Body{\footnote a note} on", "Body a note on", id="footnote"),
        pytest.param(
            rb'see {\field{\*\fldinst{HYPERLINK "http://a.b"}}{\fldrslt{the page}}} now',
            "see the page now",
            id="link",
        ),
        pytest.param(rb"a{\pict{\*\x 0}\bin3 }}}z}\binfsxn4 b", "ab", id="picture as bytes"),
        pytest.param(rb"{\listtext\u-3913?\tab}one", "• one", id="bullet of a symbol font"),
        pytest.param(rb"a\'ad\-b\_c", "ab-c", id="soft and hard hyphens"),
        pytest.param(rb"never {closed", "never closed", id="unclosed"),
    ],
)
def test_rich_text(body: bytes, expected: str) -> None:
    document = load(rb"{\rtf1\ansi " + body + b"}", "a.rtf")
    assert document.text == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"{" * 300_000 + b"deep", "deep", id="groups"),
        pytest.param(b"end" + b"}" * 300_000, "end", id="ends of groups"),
        pytest.param(b"{\\field{\\*\\fldinst{HYPERLINK " * 30_000 + b"x", "no text", id="links"),
        pytest.param(b'{\\FIELD{\\*\\fldinst{HYPERLINK ""' * 30_000, "no text", id="LINKS"),
        pytest.param(b"{\\fonttbl" + b"\\f1 " * 100_000 + b"}x", "x", id="fonts"),
        pytest.param(b"{\\fonttbl\\f1\\fcharset1 " + b"a" * 500_000 + b"}x", "x", id="a font"),
        pytest.param(b"{\\fonttbl" * 50_000, "no text", id="font tables"),
        pytest.param(b"{\\pict" + b"\\bin5" * 100_000 + b"}x", "x", id="bytes"),
        pytest.param(b"{\\pict " + b"0123abcd\n" * 500_000 + b"}x", "x", id="a picture"),
        pytest.param(b"\\'e9" * 100_000, "é" * 100_000, id="letters"),
    ],
)
def test_hostile_text_takes_linear_time(body: bytes, expected: str) -> None:
    started = time.process_time()
    try:
        found = load(rb"{\rtf1 " + body, "a.rtf").text
    except LoadError as error:
        found = str(error)
    assert expected in found
    assert time.process_time() - started < 10


@pytest.mark.parametrize("word", [rb"\uc x", rb"\u9999999999 x", rb"\u-99999999 x"])
def test_an_impossible_number_is_an_error(word: bytes) -> None:
    with pytest.raises(LoadError, match="damaged rich text"):
        load(rb"{\rtf1 " + word + b"}", "a.rtf")


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_a_load_error(data: bytes) -> None:
    with contextlib.suppress(LoadError):
        load(rb"{\rtf1 text " + data, "a.rtf")
