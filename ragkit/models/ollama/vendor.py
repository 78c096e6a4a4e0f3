"""The official client and its HTTP library, imported late and whatever the environment holds."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()


def load_vendor() -> tuple[Any, Any]:
    """The packages `ollama` and `httpx`; the first call takes a third of a second.

    Importing `ollama` builds a client from the environment at once. That fails on an odd
    OLLAMA_HOST, proxy or NO_PROXY, even when none of them matters for the host at hand (a SOCKS
    proxy, a local server), so a failed import is tried again without these variables.
    """
    with _lock:
        import httpx

        try:
            import ollama
        except ModuleNotFoundError:
            raise
        except (ImportError, ValueError, httpx.InvalidURL):
            with _environment_without(
                "OLLAMA_HOST", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"
            ):
                import ollama
    return ollama, httpx


@contextmanager
def _environment_without(*names: str) -> Iterator[None]:
    removed = {name: os.environ.pop(name) for name in list(os.environ) if name.upper() in names}
    try:
        yield
    finally:
        os.environ.update(removed)
