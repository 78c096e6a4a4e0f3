"""Nothing is lost between a file and its chunks: for every format, characters in chunks plus
declared losses are the characters extracted, and every word of the file is in some chunk."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from html import escape
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragkit.ingest.prepare import FileTask, PrepareSettings, prepare_files
from ragkit.loading import LOADERS, LoadOptions
from ragkit.loading.picture import PICTURES
from ragkit.types import ChunkSettings, DiscoveredFile
from tests.loading.conftest import build_pdf, build_zip
from tests.loading.mail.test_outlook import HTML, PLAIN, SUBJECT, outlook
from tests.loading.office.test_xls import old_excel
from tests.loading.office.test_xlsb import binary_workbook

Paragraphs = Sequence[str]

_NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{full}:1.0"'
    for name, full in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
    )
)


def opened(kind: str, body: str) -> bytes:
    content = f"<office:document-content {_NAMES}><office:body><office:{kind}>{body}"
    content += f"</office:{kind}></office:body></office:document-content>"
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return build_zip({"mimetype": mimetype, "content.xml": content})


def odt(texts: Paragraphs) -> bytes:
    return opened("text", "".join(f"<text:p>{escape(text)}</text:p>" for text in texts))


def ods(texts: Paragraphs) -> bytes:
    cells = (f"<table:table-cell><text:p>{escape(t)}</text:p></table:table-cell>" for t in texts)
    rows = "".join(f"<table:table-row>{cell}</table:table-row>" for cell in cells)
    return opened("spreadsheet", f'<table:table table:name="One">{rows}</table:table>')


def odp(texts: Paragraphs) -> bytes:
    boxes = (f"<draw:text-box><text:p>{escape(t)}</text:p></draw:text-box>" for t in texts)
    pages = "".join(f"<draw:page><draw:frame>{box}</draw:frame></draw:page>" for box in boxes)
    return opened("presentation", pages)


def word(texts: Paragraphs) -> bytes:
    document = docx.Document()
    document.add_heading(texts[0], 1)
    for text in texts:
        document.add_paragraph(text)
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = texts[0], texts[-1]
    return saved(document.save)


def slides(texts: Paragraphs) -> bytes:
    deck = pptx.Presentation()
    for text in texts:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = "A title"
        slide.placeholders[1].text = text
        slide.notes_slide.notes_text_frame.text = text
    return saved(deck.save)


def workbook(texts: Paragraphs) -> bytes:
    book = openpyxl.Workbook()
    for row, text in enumerate(texts, 1):
        book.active.cell(row, 1).value = text
        book.active.cell(row, 3).value = row
    return saved(book.save)


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    target = io.BytesIO()
    save(target)
    return target.getvalue()


def pdf(texts: Paragraphs) -> bytes:
    # Lines that recur at the edges of pages are dropped, and declared as lost.
    edge = "The same header\nof every page\nof this file\n"
    return build_pdf([edge + "\n".join(text.split()) + "\n" + edge for text in texts])


def html(texts: Paragraphs) -> bytes:
    body = "".join(f"<p>{escape(text)}</p><ul><li>{escape(text)}</ul>" for text in texts)
    return f"<!doctype html><meta charset=utf-8><h1>Title</h1>{body}".encode()


def epub(texts: Paragraphs) -> bytes:
    chapters = {f"{n}.xhtml": html([text]) for n, text in enumerate(texts)}
    items = "".join(f"<item id='c{n}' href='{n}.xhtml'/>" for n in range(len(texts)))
    spine = "".join(f"<itemref idref='c{n}'/>" for n in range(len(texts)))
    package = f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>"
    container = "<c><rootfile full-path='book.opf'/></c>"
    parts = {"mimetype": "application/epub+zip", "META-INF/container.xml": container}
    return build_zip({**parts, "book.opf": package, **chapters})


def mail(texts: Paragraphs) -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "News", "a@example.org", "b@example.org"
    message["Date"] = "Mon, 05 Feb 2024 10:00:00 +0000"
    message.set_content("\n\n".join(texts))
    message.add_alternative(html(texts).decode(), subtype="html")
    return message.as_bytes()


def mailbox(texts: Paragraphs) -> bytes:
    start = b"From a@example.org Mon Feb  5 10:00:00 2024\n"
    return b"".join(start + mail([text]) + b"\n" for text in texts)


def notebook(texts: Paragraphs) -> bytes:
    cells = [{"cell_type": "markdown", "source": text} for text in texts]
    output = {"output_type": "stream", "text": [text + "\n" for text in texts] * 40}
    cells.append({"cell_type": "code", "source": "print()", "outputs": [output]})  # type: ignore[dict-item]
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()


def rich_text(texts: Paragraphs) -> bytes:
    def coded(text: str) -> str:
        units = text.encode("utf-16-le")
        pairs = (int.from_bytes(units[at : at + 2], "little") for at in range(0, len(units), 2))
        return "".join(chr(n) if n < 128 else f"\\u{n if n < 2**15 else n - 2**16}?" for n in pairs)

    return ("{\\rtf1 " + "\\par ".join(map(coded, texts)) + "}").encode()


def rows(delimiter: str) -> Callable[[Paragraphs], bytes]:
    def build(texts: Paragraphs) -> bytes:
        target = io.StringIO()
        writer = csv.writer(target, delimiter=delimiter)
        writer.writerow(["number", "text"])
        writer.writerows(enumerate(texts))
        return target.getvalue().encode()

    return build


def cues(head: str, mark: str) -> Callable[[Paragraphs], bytes]:
    def build(texts: Paragraphs) -> bytes:
        times = [f"00:{n:02}:{{}}0{mark}000" for n in range(len(texts) + 1)]
        shown = zip(times, texts, strict=False)
        return (
            head + "\n".join(f"{t.format(0)} --> {t.format(3)}\n{x}\n" for t, x in shown)
        ).encode()

    return build


def joined(gap: str, before: str = "", after: str = "") -> Callable[[Paragraphs], bytes]:
    return lambda texts: (before + gap.join(texts) + after).encode()


BUILDERS: dict[str, Callable[[Paragraphs], bytes]] = {
    "adoc": joined("\n\n== Section\n\n", "= Title\n\n"),
    "csv": rows(","),
    "docx": word,
    "eml": mail,
    "epub": epub,
    "html": html,
    "ipynb": notebook,
    "json": lambda texts: json.dumps({"texts": texts, "more": [[t] for t in texts]}).encode(),
    "jsonl": lambda texts: "\n".join(json.dumps({"text": t}) for t in texts).encode(),
    "mbox": mailbox,
    "msg": lambda texts: outlook({SUBJECT: "News", PLAIN: "\n\n".join(texts), HTML: html(texts)}),
    "md": joined("\n\n## Section\n\n", "# Title\n\n"),
    "odp": odp,
    "ods": ods,
    "odt": odt,
    "org": joined("\n\n** Section\n\n", "* Title\n\n"),
    "pdf": pdf,
    "pptx": slides,
    "py": joined('\n"""\n\n\ndef f():\n    """\n', 'def f():\n    """\n', '\n"""\n'),
    "rst": joined("\n\nSection\n-------\n\n", "Title\n=====\n\n"),
    "rtf": rich_text,
    "srt": cues("", ","),
    "tex": joined("\n\n\\section{More}\n\n", "\\section{Title}\n\n"),
    "tsv": rows("\t"),
    "vtt": cues("WEBVTT\n\n", "."),
    "txt": joined("\n\n"),
    "xls": lambda texts: old_excel({"One": [[text, None, 1.0] for text in texts]}),
    "xlsb": lambda texts: binary_workbook({"One": [[text, None, 1.0] for text in texts]}),
    "xlsx": workbook,
    "xml": lambda texts: (
        "<?xml version='1.0'?><doc>" + "".join(f"<p>{escape(t)}</p>" for t in texts) + "</doc>"
    ).encode(),
}
# Letters that every format, the PDF of the fixtures included, can hold.
_WORD = st.text("abcdefghijklmnopqrstuvwxyzäéñøß0123456789", min_size=1, max_size=12)
_TEXTS = st.lists(st.lists(_WORD, min_size=1, max_size=60).map(" ".join), min_size=1, max_size=6)


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(re.findall(r"\w{1,4}|[^\w\s]", text)) for text in texts]


def test_no_format_is_forgotten() -> None:
    # These two are converted by LibreOffice, and read by the loaders of .docx and .pptx; pictures
    # have no characters.
    assert set(LOADERS) - {"doc", "ppt", *PICTURES} <= set(BUILDERS)


@pytest.mark.parametrize("suffix", BUILDERS)
@given(texts=_TEXTS, tokens=st.sampled_from((8, 60, 288)))
@settings(max_examples=15)
def test_no_character_is_lost(suffix: str, texts: list[str], tokens: int) -> None:
    data = BUILDERS[suffix](texts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"file.{suffix}")
        path.write_bytes(data)
        recipe = PrepareSettings(
            ChunkSettings(tokens, 0, tokens), count_words, LoadOptions(), len(data)
        )
        found = DiscoveredFile(path.name, str(path), len(data))
        (prepared,) = prepare_files(recipe, [FileTask(found)])
    record = prepared.record
    assert record.outcome == "indexed", record
    held = "\n".join(one.text for one in prepared.chunks)
    assert sum(map(len, held.split())) + record.lost_characters == record.characters
    assert set(" ".join(texts).split()) <= set(re.findall(r"\w+", held))
