"""Reading one file, whatever it turns out to be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ragkit.discovery.read_file import read_file
from ragkit.errors import LoadError

not_windows = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
MEGABYTE = 10**6


@pytest.mark.parametrize("size", [0, 1, 8191, 8192, 8193, 3 * MEGABYTE])
def test_the_bytes_are_those_of_the_file(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "a").write_bytes(content)
    heads: list[bytes] = []
    data = read_file(str(tmp_path / "a"), limit_bytes=size, head_check=heads.append)
    assert data == content
    assert heads == [content[:8192]]


def test_a_head_that_is_refused_ends_the_reading(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"GIF89a")
    with pytest.raises(LoadError, match="a picture"):
        read_file(
            str(tmp_path / "a"), limit_bytes=9, head_check=lambda head: LoadError("a picture")
        )


@pytest.mark.parametrize(
    ("size", "limit", "text"),
    [
        (
            2_100_000_000,
            200_000_000,
            "2.1 GB, larger than the limit of 200 MB: --max-file-size SIZE raises it",
        ),
        (1001, 1000, "1001 bytes, larger than the limit of 1 kB: --max-file-size SIZE raises it"),
        (11, 10, "11 bytes, larger than the limit of 10 bytes: --max-file-size SIZE raises it"),
    ],
)
def test_a_file_beyond_the_limit_is_skipped(
    tmp_path: Path, size: int, limit: int, text: str
) -> None:
    with (tmp_path / "log").open("wb") as file:
        file.truncate(size)  # a hole: takes no space
    with pytest.raises(LoadError, match=f"^{text}$") as caught:
        read_file(str(tmp_path / "log"), limit_bytes=limit)
    assert caught.value.outcome == "skipped"


def test_a_file_that_vanished(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="vanished while it was read") as caught:
        read_file(str(tmp_path / "none"), limit_bytes=9)
    assert caught.value.outcome == "failed"


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").touch(0)
    if os.access(tmp_path / "a", os.R_OK):
        pytest.skip("everything is permitted to this user")
    with pytest.raises(LoadError, match="cannot be read: permission denied") as caught:
        read_file(str(tmp_path / "a"), limit_bytes=9)
    assert caught.value.outcome == "failed"


@not_windows
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LoadError, match="a named pipe, not a file"):
        read_file(str(tmp_path / "pipe"), limit_bytes=9)


@not_windows
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(LoadError, match="cannot be read: it has become a link"):
        read_file(str(tmp_path / "link"), limit_bytes=9)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(LoadError):
        read_file(str(tmp_path), limit_bytes=9)


@pytest.mark.parametrize("size", [5, 20_000])
def test_a_file_that_changed_meanwhile_is_read_once_more(tmp_path: Path, size: int) -> None:
    place = tmp_path / "a"
    place.write_bytes(b"x" * size)
    changes = [b"y" * (size + 3)]

    def change(head: bytes) -> None:
        if changes:
            place.write_bytes(changes.pop())

    assert read_file(str(place), limit_bytes=MEGABYTE, head_check=change) == b"y" * (size + 3)


@pytest.mark.parametrize("step", [1, -1], ids=["grows", "shrinks"])
def test_a_file_that_does_not_come_to_rest_fails(tmp_path: Path, step: int) -> None:
    place = tmp_path / "log"
    place.write_bytes(b"x" * 20_000)

    def change(head: bytes) -> None:
        os.truncate(place, place.stat().st_size + step)

    with pytest.raises(LoadError, match="changed while it was read") as caught:
        read_file(str(place), limit_bytes=MEGABYTE, head_check=change)
    assert caught.value.outcome == "failed"
