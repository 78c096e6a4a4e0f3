from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ragkit.programs import find_program, run_program

# It starts a child that outlives it, and tells both numbers.
HANGS = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("numbers.new").write_text(f"{os.getpid()} {child.pid}")
os.rename("numbers.new", "numbers")
time.sleep(600)
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    def make(folder: str) -> Path:
        path = tmp_path / folder / "converter"
        path.parent.mkdir()
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return path

    return make


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.01)


def has_ended(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"  # ended, and nobody has asked how


def test_a_program_in_a_folder_of_path_is_found(
    program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program("bin")
    monkeypatch.setenv("PATH", f"/nowhere{os.pathsep}{path.parent}")
    assert find_program("converter") == str(path)
    assert find_program("another") == ""


def test_a_program_in_its_usual_place_is_found(
    program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program("Applications")
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_program("converter", str(path.parent)) == str(path)


@pytest.mark.parametrize(
    "search",
    [
        pytest.param("", id="an empty path"),
        pytest.param(".", id="the current folder"),
        pytest.param(f"{os.pathsep}/nowhere", id="an empty entry"),
        pytest.param("bin", id="a relative folder"),
        pytest.param("{here}", id="the current folder by its whole name"),
        pytest.param("{link}", id="a link to the current folder"),
    ],
)
def test_no_program_where_one_stands_is_found(
    search: str,
    program: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    here = program("docs").parent
    (here / "bin").mkdir()
    (here / "bin" / "converter").symlink_to(here / "converter")
    (tmp_path / "link").symlink_to(here)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", search.format(here=here, link=tmp_path / "link"))
    assert find_program("converter") == ""


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_no_program_in_a_folder_for_everybody_is_found(
    program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = program("shared").parent
    folder.chmod(0o777)
    monkeypatch.setenv("PATH", str(folder))
    assert find_program("converter") == ""


def test_the_exit_code_is_given(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os; os.chdir('..'); raise SystemExit(3)"]
    assert run_program(command, str(tmp_path), 20, {}) == 3


def test_a_program_that_is_not_there_fails(tmp_path: Path) -> None:
    assert run_program([str(tmp_path / "nothing")], str(tmp_path), 20, {}) != 0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_program_that_hangs_ends_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="took longer than 1 s"):
        run_program([sys.executable, "-c", HANGS], str(tmp_path), 1, {})
    numbers = (tmp_path / "numbers").read_text().split()
    wait_for(lambda: all(has_ended(int(number)) for number in numbers))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_program_ends_when_who_ran_it_is_killed(tmp_path: Path) -> None:
    call = f"run_program([sys.executable, '-c', {HANGS!r}], {str(tmp_path)!r}, 600, {{}})"
    code = f"import sys; from ragkit.programs import run_program; {call}"
    caller = subprocess.Popen([sys.executable, "-c", code], env={**os.environ})
    wait_for((tmp_path / "numbers").exists)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    numbers = (tmp_path / "numbers").read_text().split()
    wait_for(lambda: all(has_ended(int(number)) for number in numbers))
