"""What went wrong at an Ollama server, in ragkit's words, around calls and streams alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

from ragkit.errors import (
    ContextOverflowError,
    ModelError,
    ModelNotFoundError,
    ModelUnavailableError,
)
from ragkit.models.ollama.client import OllamaHost, load_vendor


class FailureKind(Enum):
    """What kind of failure it is, which is what decides whether trying again can help."""

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
    """A `ModelError` that knows its `trouble`."""

    def __init__(self, message: str, trouble: FailureKind) -> None:
        super().__init__(message)
        self.trouble = trouble


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
        self.trouble = FailureKind.TOO_LONG


@contextmanager
def translate_errors(host: OllamaHost, model: str) -> Iterator[None]:
    """Whatever the client raises inside becomes an `OllamaError`. Wrap nothing but its calls."""
    vendor, http = load_vendor()
    try:
        yield
    except vendor.ResponseError as error:
        raise _from_response(error, host, model) from error
    except (ConnectionError, http.ConnectError, http.ConnectTimeout) as error:
        raise OllamaUnavailableError(_unreachable(host, error), FailureKind.UNREACHABLE) from error
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


# (kind, pattern on the server's text), looked through in order before the status is considered.
_TEXTS: tuple[tuple[FailureKind, re.Pattern[str]], ...] = tuple(
    (trouble, re.compile(pattern, re.IGNORECASE))
    for trouble, pattern in (
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
    shown = " ".join(text.split())[:300]
    status: int = error.status_code
    trouble = _kind(text, status)
    said = f"{model} at {host.url}: {shown or f'HTTP status {status}'}"
    if trouble is FailureKind.TOO_LONG:
        return OllamaOverflowError(said, _figure("n_prompt_tokens", text), _figure("n_ctx", text))
    if trouble is FailureKind.MISSING:
        return OllamaNotFoundError(_missing(host, model, text), trouble)
    if trouble in (FailureKind.BUSY, FailureKind.DENIED, FailureKind.MEMORY, FailureKind.CRASHED):
        return OllamaUnavailableError(said + _advice(trouble, host, text), trouble)
    if text.strip() == "404 page not found":
        said = f"{host.url} lacks a function that ragkit needs; update Ollama on it"
    elif 300 <= status < 400:
        said = f"{host.url} redirects elsewhere (HTTP {status}); name the final address instead"
    elif trouble is FailureKind.UNFIT and "embed" in text:
        said += " (choose an embedding model: ragkit models pull embeddinggemma)"
    return OllamaError(said, trouble)


def _kind(text: str, status: int) -> FailureKind:
    if status in (401, 403):
        return FailureKind.DENIED
    if status in (429, 503):
        return FailureKind.BUSY
    for trouble, pattern in _TEXTS:
        if pattern.search(text):
            return trouble
    if status >= 500:
        return FailureKind.CRASHED
    return FailureKind.REFUSED


def _advice(trouble: FailureKind, host: OllamaHost, text: str) -> str:
    if trouble is FailureKind.DENIED:
        if not text.strip():
            # What a server answers that is asked under a host name it does not know.
            return " (it does not know itself by this name; use its IP address)"
        if host.is_cloud:
            return " (set OLLAMA_API_KEY to a key from https://ollama.com/settings/keys)"
        return " (run `ollama signin` on that machine, or send its key with --header)"
    if trouble is FailureKind.MEMORY:
        return " (use a smaller model, a smaller --option num_ctx=4096, or free some memory)"
    return " (try again later)" if trouble is FailureKind.BUSY else ""


def _unreachable(host: OllamaHost, error: Exception) -> str:
    # The client replaces the error of the connection by words of its own.
    reason = str(error.__context__ or error)
    if "certificate" in reason.lower():
        return f"the certificate of {host.url} is not trusted: {reason}"
    if host.is_loopback:
        return (
            f"no Ollama server answers at {host.url}; start it with `ollama serve` "
            "or install it from https://ollama.com/download"
        )
    return f"nothing answers at {host.url}; check the address, and OLLAMA_HOST on that machine"


def _missing(host: OllamaHost, model: str, text: str) -> str:
    if "file does not exist" in text:
        return f"there is no {model} to download; its name must be in https://ollama.com/library"
    if host.is_cloud:
        return f"{host.url} has no model {model}; https://ollama.com/search?c=cloud lists them"
    return f"the server at {host.url} has no model {model}; get it with: ragkit models pull {model}"


def _figure(name: str, text: str) -> int | None:
    found = re.search(rf'{name}\\*"?:\s*(\d+)', text)
    return int(found.group(1)) if found else None
