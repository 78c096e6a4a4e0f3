"""A passage too long for what room there is -> the part of it around its best hit (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ragkit.query.sentences import Span, split_sentences
from ragkit.types import Passage

_LEAST_CHARACTERS = 200  # less than that is not worth a place in the prompt


def truncate_passage(passage: Passage, fits: Callable[[Passage], bool]) -> Passage | None:
    """The longest part that `fits`, made of whole sentences, table rows and code blocks.

    It begins where the best hit begins; where all of that hit fits, what follows and then what
    goes before is added. A single code block or list that is too long alone is cut between its
    lines. None when no part of some length fits. A row keeps the header of its table.
    """
    spans = split_sentences(passage.text, table_header=passage.table_header)
    first = _first_of_best(passage, spans)

    def part(begin: int, end: int) -> Passage:
        return _part(passage, spans[begin], spans[end - 1].end)

    last = _most(len(spans) - first, lambda count: fits(part(first, first + count))) + first
    if last > first:
        before = 0
        if last == len(spans):
            before = _most(first, lambda count: fits(part(first - count, last)))
        return _worthwhile(part(first - before, last))
    return _cut_lines(passage, spans[first], fits) if spans else None


def _first_of_best(passage: Passage, spans: Sequence[Span]) -> int:
    """The number of the span that the best hit begins with."""
    start = passage.hits[0].chunk.start - passage.start if passage.hits else 0
    return next((at for at, span in enumerate(spans) if span.end > start), 0)


def _most(limit: int, holds: Callable[[int], bool]) -> int:
    """The greatest count up to `limit` that holds, 0 for none; what holds for more holds for
    less."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _cut_lines(passage: Passage, span: Span, fits: Callable[[Passage], bool]) -> Passage | None:
    lines = passage.text[span.start : span.end].splitlines(keepends=True)
    ends = [span.start + sum(map(len, lines[:count])) for count in range(1, len(lines))]
    count = _most(len(ends), lambda count: fits(_part(passage, span, ends[count - 1])))
    return _worthwhile(_part(passage, span, ends[count - 1])) if count else None


def _part(passage: Passage, first: Span, end: int) -> Passage:
    text = passage.text[first.start : end].rstrip()
    line = passage.first_line + passage.text.count("\n", 0, first.start)
    return replace(
        passage,
        text=text,
        start=passage.start + first.start,
        end=passage.start + first.start + len(text),
        first_line=line,
        last_line=line + text.count("\n"),
        table_header=first.header if first.kind == "row" else "",
    )


def _worthwhile(part: Passage) -> Passage | None:
    return part if len(part.text) >= _LEAST_CHARACTERS else None
