"""What the commands that write an index show: how far they are, and what they did."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from ragkit.cli.output import file_size, print_line, print_status, safe_line, shorten
from ragkit.types import IndexReport, Progress

if TYPE_CHECKING:
    from ragkit.models.ollama import PullProgress


_MOST_PROBLEMS = 20
_OUTCOMES = ("failed", "skipped", "indexed")


def print_report(report: IndexReport) -> None:
    """What a run did to stdout, its problems to stderr, the worst first."""
    problems = sorted(report.problems, key=lambda one: _OUTCOMES.index(one.outcome))
    for problem in problems[:_MOST_PROBLEMS]:
        colour = "red" if problem.outcome == "failed" else "yellow"
        print_status(
            f"{problem.outcome}: {safe_line(problem.source)}: {safe_line(problem.reason)}",
            fg=colour,
        )
    if len(report.problems) > _MOST_PROBLEMS:
        print_status(f"... and {len(report.problems) - _MOST_PROBLEMS} more: ragkit status")
    kinds = ("added", "updated", "moved", "removed", "unchanged", "skipped", "failed")
    counts = [f"{getattr(report, kind)} {kind}" for kind in kinds if getattr(report, kind)]
    files = ", ".join(counts) or "no files"
    chunks = f"; {report.chunks} chunks ({report.embedded} embedded, {report.reused} reused)"
    print_line(f"{files}{chunks if report.chunks else ''} in {report.seconds:.1f} s")


class ProgressBar:
    """A progress bar on stderr: files, chunks, rate, time left; then one of the pages that OCR
    reads. Silent when that is no terminal."""

    def __init__(self, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._started = time.monotonic()
        self._bar: Any = None
        self._done = 0
        self._pages_since = 0.0

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)

    def __call__(self, progress: Progress) -> None:
        if not self._shown or not progress.files_total:
            return
        if progress.stage == "ocr":
            self._show_pages(progress)
            return
        if self._pages_since:
            return  # the files between pages
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
        name = "optimizing" if progress.stage == "optimize" else safe_line(progress.source)
        self._bar.update(progress.files_done - self._done, f"{rate}  {shorten(name, 30)}")
        self._done = progress.files_done

    def _show_pages(self, progress: Progress) -> None:
        if not self._pages_since:
            self.__exit__()
            self._pages_since, self._done = time.monotonic(), 0
            self._bar = click.progressbar(
                length=progress.pages_total,
                label="OCR",
                file=sys.stderr,
                show_eta=False,
                item_show_func=lambda text: text,
            )
            self._bar.__enter__()
        seconds = time.monotonic() - self._pages_since
        text = pages_left(progress.pages_done, progress.pages_total, seconds)
        self._bar.update(progress.pages_done - self._done, text)
        self._done = progress.pages_done


def pages_left(done: int, total: int, seconds: float) -> str:
    """How far OCR is after so many seconds: "page 12 of 340, about 6 min left"."""
    text = f"page {done} of {total}"
    if not done or done == total:
        return text
    left = seconds / done * (total - done)
    return f"{text}, about {f'{left / 60:.0f} min' if left >= 90 else f'{left:.0f} s'} left"


class PullBar:
    """Told each step of a download: one bar a layer in a terminal, one line a stage elsewhere.

    `close` ends a bar that is under way; without it an interrupt would leave the cursor hidden.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._digest = ""
        self._status = ""
        self._done = 0

    def __call__(self, step: PullProgress) -> None:
        if step.total and sys.stderr.isatty():
            self._advance(step)
            return
        self.close()
        # A layer's status repeats with every step: it is said once.
        if step.status != self._status:
            self._status = step.status
            print_status(
                safe_line(step.status) + (f" ({file_size(step.total)})" if step.total else "")
            )

    def close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None

    def _advance(self, step: PullProgress) -> None:
        if step.digest != self._digest:
            self.close()
            self._digest, self._done = step.digest, 0
        elif self._done >= step.total:
            return  # a layer may be told to be complete more than once
        if self._bar is None:
            self._bar = click.progressbar(
                length=step.total,
                label=safe_line(step.status),
                file=sys.stderr,
                item_show_func=lambda text: text,
            )
            self._bar.__enter__()
        shown = f"{file_size(step.completed)} of {file_size(step.total)}"
        self._bar.update(step.completed - self._done, shown)
        self._done = step.completed
        if step.completed >= step.total:
            self.close()


_MARK = "..."
_ERASE_LINE = "\r\x1b[K"


class Spinner:
    """Three dots on stderr from `begin` to `end`; nothing at all unless `shown`."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._is_there = False

    def begin(self) -> None:
        if self._shown and not self._is_there:
            self._is_there = True
            click.echo(click.style(_MARK, dim=True), nl=False, err=True)

    def end(self) -> None:
        if self._is_there:
            self._is_there = False
            click.echo(_ERASE_LINE, nl=False, err=True)
