from __future__ import annotations

import os
import random
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from doubles import CountingEmbedder

from ragkit.engines.local import LocalEngine
from ragkit.index import Index
from ragkit.loading import LoadOptions
from ragkit.loading.pdf.pdfium import PdfiumError, read_with_pdfium


def test_lines_say_where_they_stand(make_pdf) -> None:  # type: ignore[no-untyped-def]
    pages, _ = read_with_pdfium(
        make_pdf(["Barley 1,204\nWinter rye 310\nOats 4\nPeas 9\nHops 2"]), LoadOptions()
    )
    first, second, *_ = pages[0].lines
    assert (first.text, second.text) == ("Barley 1,204", "Winter rye 310")
    assert [word.text for word in first.words] == ["Barley", "1,204"]
    assert first.box is not None
    assert second.box is not None
    assert first.box.bottom > second.box.bottom
    assert first.words[0].box.right < first.words[1].box.left


def test_what_is_no_pdf_file_is_refused() -> None:
    with pytest.raises(PdfiumError):
        read_with_pdfium(b"%PDF-1.7\n" + b"\0" * 500, LoadOptions())


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process through /proc")
def test_every_file_is_indexed_when_pdfium_dies_at_random_moments(make_pdf, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(20):
        pages = [f"The barn of file {number} holds {page} sacks of rye." for page in range(10)]
        (docs / f"{number}.pdf").write_bytes(make_pdf(pages))
    done = threading.Event()
    killed: list[int] = []
    killer = threading.Thread(target=kill_children_at_random, args=(done, killed))
    with Index.create(tmp_path / "index", embedder=CountingEmbedder()) as index:
        killer.start()
        report = index.update(docs, engine=LocalEngine(workers=0))
        done.set()
        killer.join()
        assert (report.added, report.failed, report.skipped) == (20, 0, 0)
        assert sum(record.pages for record in index.files()) == 200
        for number in range(20):
            assert index.search(f"barn of file {number}", limit=1)
    assert killed


def kill_children_at_random(done: threading.Event, killed: list[int]) -> None:
    chance = random.Random(15)
    while not done.wait(chance.uniform(0.05, 0.6)):
        for task in Path("/proc/self/task").iterdir():
            with suppress(OSError):
                for child in (task / "children").read_text().split():
                    os.kill(int(child), signal.SIGKILL)
                    killed.append(int(child))
