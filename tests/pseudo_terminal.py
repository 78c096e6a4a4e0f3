"""A program in a pseudo-terminal: keys go in, and what a person would see comes out."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# The terminal becomes the program's own, so that Ctrl-C reaches it as a signal.
_LEADER = (
    "import fcntl, runpy, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "sys.argv = ['ragkit', *sys.argv[1:]]; runpy.run_module('ragkit', run_name='__main__')"
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r")
_PATIENCE_SECONDS = 60.0


class PseudoTerminal:
    """`ragkit` with these arguments. `screen` is all it has written, `plain` without colours.

    with PseudoTerminal(["chat"], environment, folder) as terminal:
        terminal.wait_for("> ")
        terminal.type("How often?")
    """

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LEADER, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**environment, "TERM": "xterm"},
            start_new_session=True,
        )
        os.close(slave)
        self._written = b""
        self._seen = 0

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    @property
    def screen(self) -> str:
        return self._written.decode(errors="replace")

    @property
    def plain(self) -> str:
        return _ESCAPES.sub("", self.screen)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def type(self, line: str) -> None:
        self.press(line + "\r")

    def interrupt_until(self, text: str) -> str:
        """Presses Ctrl-C, and returns what was written when `text` is there.

        Once is not always enough at a prompt: Python's readline does not look for a signal that
        comes while it deals with a key before the next one comes.
        """
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            self.press("\x03")
            soon = time.monotonic() + 1
            while text not in self.plain[self._seen :] and self._read(soon):
                pass
            if text in self.plain[self._seen :]:
                break
        return self.wait_for(text)

    def wait_for(self, text: str) -> str:
        """Returns what was written since the last wait when `text` is there."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while text not in self.plain[self._seen :]:
            assert self._read(end), f"no {text!r} in {self.plain[self._seen :]!r}"
        fresh = self.plain[self._seen :]
        part = fresh[: fresh.index(text) + len(text)]
        self._seen += len(part)
        return part

    def wait_for_end(self) -> int:
        """The exit code, when the program has ended."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while self._read(end):
            pass
        return self.process.wait(_PATIENCE_SECONDS)

    def _read(self, end: float) -> bool:
        """Whether there was something to read; False at the end of the program or of patience."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return False
        piece = b""
        with contextlib.suppress(OSError):  # Linux reports the end as an error
            piece = os.read(self._master, 65536)
        self._written += piece
        return bool(piece)
