"""Fixtures that all tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from ragkit.index import Index
from ragkit.models.wordllama import WordLlama

ROOT = Path(__file__).parents[1]

settings.register_profile("ragkit", deadline=None, derandomize=True)
settings.load_profile("ragkit")


class CountingEmbedder(WordLlama):
    """The embedded model, keeping the texts it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return super().embed_passages(texts)


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
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test opened a connection to {address}")


sys.addaudithook(_refuse_the_network)
