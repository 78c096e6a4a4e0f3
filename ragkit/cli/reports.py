"""What the commands that write an index show: how far they are, and what they did."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from ragkit.cli.output import safe_line, say, shorten, tell
from ragkit.types import IndexReport, Progress

_MOST_PROBLEMS = 20


def print_report(report: IndexReport) -> None:
    """What a run did to stdout, its problems to stderr."""
    for problem in report.problems[:_MOST_PROBLEMS]:
        colour = "red" if problem.outcome == "failed" else "yellow"
        tell(
            f"{problem.outcome}: {safe_line(problem.source)}: {safe_line(problem.reason)}",
            fg=colour,
        )
    if len(report.problems) > _MOST_PROBLEMS:
        tell(f"... and {len(report.problems) - _MOST_PROBLEMS} more: ragkit status")
    kinds = ("added", "updated", "moved", "removed", "unchanged", "skipped", "failed")
    counts = [f"{getattr(report, kind)} {kind}" for kind in kinds if getattr(report, kind)]
    files = ", ".join(counts) or "no files"
    chunks = f"; {report.chunks} chunks ({report.embedded} embedded, {report.reused} reused)"
    say(f"{files}{chunks if report.chunks else ''} in {report.seconds:.1f} s")


class ProgressBar:
    """A progress bar on stderr: files, chunks, rate, time left. Silent when that is no terminal."""

    def __init__(self, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._started = time.monotonic()
        self._bar: Any = None
        self._done = 0

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)

    def __call__(self, progress: Progress) -> None:
        if not self._shown or not progress.files_total:
            return
        if self._bar is None:
            self._bar = click.progressbar(
                length=progress.files_total,
                label="indexing",
                file=sys.stderr,
                show_pos=True,
                item_show_func=lambda text: text,
            )
            self._bar.__enter__()
        seconds = max(time.monotonic() - self._started, 0.001)
        rate = f"{progress.chunks} chunks, {progress.chunks / seconds:.0f}/s"
        name = "tidying up" if progress.stage == "tidy" else safe_line(progress.source)
        self._bar.update(progress.files_done - self._done, f"{rate}  {shorten(name, 30)}")
        self._done = progress.files_done
