"""How often a call is tried again, and after how long."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from ragkit.models.ollama.errors import FailureKind, OllamaError

Sleep = Callable[[float], object]
Result = TypeVar("Result")

_WAITS = (1.0, 2.0, 4.0, 8.0)


class RetryPolicy:
    """What one call may still cost in further tries.

    A busy server (HTTP 429, 503) is given four more, after 1, 2, 4 and 8 seconds with jitter, so
    that clients do not come back all at once; a crash is given `crashes` more at once. Nothing
    else is cured by time.
    """

    def __init__(self, *, crashes: int = 0) -> None:
        self._waits = [seconds * random.uniform(0.75, 1.25) for seconds in _WAITS]  # noqa: S311
        self._crashes = crashes

    def next_delay(self, error: OllamaError) -> float:
        """Seconds until the next try; raises `error` when there is to be none."""
        if error.trouble is FailureKind.BUSY and self._waits:
            return self._waits.pop(0)
        if error.trouble is FailureKind.CRASHED and self._crashes:
            self._crashes -= 1
            return 0.0
        raise error


def retry_while_busy(call: Callable[[], Result], sleep: Sleep = time.sleep) -> Result:
    """The result of `call`, tried again while the server says it is busy."""
    patience = RetryPolicy()
    while True:
        try:
            return call()
        except OllamaError as error:
            seconds = patience.next_delay(error)
        sleep(seconds)
