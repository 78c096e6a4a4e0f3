"""Hits -> passages: neighbours merged, near-duplicates folded, a limit per document (pure).

Near-duplicates are texts whose word triples have a Jaccard similarity of at least 0.85 (shingling,
as in Broder 1997, compared exactly instead of by MinHash).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ragkit.types import Hit, Passage

PER_DOCUMENT = 4
_DUPLICATE = 0.85  # Jaccard similarity
_WORD = re.compile(r"\w+")
_Shingles = frozenset[tuple[str, ...]]


def to_passages(
    hits: Sequence[Hit],
    *,
    limit: int | None = None,
    per_document: int = PER_DOCUMENT,
    modified: Mapping[str, int] | None = None,
) -> tuple[Passage, ...]:
    """At most `limit` passages in the order of their best hit, numbered from 1; empty for no hits.

    Neighbouring chunks of a page are one passage, their overlap shown once. Near-duplicates in
    other files are folded into the newest one by `modified` (source -> time); the others are its
    `near_duplicates`, newest first. At most `per_document` passages come from one file.
    """
    clusters: list[list[Passage]] = []  # the first passage with its near-duplicates
    shingles: list[_Shingles] = []
    taken: Counter[str] = Counter()
    for group in _merge_neighbours(hits):
        passage = _to_passage(group)
        ours = _shingles(passage.text)
        same = next((at for at, its in enumerate(shingles) if _are_duplicates(ours, its)), None)
        if same is not None and clusters[same][0].source != passage.source:
            clusters[same].append(passage)
        elif taken[passage.source] < per_document and (limit is None or len(clusters) < limit):
            taken[passage.source] += 1
            clusters.append([passage])
            shingles.append(ours)
    shown: Counter[str] = Counter()
    passages: list[Passage] = []
    for cluster in clusters:
        newest_first = sorted(cluster, key=lambda one: -(modified or {}).get(one.source, 0))
        newest = next((one for one in newest_first if shown[one.source] < per_document), None)
        if newest is not None:
            shown[newest.source] += 1
            others = tuple(one for one in newest_first if one is not newest)
            passages.append(replace(newest, number=len(passages) + 1, near_duplicates=others))
    return tuple(passages)


def _merge_neighbours(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Groups of hits whose chunks follow each other on a page, in the order of their best hit."""
    groups: list[list[Hit]] = []
    group_of: dict[tuple[str, int], list[Hit]] = {}
    for hit in hits:
        chunk = hit.chunk
        adjacent = [
            group
            for ordinal in (chunk.ordinal - 1, chunk.ordinal + 1)
            if (group := group_of.get((chunk.source, ordinal)))
            and group[0].chunk.page == chunk.page
        ]
        group = adjacent[0] if adjacent else []
        if not adjacent:
            groups.append(group)
        if len(adjacent) == 2 and adjacent[1] is not group:
            first, second = sorted(adjacent, key=groups.index)
            first.extend(second)
            groups.remove(second)
            group_of.update({(h.chunk.source, h.chunk.ordinal): first for h in second})
            group = first
        group.append(hit)
        group_of[chunk.source, chunk.ordinal] = group
    return groups


def _to_passage(group: list[Hit]) -> Passage:
    ordered = sorted(group, key=lambda hit: hit.chunk.start)
    first, last = ordered[0].chunk, ordered[-1].chunk
    text, end = first.text, first.end
    for hit in ordered[1:]:
        chunk = hit.chunk
        gap = chunk.start - end
        # Only blanks are between chunks; newlines for them keep the length of the span.
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


def _shingles(text: str) -> _Shingles:
    """The word triples of a text; character triples of a text of less than eight words."""
    words = _WORD.findall(text.casefold())
    if len(words) < 8:
        words = [character for word in words for character in word]
    return frozenset(zip(words, words[1:], words[2:], strict=False)) or frozenset([tuple(words)])


def _are_duplicates(one: _Shingles, other: _Shingles) -> bool:
    common = len(one & other)
    return common >= _DUPLICATE * (len(one) + len(other) - common)
