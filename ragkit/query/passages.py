"""Hits -> passages: neighbouring chunks of one page become one text with one span (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from ragkit.types import Hit, Passage


def to_passages(hits: Sequence[Hit]) -> tuple[Passage, ...]:
    """Passages in the order of their best hit, numbered from 1.

    Chunks that touch or overlap in the same file and page are joined, overlap shown once; a
    gap of blanks between two chunks is kept as a blank line. Empty for no hits.
    """
    groups: list[list[Hit]] = []
    for hit in hits:
        near = [group for group in groups if any(_adjacent(hit, other) for other in group)]
        for group in near[1:]:
            near[0].extend(group)
            groups.remove(group)
        if near:
            near[0].append(hit)
        else:
            groups.append([hit])
    return tuple(_passage(number, group) for number, group in enumerate(groups, 1))


def _adjacent(one: Hit, other: Hit) -> bool:
    a, b = one.chunk, other.chunk
    return a.source == b.source and a.page == b.page and abs(a.ordinal - b.ordinal) == 1


def _passage(number: int, group: list[Hit]) -> Passage:
    ordered = sorted(group, key=lambda hit: hit.chunk.start)
    first, last = ordered[0].chunk, ordered[-1].chunk
    text, end = first.text, first.end
    for hit in ordered[1:]:
        chunk = hit.chunk
        gap = chunk.start - end
        # What stood between is blank by the chunk laws; newlines keep the span's length true.
        text += "\n" * gap + chunk.text if gap >= 0 else chunk.text[-gap:]
        end = chunk.end
    return Passage(
        number=number,
        source=first.source,
        text=text,
        start=first.start,
        end=last.end,
        first_line=first.first_line,
        last_line=last.last_line,
        page=first.page,
        page_label=first.page_label,
        heading=first.heading,
        hits=tuple(sorted(group, key=lambda hit: -hit.score)),
        table_header=first.table_header,
    )
