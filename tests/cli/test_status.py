"""ragkit status: the whole index, one folder, one file, and files it does not have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine

from ragkit.index import Index

Write = Callable[..., Path]


@pytest.fixture
def ragkit(
    capsys: pytest.CaptureFixture[str], home: Path, index: Index, write: Write
) -> CommandLine:
    """An index of three files, one of them empty, and three that are left out."""
    write("a/backup.md", "---\ntitle: Backups\n---\n\nOne server is restored every quarter.")
    write("a/empty.txt", "")
    write("walrus.txt", "The walrus eats clams.")
    write(".hidden.txt", "Hidden.")
    write("ignored.log", "Ignored.")
    write("node_modules/x.txt", "Never.")
    write(".gitignore", "*.log\n")
    index.update("docs")
    return CommandLine(capsys)


def test_the_whole_index(ragkit: CommandLine, index: Index) -> None:
    shown = ragkit("status").out
    assert "files     2 of 3 indexed" in shown
    assert "last run  index, 20" in shown
    assert "2 added, 1 skipped" in shown
    assert "skipped, 1: " in shown
    assert "previous " not in shown
    status = ragkit("status", "--json").json
    assert status["last_run"]["counts"]["added"] == 2
    assert status["disk_usage"].keys() == {"catalog", "chunks", "files"}
    assert min(status["disk_usage"].values()) > 0
    assert status["versions"] == {"current": "chunks", "previous": None, "unfinished": None}
    ragkit("index")
    assert ragkit("status", "--json").json["last_run"]["counts"]["unchanged"] == 2


def test_generations_are_named(ragkit: CommandLine, index: Index) -> None:
    index.maintenance.reindex()
    index._connection.store.versions.begin(index.manifest)
    shown = ragkit("status").out
    assert "--drop-previous" in shown
    assert "rebuild   unfinished" in shown
    assert "last run  reindex" in shown
    generations = ragkit("status", "--json").json["versions"]
    assert generations == {
        "current": "chunks_2",
        "previous": "chunks",
        "unfinished": "chunks_3",
    }


def test_one_file(ragkit: CommandLine) -> None:
    shown = ragkit("status", "docs/a/backup.md").out
    for words in ("docs/a/backup.md", "indexed", "text/markdown", "Backups"):
        assert words in shown
    assert "empty" in ragkit("status", "docs/a/empty.txt", "--json").json["reason"]


def test_one_folder(ragkit: CommandLine) -> None:
    assert ragkit("status", "docs/a", "--json").json["files"]["discovered"] == 2
    shown = ragkit("status", "docs/a").out
    assert "files     1 of 2 indexed" in shown
    assert "docs/a/empty.txt" in shown


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("docs/typo.txt", "no such file", id="not there"),
        pytest.param("docs/.hidden.txt", "hidden", id="hidden"),
        pytest.param("docs/ignored.log", ".gitignore", id="ignored"),
        pytest.param("docs/node_modules/x.txt", "node_modules are never", id="never"),
        pytest.param("docs/new.txt", "run: ragkit index", id="new"),
        pytest.param("other.txt", "in none of the indexed folders", id="elsewhere"),
    ],
)
def test_a_file_that_is_not_in_the_index_says_why(
    ragkit: CommandLine, home: Path, write: Write, path: str, reason: str
) -> None:
    write("new.txt", "New.")
    (home / "other.txt").write_text("Other.", encoding="utf-8")
    done = ragkit("status", path)
    assert done.code == 1
    assert reason in done.err
    assert done.out == ""
