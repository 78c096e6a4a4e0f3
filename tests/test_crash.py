"""A run that is killed leaves an index that the next run makes whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from doubles import CountingEmbedder

from ragkit.index import Index

# Kills its own process when the method of the open store is called for the nth time: before it
# does anything, or when it is done.
KILLED = """
import os, signal, sys
from doubles import CountingEmbedder
from ragkit.engines.local import LocalEngine
from ragkit.index import Index

database, docs, part, method, when, times = sys.argv[1:]
embedder = CountingEmbedder()
index = Index.open(database, embedder=embedder)
held = embedder if part == "embedder" else getattr(index._connection.store, part)
called = getattr(held, method)
left = int(times)

def killing(*arguments, **options):
    global left
    left -= 1
    if left == 0 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = called(*arguments, **options)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(held, method, killing)
index.update(docs, engine=LocalEngine(workers=0), allow_empty=True)
"""
POINTS = [
    pytest.param("embedder", "embed_documents", "before", 2, id="when much is embedded"),
    pytest.param("files", "write", "before", 1, id="between chunks and ledger"),
    pytest.param("files", "delete", "after", 1, id="while files are forgotten"),
    pytest.param("chunks", "maintain", "after", 1, id="during maintenance"),
]


def kill_run(index: Index, docs: Path, part: str, method: str, when: str, times: int) -> None:
    arguments = [index.uri, str(docs), part, method, when, str(times)]
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL


def stored(index: Index) -> tuple[list[dict], list[tuple]]:
    """Every chunk, and what the ledger says of every file."""
    index._connection.store.refresh()
    rows = index._connection.store.chunks._table.to_arrow().sort_by("id").to_pylist()
    return rows, [(one.source, one.outcome, one.sha256, one.chunks) for one in index.files()]


def fill(write: Callable[..., Path], version: int) -> None:
    for number in range(30):
        write(f"{number}.md", f"# Note {number}\n\nThe walrus of version {version} is {number}.")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize(("part", "method", "when", "times"), POINTS)
def test_a_killed_run_is_made_whole_by_the_next(
    tmp_path: Path, write: Callable[..., Path], part: str, method: str, when: str, times: int
) -> None:
    index = Index.create(tmp_path / ".ragkit", embedder=CountingEmbedder())
    docs = tmp_path / "docs"
    fill(write, 1)
    write("empty.md", "")
    write("kept.md", "Kept as it is.")
    index.update(docs)
    # Changed, gone, new, and one that gets its first text.
    fill(write, 2)
    (docs / "3.md").unlink()
    write("empty.md", "No longer empty.")
    for number in range(70):
        write(f"new/{number}.md", f"New words, number {number}.")
    kill_run(index, docs, part, method, when, times)
    index.update()
    whole = Index.create(tmp_path / "whole", embedder=CountingEmbedder())
    whole.update(docs)
    assert stored(index) == stored(whole)


def test_chunks_without_a_ledger_row_leave_although_nothing_else_is_to_do(
    index: Index, write: Callable[..., Path], tmp_path: Path
) -> None:
    write("a.md", "The walrus eats clams.")
    index.update(tmp_path / "docs")
    path = write("b.md", "Penguins eat fish.")
    kill_run(index, tmp_path / "docs", "files", "write", "before", 1)
    path.unlink()
    index.update()
    assert [row["text"] for row in stored(index)[0]] == ["The walrus eats clams."]


def test_a_file_that_comes_back_after_a_killed_removal_is_not_missed(
    index: Index, write: Callable[..., Path], tmp_path: Path
) -> None:
    write("a.md", "The walrus eats clams.")
    path = write("b.md", "Penguins eat fish.")
    index.update(tmp_path / "docs")
    path.rename(tmp_path / "b.md")
    kill_run(index, tmp_path / "docs", "files", "delete", "after", 1)
    (tmp_path / "b.md").rename(path)
    index.update()
    assert len(stored(index)[0]) == 2


def test_a_first_run_that_was_killed_goes_on_without_its_folder_being_named_again(
    index: Index, write: Callable[..., Path], tmp_path: Path
) -> None:
    fill(write, 1)
    kill_run(index, tmp_path / "docs", "files", "write", "before", 1)
    assert index.update().added == 30
    assert index.indexed_paths() == ["docs"]
