#!/usr/bin/env python
"""CPU of a whole `ragkit search` beside that of importing LanceDB alone.

    .venv/bin/python scripts/bench/startup.py [--times 15]

Both run in turn, each as a process of its own, user and system time together; prints the medians
and their ratio.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from data import ROOT


def cpu_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=15)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as home:
        db = str(Path(home, "index"))
        ragkit = [sys.executable, "-m", "ragkit"]
        built = ["index", str(ROOT / "sample_corpus"), "--db", db]
        embedder = ["--embedder", "wordllama/l2_supercat_256"]
        subprocess.run([*ragkit, *built, *embedder], check=True, capture_output=True)
        commands = {
            "import lancedb": [sys.executable, "-c", "import lancedb"],
            "ragkit search": [*ragkit, "search", "backup test", "--db", db],
        }
        for command in commands.values():
            cpu_seconds(command)  # what is read once lies in memory then
        spent = {name: [] for name in commands}
        for _ in range(times):
            for name, command in commands.items():
                spent[name].append(cpu_seconds(command))
    medians = {name: statistics.median(values) for name, values in spent.items()}
    for name, seconds in medians.items():
        print(f"{name:16} {seconds:6.3f} s of CPU")
    print(f"{'ratio':16} {medians['ragkit search'] / medians['import lancedb']:6.2f}")


if __name__ == "__main__":
    main()
