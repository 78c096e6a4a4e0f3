"""Files named on the command line: in another form of Unicode, with brackets, from a folder."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import CommandLine

Write = Callable[..., Path]
NFC, NFD = (unicodedata.normalize(form, "Jörg.md") for form in ("NFC", "NFD"))


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, an empty one."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def read_only(here: Path, run: CommandLine) -> Iterator[Path]:
    """An index that may not be written; skips where all is permitted."""
    (here / "a.txt").write_text("the mill key is blue\n")
    assert run("index", here).code == 0
    folder = here / ".ragkit"
    paths = [folder, *folder.rglob("*")]
    modes = [path.stat().st_mode for path in paths]
    try:
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode & ~0o222)
        if os.access(folder, os.W_OK):
            pytest.skip("everything is permitted to this user")
        yield folder
    finally:
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)


def hits(run: CommandLine, *options: str) -> list[str]:
    found = run("search", "mill key", *options, "--json").json["hits"]
    return sorted(hit["source"] for hit in found)


@pytest.mark.skipif(os.name == "nt", reason="names keep their form on other systems only")
@pytest.mark.parametrize(("on_disk", "asked"), [(NFC, NFD), (NFD, NFC)])
def test_both_forms_of_unicode_name_a_file(
    here: Path, run: CommandLine, on_disk: str, asked: str
) -> None:
    (here / on_disk).write_text("Jörg keeps the mill key.\n", encoding="utf-8")
    (here / "other.md").write_text("The mill key is blue.\n")
    assert run("index", asked).code == 0
    assert run("index", ".").code == 0
    assert run("status", asked, "--json").json["source"] == on_disk
    assert hits(run, "--path", asked) == [on_disk]
    assert hits(run, "--path", f"./{asked}") == [on_disk]
    assert hits(run, "--where", f'path = "{asked}"') == [on_disk]
    assert hits(run, "--where", f'path like "{asked[:-3]}*"') == [on_disk]
    found = run("explain", "mill key", "--expect", asked, "--json").json["expected"]
    assert (found["source"], found["found"]) == (on_disk, True)
    assert run("search", asked, "-k", 1, "--json").json["hits"][0]["source"] == on_disk
    (here / on_disk).unlink()
    assert run("remove", asked, "--json").json["removed"] == [on_disk]


def test_a_name_with_brackets_is_itself_before_it_is_a_glob(here: Path, run: CommandLine) -> None:
    names = ["report [draft].md", "report [final].md", "report d.md"]
    for name in names:
        (here / name).write_text(f"{name}: the mill key.\n")
    run("index", ".")
    assert hits(run, "--path", names[0]) == names[:1]
    assert hits(run, "--path", "report [dx].md") == names[2:]
    assert run("status", names[1], "--json").json["outcome"] == "indexed"
    assert run("remove", names[1], "--json").json["removed"] == [names[1]]
    assert run("index", ".", "--include", names[0], "--json").json["removed"] == 0


def test_a_path_is_meant_where_one_stands(
    here: Path, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("guide.md", "sub/guide.md", "sub/deep/x.md", "other/guide.md"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(f"{name}: the mill key.\n")
    run("index", ".")
    guides = ["guide.md", "other/guide.md", "sub/guide.md"]
    assert hits(run, "--path", "guide.md") == guides
    assert hits(run, "--path", "./guide.md") == ["guide.md"]
    monkeypatch.chdir(here / "sub")
    below = ["sub/deep/x.md", "sub/guide.md"]
    assert hits(run, "--path", "guide.md") == ["sub/guide.md"]
    assert hits(run, "--path", "./") == below
    assert hits(run, "--path", ".") == below
    assert hits(run, "--path", "../other/") == ["other/guide.md"]
    assert hits(run, "--path", "sub/guide.md") == ["sub/guide.md"]
    assert hits(run, "--path", str(here / "other")) == ["other/guide.md"]
    assert hits(run, "--path", "*.md") == [*guides[:2], *below]
    nothing = run("search", "mill", "--path", "./none.md")
    assert "none of the 4 files passes path='sub/none.md'" in nothing.err


def test_status_says_what_is_no_document(here: Path, run: CommandLine) -> None:
    (here / "a.txt").write_text("the mill key is blue\n")
    (here / "a.txt~").write_text("the mill key is red\n")
    (here / "~$report.docx").write_bytes(b"\x05Ann")
    (here / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    run("index", ".", "--db", "one.index")
    run("index", ".", "--db", "two.index")
    assert "another index" not in run("search", "vectors", "--db", "two.index").out
    shown = run("status", "--db", "two.index").out
    for reason in ("another index", "an editor keeps of a.txt", "a lock file", "system keeps"):
        assert reason in shown
    assert "files     1 of 5 indexed" in shown


def test_an_index_that_may_not_be_written_is_read(read_only: Path, run: CommandLine) -> None:
    assert run("verify").code == 0
    assert run("search", "mill").code == 0
    for command in (["remove", "a.txt"], ["optimize"], ["verify", "--repair"], ["reindex"]):
        done = run(*command)
        assert (done.code, done.err.count("\n")) == (1, 1)
        assert "may not be written (permission denied)" in done.err
