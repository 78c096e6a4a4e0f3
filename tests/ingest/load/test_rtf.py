from __future__ import annotations

import pytest

from ragkit.ingest.load import load


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
        pytest.param(rb"never {closed", "never closed", id="unclosed"),
    ],
)
def test_rich_text(body: bytes, expected: str) -> None:
    document = load(rb"{\rtf1\ansi " + body + b"}", "a.rtf")
    assert document.text == expected


def test_many_groups_take_linear_time() -> None:
    assert load(rb"{\rtf1 " + b"{" * 300_000 + b"deep", "a.rtf").text == "deep"
