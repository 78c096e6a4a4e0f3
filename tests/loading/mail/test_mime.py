from __future__ import annotations

import base64
import quopri
from email.message import EmailMessage

import pytest

from ragkit.errors import LoadError
from ragkit.loading import load


def message(body: str = "Dear all,\nplease test the backups.") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Ada <ada@example.org>"
    mail["To"] = "ops@example.org"
    mail["Subject"] = "Sicherung prüfen"
    mail["Date"] = "Wed, 31 Jan 2024 09:05:00 +0000"
    mail.set_content(body)
    return mail


def test_headers_and_body_are_read() -> None:
    document = load(bytes(message()), "a.eml")
    assert document.text == (
        "# Sicherung prüfen\n\nFrom: Ada <ada@example.org>\nTo: ops@example.org\n"
        "Date: Wed, 31 Jan 2024 09:05:00 +0000\n\nDear all,\nplease test the backups."
    )
    assert [(h.start, h.title) for h in document.headings] == [(0, "Sicherung prüfen")]
    assert dict(document.metadata)["date"] == "2024-01-31 09:05:00+00:00"


def test_plain_text_is_preferred_to_html() -> None:
    mail = message("plain words")
    mail.add_alternative("<p>rich words</p>", subtype="html")
    text = load(bytes(mail), "a.eml").text
    assert "plain words" in text
    assert "rich" not in text


def test_html_alone_is_converted() -> None:
    mail = message()
    mail.set_content("<h2>Plan</h2><p>rich <b>words</b></p>", subtype="html")
    document = load(bytes(mail), "a.eml")
    assert "## Plan\n\nrich words" in document.text
    assert [document.text[h.start] for h in document.headings] == ["#", "#"]


def test_short_texts_that_are_attached_are_read_and_others_named() -> None:
    mail = message()
    mail.add_attachment(b"\0\1", maintype="image", subtype="png", filename="plan.png")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="lease.pdf")
    mail.add_attachment("the inner words", filename="notes.txt")
    mail.add_attachment("a,b\n1,2\n", subtype="csv", filename="prices.csv")
    mail.add_attachment("<p>page</p>", subtype="html", filename="page.html")
    mail.add_attachment("## Own heading", filename="list.md")
    document = load(bytes(mail), "a.eml")
    text = document.text
    assert "Attachments: plan.png, lease.pdf, notes.txt, prices.csv, page.html, list.md" in text
    assert "## Attachment notes.txt\n\nthe inner words" in text
    assert "| a | b |\n| --- | --- |\n| 1 | 2 |" in text
    assert "## Attachment page.html\n\npage" in text
    assert "Own heading" in [heading.title for heading in document.headings]
    assert document.notes == (
        "attachments are named and not read: save them as files to index them",
    )
    assert dict(document.metadata)["attachments"] == "lease.pdf"


def test_a_long_or_binary_attachment_is_said_not_to_be_read() -> None:
    mail = message()
    mail.add_attachment("words " * 50_000, filename="log.txt")
    mail.add_attachment(b"\0\1\2" * 100, maintype="text", subtype="plain", filename="noise.txt")
    mail.add_attachment(b"\1", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    document = load(bytes(mail), "a.eml")
    assert len(document.text) < 1000
    assert dict(document.metadata)["attachments"] == "log.txt, noise.txt, winmail.dat"
    assert "named and not read" in document.notes[0]


PLAIN_STUB = "This message is best seen in a program that shows HTML. Please use one."


def alternatives(plain: str, html: str) -> str:
    mail = message(plain)
    mail.add_alternative(html, subtype="html")
    return load(bytes(mail), "a.eml").text


def test_a_plain_part_that_says_nothing_gives_way_to_the_html() -> None:
    html = "<p>Cabin 31 of the ferry Lumme is yours. It leaves quay five at noon, bring a coat, "
    text = alternatives(PLAIN_STUB, html + "and show the word Heron-88 at the gate.</p>")
    assert "Heron-88" in text
    assert "HTML" not in text


def test_a_short_html_part_beside_a_longer_stub_is_read_as_well() -> None:
    text = alternatives(PLAIN_STUB, "<p>Your word is Heron-88.</p>")
    assert "Heron-88" in text


def test_the_same_text_in_other_lines_and_with_links_is_taken_from_the_plain_part() -> None:
    plain = "The fence of the\nnorth meadow was\nmended: https://example.org/a/b?c=1234567890123"
    html = "<table><tr><td>The fence of <b>the north</b> meadow</td><td>was mended: "
    text = alternatives(plain, html + "<a href='https://example.org/x'>here</a></td></table>")
    assert "north meadow was\nmended" in text
    assert "|" not in text
    text = alternatives(
        "会議は三月\n四日の十時\nから始まります。", "<p>会議は三月四日の十時から始まります。</p>"
    )
    assert "三月\n四日" in text


def test_an_invitation_is_read_beside_both_versions_of_the_text() -> None:
    calendar = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Sheep count\\, north\r\n"
        "DTSTART;TZID=Europe/Oslo:20240304T101500\r\nDTEND:20240304T111500Z\r\n"
        "ORGANIZER;CN=Ada Moor:mailto:ada@example.org\r\nLOCATION:Barn\r\n  two\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    mail = message("plain words of the invitation")
    mail.add_alternative("<p>plain words of the invitation</p>", subtype="html")
    mail.add_alternative(calendar, subtype="calendar")
    text = load(bytes(mail), "a.eml").text
    assert text.count("plain words") == 1
    assert "Event: Sheep count, north\nBegins: 2024-03-04 10:15" in text
    assert "Ends: 2024-03-04 11:15 UTC\nOrganizer: Ada Moor <ada@example.org>\n" in text
    assert "Place: Barn two" in text


def test_an_attachment_between_two_halves_of_the_html_is_named() -> None:
    """As Apple Mail writes it."""
    data = (
        b"From: a@b\nSubject: x\nContent-Type: multipart/alternative; boundary=A\n\n--A\n"
        b"Content-Type: text/plain\n\nfirst half, second half\n--A\n"
        b"Content-Type: multipart/mixed; boundary=M\n\n--M\n"
        b"Content-Type: text/html\n\n<p>first half,</p>\n--M\n"
        b"Content-Type: application/pdf; name=lease.pdf\n\n%PDF\n--M\n"
        b"Content-Type: text/html\n\n<p>second half</p>\n--M--\n--A--\n"
    )
    text = load(data, "a.eml").text
    assert text.count("second half") == 1
    assert "Attachments: lease.pdf" in text


def test_html_with_pictures_beside_it_is_one_of_the_alternatives() -> None:
    data = (
        b"From: a@b\nSubject: x\nContent-Type: multipart/alternative; boundary=A\n\n--A\n"
        b"Content-Type: text/plain\n\nSee the HTML.\n--A\n"
        b"Content-Type: multipart/related; boundary=R\n\n--R\n"
        b"Content-Type: text/html\n\n<p>The kiln reaches nine hundred degrees at dusk.</p>\n--R\n"
        b"Content-Type: image/png\nContent-ID: <1>\n\nPNG\n--R--\n--A--\n"
    )
    text = load(data, "a.eml").text
    assert "nine hundred degrees" in text
    assert "Attachments" not in text


def test_a_forwarded_message_is_read() -> None:
    mail = message("see below")
    mail.add_attachment(message("the inner words"))
    text = load(bytes(mail), "a.eml").text
    assert "the inner words" in text
    assert text.count("Sicherung") == 2


INNER = b"From: eve@example.org\nSubject: Inner matter\n\nthe inner words = all\n"


@pytest.mark.parametrize(
    ("encoding", "payload"),
    [
        pytest.param("7bit", INNER, id="as it is"),
        pytest.param("base64", base64.encodebytes(INNER), id="base64"),
        pytest.param("quoted-printable", quopri.encodestring(INNER), id="quoted-printable"),
        pytest.param("base64", INNER, id="base64, not applied"),
    ],
)
@pytest.mark.parametrize("kind", ["message/rfc822", "application/octet-stream; name=a.eml"])
def test_a_forwarded_message_is_one_of_its_own_in_any_encoding(
    encoding: str, payload: bytes, kind: str
) -> None:
    if encoding == "base64" and payload == INNER and "octet" in kind:
        return  # an attachment that is damaged
    head = "From: a@b\nSubject: outer\nContent-Type: multipart/mixed; boundary=B\n\n--B\n"
    part = f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n"
    document = load((head + part).encode() + payload + b"\n--B--\n", "a.eml")
    assert [(h.level, h.title) for h in document.headings] == [(1, "outer"), (2, "Inner matter")]
    assert "From: eve@example.org\n\nthe inner words = all" in document.text


def test_a_report_of_delivery_says_what_failed() -> None:
    data = (
        b"From: MAILER-DAEMON\nSubject: failure\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n--B\n"
        b"Content-Type: text/plain\n\nIt did not arrive.\n--B\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        b"Final-Recipient: rfc822; bob@example.org\nStatus: 5.1.1\n--B\n"
        b"Content-Type: text/rfc822-headers\n\nSubject: the lost one\n--B--\n"
    )
    text = load(data, "a.eml").text
    assert "Final-Recipient: rfc822; bob@example.org\nStatus: 5.1.1" in text
    assert "the lost one" in text


def test_an_encrypted_message_is_reported() -> None:
    data = (
        b"From: a@b\nSubject: x\nContent-Type: multipart/encrypted; boundary=B\n\n--B\n"
        b"Content-Type: application/pgp-encrypted\n\nVersion: 1\n--B\n"
        b"Content-Type: application/octet-stream; name=e.asc\n\n-----BEGIN PGP-----\n--B--\n"
    )
    with pytest.raises(LoadError, match="encrypted or sealed mail") as caught:
        load(data, "a.eml")
    assert caught.value.outcome == "skipped"


def test_a_message_of_apple_mail_ends_where_it_says() -> None:
    inner = b"From: a@b\nSubject: x\n\nthe words\n"
    data = b"%d   \n%s<?xml version='1.0'?><plist><dict/></plist>" % (len(inner), inner)
    assert load(data, "1234.emlx").text.endswith("the words")


def test_more_parts_than_are_read_are_noted() -> None:
    part = b"--B\nContent-Type: text/plain\n\nword\n"
    head = b"From: a@b\nSubject: x\nContent-Type: multipart/mixed; boundary=B\n\n"
    document = load(head + part * 600 + b"--B--\n", "a.eml")
    assert "more than 500 parts" in document.notes[0]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Return-Path: <a@b>\nX-Spam: no\nSubject: x\n\nHi", id="three headers"),
        pytest.param(b"Received: from x\n\tby y; Mon\nMessage-ID: <1>\n\nHi", id="two of machines"),
        pytest.param(b"\xef\xbb\xbfFrom: a@b\nTo: c@d\nSubject: s\n\nHi", id="a byte order mark"),
    ],
)
@pytest.mark.parametrize("name", ["1700000000.M1P2.host:2,S", "message", "17."])
def test_mail_without_an_extension_is_found_out(data: bytes, name: str) -> None:
    assert dict(load(data, name).metadata)["format"] == "eml"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_other_encodings_of_the_whole_file(encoding: str) -> None:
    assert "plain" in load("Subject: plain\nFrom: a@b\n\nwords".encode(encoding), "a.eml").text


def test_malformed_headers_do_no_harm() -> None:
    data = b"From: =?x-nowhere?q?a?=\nDate: never\nSubject: =?utf-8?b?!!?=\n\nwords"
    assert load(data, "a.eml").text.endswith("words")


def test_very_deep_mail_is_reported() -> None:
    data = b"From: a\nSubject: x\n" + b"Content-Type: message/rfc822\n\n" * 2000 + b"words"
    with pytest.raises(LoadError):
        load(data, "a.eml")
