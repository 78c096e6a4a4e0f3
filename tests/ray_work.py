"""What workers of a Ray cluster are given to do; importable there by this name."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ragkit.errors import EmbeddingError
from ragkit.models.wordllama import WordLlamaEmbedder


def double(number: int) -> int:
    return number * 2


def slow_double(number: int) -> int:
    time.sleep(0.3)
    return number * 2


def fail_on_three(number: int) -> int:
    if number == 3:
        raise ValueError("three")
    return number


def die_on_three(number: int) -> int:
    if number == 3:
        os._exit(7)
    return number


def sleep_once(path_and_number: tuple[str, int]) -> int:
    """The first copy of a task that finds no mark makes one and never ends."""
    path, number = path_and_number
    if number == 2:
        try:
            Path(path).touch(exist_ok=False)
        except FileExistsError:
            return number
        time.sleep(600)
    return number


class Picky(WordLlamaEmbedder):
    """Has no vector for some texts."""

    def embed_documents(self, texts):  # type: ignore[no-untyped-def]
        vectors = super().embed_documents(texts)
        refused = {at: "not this" for at, text in enumerate(texts) if "forbidden" in text}
        if refused:
            raise EmbeddingError("some", vectors=vectors, refused=refused)
        return vectors
