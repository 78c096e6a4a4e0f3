from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ragkit.index import Index
from ragkit.types import IndexReport

Write = Callable[..., Path]
_SECONDS = 30


@pytest.fixture
def reports(index: Index, write: Write, tmp_path: Path) -> Iterator[queue.Queue[IndexReport]]:
    """The reports of an index that watches `docs`; ends with the test."""
    write("a.txt", "The walrus eats clams.")
    arrived: queue.Queue[IndexReport] = queue.Queue()
    stop = threading.Event()

    def run() -> None:
        for report in index.watch(tmp_path / "docs", stop=stop):
            arrived.put(report)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert arrived.get(timeout=_SECONDS).added == 1
    yield arrived
    stop.set()
    thread.join(_SECONDS)
    assert not thread.is_alive()


def wait_for(
    arrived: queue.Queue[IndexReport], change: Callable[[], object], done: Callable[[], bool]
) -> None:
    """Makes a change and reads reports until it is in the index."""
    change()
    while not done():
        arrived.get(timeout=_SECONDS)


def test_the_index_stays_true_to_the_folder(
    index: Index, reports: queue.Queue[IndexReport], tmp_path: Path
) -> None:
    docs = tmp_path / "docs"

    def sources() -> set[str]:
        index._connection.store.refresh()
        return {record.source for record in index.files()}

    def found(words: str) -> bool:
        index._connection.store.refresh()
        return any(words in hit.chunk.text for hit in index.search(words))

    def save_by_rename() -> None:
        (docs / ".a.swp").write_text("Penguins eat fish.", encoding="utf-8")
        (docs / ".a.swp").rename(docs / "a.txt")

    wait_for(reports, save_by_rename, lambda: found("Penguins"))
    wait_for(
        reports,
        lambda: (docs / "sub").mkdir() or (docs / "sub/b.txt").write_text("New words."),
        lambda: "docs/sub/b.txt" in sources(),
    )
    wait_for(
        reports,
        lambda: shutil.move(docs / "sub", docs / "moved"),
        lambda: sources() == {"docs/a.txt", "docs/moved/b.txt"},
    )
    wait_for(reports, (docs / "a.txt").unlink, lambda: sources() == {"docs/moved/b.txt"})


def test_a_plan_says_what_would_be_done_and_does_nothing(
    index: Index, write: Write, tmp_path: Path
) -> None:
    write("a.txt", "The walrus eats clams.")
    gone = write("gone.txt", "Lose me.")
    assert index.plan(tmp_path / "docs") == {"new": ["docs/a.txt", "docs/gone.txt"]}
    assert index.files() == []
    index.update(tmp_path / "docs")
    gone.unlink()
    write("b.txt", "More.")
    assert index.plan() == {
        "unchanged": ["docs/a.txt"],
        "new": ["docs/b.txt"],
        "gone": ["docs/gone.txt"],
    }
