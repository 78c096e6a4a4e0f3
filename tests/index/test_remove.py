"""ragkit remove: files and whole folders leave the index, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine

from ragkit.errors import IndexLockedError, RagkitError
from ragkit.index import Index

Write = Callable[..., Path]


@pytest.fixture
def docs(index: Index, write: Write, tmp_path: Path) -> Path:
    """Two indexed folders with two files each, and one indexed file."""
    for name in ("a/one.txt", "a/two.txt", "ab/one.txt", "ab/deep/two.txt", "single.txt"):
        write(name, f"The walrus of {name}.")
    for name in ("a", "ab", "single.txt"):
        index.update(tmp_path / "docs" / name)
    return tmp_path / "docs"


def sources(index: Index) -> set[str]:
    chunks = {
        str(row["source"]) for row in index._connection.store.chunks._table.to_arrow().to_pylist()
    }
    assert chunks == {record.source for record in index.files()}
    return {source.removeprefix("docs/") for source in chunks}


def test_a_folder_leaves_with_its_files_and_its_root(index: Index, docs: Path) -> None:
    assert index.remove(docs / "a") == ["docs/a/one.txt", "docs/a/two.txt"]
    assert sources(index) == {"ab/one.txt", "ab/deep/two.txt", "single.txt"}
    assert index.indexed_paths() == ["docs/ab", "docs/single.txt"]
    assert index.update().added == 0
    assert all("/a/" not in hit.chunk.source for hit in index.search("walrus"))


def test_a_file_leaves_alone_and_comes_back_while_its_folder_is_indexed(
    index: Index, docs: Path
) -> None:
    assert index.remove(docs / "a/one.txt", docs / "single.txt") == [
        "docs/a/one.txt",
        "docs/single.txt",
    ]
    assert index.indexed_paths() == ["docs/a", "docs/ab"]
    assert index.update().added == 1
    assert "a/one.txt" in sources(index)
    assert "single.txt" not in sources(index)


def test_all_below_a_folder_leaves_with_the_roots_in_it(index: Index, docs: Path) -> None:
    assert len(index.remove(docs)) == 5
    assert index.indexed_paths() == []
    assert sources(index) == set()


def test_what_is_gone_from_disk_can_be_removed(index: Index, docs: Path) -> None:
    (docs / "a").rename(docs.parent / "unmounted")
    assert len(index.remove(docs / "a")) == 2
    assert index.update().unchanged == 3


def test_one_path_that_is_not_in_the_index_and_nothing_is_removed(index: Index, docs: Path) -> None:
    with pytest.raises(RagkitError, match=r"typo\.txt is not in the index"):
        index.remove(docs / "a", docs / "typo.txt")
    assert len(sources(index)) == 5
    assert len(index.indexed_paths()) == 3


def test_nothing_is_removed_while_another_writes(index: Index, docs: Path) -> None:
    other = Index.open(index.uri)
    with index._connection.store.lock(), pytest.raises(IndexLockedError):
        other.remove(docs / "a")


def test_the_command_says_how_many_and_what_comes_back(
    index: Index, docs: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ragkit = CommandLine(capsys)
    done = ragkit("remove", "docs/a")
    assert (done.code, done.out, done.err) == (0, "2 files taken out of the index\n", "")
    done = ragkit("remove", "docs/ab/one.txt")
    assert done.out == "1 file taken out of the index\n"
    assert ".ragkitignore" in done.err
    done = ragkit("remove", "docs/ab", "--json")
    assert done.json == {
        "schema": 1,
        "removed": ["docs/ab/deep/two.txt"],
        "roots": ["docs/single.txt"],
    }
    done = ragkit("remove", "nowhere")
    assert (done.code, "is not in the index" in done.err) == (1, True)
    assert ragkit("remove").code == 2
