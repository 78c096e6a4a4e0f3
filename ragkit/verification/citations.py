"""The citation marks of an answer: read from a model's reply, filtered while it streams, written
anew, and narrowed to the lines of a quote (pure).

Marks are `[1]`, `[1][2]`, `[1, 2]`, `[1-3]` and `【1】`. Code, in backticks or fences, has none.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from ragkit.language.sentences import Span, split_sentences, to_plain_text
from ragkit.types import Citation, Passage, Sentence, format_location

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


def parse_citations(text: str, passages: Sequence[Passage]) -> tuple[Sentence, ...]:
    """The sentences of `text` in order, unchecked, without marks, each with its citations.

    A mark belongs to the sentence that it is in or follows, and at the beginning of a line to the
    sentence after it. Numbers that no passage has are dropped. Headings and the header rows of
    tables are no sentences.
    """
    numbers = {passage.number for passage in passages}
    bare, marks = _remove_marks(text)
    spans = _sentence_spans(bare)
    cited: list[list[int]] = [[] for _ in spans]
    for mark, owner in zip(marks, _owners(marks, spans), strict=False):
        cited[owner] += (n for n in mark.numbers if n in numbers)
    return tuple(
        Sentence(to_plain_text(bare, span), tuple(dict.fromkeys(ours)))
        for span, ours in zip(spans, cited, strict=True)
    )


def rewrite_citations(text: str, sentences: Sequence[Sentence]) -> str:
    """`text` with other citations: `sentences` are those that `parse_citations` found in it.

    The marks of a sentence replace its first one, or are put before the stop at its end.
    """
    bare, marks = _remove_marks(text)
    spans = _sentence_spans(bare)
    if not spans:
        return text
    first: dict[int, _Mark] = {}
    for mark, owner in zip(marks, _owners(marks, spans), strict=True):
        first.setdefault(owner, mark)
    places = [
        first.get(at) or _Mark(_before_stops(bare, span), (), leads=False)
        for at, span in enumerate(spans)
    ]
    pieces: list[str] = []
    copied = 0
    for place, sentence in sorted(
        zip(places, sentences, strict=True), key=lambda pair: pair[0].position
    ):
        pieces.append(bare[copied : place.position])
        copied = place.position
        if marked := _format_marks(sentence.citations):
            pieces.append(f"{marked} " if place.leads else f" {marked}")
    return "".join(pieces) + bare[copied:]


def with_citation_marks(sentences: Sequence[Sentence]) -> str:
    """The sentences as one text, each followed by its marks: `Every quarter [1].`"""
    return " ".join(map(_with_marks, sentences))


def _with_marks(sentence: Sentence) -> str:
    text = sentence.text.rstrip()
    end = len(text.rstrip("".join(_STOPS)))
    marks = _format_marks(sentence.citations)
    return f"{text[:end]} {marks}{text[end:]}" if marks else text


def _format_marks(numbers: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in numbers)


def locate_quotes(
    sentences: Sequence[Sentence], passages: Sequence[Passage]
) -> tuple[Sentence, ...]:
    """The sentences, the location of their evidence narrowed from a passage to its lines."""
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


# What may become a mark, a link or a run of backticks when more text comes.
_INCOMPLETE = re.compile(r"[ \t]*[\[【][^\]】\n`]{0,80}[\]】]?$|`+$|[ \t]+$")


class CitationStream:
    """Cleans the marks of a reply while it streams: `[1, 3]` becomes `[1][3]`, and numbers that no
    passage has are dropped, with the blank before a mark that has no other.

    Law: the pieces that come out, joined, do not depend on how the reply was cut into pieces.
    """

    def __init__(self, numbers: Collection[int]) -> None:
        self._numbers = frozenset(numbers)
        self._pending = ""
        self._in_code = False

    def feed(self, piece: str) -> str:
        """The text that can be shown now; what may become a mark is kept back."""
        self._pending += piece
        incomplete = _INCOMPLETE.search(self._pending)
        cut = incomplete.start() if incomplete else len(self._pending)
        ready, self._pending = self._pending[:cut], self._pending[cut:]
        return self._clean(ready)

    def finish(self) -> str:
        """The rest of the text, at the end of the reply."""
        ready, self._pending = self._pending, ""
        return self._clean(ready)

    def _clean(self, text: str) -> str:
        pieces: list[str] = []
        for at, part in enumerate(re.split(r"(`+)", text)):
            if at % 2:
                self._in_code = not self._in_code
                pieces.append(part)
            else:
                pieces.append(part if self._in_code else self._clean_marks(part))
        return "".join(pieces)

    def _clean_marks(self, text: str) -> str:
        cleaned = ""
        copied = 0
        for mark in MARK.finditer(text):
            numbers = [n for n in read_numbers(mark[1] or mark[2]) if n in self._numbers]
            cleaned += text[copied : mark.start()]
            copied = mark.end()
            if numbers:
                cleaned += _format_marks(tuple(dict.fromkeys(numbers)))
            else:
                cleaned = cleaned.rstrip(" \t")
        return cleaned + text[copied:]


def _before_stops(text: str, span: Span) -> int:
    if span.kind != "sentence":
        return span.end
    return span.start + len(text[span.start : span.end].rstrip("".join(_STOPS)))


def _sentence_spans(bare: str) -> list[Span]:
    return [span for span in split_sentences(bare) if span.kind not in ("heading", "header")]


def _owners(marks: Sequence[_Mark], spans: Sequence[Span]) -> list[int]:
    """The index of the sentence that each mark belongs to; empty where there is no sentence."""
    starts = [span.start for span in spans]
    owners = []
    for mark in marks if spans else ():
        after = bisect_left(starts, mark.position)
        owners.append(min(max(after if mark.leads else after - 1, 0), len(spans) - 1))
    return owners


@dataclass(frozen=True, slots=True)
class _Mark:
    """The numbers of a mark, and its offset in the text without marks. `leads`: it stands before
    its sentence."""

    position: int
    numbers: tuple[int, ...]
    leads: bool


def _remove_marks(text: str) -> tuple[str, list[_Mark]]:
    """`text` without its marks, and the marks. The blank before a mark is removed with it, or the
    one after it at the beginning of a line."""
    protected = code_positions(text)
    marks: list[_Mark] = []
    pieces: list[str] = []
    length = copied = 0
    first_of_line = True  # nothing but blanks and bullets is before the mark on its line
    line_leads = False  # the first mark of the line is there
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
    """The offsets of all characters in code: in fences and in backticks."""
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
