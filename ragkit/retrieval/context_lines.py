"""The lines around a hit, put together from neighbouring chunks of the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragkit.store import Store
from ragkit.types import Chunk, Hit

_MAX_CHUNKS = 50  # on each side; most chunks have many lines
# Between two chunks are only blanks, unless one between them could not be embedded.
_MAX_BLANKS = 200


@dataclass(frozen=True, slots=True)
class ContextLines:
    """The lines before and after a chunk, top to bottom, without line ends. Where a chunk begins
    or ends within a line, the rest of that line is one of them."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def find_context_lines(store: Store, hits: Sequence[Hit], lines: int) -> list[ContextLines]:
    """At most `lines` lines on each side of each hit, as they were indexed.

    Raises `ValueError` for negative `lines`.
    """
    if lines < 0:
        raise ValueError(f"lines must be at least 0, got {lines}")
    if not hits or not lines:
        return [ContextLines()] * len(hits)
    chunks = [hit.chunk for hit in hits]
    by_source: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in store.chunks.neighbours(chunks, min(lines, _MAX_CHUNKS)):
        by_source[chunk.source].append(chunk)
    return [context_lines(chunk, by_source[chunk.source], lines) for chunk in chunks]


def context_lines(chunk: Chunk, neighbours: Iterable[Chunk], lines: int) -> ContextLines:
    """At most `lines` lines on each side of a chunk, of the same page, as far as `neighbours` of
    the same file reach without a gap."""
    by_ordinal = {one.ordinal: one for one in neighbours if one.page == chunk.page}
    earlier, later = [chunk], [chunk]
    while (one := by_ordinal.get(earlier[0].ordinal - 1)) and _adjoin(one, earlier[0]):
        earlier.insert(0, one)
    while (one := by_ordinal.get(later[-1].ordinal + 1)) and _adjoin(later[-1], one):
        later.append(one)
    before = _join(earlier)[: -len(chunk.text)]
    after = _join(later)[len(chunk.text) :]
    return ContextLines(
        before=tuple(before.removesuffix("\n").split("\n")[-lines:]) if before else (),
        after=tuple(after.removeprefix("\n").split("\n")[:lines]) if after else (),
    )


def _adjoin(one: Chunk, other: Chunk) -> bool:
    return other.start - one.end <= _MAX_BLANKS


def _join(chunks: Sequence[Chunk]) -> str:
    """Consecutive chunks as one text, their overlap once; the blanks between them as line ends, or
    as blanks within a line."""
    text, end, line = "", chunks[0].start, chunks[0].first_line
    for chunk in chunks:
        gap = chunk.start - end
        if text and gap >= 0:
            text += "\n" * (chunk.first_line - line) or " " * gap
        text += chunk.text[max(0, -gap) :]
        end, line = max(end, chunk.end), max(line, chunk.last_line)
    return text
