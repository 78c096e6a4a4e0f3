"""Hits -> passages: neighbours joined, near-copies folded, every document its share (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ragkit.types import Hit, Passage

PER_DOCUMENT = 4
_SAME = 0.85  # share of word triples that two copies of a passage have in common
_WORD = re.compile(r"\w+")


def to_passages(
    hits: Sequence[Hit],
    *,
    limit: int | None = None,
    per_document: int = PER_DOCUMENT,
    modified: Mapping[str, int] | None = None,
) -> tuple[Passage, ...]:
    """At most `limit` passages in the order of their best hit, numbered from 1.

    Neighbouring chunks of a page are one passage, overlap shown once. Near-copies in other files
    are folded into one: the newest by `modified` (source -> time) speaks, the others stand in
    its `copies`, newest first. At most `per_document` passages come from one file. Empty for no
    hits.
    """
    age = modified or {}
    chosen: list[Passage] = []
    copies: list[list[Passage]] = []
    prints: list[frozenset[tuple[str, ...]]] = []
    taken: Counter[str] = Counter()
    for group in _groups(hits):
        passage = _passage(group)
        marks = _fingerprint(passage.text)
        twin = next((at for at, other in enumerate(prints) if _alike(marks, other)), None)
        if twin is not None and chosen[twin].source != passage.source:
            copies[twin].append(passage)
        elif taken[passage.source] < per_document and (limit is None or len(chosen) < limit):
            taken[passage.source] += 1
            chosen.append(passage)
            copies.append([])
            prints.append(marks)
    spoken: Counter[str] = Counter()
    shown: list[Passage] = []
    for one, same in zip(chosen, copies, strict=True):
        free = [copy for copy in (one, *same) if spoken[copy.source] < per_document]
        if free:
            shown.append(_folded(free, [one, *same], age, len(shown) + 1))
            spoken[shown[-1].source] += 1
    return tuple(shown)


def _groups(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Hits whose chunks follow each other on one page, together; groups by their best hit."""
    groups: list[list[Hit]] = []
    place: dict[tuple[str, int], list[Hit]] = {}
    for hit in hits:
        chunk = hit.chunk
        beside = [
            group
            for ordinal in (chunk.ordinal - 1, chunk.ordinal + 1)
            if (group := place.get((chunk.source, ordinal))) and group[0].chunk.page == chunk.page
        ]
        group = beside[0] if beside else []
        if not beside:
            groups.append(group)
        if len(beside) == 2 and beside[1] is not group:
            first, second = sorted(beside, key=groups.index)
            first.extend(second)
            groups.remove(second)
            place.update({(h.chunk.source, h.chunk.ordinal): first for h in second})
            group = first
        group.append(hit)
        place[chunk.source, chunk.ordinal] = group
    return groups


def _passage(group: list[Hit]) -> Passage:
    ordered = sorted(group, key=lambda hit: hit.chunk.start)
    first, last = ordered[0].chunk, ordered[-1].chunk
    text, end = first.text, first.end
    for hit in ordered[1:]:
        chunk = hit.chunk
        gap = chunk.start - end
        # What stood between is blank by the chunk laws; newlines keep the span's length true.
        text += "\n" * gap + chunk.text if gap >= 0 else chunk.text[-gap:]
        end = max(end, chunk.end)
    return Passage(
        number=0,
        source=first.source,
        text=text,
        start=first.start,
        end=end,
        first_line=first.first_line,
        last_line=last.last_line,
        page=first.page,
        page_label=first.page_label,
        heading=first.heading,
        hits=tuple(sorted(group, key=lambda hit: -hit.score)),
        table_header=first.table_header,
    )


def _folded(
    free: Sequence[Passage], copies: Sequence[Passage], age: Mapping[str, int], number: int
) -> Passage:
    """The newest of those that are free to speak (the best one among equals), holding the other
    copies, newest first."""

    def newest_first(some: Sequence[Passage]) -> list[Passage]:
        return sorted(some, key=lambda passage: -age.get(passage.source, 0))

    speaker = newest_first(free)[0]
    others = tuple(copy for copy in newest_first(copies) if copy is not speaker)
    return replace(speaker, number=number, near_duplicates=others)


def _fingerprint(text: str) -> frozenset[tuple[str, ...]]:
    """The word triples of a text (single characters where a script has no blanks)."""
    words = _WORD.findall(text.casefold())
    if len(words) < 8:
        words = [character for word in words for character in word]
    return frozenset(zip(words, words[1:], words[2:], strict=False)) or frozenset([tuple(words)])


def _alike(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    """Whether two texts are copies but for small changes (Jaccard similarity of word triples)."""
    common = len(one & other)
    return common >= _SAME * (len(one) + len(other) - common)
