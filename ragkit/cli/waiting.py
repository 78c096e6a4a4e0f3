"""A mark that shows a person that an answer is on its way."""

from __future__ import annotations

import click

_MARK = "..."
_ERASE_LINE = "\r\x1b[K"


class Waiting:
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
