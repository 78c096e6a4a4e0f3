"""Runs that are killed and begun again, and two runs at once: is every row as it should be?

    python scripts/bench/crash.py [--rounds 100] [--pairs 50] [--files 150]

Each round kills `ragkit index` (a first run, or one over changed files) or `ragkit reindex` with
SIGKILL at a random moment, runs it again, and compares rows (id, text hash, text, vector) and
ledger with those of a run that nobody disturbed. Each pair starts two indexers at once on
overlapping folders of one index. Ends with 1 at any difference.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tree import change_some, make_tree

from ragkit.index import Index

MODEL = "wordllama/l2_supercat_256"
Content = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


class Bench:
    """Two states of one folder, and what undisturbed runs make of them."""

    def __init__(self, work: Path, files: int) -> None:
        self.work = work
        self.folder = work / "now"
        self.docs = self.folder / "docs"
        self.before, self.after = work / "before", work / "after"
        make_tree(self.before, files)
        shutil.copytree(self.before, self.after)
        change_some(self.after, 0.3)
        for path in sorted(self.after.rglob("*.md"))[::10]:
            path.unlink()
        make_tree(self.after / "added", files // 10, seed=3)

    def fresh(self, state: Path) -> None:
        """An empty folder with the documents of a state."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(state, self.docs)

    def change(self) -> None:
        """The documents become those of the second state."""
        shutil.rmtree(self.docs)
        shutil.copytree(self.after, self.docs)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "ragkit", *words]

    def index(self) -> list[str]:
        return self.command("index", "docs", "--embedder", MODEL)

    def update(self) -> list[str]:
        return self.command("index")

    def reindex(self) -> list[str]:
        return self.command("reindex", "--embedder", MODEL, "--chunk-tokens", "64")

    def run(self, command: list[str]) -> None:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command[2:])} ended with {done.returncode}:\n{done.stderr}")

    def start(self, command: list[str]) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=self.folder, stdout=quiet, stderr=quiet)

    def content(self) -> Content:
        index = Index.open(self.folder / ".ragkit")
        table = index._connection.store.chunks._table.to_arrow().sort_by("id")
        columns = [table[name].to_pylist() for name in ("id", "text_hash", "text", "vector")]
        files = [(f.source, f.outcome, f.reason, f.sha256, f.chunks) for f in index.files()]
        rows = list(zip(*columns, strict=True))
        return [(i, h, t, tuple(v)) for i, h, t, v in rows], files


def killed(
    bench: Bench,
    title: str,
    rounds: int,
    prepare: Callable[[], None],
    command: Callable[[], list[str]],
    again: Callable[[], list[str]],
) -> int:
    """How many rounds came out wrong."""
    prepare()
    started = time.perf_counter()
    bench.run(command())
    seconds = time.perf_counter() - started
    expected = bench.content()
    chance = random.Random(title)
    wrong = 0
    for _ in range(rounds):
        prepare()
        process = bench.start(command())
        time.sleep(chance.uniform(0.1, 1.0) * seconds)
        process.kill()
        process.wait()
        bench.run(again() if (bench.folder / ".ragkit").exists() else command())
        wrong += bench.content() != expected
    print(f"{title}: {rounds - wrong} of {rounds} equal", flush=True)
    return wrong


def together(bench: Bench, pairs: int) -> int:
    """Two indexers at once, one on the whole folder, one on a part of it."""
    bench.fresh(bench.before)
    bench.run(bench.index())
    expected = bench.content()
    part = sorted(path.name for path in bench.before.iterdir())[0]
    wrong = 0
    for _ in range(pairs):
        bench.fresh(bench.before)
        bench.run(bench.command("index", "docs/" + part, "--embedder", MODEL, "--include", "none"))
        waiting = ("--wait", "300")
        both = [
            bench.start(bench.command("index", path, *waiting)) for path in ("docs", f"docs/{part}")
        ]
        codes = [process.wait() for process in both]
        wrong += any(codes) or bench.content() != expected
    print(f"two at once: {pairs - wrong} of {pairs} equal", flush=True)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--files", type=int, default=150)
    options = parser.parse_args()
    os.environ.pop("RAGKIT_DB", None)
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(Path(work), options.files)

        def first() -> None:
            bench.fresh(bench.before)

        def indexed() -> None:
            bench.fresh(bench.before)
            bench.run(bench.index())

        def changed() -> None:
            indexed()
            bench.change()

        third = options.rounds // 3
        wrong = killed(
            bench, "first run", options.rounds - 2 * third, first, bench.index, bench.index
        )
        wrong += killed(bench, "changed files", third, changed, bench.update, bench.update)
        wrong += killed(bench, "another generation", third, indexed, bench.reindex, bench.reindex)
        wrong += together(bench, options.pairs)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
