"""A progress bar for downloads of models, on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ragkit.cli.output import file_size, safe_line, tell

if TYPE_CHECKING:
    from ragkit.models.ollama import PullProgress


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
            tell(safe_line(step.status) + (f" ({file_size(step.total)})" if step.total else ""))

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
