from __future__ import annotations

import datetime
import random
import struct
import time
from collections.abc import Mapping
from contextlib import suppress

import compressed_rtf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import LoadError
from ragkit.loading import load
from tests.loading.compound_builder import build_compound
from tests.loading.mail.test_mime import message

Value = str | bytes | int | datetime.datetime
SUBJECT, HEADERS, SENT, PLAIN, HTML, RTF = 0x0037, 0x007D, 0x0039, 0x1000, 0x1013, 0x1009
SENDER, SENDER_ADDRESS, CODE_PAGE, MESSAGE_PAGE = 0x0C1A, 0x0C1F, 0x3FDE, 0x3FFD
NAME, ADDRESS, KIND = 0x3001, 0x3003, 0x0C15
FILE_NAME, MIME, DATA, METHOD = 0x3707, 0x370E, 0x3701, 0x3705


def storage(
    values: Mapping[int, Value], header: int, path: str = "", narrow: str = ""
) -> dict[str, bytes]:
    """The streams of a message, recipient or attachment; `narrow`: texts are in that encoding."""
    streams, fixed = {}, bytes(header)
    for number, value in values.items():
        tag = {int: 0x3, bytes: 0x102, datetime.datetime: 0x40}.get(type(value), 0x1F)
        kept = 0
        if isinstance(value, int):
            kept = value
        elif isinstance(value, datetime.datetime):
            since = value - datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
            kept = since // datetime.timedelta(microseconds=1) * 10
        else:
            tag = 0x1E if narrow and isinstance(value, str) else tag
            data = value.encode(narrow or "utf-16-le") if isinstance(value, str) else value
            streams[f"{path}__substg1.0_{number:04X}{tag:04X}"] = data
        fixed += struct.pack("<HHIQ", tag, number, 6, kept)
    return {f"{path}__properties_version1.0": fixed, **streams}


def outlook(
    values: Mapping[int, Value],
    *,
    recipients: list[Mapping[int, Value]] | None = None,
    attachments: list[Mapping[int, Value]] | None = None,
    others: Mapping[str, bytes] | None = None,
    narrow: str = "",
) -> bytes:
    streams = storage(values, 32, narrow=narrow)
    for number, one in enumerate(recipients or ()):
        streams |= storage(one, 8, f"__recip_version1.0_#{number:08X}/", narrow)
    for number, one in enumerate(attachments or ()):
        streams |= storage(one, 8, f"__attach_version1.0_#{number:08X}/", narrow)
    return build_compound({**streams, **(others or {})})


def test_a_message_is_written_as_the_same_one_in_mime() -> None:
    mail = message()
    headers = bytes(mail).partition(b"\n\n")[0].decode()
    body = mail.get_content().replace("\n", "\r\n")
    kept = outlook({SUBJECT: "Sicherung prüfen", HEADERS: headers, PLAIN: body, SENDER: "x"})
    document, same = load(kept, "a.msg"), load(bytes(mail), "a.eml")
    assert document.text == same.text
    assert document.headings == same.headings
    assert document.metadata[1:] == same.metadata[1:]


def test_a_message_that_was_never_sent_by_mail_names_its_people() -> None:
    sent = datetime.datetime(2024, 1, 31, 9, 5, tzinfo=datetime.UTC)
    data = outlook(
        {
            SUBJECT: "s",
            PLAIN: "words",
            SENDER: "Ada",
            SENDER_ADDRESS: "ada@example.org",
            SENT: sent,
        },
        recipients=[
            {NAME: "Bob", ADDRESS: "bob@example.org", KIND: 1},
            {NAME: "Cyd", ADDRESS: "/o=ExchangeLabs/cn=cyd", KIND: 2},
            {NAME: "Dan", ADDRESS: "dan@example.org", KIND: 3},
        ],
    )
    document = load(data, "a.msg")
    assert document.text == (
        "# s\n\nFrom: Ada <ada@example.org>\nTo: Bob <bob@example.org>\nCc: Cyd\n"
        "Date: Wed, 31 Jan 2024 09:05:00 +0000\n\nwords"
    )
    assert dict(document.metadata)["date"] == "2024-01-31 09:05:00+00:00"


@pytest.mark.parametrize(
    ("page", "encoding"), [(1251, "cp1251"), (65001, "utf-8"), (28595, "iso8859-5"), (0, "utf-8")]
)
def test_texts_in_a_code_page_are_decoded(page: int, encoding: str) -> None:
    values = {MESSAGE_PAGE: page, CODE_PAGE: page, SUBJECT: "Отчёт", PLAIN: "Поле вспахано."}
    document = load(outlook(values, narrow=encoding), "a.msg")
    assert document.text == "# Отчёт\n\nПоле вспахано."


def test_the_body_that_says_more_is_read() -> None:
    html = b"<p>Cabin 31 is yours. The ferry leaves quay five at noon, show Heron-88.</p>"
    text = load(outlook({SUBJECT: "s", PLAIN: "See the HTML.", HTML: html}), "a.msg").text
    assert "Heron-88" in text
    assert "See the" not in text


@pytest.mark.parametrize("compressed", [True, False])
def test_a_text_in_rtf_alone_is_read(compressed: bool) -> None:
    rtf = b"{\\rtf1\\ansi\\ansicpg1252 The caf\\'e9 opens at nine, at nine.\\par Bring a coat.}"
    body = compressed_rtf.compress(rtf, compressed)
    text = load(outlook({SUBJECT: "s", RTF: body}), "a.msg").text
    assert text.endswith("The café opens at nine, at nine.\n\nBring a coat.")


def test_a_damaged_text_costs_itself_and_is_noted() -> None:
    document = load(outlook({SUBJECT: "s", RTF: b"LZFu" * 9, SENDER: "Ada"}), "a.msg")
    assert document.text == "# s\n\nFrom: Ada"
    assert "cannot be unpacked" in document.notes[0]


def test_attachments_are_named_and_short_texts_read() -> None:
    document = load(
        outlook(
            {SUBJECT: "s", PLAIN: "words"},
            attachments=[
                {FILE_NAME: "notes.txt", DATA: b"the inner words", METHOD: 1},
                {FILE_NAME: "lease.pdf", DATA: b"%PDF" * 2000, METHOD: 1},
                {FILE_NAME: "logo.png", DATA: b"PNG", MIME: "image/png", METHOD: 1},
            ],
        ),
        "a.msg",
    )
    assert "Attachments: notes.txt, lease.pdf, logo.png" in document.text
    assert document.text.endswith("## Attachment notes.txt\n\nthe inner words")
    assert dict(document.metadata)["attachments"] == "lease.pdf"
    assert "named and not read" in document.notes[0]


def test_a_forwarded_message_is_one_of_its_own() -> None:
    place = "__attach_version1.0_#00000000/"
    inner = storage(
        {SUBJECT: "Inner", PLAIN: "the inner words"}, 24, f"{place}__substg1.0_3701000D/"
    )
    attached = [{NAME: "Inner", METHOD: 5}]
    document = load(outlook({SUBJECT: "Outer"}, attachments=attached, others=inner), "a.msg")
    assert [(h.level, h.title) for h in document.headings] == [(1, "Outer"), (2, "Inner")]
    assert document.text.endswith("the inner words")


@pytest.mark.parametrize(
    "attachment",
    [
        pytest.param({FILE_NAME: "ATT1.pgp", MIME: "application/pgp-encrypted"}, id="PGP"),
        pytest.param({FILE_NAME: "smime.p7m", DATA: b"0\x82"}, id="S/MIME"),
        pytest.param({FILE_NAME: "message.rpmsg", DATA: b"v"}, id="rights"),
    ],
)
def test_encrypted_messages_are_reported(attachment: Mapping[int, Value]) -> None:
    with pytest.raises(LoadError, match="encrypted or sealed mail") as caught:
        load(outlook({SUBJECT: "s"}, attachments=[attachment]), "a.msg")
    assert caught.value.outcome == "skipped"


def test_a_message_is_found_out_whatever_its_name() -> None:
    data = outlook({SUBJECT: "s", PLAIN: "words"})
    for name in ("a.msg", "a.doc", "a.docx", "a", "a.txt"):
        assert dict(load(data, name).metadata)["format"] == "msg"


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_damaged_messages_load_or_are_reported(seed: int, count: int) -> None:
    data = bytearray(
        outlook(
            {SUBJECT: "s", PLAIN: "words " * 900, SENT: 10**9},
            attachments=[{FILE_NAME: "a.txt", DATA: b"words", METHOD: 1}],
        )
    )
    chance = random.Random(seed)
    for _ in range(count):
        data[chance.randrange(8, len(data))] = chance.randrange(256)
    begun = time.process_time()
    with suppress(LoadError):
        load(bytes(data[: chance.randrange(len(data)) if seed % 4 == 0 else None]), "a.msg")
    assert time.process_time() - begun < 5
