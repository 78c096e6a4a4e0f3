"""A question and all options of its answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ragkit.retrieval.passages import PER_DOCUMENT
from ragkit.retrieval.rerank import RerankStep
from ragkit.types import Message

REPLY_TOKENS = 1024

OnText = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class AskRequest:
    """A question and how to answer it.

    `history` are the earlier turns; `standalone` is the question in words that need no history:
    both wordings are searched, and that one is answered. `exact` compares every vector. At most
    `per_document` passages come from one file. `min_score` is the evidence (0 to 1) below which
    there is no answer; None for the threshold of the index. `on_text` gets the pieces of the answer
    while a chat model writes it; `on_restart` is called when those so far are void.
    """

    question: str
    limit: int
    keyword_weight: float
    sources: Collection[str] | None = None
    exact: bool = False
    supported_only: bool = False
    reply_tokens: int = REPLY_TOKENS
    history: Sequence[Message] = ()
    standalone: str = ""
    per_document: int = PER_DOCUMENT
    min_score: float | None = None
    rerank_step: RerankStep | None = None
    on_text: OnText | None = None
    on_restart: Callable[[], object] | None = None

    @property
    def standalone_question(self) -> str:
        """The question that is answered."""
        return self.standalone or self.question


def replace_surrogates(text: str) -> str:
    """The text with "?" for lone surrogates, so that it can be encoded."""
    return text.encode("utf-8", "replace").decode("utf-8")
