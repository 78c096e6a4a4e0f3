"""Real and broken files of many kinds, where the data set is at hand."""

from __future__ import annotations

import json
import os
import socket
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from ragkit.errors import LoadError
from ragkit.loading import load

BESIDE = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
ROOT = Path(os.environ.get("RAGKIT_TEST_DATA") or BESIDE) / "messy"
# Large files take seconds each and show nothing that smaller ones do not.
LARGEST = 1_000_000
# What the reference extraction got wrong, or what we write otherwise on purpose.
OTHERWISE = {
    "papers/right_to_left_01.pdf": "the reference has two letters of a ligature exchanged",
    "papers/ArabicCIDTrueType.pdf": "the words of a line come in reverse order",
    "scans/pdf-with-ocr-text.pdf": "other spaces between the marks of bad OCR",
    "office/word/equations.docx": "the reference leaves the formula out",
    "office/word/teams_chat.docx": "the reference leaves the line breaks out",
    "web/big-preamble.html": "the reference is mojibake",
    "web/testArabicMisleadingCharset.html": "the reference is mojibake",
    "web/testHTMLNoisyMetaEncoding_1.html": "the reference is mojibake",
    "gov/issue-71-duplicate-chars.pdf": "the words of a line come in another order than they stand",
    "gov/WARN-Report-for-7-1-2015-to-03-25-2016.pdf": "a Markdown table",
    "tables/csv-with-long-lines.csv": "a Markdown table",
    "tables/test_mskanji.csv": "a Markdown table",
}


def rows() -> list[Any]:
    manifest = ROOT / "manifest.jsonl"
    if not manifest.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no data set at {ROOT}"))]
    entries = map(json.loads, manifest.read_text(encoding="utf-8").splitlines())
    return [pytest.param(e, id=e["path"]) for e in entries if e["bytes"] <= LARGEST]


def words(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


@pytest.mark.parametrize("row", rows())
def test_every_file_is_read_or_reported(row: dict[str, Any]) -> None:
    data = (ROOT / "docs" / row["path"]).read_bytes()
    expect = row["expect"]
    if expect in ("no-text", "empty", "refuse"):
        with pytest.raises(LoadError, match=r"\w"):
            load(data, row["path"])
        return
    try:
        text = words(load(data, row["path"]).text)
    except LoadError:
        assert expect == "either"
        return
    if expect == "text" and row["path"] not in OTHERWISE:
        assert words(row["excerpt"] or "") in text
        assert words(row["needle"] or "") in text


def test_no_file_makes_us_open_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a loader opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    page = b"<html><img src='http://127.0.0.1/a.png'><link href='http://127.0.0.1/a.css'>words"
    assert "words" in load(page, "a.html").text
    document_type = b"<!DOCTYPE a SYSTEM 'http://127.0.0.1/a.dtd'>"
    assert "words" in load(b"<?xml version='1.0'?>" + document_type + b"<a>words</a>", "a.xml").text
