"""Time and memory of a command that runs as a process of its own."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Cost:
    """The cost of one run. `cpu_seconds` are those of the process and of all that it started, also
    of processes that were killed; `workers_mb` is the peak memory of the latter."""

    output: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    workers_mb: float


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Runs a command to its end; ends this program with its output when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    most = [0.0]
    busy: dict[int, float] = {}
    done = threading.Event()
    sampler = threading.Thread(target=_sample, args=(process.pid, most, busy, done), daemon=True)
    sampler.start()
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    done.set()
    sampler.join()
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {output}")
    # What the system adds up leaves out the children of children that were killed.
    cpu = max(usage.ru_utime + usage.ru_stime, sum(busy.values()))
    return Cost(output, seconds, cpu, usage.ru_maxrss / 1024, most[0])


def _sample(parent: int, most: list[float], busy: dict[int, float], done: threading.Event) -> None:
    while not done.wait(_SAMPLE_SECONDS):
        started = _children(parent)
        most[0] = max(most[0], sum(map(_resident_mb, started)))
        for pid in (parent, *started):
            busy[pid] = max(busy.get(pid, 0.0), _cpu_seconds(pid))


def _cpu_seconds(pid: int) -> float:
    """What a process itself has used so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            below = [int(pid) for pid in task.read_text().split()]
        except OSError:
            continue  # the thread has ended
        found += below
        for pid in below:
            found += _children(pid)
    return found


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
