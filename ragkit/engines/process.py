"""The parent's side of one worker process."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

from ragkit.engines.worker import ERROR, MEMORY, RESULT, read_frame, write_frame

_START_SECONDS = 60.0
_JOIN_SECONDS = 1.0
# The program names no file of the user's: a script without `if __name__ == "__main__"` is not
# run again in its workers, as it would be by multiprocessing. -P: nor is a module imported from
# a folder that merely happens to be the current one.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; import ragkit.engines.worker as w; w.main()"
# A worker is one core's work: threads of its libraries would compete with its siblings.
_ENVIRONMENT = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"], "1")


class SentTask(NamedTuple):
    """A task that a worker holds, as it was sent."""

    number: int
    frame: bytes


Events: TypeAlias = "queue.SimpleQueue[tuple[WorkerProcess, bytearray | None] | None]"


class WorkerProcess:
    """One process, and the two threads that talk to it so that the pool never blocks."""

    def __init__(self, setup: bytes, events: Events) -> None:
        self.held: deque[SentTask] = deque()  # the first one is being worked on
        self.done = 0
        self.started = False
        self.verdict = ""  # why it was killed, and at which answer
        self.verdict_at = -1
        self._given = self._answered = 0
        self._kept_waiting = 0.0
        self._events = events
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        path = [entry for entry in sys.path if isinstance(entry, str)]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-P", "-X", f"utf8={sys.flags.utf8_mode}", "-c", _PROGRAM, *path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**_ENVIRONMENT, **os.environ},
            start_new_session=True,  # Ctrl-C does not reach it, and its own children die with it
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._since = self._clock()
        self._outbox.put(setup)
        self._threads = [
            threading.Thread(target=target, name="ragkit-worker", daemon=True)
            for target in (self._send, self._receive)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, task: SentTask) -> None:
        if self._given == self._answered:
            self._since = self._clock()
        self._given += 1
        self.held.append(task)
        self._outbox.put(task.frame)

    def deadline(self, task_seconds: float) -> bool:
        """Whether it works on one task for too long. What it has answered counts from its
        arrival, not from when the pool gets to see it; what it waited for a processor on a busy
        machine does not count (Linux)."""
        limit = task_seconds if self.started else max(task_seconds, _START_SECONDS)
        busy = self._given > self._answered
        return busy and not self.verdict and self._clock() - self._since > limit

    def terminate(self, verdict: str) -> None:
        self.verdict, self.verdict_at = verdict, self._answered
        self.kill()

    def kill(self) -> None:
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)  # with what it started
            else:
                self._process.kill()

    def end(self) -> str:
        """Removes every trace of it, and says how it ended."""
        self.kill()
        code = self._process.wait()
        self._outbox.put(None)
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    @property
    def running_task(self) -> bool:
        """Whether what it holds first is what it was killed for, not the task after that."""
        return not self.verdict or self.verdict_at == self._answered

    def _clock(self) -> float:
        """Seconds, without those in which the process was ready to run and none of the machine's
        processors was free."""
        with suppress(OSError, IndexError, ValueError):  # not Linux, or it has ended
            statistics = Path(f"/proc/{self._process.pid}/schedstat").read_bytes()
            self._kept_waiting = int(statistics.split()[1]) / 1e9
        return time.monotonic() - self._kept_waiting

    def _send(self) -> None:
        descriptor = self._process.stdin.fileno()  # type: ignore[union-attr]
        with suppress(OSError):  # it has died, which the other thread reports
            while (frame := self._outbox.get()) is not None:
                write_frame(descriptor, frame)

    def _receive(self) -> None:
        descriptor = self._process.stdout.fileno()  # type: ignore[union-attr]
        while (frame := read_frame(descriptor)) is not None:
            self._since = self._clock()
            self._answered += frame[:1] in (RESULT, ERROR, MEMORY)
            self._events.put((self, frame))
        self._events.put((self, None))
