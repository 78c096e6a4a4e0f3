"""Every command and snippet of the README runs, in a folder that holds what a reader has."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    (match[1], match[2], README.count("\n", 0, match.start()) + 1)
    for match in re.finditer(r"^```(\w+)\n(.*?)^```", README, re.M | re.S)
]


def commands(kind: str) -> list[str]:
    lines = [line for language, text, _ in BLOCKS if language == kind for line in text.split("\n")]
    return [line[2:] for line in lines if line.startswith("$ ")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder: the sample corpus and an empty home."""
    home = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "sample_corpus", home / "sample_corpus")
    return home


def run(arguments: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAGKIT_", "OLLAMA_"))}
    environment = kept | {"HOME": str(place), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    # Nothing listens there: a README must work without a server, whatever runs on this machine.
    environment["OLLAMA_HOST"] = "127.0.0.1:9"
    return subprocess.run(
        arguments, cwd=place, env=environment, capture_output=True, text=True, check=False
    )


def test_the_readme_begins_with_the_two_commands_that_set_everything_up() -> None:
    assert commands("console")[:2] == ["scripts/demo", "scripts/test"]
    for name in ("scripts/demo", "scripts/test"):
        assert os.access(ROOT / name, os.X_OK)


def test_every_command_runs(place: Path) -> None:
    shown = [command for command in commands("console") if command.startswith("ragkit ")]
    assert shown
    for command in shown:
        done = run([sys.executable, "-m", *shlex.split(command)], place)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert done.stdout, command


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(text, line, id=f"line {line}")
        for kind, text, line in BLOCKS
        if kind == "python"
    ],
)
def test_every_snippet_runs(place: Path, text: str, line: int) -> None:
    done = run([sys.executable, "-c", text], place)
    assert done.returncode == 0, done.stderr
    assert done.stdout, f"the snippet on line {line} prints nothing"


def test_every_script_it_names_exists() -> None:
    for name in re.findall(r"scripts/[\w./-]+\w", README):
        assert (ROOT / name).exists(), name


def test_the_shell_completion_it_documents_works(place: Path) -> None:
    assert "_RAGKIT_COMPLETE=bash_source ragkit" in README
    program = (
        "import os; os.environ['_RAGKIT_COMPLETE'] = 'bash_source'; "
        "from ragkit.cli import main; main([])"
    )
    assert "complete" in run([sys.executable, "-c", program], place).stdout
