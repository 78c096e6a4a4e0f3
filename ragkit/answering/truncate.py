"""A passage that is too long for the prompt -> the part of it around its best hit (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ragkit.language.sentences import Span, split_sentences
from ragkit.types import Passage

_MIN_CHARACTERS = 200  # of a part that is worth its place in the prompt


def truncate_passage(passage: Passage, fits: Callable[[Passage], bool]) -> Passage | None:
    """The longest part that `fits`, of whole sentences, table rows and code blocks; None when that
    has less than 200 characters.

    It begins where the best hit begins, and is extended to the end of the passage, then to its
    beginning. A code block or list that is too long alone is cut between its lines. A row keeps the
    header of its table.
    """
    spans = split_sentences(passage.text, table_header=passage.table_header)
    first = _best_span(passage, spans)

    def part(begin: int, end: int) -> Passage:
        return _part(passage, spans[begin], spans[end - 1].end)

    last = _greatest(len(spans) - first, lambda count: fits(part(first, first + count))) + first
    if last > first:
        before = 0
        if last == len(spans):
            before = _greatest(first, lambda count: fits(part(first - count, last)))
        return _if_long_enough(part(first - before, last))
    return _cut_lines(passage, spans[first], fits) if spans else None


def _best_span(passage: Passage, spans: Sequence[Span]) -> int:
    """The index of the span in which the best hit begins."""
    start = passage.hits[0].chunk.start - passage.start if passage.hits else 0
    return next((at for at, span in enumerate(spans) if span.end > start), 0)


def _greatest(limit: int, holds: Callable[[int], bool]) -> int:
    """The greatest count up to `limit` that holds, 0 for none, by binary search."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _cut_lines(passage: Passage, span: Span, fits: Callable[[Passage], bool]) -> Passage | None:
    lines = passage.text[span.start : span.end].splitlines(keepends=True)
    ends = [span.start + sum(map(len, lines[:count])) for count in range(1, len(lines))]
    count = _greatest(len(ends), lambda count: fits(_part(passage, span, ends[count - 1])))
    return _if_long_enough(_part(passage, span, ends[count - 1])) if count else None


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


def _if_long_enough(part: Passage) -> Passage | None:
    return part if len(part.text) >= _MIN_CHARACTERS else None
