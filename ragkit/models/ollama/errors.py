"""Failures of Ollama servers: their kinds, their errors in ragkit's words, and when to retry."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, TypeVar

from ragkit.errors import (
    ContextOverflowError,
    ModelError,
    ModelNotFoundError,
    ModelUnavailableError,
)
from ragkit.models.ollama.client import OllamaHost, load_vendor

Sleep = Callable[[float], object]
Result = TypeVar("Result")

_DELAYS = (1.0, 2.0, 4.0, 8.0)  # seconds


class FailureKind(Enum):
    """The kind of a failure, which decides whether a retry can help."""

    UNREACHABLE = "nothing listens"
    TIMED_OUT = "no reply in time"
    BUSY = "full queue or used-up quota"
    CRASHED = "the runner or the connection broke"
    TOO_LONG = "the text does not fit the window"
    BROKEN_VECTOR = "the vector holds NaN"
    MISSING = "no such model"
    DENIED = "not signed in, or not allowed"
    MEMORY = "too little memory"
    UNFIT = "the model cannot do this"
    REFUSED = "another error the server reports"
    NOT_OLLAMA = "an answer no Ollama server gives"


class OllamaError(ModelError):
    """A `ModelError` with its `kind`."""

    def __init__(self, message: str, kind: FailureKind) -> None:
        super().__init__(message)
        self.kind = kind


class OllamaUnavailableError(OllamaError, ModelUnavailableError):
    """The server cannot be reached, or refuses to work now."""


class OllamaNotFoundError(OllamaError, ModelNotFoundError):
    """The server is there, the model is not."""


class OllamaOverflowError(OllamaError, ContextOverflowError):
    """The prompt does not fit the window."""

    def __init__(
        self, message: str, prompt_tokens: int | None = None, window: int | None = None
    ) -> None:
        ContextOverflowError.__init__(self, message, prompt_tokens=prompt_tokens, window=window)
        self.kind = FailureKind.TOO_LONG


@contextmanager
def translate_errors(host: OllamaHost, model: str) -> Iterator[None]:
    """Turns whatever the client raises inside into an `OllamaError`. Wrap only its calls."""
    vendor, http = load_vendor()
    try:
        yield
    except vendor.ResponseError as error:
        raise _from_response(error, host, model) from error
    except (ConnectionError, http.ConnectError, http.ConnectTimeout) as error:
        raise OllamaUnavailableError(
            _unreachable_message(host, error), FailureKind.UNREACHABLE
        ) from error
    except http.TimeoutException as error:
        raise OllamaUnavailableError(
            f"{host.url} did not answer in time for {model}; allow more with --timeout SECONDS",
            FailureKind.TIMED_OUT,
        ) from error
    except (http.HTTPError, http.StreamError) as error:
        raise OllamaUnavailableError(
            f"the connection to {host.url} broke: {error or type(error).__name__}",
            FailureKind.CRASHED,
        ) from error
    except (ValueError, AttributeError, TypeError, http.InvalidURL) as error:
        # Broken JSON, HTML, a field left out, an error that is no object: the client lets all of
        # them through as what its parser happened to raise.
        raise OllamaError(
            f"{host.url} does not answer like an Ollama server ({type(error).__name__}); "
            "is it one, and is it up to date?",
            FailureKind.NOT_OLLAMA,
        ) from error


class RetryPolicy:
    """How often one call is tried again, and after how long.

    A busy server (HTTP 429, 503) gets four retries, after 1, 2, 4 and 8 seconds with jitter, so
    that clients do not all return at once; a crash gets `crash_retries` without delay. No other
    failure is retried.
    """

    def __init__(self, *, crash_retries: int = 0) -> None:
        self._delays = [seconds * random.uniform(0.75, 1.25) for seconds in _DELAYS]  # noqa: S311
        self._crash_retries = crash_retries

    def next_delay(self, error: OllamaError) -> float:
        """Seconds until the next try; raises `error` when there is none."""
        if error.kind is FailureKind.BUSY and self._delays:
            return self._delays.pop(0)
        if error.kind is FailureKind.CRASHED and self._crash_retries:
            self._crash_retries -= 1
            return 0.0
        raise error


def retry_while_busy(call: Callable[[], Result], sleep: Sleep) -> Result:
    """The result of `call`, tried again while the server says it is busy."""
    policy = RetryPolicy()
    while True:
        try:
            return call()
        except OllamaError as error:
            seconds = policy.next_delay(error)
        sleep(seconds)


# (kind, pattern on the server's text), tried in this order before the status is looked at.
_PATTERNS: tuple[tuple[FailureKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            FailureKind.TOO_LONG,
            r"context length|context size|exceed_context_size|too large to process",
        ),
        (FailureKind.BROKEN_VECTOR, r"NaN or Inf|unsupported value: NaN"),
        (
            FailureKind.MEMORY,
            r"more system memory|out[ -]of[ -]memory|cudaMalloc failed|unable to allocate",
        ),
        (FailureKind.UNFIT, r"not support|--embeddings"),
        (
            FailureKind.CRASHED,
            r"\bEOF\b|unexpectedly stopped|process has terminated|connection re(set|fused)",
        ),
        (FailureKind.MISSING, r"model .*not found|file does not exist"),
    )
)


def _from_response(error: Any, host: OllamaHost, model: str) -> OllamaError:
    text = error.error if isinstance(error.error, str) else json.dumps(error.error)
    status: int = error.status_code
    kind = _find_kind(text, status)
    message = f"{model} at {host.url}: {' '.join(text.split())[:300] or f'HTTP status {status}'}"
    if kind is FailureKind.TOO_LONG:
        tokens, window = _find_number("n_prompt_tokens", text), _find_number("n_ctx", text)
        return OllamaOverflowError(message, tokens, window)
    if kind is FailureKind.MISSING:
        return OllamaNotFoundError(_missing_message(host, model, text), kind)
    if kind in (FailureKind.BUSY, FailureKind.DENIED, FailureKind.MEMORY, FailureKind.CRASHED):
        return OllamaUnavailableError(message + _advice(kind, host, text), kind)
    if text.strip() == "404 page not found":
        message = f"{host.url} lacks a function that ragkit needs; update Ollama on it"
    elif 300 <= status < 400:
        message = f"{host.url} redirects elsewhere (HTTP {status}); name the final address instead"
    elif kind is FailureKind.UNFIT and "embed" in text:
        message += " (choose an embedding model: ragkit models pull embeddinggemma)"
    return OllamaError(message, kind)


def _find_kind(text: str, status: int) -> FailureKind:
    if status in (401, 403):
        return FailureKind.DENIED
    if status in (429, 503):
        return FailureKind.BUSY
    for kind, pattern in _PATTERNS:
        if pattern.search(text):
            return kind
    if status >= 500:
        return FailureKind.CRASHED
    return FailureKind.REFUSED


def _advice(kind: FailureKind, host: OllamaHost, text: str) -> str:
    if kind is FailureKind.DENIED:
        if not text.strip():
            # The reply of a server to a request under a host name that is not its own.
            return " (the server does not know this host name; use its IP address)"
        if host.is_cloud:
            return " (set OLLAMA_API_KEY to a key from https://ollama.com/settings/keys)"
        return " (run `ollama signin` on that machine, or send its key with --header)"
    if kind is FailureKind.MEMORY:
        return " (use a smaller model, a smaller --option num_ctx=4096, or free some memory)"
    return " (try again later)" if kind is FailureKind.BUSY else ""


def _unreachable_message(host: OllamaHost, error: Exception) -> str:
    # The client puts a general text in the place of the connection's own error.
    reason = str(error.__context__ or error)
    if "certificate" in reason.lower():
        return f"the certificate of {host.url} is not trusted: {reason}"
    if host.is_loopback:
        return (
            f"no Ollama server answers at {host.url}; start it with `ollama serve` "
            "or install it from https://ollama.com/download"
        )
    return f"nothing answers at {host.url}; check the address, and OLLAMA_HOST on that machine"


def _missing_message(host: OllamaHost, model: str, text: str) -> str:
    if "file does not exist" in text:
        return f"there is no {model} to download; its name must be in https://ollama.com/library"
    if host.is_cloud:
        return f"{host.url} has no model {model}; https://ollama.com/search?c=cloud lists them"
    return f"the server at {host.url} has no model {model}; get it with: ragkit models pull {model}"


def _find_number(name: str, text: str) -> int | None:
    found = re.search(rf'{name}\\*"?:\s*(\d+)', text)
    return int(found.group(1)) if found else None
