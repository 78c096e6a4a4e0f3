from __future__ import annotations

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


def test_attachments_are_named_and_not_read() -> None:
    mail = message()
    mail.add_attachment(b"\0\1", maintype="image", subtype="png", filename="plan.png")
    mail.add_attachment("secret words", filename="notes.txt")
    text = load(bytes(mail), "a.eml").text
    assert text.endswith("Attachments: plan.png, notes.txt")
    assert "secret" not in text


def test_a_forwarded_message_is_read() -> None:
    mail = message("see below")
    mail.add_attachment(message("the inner words"))
    text = load(bytes(mail), "a.eml").text
    assert "the inner words" in text
    assert text.count("Sicherung") == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_other_encodings_of_the_whole_file(encoding: str) -> None:
    assert "plain" in load("Subject: plain\nFrom: a@b\n\nwords".encode(encoding), "a.eml").text


def test_malformed_headers_do_no_harm() -> None:
    data = b"From: =?x-nowhere?q?a?=\nDate: never\nSubject: =?utf-8?b?!!?=\n\nwords"
    assert load(data, "a.eml").text.endswith("words")


def test_a_mailbox_has_a_page_for_each_message() -> None:
    lines = b"From ada@example.org Wed Jan 31 09:05:00 2024\n"
    data = lines + bytes(message("first")) + b"\n" + lines + bytes(message("second"))
    document = load(data, "a.mbox")
    assert document.page_labels == ("message 1", "message 2")
    assert "first" in document.text[: document.page_starts[1]]
    assert "second" in document.text[document.page_starts[1] :]


def test_very_deep_mail_is_reported() -> None:
    data = b"From: a\nSubject: x\n" + b"Content-Type: message/rfc822\n\n" * 2000 + b"words"
    with pytest.raises(LoadError):
        load(data, "a.eml")
