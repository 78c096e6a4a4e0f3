"""Ignore patterns, compared with what git itself leaves out."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragkit.discovery.gitignore import IgnoreScope, match, parse_patterns, raw_name
from ragkit.discovery.local_files import discover

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

NAMES = st.sampled_from([
    "a", "b", "ab", "foo", "foobar", "a.txt", "b.txt", "x.md", "é.md", "A", "-b", "#c", "!d", "g]",
    "[h", "back\\slash", "日本", "e f", "tail ",
])  # fmt: skip
FOLDERS = st.sampled_from(["a", "b", "docs", "foo", "a b", "ö", "x.md"])
PIECES = st.sampled_from([
    "a", "b", "foo", "docs", "x", ".md", ".txt", "b.txt", "é", "日本", "*", "**", "?", "/", "/",
    "[ab]", "[!a]", "[a-f]", "[]x]", "[^-b]", "[[:alpha:]]", "[[:nope:]]", "[", "\\", "\\*", "#",
    "!", "**/", "/**", "/**/", " ", "\\ ",
])  # fmt: skip
PATTERNS = st.one_of(
    st.lists(PIECES, min_size=1, max_size=6).map("".join),
    st.builds("{}{}{}".format, st.sampled_from(["", "!", "/"]), NAMES, st.sampled_from(["", "/"])),
    st.sampled_from(
        ["", "   ", "# comment", "*", "!*/", "*.md", "!x.md", "/", "!", "docs/**", "\r"]
    ),
)
IGNORE_FILES = st.lists(PATTERNS, min_size=1, max_size=6).map("\n".join)
FOLDER_PATHS = st.lists(FOLDERS, max_size=3).map("/".join)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str | None]:
    """Relative path -> content of an ignore file, None for any other file."""
    folders = draw(st.lists(FOLDER_PATHS, min_size=1, max_size=5))
    tree: dict[str, str | None] = {}
    for folder in folders:
        for name in draw(st.lists(NAMES, min_size=1, max_size=5)):
            tree[os.path.join(folder, name)] = None
    tree[".gitignore"] = draw(IGNORE_FILES)
    for folder in draw(st.lists(st.sampled_from(folders), max_size=2)):
        tree[os.path.join(folder, ".gitignore")] = draw(IGNORE_FILES)
    return tree


def write_tree(top: Path, tree: dict[str, str | None]) -> None:
    for path, content in tree.items():
        place = top / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content or "", encoding="utf-8", newline="")
        except OSError:
            continue  # a file already stands where this path wants a folder, or the reverse


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("repository")
    if shutil.which("git"):
        git(top, "init", "--quiet")
    return top


def git(top: Path, *arguments: str) -> str:
    environment = {**os.environ, "HOME": str(top.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    environment.pop("XDG_CONFIG_HOME", None)
    done = subprocess.run(
        ["git", *arguments], cwd=top, env=environment, check=True, capture_output=True
    )
    return os.fsdecode(done.stdout)


def untracked(top: Path, below: Path) -> list[str]:
    return sorted(
        filter(None, git(below, "ls-files", "-o", "--exclude-standard", "-z").split("\0"))
    )


def found(root: Path, **options: object) -> list[str]:
    return [file.source for file in discover(root, base=root, hidden=True, **options)]


@needs_git
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=trees())
def test_every_tree_is_read_as_git_reads_it(repository: Path, tree: dict[str, str | None]) -> None:
    for entry in repository.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    write_tree(repository, tree)
    assert found(repository) == untracked(repository, repository)
    for entry in repository.iterdir():  # patterns above the root hold in it
        if entry.is_dir() and entry.name != ".git" and untracked(repository, entry):
            assert found(entry) == untracked(repository, entry)


@needs_git
def test_the_lists_git_keeps_beside_gitignore_are_read(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    for name in ("kept.md", "secret.md", "work/kept.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".git" / "info" / "exclude").write_text("secret.md\n")
    assert found(tmp_path) == untracked(tmp_path, tmp_path) == ["kept.md", "work/kept.md"]


@needs_git
def test_the_persons_own_list_for_all_repositories_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, top = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    top.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    git(top, "init", "--quiet")
    (top / "a.swp").touch()
    (top / "a.md").touch()
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".config" / "git" / "ignore").write_text("*.swp\n")
    assert found(top) == ["a.md"]
    (home / ".gitconfig").write_text("[core]\n\texcludesFile = ~/list\n")
    assert found(top) == ["a.md", "a.swp"]
    (home / "list").write_text("*.md\n")
    assert found(top) == ["a.swp"]


def test_a_repository_within_a_repository_starts_anew(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    for folder in (tmp_path, inner):
        (folder / ".git").mkdir(parents=True)
        (folder / "a.md").touch()
        (folder / "b.md").touch()
    (tmp_path / ".gitignore").write_text("a.md\n.*ignore\n")
    (tmp_path / ".ragkitignore").write_text("b.md\n")
    assert found(tmp_path) == ["inner/a.md"]
    assert found(inner) == ["a.md", "b.md"]


@pytest.mark.parametrize(
    ("pattern", "name", "verdict"),
    [
        pytest.param("foo\\ ", "foo ", True, id="escaped space at the end"),
        pytest.param("foo  ", "foo", True, id="spaces at the end are dropped"),
        pytest.param("\\#a", "#a", True, id="escaped hash"),
        pytest.param("\\!a", "!a", True, id="escaped bang"),
        pytest.param("foo\r", "foo", True, id="CRLF"),
        pytest.param("\ufefffoo", "foo", True, id="BOM"),
        pytest.param("?", "é", None, id="a question mark is one byte"),
        pytest.param("??", "é", True, id="two bytes"),
        pytest.param("[a", "[a", None, id="an unclosed bracket matches nothing"),
        pytest.param("foo\\", "foo\\", None, id="a backslash at the end matches nothing"),
        pytest.param("[[:digit:]-x]", "-", True, id="no range from a class"),
        pytest.param("[a-]", "-", True, id="a hyphen before the bracket closes"),
        pytest.param("[\\]]", "]", True, id="escaped bracket in brackets"),
        pytest.param("*", "new\nline", True, id="a newline in a name"),
        pytest.param("a\n!a", "a", False, id="taken back"),
        pytest.param("FOO", "foo", None, id="case matters"),
    ],
)
def test_a_pattern_decides(pattern: str, name: str, verdict: bool | None) -> None:
    assert verdict_of(pattern, name) is verdict


def test_case_is_ignored_where_git_ignores_it() -> None:
    for pattern, name in [("Build", "build"), ("*.MD", "a.md"), ("a/[A-C]*", "a/bx")]:
        folder, _, last = name.rpartition("/")
        scope = IgnoreScope(first=((parse_patterns(pattern.encode(), ignore_case=True), 0),))
        assert match(scope.steps(f"{folder}/" if folder else "")[0], last)


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("*a" * 40 + "b", id="stars in a name"),
        pytest.param("x/" + "*a" * 40 + "b", id="stars in a path"),
        pytest.param("**/a/" * 20 + "b", id="folders in a path"),
        pytest.param("*" * 60 + "b", id="nothing but stars"),
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    patterns = parse_patterns(pattern.encode())
    started = time.process_time()
    for folder in ("", "x/", "a/" * 100):
        assert match(IgnoreScope(first=((patterns, 0),)).steps(folder)[0], "a" * 250) is None
    assert time.process_time() - started < 1


@given(text=st.text(max_size=60), name=st.text(min_size=1, max_size=12))
def test_any_text_is_a_pattern_file(text: str, name: str) -> None:
    assert verdict_of(text, name) in (True, False, None)


def verdict_of(patterns: str, name: str) -> bool | None:
    scope = IgnoreScope(first=((parse_patterns(patterns.encode()), 0),))
    return match(scope.steps("")[0], raw_name(name))
