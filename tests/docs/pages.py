"""Pages of documentation as tests: what they tell a reader to type is run as it stands.

- `console` blocks: `$ ` begins a command, a backslash at its end goes on in the next line; what
  follows is what it prints, on both streams as in a terminal. `$ echo $?` shows the last exit code.
- `python` blocks run one after another in one process; an `output` block after one is what it
  prints.
- Blocks of other kinds (`text`, `sh`) are not run.

    python -m tests.docs.pages README.md ragkit/docs/*.md    # writes what is printed now
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ragkit.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "ragkit" / "docs").glob("*.md"))]
WITH_OLLAMA = {"ollama.md"}  # pages whose reader has a server
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
_SHELL = re.compile(r"[|<>;&`~*]|\$[({?\w]")
_INDEX = "ragkit index sample_corpus"
_NOBODY = "127.0.0.1:9"  # nothing listens there
# What differs from run to run and from machine to machine.
_VARIES = (
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://127.0.0.1:11434"),
    (re.compile(r"\b\d+\.\d s\b"), "0.1 s"),
    (re.compile(r"\b\d+(\.\d)? (B|KB|MB|GB|TB)\b"), "1 MB"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b"), "2026-01-31 12:00"),
    (re.compile(r'("(?:seconds|p50|p95)": )[\d.]+'), r"\g<1>0.1"),
    (re.compile(r"(?: +\d+\.\d){2}$", re.M), " 0.1 0.1"),  # of ragkit eval
)


@dataclass(frozen=True)
class Step:
    """Something to run, what the page says it prints, and the line of the page it stands in.

    `start` and `end` are the span of `expected` in the page; it is None where nothing is said.
    """

    kind: str
    code: str
    expected: str | None
    line: int
    start: int
    end: int


def steps(text: str) -> Iterator[Step]:
    """What the page runs, in order."""
    found = list(_BLOCK.finditer(text))
    for number, block in enumerate(found):
        line = text.count("\n", 0, block.start()) + 1
        if block[1] == "console":
            yield from _commands(block, line)
        elif block[1] == "python":
            after = found[number + 1] if number + 1 < len(found) else None
            shown = after if after is not None and after[1] == "output" else None
            span = shown.span(2) if shown else (block.end(), block.end())
            yield Step("python", block[2], shown and shown[2], line, *span)


def _commands(block: re.Match[str], line: int) -> Iterator[Step]:
    starts = [m.start() for m in re.finditer(r"^\$ ", block[2], re.M)] + [len(block[2])]
    assert starts[0] == 0, f"line {line}: a console block begins with a command"
    for start, end in pairwise(starts):
        command = re.match(r"\$ ((?:.*\\\n)*.*)\n", block[2][start:])
        assert command is not None
        after = start + command.end()
        at = line + 1 + block[2].count("\n", 0, start)
        offset = block.start(2)
        yield Step("console", command[1], block[2][after:end], at, offset + after, offset + end)


def normalize(text: str, home: Path) -> str:
    """Times, sizes, ports and the reader's home as the same on every machine."""
    text = text.replace(str(home), "/home/you")
    for pattern, constant in _VARIES:
        text = pattern.sub(constant, text)
    return "\n".join(line.rstrip() for line in text.rstrip("\n").split("\n"))


class Reader:
    """Somebody with an empty home, who types what a page says, in a terminal of 80 columns."""

    def __init__(self, home: Path, host: str) -> None:
        self.home = home
        self.code = 0
        self._names: dict[str, Any] = {"__name__": "__main__"}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAGKIT_", "OLLAMA_"))}
        bin_folder = home / ".local" / "bin"
        bin_folder.mkdir(parents=True)
        script = bin_folder / "ragkit"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ragkit "$@"\n')
        script.chmod(0o755)
        self.environment = kept | {
            "COLUMNS": "80",
            "HOME": str(home),
            "OLLAMA_HOST": host,
            "PATH": f"{bin_folder}{os.pathsep}{kept.get('PATH', os.defpath)}",
            "PYTHONPATH": str(ROOT),
        }

    def run(self, step: Step) -> str:
        """What it prints. `code` is how it ended."""
        if step.kind == "python":
            return self._run_python(step.code)
        if step.code == "echo $?":
            code, self.code = self.code, 0
            return f"{code}\n"
        command = step.code.replace("\\\n", " ")
        if command.startswith("ragkit ") and not _SHELL.search(command):
            return self._run_ragkit(shlex.split(command)[1:])
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        self.code = done.returncode
        return done.stdout

    def _run_ragkit(self, arguments: list[str]) -> str:
        """A command in this process: forty that each load LanceDB would take a minute."""
        with _terminal(self.home, self.environment) as stream:
            try:
                main(arguments)
            except SystemExit as ended:
                self.code = int(ended.code or 0)
        return stream.getvalue()

    def _run_python(self, code: str) -> str:
        with _terminal(self.home, self.environment) as stream:
            try:
                exec(compile(code, "page", "exec"), self._names)
                self.code = 0
            except Exception:  # noqa: BLE001  a page may do what it likes
                self.code = 1
                traceback.print_exc()
        return stream.getvalue()


class _Stream(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def getvalue(self) -> str:
        buffer: Any = self.buffer
        text: str = buffer.getvalue().decode()
        return text


@contextmanager
def _terminal(home: Path, environment: Mapping[str, str]) -> Iterator[_Stream]:
    """This process in the folder and with the variables of the reader; both streams in one."""
    stream, folder, variables = _Stream(), Path.cwd(), dict(os.environ)
    os.chdir(home)
    os.environ.clear()
    os.environ.update(environment)
    try:
        with redirect_stdout(stream), redirect_stderr(stream):
            yield stream
    finally:
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(folder)


def play(page: Path, home: Path) -> Iterator[tuple[Step, str, int]]:
    """Every step of a page, what it printed, and how it ended. Files that the page does not make
    itself: the sample corpus, and its index if the page does not make one."""
    from tests.ollama_double import OllamaDouble

    shutil.copytree(ROOT / "sample_corpus", home / "sample_corpus")
    found = list(steps(page.read_text(encoding="utf-8")))
    with OllamaDouble() if page.name in WITH_OLLAMA else nullcontext() as server:
        reader = Reader(home, server.url if server else _NOBODY)
        if not any(step.code == _INDEX for step in found):
            reader.run(Step("console", _INDEX, None, 0, 0, 0))
        for number, step in enumerate(found):
            printed = reader.run(step)
            explained = number + 1 < len(found) and found[number + 1].code == "echo $?"
            yield step, printed, 0 if explained else reader.code


def rewrite(page: Path, home: Path) -> None:
    """Puts what is printed now into a page."""
    text = page.read_text(encoding="utf-8")
    done = list(play(page, home))
    for step, printed, code in reversed(done):
        if code:
            sys.stderr.write(f"{page.name}:{step.line}: exit {code}: {step.code}\n{printed}\n")
        if step.expected is not None:
            if normalize(printed, home) == normalize(step.expected, home):
                continue
            shown = printed.replace(str(home), "/home/you").rstrip("\n")
            for pattern, constant in _VARIES[:1]:
                shown = pattern.sub(constant, shown)
            lines = "".join(f"{line.rstrip()}\n" for line in shown.split("\n") if shown)
            text = text[: step.start] + lines + text[step.end :]
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            rewrite(Path(name), Path(folder).resolve())
