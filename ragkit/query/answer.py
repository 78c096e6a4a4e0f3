"""Question -> answer: retrieve, fit, chat, verify; extract where there is no chat model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ragkit.query.extract import extract
from ragkit.query.passages import to_passages
from ragkit.query.retrieve import KEYWORD_WEIGHT, retrieve
from ragkit.types import (
    Answer,
    Citation,
    Coverage,
    Embedder,
    Passage,
    Sentence,
    location,
)

if TYPE_CHECKING:
    from ragkit.store import Store


def answer(
    store: Store,
    embedder: Embedder,
    question: str,
    *,
    limit: int,
    keyword_weight: float = KEYWORD_WEIGHT,
    sources: Collection[str] | None = None,
) -> Answer:
    """The best sentences of the `limit` best passages, each cited.

    `abstained` when the index holds nothing to answer from.
    """
    hits = retrieve(
        store, embedder, question, limit=limit, keyword_weight=keyword_weight, sources=sources
    )
    passages = to_passages(hits)
    sentences = pinned(
        extract(
            question,
            passages,
            embed=embedder.embed_passages,
            question_vector=embedder.embed_question(question),
        ),
        passages,
    )
    return Answer(
        question=question,
        text=marked(sentences),
        sentences=sentences,
        passages=passages,
        coverage=coverage(store),
        abstained=not sentences,
    )


def pinned(sentences: Sequence[Sentence], passages: Sequence[Passage]) -> tuple[Sentence, ...]:
    """The sentences, the location of each quote narrowed from its passage to its own lines."""
    by_number = {passage.number: passage for passage in passages}
    return tuple(
        sentence
        if sentence.evidence is None
        else replace(
            sentence, evidence=_pin(sentence.evidence, by_number[sentence.evidence.number])
        )
        for sentence in sentences
    )


def _pin(citation: Citation, passage: Passage) -> Citation:
    first = passage.first_line + passage.text.count("\n", 0, citation.start - passage.start)
    last = first + citation.quote.count("\n")
    return replace(citation, location=location(passage.source, passage.page_label, first, last))


def marked(sentences: Sequence[Sentence]) -> str:
    """The sentences as one text, each followed by its marks: `Every quarter [1].`"""
    return " ".join(_with_marks(sentence) for sentence in sentences)


def _with_marks(sentence: Sentence) -> str:
    marks = "".join(f"[{number}]" for number in sentence.citations)
    text = sentence.text.rstrip()
    if not marks:
        return text
    end = len(text.rstrip(".!?。！？"))
    return f"{text[:end]} {marks}{text[end:]}"


def coverage(store: Store) -> Coverage:
    """How many of the discovered files are in the index."""
    outcomes = store.outcomes()
    return Coverage(outcomes.get("indexed", 0), sum(outcomes.values()))
