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
    """A task as it was sent to a worker: its number, and itself pickled."""

    number: int
    frame: bytes


Events: TypeAlias = "queue.SimpleQueue[tuple[WorkerProcess, bytearray | None] | None]"


class WorkerProcess:
    """One process, and the two threads that talk to it so that the pool never blocks."""

    def __init__(self, setup: bytes, events: Events) -> None:
        self.tasks: deque[SentTask] = deque()  # the first one is being worked on
        self.done = 0
        self.started = False
        self.kill_reason = ""  # "" while it is not killed
        self.killed_at = -1  # how many tasks it had answered then
        self._sent_count = self._answer_count = 0
        self._waited_seconds = 0.0
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
        if self._sent_count == self._answer_count:
            self._since = self._clock()
        self._sent_count += 1
        self.tasks.append(task)
        self._outbox.put(task.frame)

    def is_overdue(self, task_seconds: float) -> bool:
        """Whether its first task takes too long. Its time begins when the answer before it arrived,
        not when the pool handled that; waiting for a free processor does not count (Linux)."""
        limit = task_seconds if self.started else max(task_seconds, _START_SECONDS)
        busy = self._sent_count > self._answer_count
        return busy and not self.kill_reason and self._clock() - self._since > limit

    def terminate(self, kill_reason: str) -> None:
        self.kill_reason, self.killed_at = kill_reason, self._answer_count
        self.kill()

    def kill(self) -> None:
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)  # with what it started
            else:
                self._process.kill()

    def end(self) -> str:
        """Kills the process, waits for its end, and says how it ended."""
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
    def is_blamed(self) -> bool:
        """Whether the first of its tasks is at fault: it died by itself, or was killed for that one
        and not for the task before."""
        return not self.kill_reason or self.killed_at == self._answer_count

    def _clock(self) -> float:
        """Seconds, without those in which the process was ready to run and none of the machine's
        processors was free."""
        with suppress(OSError, IndexError, ValueError):  # not Linux, or it has ended
            statistics = Path(f"/proc/{self._process.pid}/schedstat").read_bytes()
            self._waited_seconds = int(statistics.split()[1]) / 1e9
        return time.monotonic() - self._waited_seconds

    def _send(self) -> None:
        descriptor = self._process.stdin.fileno()  # type: ignore[union-attr]
        with suppress(OSError):  # it has died, which the other thread reports
            while (frame := self._outbox.get()) is not None:
                write_frame(descriptor, frame)

    def _receive(self) -> None:
        descriptor = self._process.stdout.fileno()  # type: ignore[union-attr]
        while (frame := read_frame(descriptor)) is not None:
            self._since = self._clock()
            self._answer_count += frame[:1] in (RESULT, ERROR, MEMORY)
            self._events.put((self, frame))
        self._events.put((self, None))
