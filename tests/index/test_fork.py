"""Workers that share an index: those that are spawned, or open it themselves after a fork, answer;
a child of a process that has opened one is told what to do at once. Nothing hangs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ragkit.index import Index

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
LIMIT_SECONDS = 120
REFUSED = "was forked from one that had opened an index"

WORK = """
import multiprocessing, os, socket, sys, warnings
warnings.simplefilter("ignore")  # LanceDB warns of every fork
from ragkit import Index, RagkitError

def search(path, index=None):
    try:
        return str(len((index or Index.open(path)).search("walrus")))
    except RagkitError as error:
        return str(error)

"""
POOL = """
if __name__ == "__main__":
    path, method, when = sys.argv[1:]
    opened_before = search(path) if when == "before" else None
    with multiprocessing.get_context(method).Pool(3) as pool:
        print(*pool.map(search, [path] * 3), sep="\\n")
"""
SERVER = """
path, _, when = sys.argv[1:]
index = Index.open(path) if when == "before" else None
if index:
    index.search("walrus")
listening = socket.create_server(("127.0.0.1", 0))
for _ in range(3):
    if os.fork() == 0:  # ends in the usual way, not by os._exit
        connection, _ = listening.accept()
        connection.sendall(search(path, index).encode())
        connection.close()
        sys.exit()
for _ in range(3):
    with socket.create_connection(listening.getsockname()) as connection:
        print(connection.makefile().read())
for _ in range(3):
    os.wait()
"""


@pytest.fixture
def place(tmp_path: Path, write: Callable[..., Path]) -> str:
    """An index whose model any process can load by its name."""
    write("a.md", "# Walrus\n\nThe walrus lives in the north.")
    index = Index.create(tmp_path / ".ragkit", embedder="wordllama/l2_supercat_256")
    index.update(tmp_path / "docs")
    return index.uri


def run(folder: Path, program: str, place: str, method: str, when: str) -> list[str]:
    """What three workers answered, one line each."""
    script = folder / "program.py"
    script.write_text(WORK + program)
    done = subprocess.run(
        [sys.executable, str(script), place, method, when],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("program", "method", "when"),
    [
        pytest.param(POOL, "spawn", "before", id="a spawned pool"),
        pytest.param(POOL, "fork", "never", id="a forked pool that opens it itself"),
        pytest.param(SERVER, "fork", "never", id="a prefork server whose workers open it"),
    ],
)
def test_workers_answer(tmp_path: Path, place: str, program: str, method: str, when: str) -> None:
    assert run(tmp_path, program, place, method, when) == ["1", "1", "1"]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(POOL, id="a pool whose children open their own index"),
        pytest.param(SERVER, id="a prefork server that opened it before"),
    ],
)
def test_a_child_of_a_process_that_used_an_index_is_told_what_to_do(
    tmp_path: Path, place: str, program: str
) -> None:
    answers = run(tmp_path, program, place, "fork", "before")
    assert len(answers) == 3
    assert all(REFUSED in answer and "spawn" in answer for answer in answers)


def test_a_child_does_not_prolong_the_lock_of_its_parent(index: Index) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from ragkit.lock import write_lock\n"
        "reading, writing = os.pipe()\n"
        "with write_lock(Path(sys.argv[1])):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        os.close(writing)\n"
        "        os.read(reading, 1)\n"  # until the parent ends
        "        os._exit(0)\n"
        "with write_lock(Path(sys.argv[1]), wait_seconds=10):\n"
        "    print('free')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, index.uri],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "free\n"), done.stderr
