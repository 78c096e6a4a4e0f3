from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import LoadError
from ragkit.loading import load
from tests.loading.mail.test_mime import message

LINE = b"From ada@example.org Wed Jan 31 09:05:00 2024\n"
FIRST = b"Subject: one\nFrom: a@b\n\nfirst words\n"
SECOND = b"Subject: two\nFrom: c@d\n\nsecond words\n"


def test_a_mailbox_has_a_page_for_each_message() -> None:
    data = LINE + bytes(message("first")) + b"\n" + LINE + bytes(message("second"))
    document = load(data, "a.mbox")
    assert document.page_labels == ("message 1", "message 2")
    assert "first" in document.text[: document.page_starts[1]]
    assert "second" in document.text[document.page_starts[1] :]


@pytest.mark.parametrize(
    ("data", "pages"),
    [
        pytest.param(FIRST, 1, id="headers alone"),
        pytest.param(b"\n\n" + FIRST + b"\n" + LINE + SECOND, 2, id="no line above the first"),
        pytest.param((LINE + FIRST + b"\n" + LINE + SECOND).replace(b"\n", b"\r\n"), 2, id="CRLF"),
        pytest.param(LINE + FIRST + LINE + SECOND, 2, id="no blank line between"),
        pytest.param(b"words of nobody\n\n" + LINE + SECOND, 1, id="other text above"),
    ],
)
def test_every_message_of_a_mailbox_is_read(data: bytes, pages: int) -> None:
    document = load(data, "a.mbox")
    assert document.page_labels == tuple(f"message {n}" for n in range(1, pages + 1))
    assert "words" in document.text


def test_a_sentence_that_begins_with_from_parts_no_messages() -> None:
    body = b"From 2019 on we met.\nNote: at noon.\n>From here it is far.\n>>From afar.\n"
    document = load(LINE + FIRST + body, "a.mbox")
    assert len(document.page_starts) == 1
    assert "\nFrom here it is far.\n>From afar." in document.text


def test_a_mailbox_without_any_message_is_reported() -> None:
    with pytest.raises(LoadError, match="no message begins"):
        load(b"just words\nand more\n", "a.mbox")


def test_long_lines_take_linear_time() -> None:
    load(LINE + FIRST + b"From " + b"2024 " * 400_000 + b"x", "a.mbox")


@given(st.lists(st.sampled_from([LINE, FIRST, SECOND, b"\n", b"From x 2024\n", b">From \n"])))
def test_any_order_of_lines_loads_or_is_reported(pieces: list[bytes]) -> None:
    try:
        document = load(b"".join(pieces), "a.mbox")
    except LoadError:
        return
    assert len(document.page_labels) == len(document.page_starts)
