"""Where the work of `ragkit index` runs, by its options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine

Write = Callable[..., Path]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--ray-address", "auto"], id="address"),
        pytest.param(["--cpus-per-task", "2"], id="cpus"),
        pytest.param(["--gpus-per-task", "1"], id="gpus"),
    ],
)
def test_ray_options_without_ray_are_a_usage_error(
    home: Path, write: Write, run: CommandLine, options: list[str]
) -> None:
    write("a.md", "# A\n\nText.")
    done = run("index", "docs", *options)
    assert done.code == 2
    assert "--engine ray" in done.err
    assert not (home / ".ragkit").exists()


def test_a_task_that_takes_nothing_is_a_usage_error(
    home: Path, write: Write, run: CommandLine
) -> None:
    write("a.md", "# A\n\nText.")
    assert run("index", "docs", "--engine", "ray", "--cpus-per-task", "0").code == 2


def test_a_cluster_that_is_not_there_is_one_line_and_loses_nothing(
    home: Path, write: Write, run: CommandLine
) -> None:
    pytest.importorskip("ray", reason="the extra 'ray' is not installed")
    write("a.md", "# A\n\nText.")
    model = ["--embedder", "wordllama/l2_supercat_256"]
    done = run("index", "docs", *model, "--engine", "ray", "--ray-address", "127.0.0.1:1")
    assert done.code == 1
    assert "no Ray cluster can be reached at 127.0.0.1:1" in done.err
    assert "Traceback" not in done.err
    assert run("index", "docs").code == 0


def test_files_per_task_also_holds_here(home: Path, write: Write, run: CommandLine) -> None:
    for number in range(3):
        write(f"{number}.md", f"# {number}\n\nText.")
    done = run("index", "docs", "--embedder", "wordllama/l2_supercat_256", "--files-per-task", 1)
    assert done.code == 0
    assert "3 added" in done.out
