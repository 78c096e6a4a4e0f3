"""Which files are found, under which names, in which order."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragkit.discovery.local_files import discover, source_of
from ragkit.errors import RagkitError
from ragkit.types import DiscoveredFile

not_windows = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file `b.md` that may not be entered; skips where all is permitted."""
    folder = tmp_path / "locked"
    write(tmp_path, "locked/b.md")
    folder.chmod(0)
    try:
        if os.access(folder, os.R_OK):
            pytest.skip("everything is permitted to this user")
        yield folder
    finally:
        folder.chmod(0o700)


def write(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"text")


def sources(root: Path, base: Path | None = None, **options: object) -> list[str]:
    return [file.source for file in discover(root, base=base or root, **options)]


def refusals(root: Path) -> dict[str, str]:
    return {file.source: file.refusal for file in discover(root, base=root) if file.refusal}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    paths=st.lists(
        st.lists(st.text("ab-./é\\\U0001f5c2\udce9", min_size=1, max_size=3), max_size=3),
        max_size=12,
    )
)
def test_sources_ascend_over_the_whole_stream(
    tmp_path_factory: pytest.TempPathFactory, paths: list[list[str]]
) -> None:
    top = tmp_path_factory.mktemp("tree")
    for path in paths:
        try:
            (top / "x/".join(["", *path])).mkdir(parents=True)
            (top / "x/".join(["", *path]) / "file").touch()
        except OSError:
            continue  # a name that this file system does not take
    for base in (top, top / "x", top.parent):
        found = list(discover(top, base=base, hidden=True))
        names = [file.source for file in found]
        assert names == sorted(set(names))
        assert names == sorted(names, key=lambda name: name.encode())  # as a database sorts
        assert {os.path.realpath(f.path) for f in found} == {
            os.path.join(place, name) for place, _, files in os.walk(top) for name in files
        }


def test_a_folder_sorts_as_its_path_does(tmp_path: Path) -> None:
    write(tmp_path, "a/b", "a.txt", "a-b", "a0", "A")
    assert sources(tmp_path) == ["A", "a-b", "a.txt", "a/b", "a0"]


def test_stat_is_reported(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    status = (tmp_path / "a.md").stat()
    place = os.path.join(os.path.realpath(tmp_path), "a.md")
    assert list(discover(tmp_path, base=tmp_path)) == [
        DiscoveredFile("a.md", place, 4, status.st_mtime_ns, status.st_ino, "")
    ]


def test_names_are_relative_below_the_base_and_absolute_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, "notes/a.md", "notes/deep/b.md", "notes.md", "other/c.md")
    top = Path(os.path.realpath(tmp_path)).as_posix()
    assert sources(tmp_path / "notes", base=tmp_path) == ["notes/a.md", "notes/deep/b.md"]
    assert sources(tmp_path / "other", base=tmp_path / "notes") == [f"{top}/other/c.md"]
    assert sources(tmp_path, base=tmp_path / "notes") == [
        f"{top}/notes.md", f"{top}/other/c.md", "a.md", "deep/b.md",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        pytest.param("mid/", ".gitignore", id="ignored"),
        pytest.param("inner", ".ragkitignore", id="the base itself ignored"),
    ],
)
def test_a_base_in_an_ignored_folder_is_left_out(tmp_path: Path, rule: str, where: str) -> None:
    write(tmp_path, "mid/inner/a.md", "b.md")
    (tmp_path / where).write_text(rule)
    top = Path(os.path.realpath(tmp_path)).as_posix()
    assert sources(tmp_path, base=tmp_path / "mid" / "inner") == [f"{top}/b.md"]


def test_source_of_names_files_and_folders_as_discover_does(tmp_path: Path) -> None:
    write(tmp_path, "notes/a.md", "b.md")
    assert source_of(tmp_path, tmp_path) == "."
    assert source_of(tmp_path / "notes", tmp_path) == "notes"
    assert source_of(tmp_path / "notes" / "a.md", tmp_path) == "notes/a.md"
    assert source_of(tmp_path / "gone.md", tmp_path) == "gone.md"
    top = Path(os.path.realpath(tmp_path)).as_posix()
    assert source_of(tmp_path / "b.md", tmp_path / "notes") == f"{top}/b.md"


def test_hidden_files_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    write(tmp_path, ".env", ".config/a.md", "b.md", ".git/HEAD", ".ragkit/x", "node_modules/y.js")
    assert sources(tmp_path) == ["b.md"]
    assert sources(tmp_path, hidden=True) == [".config/a.md", ".env", "b.md"]


def test_virtual_environments_are_left_out_by_what_they_hold(tmp_path: Path) -> None:
    write(tmp_path, "env/pyvenv.cfg", "env/lib/a.md", "b.md")
    assert sources(tmp_path) == ["b.md"]
    assert sources(tmp_path / "env", base=tmp_path) == ["env/lib/a.md", "env/pyvenv.cfg"]


def test_the_index_is_left_out_under_any_name(tmp_path: Path) -> None:
    write(tmp_path, "notes.index/data.md", "a.md")
    index = tmp_path / "notes.index"
    assert sources(tmp_path, skip=[index]) == ["a.md"]
    with pytest.raises(RagkitError, match="part of an index"):
        discover(index, base=tmp_path, skip=[index])


def test_ragkitignore_has_the_last_word_over_gitignore(tmp_path: Path) -> None:
    write(tmp_path, "a.log", "b.log", "sub/a.log", "c.md")
    (tmp_path / ".gitignore").write_text("*.log")
    (tmp_path / ".ragkitignore").write_text("!a.log\nc.md")
    (tmp_path / "sub" / ".gitignore").write_text("a.log")
    assert sources(tmp_path) == ["a.log", "sub/a.log"]


def test_ignore_files_above_the_root_hold_up_to_the_base(tmp_path: Path) -> None:
    write(tmp_path, "sub/a.md", "sub/b.md")
    (tmp_path / ".ragkitignore").write_text("/sub/a.md")
    assert sources(tmp_path / "sub", base=tmp_path) == ["sub/b.md"]
    assert len(sources(tmp_path / "sub", base=tmp_path / "elsewhere")) == 2


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        pytest.param(["*.md"], [], ["a.md", "docs/c.md", "docs/old/d.md"], id="by ending"),
        pytest.param(["docs/**"], [], ["docs/c.md", "docs/old/d.md", "docs/old/e.txt"], id="below"),
        pytest.param(["docs"], [], ["docs/c.md", "docs/old/d.md", "docs/old/e.txt"], id="folder"),
        pytest.param(["/*.md"], [], ["a.md"], id="anchored"),
        pytest.param(["*.md", "*.txt"], ["old"], ["a.md", "b.txt", "docs/c.md"], id="both"),
        pytest.param([], ["docs/", "*.txt"], ["a.md"], id="exclude"),
        pytest.param(["none"], [], [], id="none"),
        pytest.param(["docs", "!old"], [], ["docs/c.md"], id="taken back"),
    ],
)
def test_include_and_exclude(
    tmp_path: Path, include: list[str], exclude: list[str], expected: list[str]
) -> None:
    write(tmp_path, "a.md", "b.txt", "docs/c.md", "docs/old/d.md", "docs/old/e.txt")
    assert sources(tmp_path, include=include, exclude=exclude) == expected


def test_exclude_has_the_last_word(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "b.md")
    (tmp_path / ".ragkitignore").write_text("a.md")
    assert sources(tmp_path, exclude=["!a.md", "b.md"]) == ["a.md"]


def test_a_root_may_be_one_file(tmp_path: Path) -> None:
    write(tmp_path, ".hidden/a.md")
    (tmp_path / ".gitignore").write_text("*")
    assert sources(tmp_path / ".hidden" / "a.md", base=tmp_path) == [".hidden/a.md"]
    assert sources(tmp_path / ".hidden" / "a.md", base=tmp_path, exclude=["*.md"]) == []


def test_a_root_may_be_a_link(tmp_path: Path) -> None:
    write(tmp_path, "notes/a.md")
    (tmp_path / "link").symlink_to("notes")
    assert sources(tmp_path / "link", base=tmp_path) == ["notes/a.md"]


def test_a_root_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(RagkitError, match=r"no such file or folder: .*nowhere"):
        discover(tmp_path / "nowhere", base=tmp_path)


@not_windows
def test_a_root_that_is_no_file_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RagkitError, match="pipe is a named pipe, neither a folder nor a file"):
        discover(tmp_path / "pipe", base=tmp_path)


def test_an_empty_root_has_no_files(tmp_path: Path) -> None:
    assert sources(tmp_path) == []


@not_windows
def test_what_is_no_file_is_refused_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / ".gitignore")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket may have about 100 characters
        try:
            server.bind("socket")
        finally:
            os.chdir(here)
    assert refusals(tmp_path) == {
        "pipe": "a named pipe, not a file",
        "socket": "a socket, not a file",
    }


@not_windows
def test_links(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path, "outside.md", "elsewhere/x.md", "root/a.md", "root/sub/b.md", "root2/c.md")
    for name, target in {
        "inside": "a.md", "up": "../outside.md", "near": "../root2/c.md", "nothing": "none",
        "circle": "circle", "sub/loop": "..", "folder": "sub", "away": "../elsewhere",
    }.items():  # fmt: skip
        (root / name).symlink_to(target)
    found = {file.source: file for file in discover(root, base=root)}
    outside = "a link that leads outside the folder"
    assert refusals(root) == {
        "up": outside, "near": outside, "away": outside, "nothing": "a link to nothing",
        "circle": "a link that leads in a circle",
    }  # fmt: skip
    assert set(found) - set(refusals(root)) == {"a.md", "inside", "sub/b.md"}
    assert found["inside"].path == found["a.md"].path  # opened without following a link
    assert found["inside"].inode == found["a.md"].inode


def test_a_folder_that_may_not_be_listed_is_refused(tmp_path: Path, locked: Path) -> None:
    write(tmp_path, "a.md", "z.md")
    assert sources(tmp_path) == ["a.md", "locked/", "z.md"]
    assert refusals(tmp_path) == {"locked/": "permission denied"}
    with pytest.raises(RagkitError, match="locked cannot be read: permission denied"):
        discover(locked, base=tmp_path)


def test_a_folder_whose_files_may_not_be_looked_at(tmp_path: Path, locked: Path) -> None:
    locked.chmod(0o400)
    assert refusals(tmp_path) == {"locked/b.md": "permission denied"}


@not_windows
def test_names_that_are_not_utf8_are_shown_escaped_and_can_be_opened(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.md")).write_bytes(b"one")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    write(tmp_path, "caf\\xe9.md", "new\nline.md", "back\\slash.md", os.fsdecode(b"d\xff/a.md"))
    found = {file.source: Path(file.path) for file in discover(tmp_path, base=tmp_path)}
    assert list(found) == sorted(
        ["caf\\xe9.md", "caf\\x5cxe9.md", "new\nline.md", "back\\slash.md", "d\\xff/a.md"]
    )
    assert found["caf\\xe9.md"].read_bytes() == b"one"
    assert all(path.exists() for path in found.values())


@not_windows
@given(one=st.binary(min_size=1, max_size=8), other=st.binary(min_size=1, max_size=8))
def test_two_names_never_look_alike(one: bytes, other: bytes) -> None:
    pieces = b"\\x", b"5c", b"\xff", b"ff", b"e9", b"\\", b"x", b"\xe9"
    names = [b"".join(pieces[byte % 8] for byte in name) for name in (one, other)]
    shown = [source_of(Path("/nowhere", os.fsdecode(name)), Path("/nowhere")) for name in names]
    assert (shown[0] == shown[1]) == (names[0] == names[1])
    assert all(name.encode() for name in shown)


def test_a_tree_deeper_than_recursion_allows_is_walked(tmp_path: Path) -> None:
    folders = [tmp_path.joinpath(*["d"] * depth) for depth in range(1, 1200)]
    for folder in folders:
        folder.mkdir()
    deepest = folders[-1] / "a.md"
    deepest.touch()
    assert len(sources(tmp_path)) == 1
    deepest.unlink()
    for folder in reversed(folders):  # what removes folders for us would recurse
        folder.rmdir()
