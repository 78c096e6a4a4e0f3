"""Scans and pictures from the folder to the answer, with the true reader."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pictures import needs_ocr, page, saved

from ragkit.errors import RagkitError
from ragkit.index import Index
from ragkit.loading.ocr.recognize import is_installed
from ragkit.types import FileRecord, Progress

Write = Callable[..., Path]


@pytest.mark.skipif(is_installed(), reason="OCR is installed")
def test_without_its_libraries_ocr_names_them(index: Index, write: Write) -> None:
    docs = write("scan.png", b"\x89PNG\r\n\x1a\n").parent
    with pytest.raises(RagkitError, match="rapidocr"):
        index.update(docs, ocr=True)


class Run:
    """Updates of one index, and how many pages OCR had to draw in each."""

    def __init__(self, index: Index, docs: Path) -> None:
        self.index = index
        self.docs = docs

    def __call__(self, ocr: bool | None = None) -> int:
        """One update; how many pages were drawn."""
        seen: list[Progress] = []
        self.index.update(self.docs, ocr=ocr, on_progress=seen.append)
        return max((one.pages_done for one in seen), default=0)

    def record(self, name: str) -> FileRecord:
        return next(one for one in self.index.files() if one.source == f"docs/{name}")


@needs_ocr
def test_scans_and_pictures_are_read_when_asked_and_never_twice(index: Index, write: Write) -> None:
    scan = write("scan.pdf", saved([page("The walrus wept"), page("Invoice 4711")], "PDF"))
    write("note.png", saved([page("Oysters at noon")], "PNG"))
    run = Run(index, scan.parent)
    assert run() == 0
    assert {one.outcome for one in index.files()} == {"skipped"}

    assert run(ocr=True) == 3
    assert run.record("scan.pdf").reason == "read by OCR"
    hit = index.search("invoice 4711", limit=1)[0]
    assert hit.location == "docs/scan.pdf p. 2, read by OCR"
    assert "Invoice 4711" in hit.text
    assert "Oysters at noon" in index.search("oysters", limit=1)[0].text

    assert run() == 0  # it stays turned on, and nothing changed
    scan.rename(scan.with_name("moved.pdf"))
    os.utime(scan.with_name("moved.pdf"))
    assert run() == 0
    assert index.search("walrus", limit=1)[0].location.startswith("docs/moved.pdf p. 1")

    write("moved.pdf", saved([page("Invoice 4711"), page("A third page")], "PDF"))
    assert run() == 2
    assert run.record("moved.pdf").pages == 2

    assert run(ocr=False) == 0
    assert index.search("oysters", limit=1)[0].location == "docs/note.png read by OCR"
    write("late.png", saved([page("Too late")], "PNG"))
    assert run() == 0
    assert "`ragkit index --ocr` reads the text in it" in run.record("late.png").reason


@needs_ocr
def test_broken_pictures_cost_themselves_and_blank_ones_are_not_read_again(
    index: Index, write: Write
) -> None:
    docs = write("cut.png", saved([page("words")], "PNG")[:300]).parent
    write("blank.png", saved([page("")], "PNG"))
    write("good.png", saved([page("The walrus")], "PNG"))
    run = Run(index, docs)
    assert run(ocr=True) == 3
    assert run.record("good.png").outcome == "indexed"
    assert run.record("cut.png").outcome == "failed"
    assert "damaged picture" in run.record("cut.png").reason
    assert run.record("blank.png").reason == "a picture: OCR found no text in it"
    os.utime(docs / "blank.png")
    assert run() == 0
    index.remove(docs)
    pages = index._connection.store.open_ocr_pages()
    assert pages is not None
    assert pages.count() == 0
