"""What `ragkit index` may be told about reading files, and that it then reads them again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine

from tests.loading.conftest import build_pdf

Write = Callable[..., Path]


@pytest.fixture
def ragkit(home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def index(ragkit: CommandLine, *options: str) -> dict[str, object]:
    done = ragkit("index", "docs", *options, "--embedder", "wordllama/l2_supercat_256", "--json")
    assert done.code == 0
    return dict(done.json)


def test_a_file_over_the_limit_is_read_once_the_limit_is_raised(
    ragkit: CommandLine, write: Write
) -> None:
    write("a.txt", "short")
    write("log.txt", "a line of a log\n" * 100)
    first = index(ragkit, "--max-file-size", "1kB")
    assert (first["added"], first["skipped"]) == (1, 1)
    problem = "1.6 kB, larger than the limit of 1 kB: --max-file-size SIZE raises it"
    assert [p["reason"] for p in first["problems"]] == [problem]  # type: ignore[attr-defined]
    again = index(ragkit, "--max-file-size", "1kB")
    assert (again["added"], again["skipped"]) == (0, 1)
    raised = index(ragkit, "--max-file-size", "2kB")
    assert (raised["updated"], raised["unchanged"], raised["skipped"]) == (1, 1, 0)


def test_a_locked_file_is_read_once_its_password_is_known(
    ragkit: CommandLine, write: Write
) -> None:
    write("safe.pdf", build_pdf(["The safe stands behind the mirror."], password="open sesame"))
    assert index(ragkit)["skipped"] == 1
    assert index(ragkit, "--password", "wrong")["skipped"] == 1
    assert index(ragkit, "--password", "wrong", "--password", "open sesame")["updated"] == 1
    assert index(ragkit)["unchanged"] == 1


@pytest.mark.parametrize("size", ["", "large", "-1MB", "0", "0.2", "1XB", "MB"])
def test_what_is_no_size_is_refused(ragkit: CommandLine, write: Write, size: str) -> None:
    write("a.txt", "short")
    done = ragkit("index", "docs", "--max-file-size", size)
    assert done.code == 2
    assert "--max-file-size" in done.err


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("200MB", 200_000_000),
        ("1.5 gb", 1_500_000_000),
        ("1GiB", 2**30),
        ("500k", 500_000),
        ("4096", 4096),
        ("12 bytes", 12),
    ],
)
def test_sizes_are_read_as_people_write_them(written: str, size: int) -> None:
    from ragkit.cli.options import Size

    assert Size().convert(written, None, None) == size
