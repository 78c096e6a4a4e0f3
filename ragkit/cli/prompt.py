"""Lines that a person types or a pipe brings, for `ragkit chat`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ragkit.cli.output import print_status

PROMPT = "> "
_KEPT_LINES = 1000


class PipeInput:
    """The lines of stdin; what is no text in its encoding is replaced."""

    def read(self) -> str:
        """The next line. Raises `EOFError` after the last."""
        if sys.stdin is not None and sys.stdin.isatty():  # only the output goes elsewhere
            click.echo(PROMPT, nl=False, err=True)
        line = sys.stdin.buffer.readline() if sys.stdin is not None else b""
        if not line:
            raise EOFError
        return line.decode(sys.stdin.encoding or "utf-8", "replace").lstrip("\ufeff")


class TerminalInput:
    """Lines with editing, completion of `words`, and the lines of earlier sessions in reach.

    They are kept in the file `history`; None keeps nothing.
    """

    def __init__(self, history: Path | None, words: Sequence[str] = ()) -> None:
        self._readline: Any = _line_editor()
        self._history = history if self._readline is not None else None
        self._last = ""
        if self._readline is not None:
            _complete(self._readline, words)
        self._load()

    def read(self) -> str:
        """The next line. Raises `EOFError` for Ctrl-D, `KeyboardInterrupt` for Ctrl-C."""
        while True:
            try:
                line = input(PROMPT)
            except UnicodeDecodeError:
                print_status(f"(that was no text in {sys.stdin.encoding}; try again)", dim=True)
                continue
            self._remember(line)
            return line

    def _load(self) -> None:
        if self._history is None or not self._history.is_file():
            return
        try:
            lines = self._history.read_text("utf-8", "surrogateescape").splitlines()
            if len(lines) > 2 * _KEPT_LINES:
                lines = lines[-_KEPT_LINES:]
                shorter = self._history.with_suffix(".new")
                _append(shorter, lines)
                shorter.replace(self._history)
        except OSError as error:
            self._give_up(error)
            return
        for line in lines[-_KEPT_LINES:]:
            self._readline.add_history(line)
        self._last = lines[-1] if lines else ""

    def _remember(self, line: str) -> None:
        if self._history is None or not line.strip() or line == self._last:
            return
        self._last = line
        try:
            _append(self._history, [line])
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        print_status(f"(lines are not kept for later sessions: {error.strerror})", dim=True)
        self._history = None


def history_file() -> Path:
    """Where the lines of `ragkit chat` are kept: in the folder for the state of programs."""
    home = Path.home()
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        named = Path(os.environ.get("XDG_STATE_HOME") or "")
        folder = named if named.is_absolute() else home / ".local" / "state"
    return folder / "ragkit" / "chat_history"


def _append(path: Path, lines: Sequence[str]) -> None:
    """Adds lines to a file that only its owner may read, whatever it was before."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", errors="surrogateescape") as file:
        path.chmod(0o600)
        file.writelines(f"{line}\n" for line in lines)


def _line_editor() -> Any:
    """The module readline; None where Python was built without it."""
    try:
        import readline
    except ImportError:
        return None
    return readline


def _complete(readline: Any, words: Sequence[str]) -> None:
    def complete(text: str, number: int) -> str | None:
        whole = readline.get_line_buffer().lstrip() == text
        found = [word for word in words if word.startswith(text)] if text and whole else []
        return found[number] if number < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t\n")
    edits_like_bsd = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if edits_like_bsd else "tab: complete")
