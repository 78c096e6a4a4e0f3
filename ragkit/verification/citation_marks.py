"""A model's answer text -> its sentences, each with the passages its marks name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from ragkit.query.sentences import Span, readable, split_sentences
from ragkit.types import Passage, Sentence


def parse_citations(text: str, passages: Sequence[Passage]) -> tuple[Sentence, ...]:
    """The sentences of `text` in order, unchecked, each with the numbers its marks name.

    Marks are `[1]`, `[1][2]`, `[1, 2]`, `[1-3]` and `【1】`; one belongs to the sentence it stands
    in or follows, and at the beginning of a line to the sentence after it. No sentence's text
    holds a mark; numbers that no passage has are dropped. Code, in spans or fences, is left as
    it is. Headings and the header rows of tables are no sentences.
    """
    known = {passage.number for passage in passages}
    bare, marks = _take_out(text)
    spans = _sentence_spans(bare)
    cited: list[list[int]] = [[] for _ in spans]
    for mark, owner in zip(marks, _owners(marks, spans), strict=False):
        cited[owner] += (n for n in mark.numbers if n in known)
    return tuple(
        Sentence(readable(bare, span), tuple(dict.fromkeys(numbers)))
        for span, numbers in zip(spans, cited, strict=True)
    )


def rewrite_citations(text: str, sentences: Sequence[Sentence]) -> str:
    """`text` with the marks of `sentences`, those that `cite` found in it, cited otherwise since.

    A mark stands where the first one of its sentence stood, or before the stop at its end.
    """
    bare, marks = _take_out(text)
    spans = _sentence_spans(bare)
    if not spans:
        return text
    inserted: dict[int, _Mark] = {}
    for mark, owner in zip(marks, _owners(marks, spans), strict=True):
        inserted.setdefault(owner, mark)
    places = [
        inserted.get(at) or _Mark(_before_stops(bare, span), (), leads=False)
        for at, span in enumerate(spans)
    ]
    pieces: list[str] = []
    done = 0
    for place, sentence in sorted(
        zip(places, sentences, strict=True), key=lambda pair: pair[0].position
    ):
        shown = "".join(f"[{number}]" for number in sentence.citations)
        pieces.append(bare[done : place.position])
        done = place.position
        if shown:
            pieces.append(f"{shown} " if place.leads else f" {shown}")
    return "".join(pieces) + bare[done:]


def _before_stops(text: str, span: Span) -> int:
    if span.kind != "sentence":
        return span.end
    return span.start + len(text[span.start : span.end].rstrip("".join(_STOPS)))


def _sentence_spans(bare: str) -> list[Span]:
    return [span for span in split_sentences(bare) if span.kind not in ("heading", "header")]


def _owners(marks: Sequence[_Mark], spans: Sequence[Span]) -> list[int]:
    """Of each mark, which sentence it belongs to; none where there is no sentence."""
    starts = [span.start for span in spans]
    owners = []
    for mark in marks if spans else ():
        after = bisect_left(starts, mark.position)
        owners.append(min(max(after if mark.leads else after - 1, 0), len(spans) - 1))
    return owners


@dataclass(frozen=True, slots=True)
class _Mark:
    """The numbers of one mark, and where it stood, as an offset of the text without marks."""

    position: int
    numbers: tuple[int, ...]
    leads: bool


_NUMBERS = r"\d{1,3}(?:\s?[-–,，、;]\s?\d{1,3}){0,20}"
MARK = re.compile(
    rf"\[\s?\^?(?:(?:passages?|sources?|documents?)\s)?({_NUMBERS})\s?\](?!\()"
    rf"|【\s?({_NUMBERS})\s?(?:†[^【】\n]{{0,40}})?】",
    re.IGNORECASE,
)
_CODE_SPAN = re.compile(r"(?<!`)(`{1,3})(?!`)[^`\n]{1,400}\1(?!`)")
_BLANKS = re.compile(r"[ \t]+")
_BULLETS = " \t-*+•>"
_STOPS = tuple(".!?。！？")


def _take_out(text: str) -> tuple[str, list[_Mark]]:
    """`text` without its marks, and the marks. The blank before a mark goes with it, or the one
    after it at the beginning of a line."""
    protected = code_positions(text)
    marks: list[_Mark] = []
    pieces: list[str] = []
    length = copied = 0
    first_of_line = True  # nothing but blanks and bullets stands before on the line
    line_leads = False  # and that is where its first mark stands
    for found in MARK.finditer(text):
        if found.start() in protected:
            continue
        piece = text[copied : found.start()]
        line = piece[piece.rfind("\n") + 1 :].strip(_BULLETS)
        first_of_line = (first_of_line or "\n" in piece) and not line
        line_leads = first_of_line or (line_leads and "\n" not in piece)
        leads = first_of_line or (line_leads and line.endswith(_STOPS))
        copied = found.end()
        if not leads:
            piece = piece.rstrip(" \t")
        elif blank := _BLANKS.match(text, copied):
            copied = blank.end()
        pieces.append(piece)
        length += len(piece)
        marks.append(_Mark(length, read_numbers(found[1] or found[2]), leads))
    return "".join(pieces) + text[copied:], marks


def code_positions(text: str) -> set[int]:
    """The offsets that lie in code: fences and spans in backticks."""
    fences = (span for span in split_sentences(text) if span.kind == "code")
    spans = [range(span.start, span.end) for span in fences]
    spans += [range(*found.span()) for found in _CODE_SPAN.finditer(text)]
    return {position for span in spans for position in span}


def read_numbers(numbers: str) -> tuple[int, ...]:
    """`1, 3-5` as (1, 3, 4, 5)."""
    found: list[int] = []
    for part in re.split(r"[,，、;]", numbers):
        first, *last = (int(number) for number in re.split(r"[-–]", part))
        found += range(first, max(last, default=first) + 1)
    return tuple(found)
