"""Sentences and the places they cite, as they are shown (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragkit.types import Citation, Passage, Sentence, format_location


def with_citation_marks(sentences: Sequence[Sentence]) -> str:
    """The sentences as one text, each followed by its marks: `Every quarter [1].`"""
    return " ".join(_with_marks(sentence) for sentence in sentences)


def _with_marks(sentence: Sentence) -> str:
    marks = "".join(f"[{number}]" for number in sentence.citations)
    text = sentence.text.rstrip()
    if not marks:
        return text
    end = len(text.rstrip(".!?。！？"))
    return f"{text[:end]} {marks}{text[end:]}"


def locate_quotes(
    sentences: Sequence[Sentence], passages: Sequence[Passage]
) -> tuple[Sentence, ...]:
    """The sentences, the location of each quote narrowed from its passage to its own lines."""
    by_number = {passage.number: passage for passage in passages}
    return tuple(
        replace(one, evidence=locate_quote(one.evidence, by_number[one.evidence.number]))
        if one.evidence is not None
        else one
        for one in sentences
    )


def locate_quote(citation: Citation, passage: Passage) -> Citation:
    """The citation, its location narrowed from its passage to the lines of its quote."""
    first = passage.first_line + passage.text.count("\n", 0, citation.start - passage.start)
    last = first + citation.quote.count("\n")
    return replace(
        citation, location=format_location(passage.source, passage.page_label, first, last)
    )
