"""Fixtures that all tests share."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles import CountingEmbedder
from hypothesis import settings

from ragkit.index import Index

ROOT = Path(__file__).parents[1]

settings.register_profile("ragkit", deadline=None, derandomize=True)
settings.load_profile("ragkit")


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """write("a/b.md", "text") makes a file in the folder `docs` of this test."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        hour_ago = time.time_ns() - 3600 * 10**9  # a file seen when young is looked at again
        os.utime(path, ns=(hour_ago, hour_ago))
        return path

    return write_file


@pytest.fixture
def index(tmp_path: Path, embedder: CountingEmbedder) -> Index:
    return Index.create(tmp_path / ".ragkit", embedder=embedder)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder and home, without settings of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith(("RAGKIT_", "OLLAMA_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _refuse_the_network(event: str, arguments: tuple[Any, ...]) -> None:
    """No test reaches beyond this machine: connecting to elsewhere fails the test that does it."""
    if event == "socket.connect":
        address = arguments[1]
        own = ("127.", "::1", "localhost")
        if isinstance(address, tuple) and not str(address[0]).startswith(own):
            raise AssertionError(f"a test opened a connection to {address}")


sys.addaudithook(_refuse_the_network)

# A suite started in the background ignores Ctrl-C, and so would the processes that tests start
# in order to interrupt them.
signal.signal(signal.SIGINT, signal.default_int_handler)
