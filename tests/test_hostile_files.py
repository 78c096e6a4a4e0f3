"""All that may go wrong with a file, in one folder: each has its row, none stops the run."""

from __future__ import annotations

import gzip
import io
import os
import re
import socket
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ragkit import Index
from ragkit.engines.local import LocalEngine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs pipes and links")
DOCX_KINDS = (
    '<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats'
    '-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
XLSX_KINDS = DOCX_KINDS.replace("wordprocessingml.document", "spreadsheetml.sheet")
ENTITIES = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>'
EXTERNAL = '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]><a>&x; within</a>'

# Name -> content, and the outcome and reason that its row must have.
FILES: dict[str, tuple[bytes, str, str]] = {}


def case(name: str, content: bytes | str, outcome: str, reason: str = "") -> None:
    data = content.encode() if isinstance(content, str) else content
    FILES[name] = (data, outcome, reason)


def zipped(**parts: bytes | str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return target.getvalue()


def docx(document: bytes | str) -> bytes:
    return zipped(**{"[Content_Types].xml": DOCX_KINDS, "word/document.xml": document})


def pdf(*objects: bytes) -> bytes:
    """A file without a table of its objects, which every reader mends."""
    numbered = (b"%d 0 obj\n%s\nendobj\n" % (n, body) for n, body in enumerate(objects, 1))
    return b"%PDF-1.7\n" + b"".join(numbered) + b"trailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF"


def nested(depth: int) -> bytes:
    data = b"words at the bottom"
    for _ in range(depth):
        data = zipped(inner=data)
    return data


def page_stream(content: bytes) -> bytes:
    packed = zlib.compress(content, 1)
    return b"<< /Length %d /Filter /FlateDecode >> stream\n%s\nendstream" % (len(packed), packed)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
ONE_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"

case("good.md", "# Harbour\n\nThe harbour master keeps the tide tables.", "indexed")
case("empty.txt", b"", "skipped", "empty file")
case("bomb.docx", docx(b" " * 120_000_000), "failed", "unpacks to 120,000,000 bytes")
case("entities.docx", docx(ENTITIES), "failed", "declares a document type or entities")
case("entities.xml", ENTITIES, "skipped", "declares entities")
case("external.xml", EXTERNAL, "skipped", "declares entities")
case("external.svg", "<?xml version='1.0'?>" + EXTERNAL, "skipped", "declares entities")
case(
    "wide.xlsx",
    zipped(
        **{
            "[Content_Types].xml": XLSX_KINDS,
            "xl/worksheets/sheet1.xml": '<worksheet><dimension ref="A1:XFD1048576"/></worksheet>',
        }
    ),
    "failed",
    "damaged workbook",
)
case("deep.zip", nested(40), "skipped", "unpack it")
case("named.docx", nested(3), "failed|skipped", "damaged|archive")
case("log.gz", gzip.compress(b"0" * 50_000_000, 1), "skipped", "archive")
case("cut.epub", zipped(mimetype="application/epub+zip", x="y" * 999)[:80], "failed", "damaged")
case("bomb.pdf", pdf(CATALOG, b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>", ONE_PAGE,
                     page_stream(b" " * 150_000_000)), "failed|skipped", "pages?")  # fmt: skip
case("billion.pdf", pdf(CATALOG, b"<< /Type /Pages /Count 1000000000 /Kids [3 0 R] >>",
                        ONE_PAGE, page_stream(b" ")), "failed|skipped", "pages?")  # fmt: skip
case("circle.pdf", pdf(CATALOG, b"<< /Type /Pages /Count 9 /Kids [2 0 R] >>"), "failed", "PDF")
case("noise.pdf", b"%PDF-1.4" + bytes(range(256)) * 40, "failed", "damaged PDF")
case("divs.html", "<div>" * 50_000 + "a needle in markup", "indexed")
case("brackets.json", "[" * 100_000 + '"deep"', "indexed")
case("brackets.ipynb", "[" * 100_000, "failed", "nested|not valid")
case("line.txt", "word " * 100_000, "indexed")
case("rows.csv", 'a,b\n"' + "never closed " * 20_000, "indexed")
case("program.bin", b"\x7fELF" + bytes(range(256)) * 9, "skipped", "a program")
case("parts.eml", "Subject: parts\nContent-Type: multipart/mixed; boundary=b\n\n"
     + "--b\nContent-Type: multipart/mixed; boundary=b\n\n" * 2_000, "indexed")  # fmt: skip
case("groups.rtf", "{\\rtf1 " + "{" * 200_000 + "a note in rich text", "indexed")


def make_links_and_odd_files(docs: Path) -> dict[str, tuple[str, str]]:
    """What bytes alone do not make; source -> outcome and reason."""
    (docs / "below").mkdir()
    (docs / "below" / "up").symlink_to("..")
    (docs / "self").symlink_to("self")
    (docs / "zeros").symlink_to("/dev/zero")
    os.mkfifo(docs / "pipe")
    server = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(docs)  # the path of a socket may have about 100 characters
    server.bind("socket")
    os.chdir(here)
    server.close()
    with (docs / "huge.log").open("wb") as file:
        file.truncate(300_000_000)
    expected = {
        "self": ("skipped", "circle"),
        "zeros": ("skipped", "outside"),
        "pipe": ("skipped", "named pipe"),
        "socket": ("skipped", "socket"),
        "huge.log": ("skipped", "300 MB, larger than the limit of 200 MB: --max-file-size"),
    }
    with suppress(OSError):  # some file systems take UTF-8 names only
        (docs / os.fsdecode(b"caf\xe9.md")).write_bytes(b"The name of this file is Latin-1.")
        expected["caf\\xe9.md"] = ("indexed", "")
    if os.geteuid():
        (docs / "closed.md").write_text("nobody may read this")
        (docs / "closed.md").chmod(0)
        expected["closed.md"] = ("failed", "permission denied")
    return expected


class Meddling:
    """An engine, and somebody who deletes and rewrites files after they were found."""

    def __init__(self, engine: LocalEngine, docs: Path) -> None:
        self._engine, self._docs = engine, docs
        self._over = threading.Event()
        self.stop, self.slots, self.embeds = engine.stop, engine.slots, engine.embeds

    def imap(
        self, fn: Callable[[Any], Any], tasks: Iterable[Any]
    ) -> Iterator[tuple[int, Any | Exception]]:
        with suppress(FileNotFoundError):
            (self._docs / "vanishing.md").unlink()
        thread = threading.Thread(target=self._rewrite, daemon=True)
        thread.start()
        try:
            yield from self._engine.imap(fn, tasks)
        finally:
            self._over.set()
            thread.join()

    def _rewrite(self) -> None:
        while not self._over.wait(0.0005):
            with (self._docs / "changing.log").open("ab") as file:
                file.write(b"another line\n")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, Any, dict[str, tuple[str, str]]]:
    docs = tmp_path_factory.mktemp("hostile") / "docs"
    docs.mkdir()
    expected = make_links_and_odd_files(docs)
    for name, (data, outcome, reason) in FILES.items():
        (docs / name).write_bytes(data)
        expected[name] = (outcome, reason)
    (docs / "vanishing.md").write_text("gone before it is read")
    (docs / "changing.log").write_bytes(b"a line of a log\n" * 1_000_000)
    expected["vanishing.md"] = ("failed", "vanished")
    expected["changing.log"] = ("failed|indexed", "|changed while it was read")
    engine = LocalEngine(2)
    if sys.platform == "linux":
        # Text for which a worker with so little memory has no room: it dies, and this file fails.
        (docs / "memory.txt").write_bytes("naïve — façade ".encode() * 5_000_000)
        expected["memory.txt"] = ("failed", "needed more than .* of memory")
        engine = LocalEngine(2, memory_bytes=250_000_000)
    index = Index.create(docs.parent / "index", embedder="wordllama/l2_supercat_256")
    report = index.update(docs, engine=Meddling(engine, docs))
    return index, report, expected


def test_every_file_has_its_row(
    run: tuple[Index, Any, dict[str, tuple[str, str]]],
) -> None:
    index, _, expected = run
    rows = {record.source.rpartition("/")[2]: record for record in index.files()}
    assert set(rows) == set(expected)
    for name, (outcome, reason) in expected.items():
        row = rows[name]
        assert re.fullmatch(outcome, row.outcome), (name, row)
        assert re.search(reason, row.reason), (name, row)
        assert bool(row.reason) or row.outcome == "indexed", (name, row)
        assert (row.chunks > 0) == (row.outcome == "indexed"), (name, row)


def test_every_file_is_in_one_count(run: tuple[Index, Any, dict[str, tuple[str, str]]]) -> None:
    _, report, expected = run
    assert report.added + report.skipped + report.failed == len(expected)


def test_the_good_file_is_found(run: tuple[Index, Any, dict[str, tuple[str, str]]]) -> None:
    hit = run[0].search("Who keeps the tide tables?", limit=1)[0]
    assert hit.chunk.source.endswith("good.md")
