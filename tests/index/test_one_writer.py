"""One writer at a time, with processes that are real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import CommandLine

from ragkit.index import Index

ROOT = Path(__file__).parents[2]
Write = Callable[..., Path]
HOLDER = """
import sys
from pathlib import Path
from ragkit.lock import write_lock

with write_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(index: Index, write: Write, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the write lock of an index of one file."""
    write("a.txt", "The walrus eats clams.")
    index.update("docs")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, index.uri],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_is_told_who_writes_and_since_when(
    holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    ragkit = CommandLine(capsys)
    for command in (["index"], ["remove", "docs"], ["reindex"], ["verify"]):
        done = ragkit(*command)
        assert done.code == 1
        assert f"process {holder.pid}, since 20" in done.err
        assert "--wait SECONDS" in done.err


def test_readers_go_on_beside_a_writer(
    holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    ragkit = CommandLine(capsys)
    assert "docs/a.txt" in ragkit("search", "walrus").out
    assert ragkit("status").code == 0


def test_who_waits_is_told_for_whom_and_goes_on_when_the_lock_is_free(
    holder: subprocess.Popen[str], index: Index, write: Write
) -> None:
    write("b.txt", "Penguins eat fish.")
    told: list[str] = []

    def free(who: str) -> None:
        told.append(who)
        assert holder.stdin is not None
        holder.stdin.write("\n")
        holder.stdin.flush()

    assert index.update(wait_seconds=60, on_wait=free).added == 1
    assert len(told) == 1
    assert str(holder.pid) in told[0]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_lock_of_a_dead_process_is_taken_over(
    holder: subprocess.Popen[str], index: Index
) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert Path(index.uri, "write.lock").read_text(encoding="utf-8")
    assert index.update().unchanged == 1
