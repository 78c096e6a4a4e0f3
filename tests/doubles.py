"""Honest fakes: they do what the real thing does, and let a test look."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ragkit.models.wordllama import WordLlamaEmbedder


class CountingEmbedder(WordLlamaEmbedder):
    """The embedded model, keeping the texts it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.questions: list[str] = []

    def embed_query(self, text: str) -> np.ndarray:
        self.questions.append(text)
        return super().embed_query(text)

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return super().embed_documents(texts)
