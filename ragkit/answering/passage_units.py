"""Passages -> their sentences, rows and code blocks, and what surrounds each (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragkit.query.sentences import Span, readable, split_sentences
from ragkit.query.words import list_terms
from ragkit.types import Citation, Passage, Sentence

_LONGEST_CODE_CHARACTERS = 1200


@dataclass(slots=True, eq=False)
class PassageUnit:
    """One sentence, row, heading or code block of a passage, and what ranking knows of it.

    `previous` and `next` are its neighbours in the passage. `nearby` holds the terms of those
    and of the headings above it.
    """

    passage: Passage
    span: Span
    text: str
    terms: list[str]
    words: frozenset[str]
    previous: PassageUnit | None = None
    next: PassageUnit | None = None
    nearby: frozenset[str] = frozenset()
    eligible: bool = True
    score: float = 0.0

    def sentence(self) -> Sentence:
        passage, span = self.passage, self.span
        quote = passage.text[span.start : span.end]
        start, end = passage.start + span.start, passage.start + span.end
        evidence = Citation(passage.number, passage.source, passage.location, quote, start, end)
        return Sentence(self.text, (passage.number,), "supported", evidence)


def list_units(passages: Sequence[Passage]) -> list[PassageUnit]:
    """The units of all passages, in order."""
    units: list[PassageUnit] = []
    for passage in passages:
        above = frozenset(list_terms(passage.heading))
        previous: PassageUnit | None = None
        for span in split_sentences(passage.text, table_header=passage.table_header):
            text = readable(passage.text, span)
            terms = list_terms(text)
            unit = PassageUnit(passage, span, text, terms, frozenset(terms), previous, nearby=above)
            too_long = span.kind == "code" and len(text) > _LONGEST_CODE_CHARACTERS
            unit.eligible = span.kind != "header" and not too_long
            if span.kind == "heading" or _is_title(passage.text, span):
                unit.eligible = False
                above = frozenset(list_terms(passage.heading)) | unit.words
            if previous is not None:
                previous.next = unit
                previous.nearby |= unit.words
                unit.nearby |= previous.words
            units.append(unit)
            previous = unit
    return units


def _is_title(text: str, span: Span) -> bool:
    """A line of a few words by itself, as headings are in plain text and PDF."""
    line = text[span.start : span.end]
    return (
        span.kind == "sentence"
        and (span.start == 0 or text[: span.start].rstrip(" \t").endswith("\n"))
        and (span.end == len(text) or text[span.end :].lstrip(" \t").startswith(("\n", "\r")))
        and "\n" not in line
        and len(list_terms(line)) <= _TITLE_TERMS
        and not _SAYS_MORE.search(line)
    )


_TITLE_TERMS = 5
_SAYS_MORE = re.compile(r"\d|[.!?:;。！？：；…][\"'”’)»]*$|[:：] ")
