"""Pages are read one by one, stored as they come, and never twice. The reader is a fake here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from ragkit.engines.local import LocalEngine
from ragkit.errors import LoadError
from ragkit.index import Index
from ragkit.ingest.ocr import OcrStage, PageResult, PageTask, ocr_engine
from ragkit.ingest.prepare import FileTask, PreparedFile, PrepareSettings, failed_record
from ragkit.loading import LoadOptions
from ragkit.store import OcrPages, StoredPage
from ragkit.types import ChunkSettings, DiscoveredFile, OcrLine, OcrPage

SETTINGS = PrepareSettings(
    ChunkSettings(), lambda texts: [len(text) for text in texts], LoadOptions(ocr={}), 10**6
)


def content(words: str) -> OcrPage:
    return OcrPage((OcrLine(1, 2, 3, 4, 0.9, words),))


class Reader:
    """An engine that reads every page as its own name; `results` instead where there are some."""

    embeds = False
    slots = 1

    def __init__(
        self, results: dict[tuple[str, int], PageResult | Exception] | None = None
    ) -> None:
        self.results = results or {}
        self.read: list[tuple[str, int]] = []

    def imap(
        self, fn: Callable[[Any], Any], tasks: Iterable[PageTask]
    ) -> Iterator[tuple[int, PageResult | Exception]]:
        for number, task in enumerate(tasks):
            key = (task.sha256, task.page)
            self.read.append(key)
            result = PageResult(f"picture of {key}", content(f"{task.sha256} {task.page}"))
            yield number, self.results.get(key, result)

    def stop(self) -> None:
        """Nothing runs."""


@pytest.fixture
def stored(index: Index) -> OcrPages:
    pages = index._connection.store.open_ocr_pages(create=True)
    assert pages is not None
    return pages


def waiting(name: str, sha256: str, *unread: int) -> tuple[DiscoveredFile, PreparedFile]:
    found = DiscoveredFile(name, f"/{name}")
    record = failed_record(found, "skipped", "")
    object.__setattr__(record, "sha256", sha256)
    return found, PreparedFile(record, unread=unread)


def stage(stored: OcrPages, reader: Reader, *, reads: bool = True) -> OcrStage:
    made = OcrStage(stored, reader, SETTINGS, reads=reads)
    for found, file in (waiting("a.pdf", "a", 1, 3), waiting("b.pdf", "b", 1)):
        made.put_aside(found, file)
    return made


def tasks_of(
    made: OcrStage, on_page: Callable[[int, int], object] = lambda *_: None
) -> list[FileTask]:
    return [task for group in made(on_page) for task in group]


def test_files_come_back_with_their_pages(stored: OcrPages) -> None:
    first, second = tasks_of(stage(stored, Reader()))
    assert (first.found.source, first.ocr) == ("a.pdf", {1: content("a 1"), 3: content("a 3")})
    assert (second.found.source, second.ocr) == ("b.pdf", {1: content("b 1")})


def test_progress_counts_pages(stored: OcrPages) -> None:
    seen: list[tuple[int, int]] = []
    tasks_of(stage(stored, Reader()), lambda *pages: seen.append(pages))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_stored_page_is_not_read_again(stored: OcrPages) -> None:
    tasks_of(stage(stored, Reader()))
    again = Reader()
    assert [task.ocr for task in tasks_of(stage(stored, again))] == [
        {1: content("a 1"), 3: content("a 3")},
        {1: content("b 1")},
    ]
    assert again.read == []


def test_files_of_one_content_are_read_once(stored: OcrPages) -> None:
    reader = Reader()
    made = stage(stored, reader)
    made.put_aside(*waiting("copy of b.pdf", "b", 1))
    sources = {task.found.source for task in tasks_of(made)}
    assert sources == {"a.pdf", "b.pdf", "copy of b.pdf"}
    assert reader.read.count(("b", 1)) == 1


def test_a_page_that_looks_like_a_stored_one_takes_its_text(stored: OcrPages) -> None:
    stored.add([StoredPage("an older a", 7, "picture", content("known"))])
    tasks = tasks_of(stage(stored, Reader({("a", 3): PageResult("picture", None)})))
    assert tasks[0].ocr == {1: content("a 1"), 3: content("known")}


def test_a_page_that_cannot_be_read_costs_itself_and_is_not_kept(stored: OcrPages) -> None:
    broken = Reader({("a", 1): LoadError("took longer than 150 s")})
    first, _ = tasks_of(stage(stored, broken))
    assert first.ocr == {1: OcrPage(problem="took longer than 150 s"), 3: content("a 3")}
    assert stored.numbers(["a", "b"]) == {"a": {3}, "b": {1}}


def test_pages_that_were_read_stay_when_the_run_is_stopped(stored: OcrPages) -> None:
    class Stopped(Reader):
        def imap(self, fn: Any, tasks: Any) -> Iterator[Any]:
            yield next(super().imap(fn, tasks))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tasks_of(stage(stored, Stopped()))
    assert stored.numbers(["a", "b"]) == {"a": {1}}


def test_turned_off_it_uses_what_is_stored_and_reads_nothing(stored: OcrPages) -> None:
    stored.add([StoredPage("a", 1, "picture", content("known"))])
    reader = Reader()
    first, second = tasks_of(stage(stored, reader, reads=False))
    assert (first.ocr, second.ocr) == ({1: content("known"), 3: None}, {1: None})
    assert reader.read == []


def test_pages_of_files_that_are_gone_are_forgotten(stored: OcrPages) -> None:
    tasks_of(stage(stored, Reader()))
    stored.keep_only({"b"})
    assert stored.numbers(["a", "b"]) == {"b": {1}}


def test_hundreds_of_commits_leave_few_fragments(stored: OcrPages) -> None:
    for number in range(40):
        stored.add([StoredPage("a", number, f"{number}", content("words"))])
    assert len(stored.of_file("a")) == 40
    assert stored._table.stats()["fragment_stats"]["num_fragments"] < 20


def test_pages_are_read_in_processes_even_where_files_are_not() -> None:
    engine = ocr_engine(LocalEngine(workers=0))
    assert isinstance(engine, LocalEngine)
    assert engine._workers == 1
    other = Reader()
    assert ocr_engine(other) is other
