"""The lines around a chunk, put together from its neighbours in the index (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragkit.store import Store
from ragkit.types import Chunk, Hit

# Between two chunks stand blanks only, unless one between them could not be embedded.
_MOST_BLANKS = 200


@dataclass(frozen=True, slots=True)
class ContextLines:
    """The lines before and after a chunk, top to bottom, without line ends. Where a chunk begins
    or ends within a line, the rest of that line is one of them."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def context_lines(chunk: Chunk, neighbours: Iterable[Chunk], lines: int) -> ContextLines:
    """At most `lines` lines on each side of a chunk, of the same page, as far as `neighbours` of
    the same file reach without a gap."""
    beside = {one.ordinal: one for one in neighbours if one.page == chunk.page}
    beside[chunk.ordinal] = chunk
    earlier, later = [chunk], [chunk]
    while (one := beside.get(earlier[0].ordinal - 1)) and _adjoin(one, earlier[0]):
        earlier.insert(0, one)
    while (one := beside.get(later[-1].ordinal + 1)) and _adjoin(later[-1], one):
        later.append(one)
    before = _joined(earlier)[: -len(chunk.text)]
    after = _joined(later)[len(chunk.text) :]
    return ContextLines(
        before=tuple(before.removesuffix("\n").split("\n")[-lines:]) if before else (),
        after=tuple(after.removeprefix("\n").split("\n")[:lines]) if after else (),
    )


def _adjoin(one: Chunk, other: Chunk) -> bool:
    return other.start - one.end <= _MOST_BLANKS


def _joined(chunks: Sequence[Chunk]) -> str:
    """Chunks that follow each other as one text, overlap once; blanks between them as line ends
    where there are any."""
    text, end, line = "", chunks[0].start, chunks[0].first_line
    for chunk in chunks:
        gap = chunk.start - end
        if text and gap >= 0:
            text += "\n" * (chunk.first_line - line) or " " * gap
        text += chunk.text[max(0, -gap) :]
        end, line = max(end, chunk.end), max(line, chunk.last_line)
    return text


_MOST_CHUNKS = 50  # on each side; most chunks have many lines


def find_surroundings(store: Store, hits: Sequence[Hit], lines: int) -> list[ContextLines]:
    """As `Index.surroundings`."""
    if lines < 0:
        raise ValueError(f"lines must be at least 0, got {lines}")
    if not hits or not lines:
        return [ContextLines()] * len(hits)
    chunks = [hit.chunk for hit in hits]
    by_source: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in store.chunks.neighbours(chunks, min(lines, _MOST_CHUNKS)):
        by_source[chunk.source].append(chunk)
    return [context_lines(chunk, by_source[chunk.source], lines) for chunk in chunks]
