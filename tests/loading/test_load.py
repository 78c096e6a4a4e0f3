from __future__ import annotations

import hashlib
import itertools
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import LoadError
from ragkit.loading import LOADERS, LoadOptions, load, refusal

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 100


@pytest.mark.parametrize("name", ["notes.txt", "keys.csv", "a.md", "plain"])
@pytest.mark.parametrize(
    "start", ["PK", "PK is the key", "%PDF- begins a PDF", "MZ", "BM", "GIF8", "ID3", "II*", "7z"]
)
def test_a_text_may_begin_as_a_binary_file_does(name: str, start: str) -> None:
    text = f"About: {start}\n1\n" if start.startswith("%") else f"{start}\n1\n"
    assert start.split()[0] in load(text.encode(), name).text


def test_a_document_knows_its_bytes_and_its_format() -> None:
    data = b"# Title\n\nWords.\n"
    document = load(data, "notes/a.md")
    assert document.source == "notes/a.md"
    assert document.text == data.decode()
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.media_type == "text/markdown"
    assert document.metadata[0] == ("format", "md")
    assert [(h.start, h.level, h.title) for h in document.headings] == [(0, 1, "Title")]


@pytest.mark.parametrize(
    ("data", "source", "reason"),
    [
        pytest.param(b"", "a.txt", "empty file", id="empty"),
        pytest.param(b" \n\n", "a.txt", "no text", id="blank"),
        pytest.param(PNG, "a.png", "a picture (image/png)", id="picture"),
        pytest.param(PNG, "a.txt", "a picture (image/png)", id="picture called text"),
        pytest.param(b"ID3\4" + b"\0" * 50, "a.mp3", "a sound file", id="sound"),
        pytest.param(b"\0\0\0\x18ftypmp42" + b"\0" * 50, "a.mp4", "a video", id="video"),
        pytest.param(b"\x1f\x8b\x08\0" + b"\xff\0" * 50, "a.gz", "unpack it", id="gzip"),
        pytest.param(b"\x7fELF\2\1\1" + b"\0" * 50, "a.out", "a program", id="program"),
        pytest.param(b"\0\0\0\1Bud1\0\0\x10\0", "a.dat", "a binary file", id="unknown binary"),
        pytest.param(b"\0\0\0\1Bud1\0", "x/.DS_Store", "the system keeps", id="macOS"),
        pytest.param(b"[.ShellClassInfo]\n", "x/Desktop.ini", "the system keeps", id="Windows"),
        pytest.param(b"b0VIM 9.0\0\0\0", "a.md.swp", "a swap file (of Vim)", id="Vim"),
        pytest.param(b"\5Ada\0\0", "x/~$plan.docx", "a lock file", id="lock file"),
        pytest.param(b",ada,host,", ".~lock.plan.odt#", "a lock file", id="other lock file"),
        pytest.param(b"%!PS-Adobe-3.0\n", "a.ps", "convert it to PDF", id="PostScript"),
    ],
)
def test_what_has_no_text_is_skipped_with_a_reason(data: bytes, source: str, reason: str) -> None:
    with pytest.raises(LoadError, match=reason.replace("(", r"\(").replace(")", r"\)")) as caught:
        load(data, source)
    assert caught.value.outcome == "skipped"


@pytest.mark.parametrize(
    ("data", "source"),
    [
        pytest.param(PNG, "a.txt", id="picture"),
        pytest.param(b"", "a", id="empty"),
    ],
)
def test_the_first_bytes_are_enough_to_refuse(data: bytes, source: str) -> None:
    assert isinstance(refusal(source, data[:8192]), LoadError)


@pytest.mark.parametrize(
    ("data", "source"),
    [
        pytest.param(b"plain words\n", "a.png", id="text called picture"),
        pytest.param("日本語".encode("utf-16"), "a.txt", id="UTF-16"),
        pytest.param("日本語のテキスト".encode("cp932"), "a.txt", id="Shift-JIS"),
        pytest.param("naïve".encode("cp1252"), "a", id="windows-1252"),
        pytest.param(b"Before \0\0 after: a ledger closed at 42.\n", "a.txt", id="two zero bytes"),
        pytest.param(b"MZ is the initial of a name\n", "a.txt", id="begins like a program"),
        pytest.param(("ä" * 5000).encode()[:8191], "a.txt", id="a head that ends inside a letter"),
    ],
)
def test_text_is_never_refused(data: bytes, source: str) -> None:
    assert refusal(source, data[:8192]) is None
    assert load(data, source).text.strip()


@pytest.mark.parametrize(
    ("data", "source", "expected"),
    [
        pytest.param(b"<!doctype html><h1>Hi</h1>", "a.pdf", "html", id="HTML called PDF"),
        pytest.param(b"<html><p>Hi", "a", "html", id="HTML without extension"),
        pytest.param(b"{\\rtf1 Hi\\par}", "a.doc", "rtf", id="RTF called .doc"),
        pytest.param(b"a\tb\n1\t2\n3\t4\n", "a.xls", "csv", id="text table called .xls"),
        pytest.param(b"<?xml version='1.0'?><a>Hi there</a>", "a.dat", "xml", id="XML"),
        pytest.param(
            b"From: a@b\nTo: c@d\nSubject: s\nDate: now\n\nHi",
            "1.",
            "eml",
            id="a mail in a maildir",
        ),
        pytest.param(b"# Hi\n<div>\n", "a.md", "md", id="Markdown with markup"),
        pytest.param(b"def f():\n    pass\n", "a.py", "py", id="source code"),
        pytest.param(b"no html at all", "a.html", "html", id="text called HTML"),
    ],
)
def test_content_decides_what_a_file_is(data: bytes, source: str, expected: str) -> None:
    assert dict(load(data, source).metadata)["format"] == expected


def test_a_pdf_is_a_pdf_whatever_its_name(make_pdf) -> None:  # type: ignore[no-untyped-def]
    data = make_pdf(["Quarterly report"])
    for source in ("REPORT", "report.txt", "report.docx", "report.md"):
        assert load(data, source).media_type == "application/pdf"


def test_text_called_an_office_file_is_reported() -> None:
    with pytest.raises(LoadError, match=r"not a \.odt file") as caught:
        load(b"This is not a zip file!\n", "a.odt")
    assert caught.value.outcome == "failed"


def test_every_offset_survives_the_removal_of_control_characters() -> None:
    document = load(b"# A\x1b[1m\n\n\0x\x07 and so much more text\n\n# B\n", "a.md")
    assert "\0" not in document.text
    assert "\x1b" not in document.text
    assert [document.text[h.start : h.start + 3] for h in document.headings] == ["# A", "# B"]


def test_lone_surrogates_never_reach_the_text() -> None:
    document = load(b'{"a": "\\ud800 \\ud83d\\ude00"}', "a.json")
    document.text.encode()
    assert "😀" in document.text


@given(st.binary(max_size=400), st.sampled_from(["a", *(f"a.{name}" for name in LOADERS)]))
def test_any_bytes_load_or_are_reported(data: bytes, source: str) -> None:
    outcome = ""
    try:
        document = load(data, source)
    except LoadError as error:
        outcome = error.outcome
    else:
        document.text.encode()
        assert "\0" not in document.text
        assert document.text.strip()
    assert outcome in ("", "skipped", "failed")


@given(st.text(max_size=400), st.sampled_from([f"a.{name}" for name in LOADERS]))
def test_offsets_ascend_and_lie_inside_the_text(text: str, source: str) -> None:
    try:
        document = load(text.encode("utf-8", "replace"), source)
    except LoadError:
        return
    for starts in (document.page_starts, [heading.start for heading in document.headings]):
        assert list(starts) == sorted(starts)
        assert all(0 <= start <= len(document.text) for start in starts)
    assert len(document.page_labels) in (0, len(document.page_starts))
    assert not document.page_starts or document.page_starts[0] == 0


@given(st.lists(st.text(alphabet="ab #-\t", max_size=20), max_size=20))
def test_lines_of_text_files_keep_their_numbers(lines: list[str]) -> None:
    if not "".join(lines).strip():
        return
    for ending, source in itertools.product(
        ["\n", "\r\n", "\r"], ["a.txt", "a.md", "a.rst", "a.py"]
    ):
        assert load(ending.join(lines).encode(), source).text.split("\n") == lines


def test_the_log_level_of_pypdf_is_left_as_it_was(make_pdf) -> None:  # type: ignore[no-untyped-def]
    logger = logging.getLogger("pypdf")
    logger.setLevel(logging.INFO)
    try:
        load(make_pdf(["text"]), "a.pdf", LoadOptions())
        assert logger.level == logging.INFO
    finally:
        logger.setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    ("data", "name", "text"),
    [
        (b"{\\rtf1\\ansi rich words}", "a.txt", "rich words"),
        (b"<!DOCTYPE html><p>page words</p>", "a.txt", "page words"),
        (b"<html><p>page words</p></html>", "a.xls", "page words"),
    ],
)
def test_markup_under_a_plain_name_is_read_as_what_it_is(data: bytes, name: str, text: str) -> None:
    assert load(data, name).text.strip() == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0\1\0\0Standard Jet DB\0" + bytes(99), "a database"),
        (b"\xd7\xcd\xc6\x9a" + bytes(99), "a picture"),
        (b"\xffWPC" + bytes(range(200)), "save it as .docx"),
        (b"\xe4R\\{\x8c\xd8\xa7M" + bytes(99), "export it as .docx or .pdf"),
    ],
)
def test_what_is_no_text_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(LoadError, match=reason):
        load(data, "a.bin")
