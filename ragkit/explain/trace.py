"""A search run again, with the rank of each chunk in every step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ragkit.answering.passage_search import HITS_PER_PASSAGE
from ragkit.retrieval.hybrid_search import (
    HybridCandidates,
    best_hits,
    candidate_depth,
    collect_candidates,
    fuse_scores,
)
from ragkit.retrieval.passages import to_passages
from ragkit.retrieval.query_parsing import parse_query
from ragkit.retrieval.rerank import RERANKED, RerankStep
from ragkit.types import Embedder, FileRecord, Hit, KeywordQuery, Passage

if TYPE_CHECKING:
    from ragkit.store import Store
    from ragkit.store.search import KeywordMatches

T = TypeVar("T")

_MAX_MATCHES = 10_000


@dataclass(frozen=True, slots=True)
class RankedHit:
    """A hit and its ranks, from 1. The similarity or the keyword rank is None when the hit is not
    among the candidates of that ranking."""

    hit: Hit
    similarity_rank: int | None
    keyword_rank: int | None
    fused_rank: int


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """What a search did with one file. Ranks are those of its best chunk, from 1.

    `record` is what the index knows of it; None when it was never discovered, and
    `not_indexed_reason` says why. `failing` names the filters that it does not pass. `best` is its
    first chunk among the candidates, else the one with the highest score; None when it has no
    chunk, or none that holds the quoted phrases. `keyword_rank` is None when the chunk holds none
    of the words, or is beyond the matches that were compared; `fused_rank` when it is no candidate;
    `rerank_rank` when no reranker read it. `passage` is the number of the first of
    `SearchTrace.passages` that shows the file; where the file is a near-duplicate of another,
    `folded_into` is where that one is.
    """

    source: str
    record: FileRecord | None
    not_indexed_reason: str = ""
    failing: tuple[str, ...] = ()
    best: Hit | None = None
    similarity_rank: int | None = None
    keyword_rank: int | None = None
    fused_rank: int | None = None
    rerank_rank: int | None = None
    passage: int | None = None
    folded_into: str = ""

    @property
    def rank(self) -> int | None:
        """The place among the hits, from 1."""
        return self.rerank_rank or self.fused_rank


@dataclass(frozen=True, slots=True)
class SearchTrace:
    """A search and what each of its steps saw.

    `chunks` counts the chunks of all files that pass the filters, `matches` those that hold some
    of the words, `candidates` the union of the `depth` best by similarity and by keywords, and
    `reranked` the hits that a reranker read. `hits` are those of `search`. `passages` are those
    that `ask` may take, near-duplicates folded; it takes the first `ask_limit`.
    """

    question: str
    keyword_query: KeywordQuery
    limit: int
    ask_limit: int
    depth: int
    keyword_weight: float
    chunks: int
    matches: int
    candidates: int
    hits: tuple[RankedHit, ...]
    passages: tuple[Passage, ...]
    expected: ExpectedFile | None = None
    reranked: int = 0


def trace_search(
    store: Store,
    embedder: Embedder,
    question: str,
    *,
    limit: int,
    ask_limit: int,
    keyword_weight: float,
    sources: Collection[str] | None = None,
    expected: ExpectedFile | None = None,
    reranking: RerankStep | None = None,
) -> SearchTrace:
    """What each step of a search for `limit` chunks sees, and the passages `ask` makes of it.

    `expected` comes with its source, its record and the filters that it fails; its best chunk and
    its ranks are added. Costs a similarity ranking of all chunks, a keyword ranking of the first
    10,000, and the calls of the reranker.
    """
    vector, query = embedder.embed_query(question), parse_query(question)
    total, depth = max(1, store.chunks.count()), candidate_depth(limit)
    nearest, _ = store.search.nearest(vector, total, sources=sources, exact=True)
    matches = store.search.match(query, min(total, _MAX_MATCHES), sources=sources)
    collect = partial(collect_candidates, store, vector, query, keyword_weight=keyword_weight)
    candidates = collect(depth=depth, sources=sources)
    fused = best_hits(store, candidates, len(candidates.rows))
    hits = fused if reranking is None else reranking(question, fused)
    count = ask_limit * HITS_PER_PASSAGE
    passages = _to_passages(store, hits[: count if reranking is None else max(count, RERANKED)])
    ranks = _Ranks.of(nearest.tolist(), matches.rows.tolist(), fused, hits)
    rows = _rows_by_position(store, candidates)
    if expected is not None and expected.record and not expected.failing:
        best = next((hit for hit in hits if hit.chunk.source == expected.source), None)
        if best is None:
            chunks = max(1, expected.record.chunks)
            inside = collect(depth=chunks, sources=[expected.source], exact=True)
            inside = _rescore(store, inside, candidates, matches, keyword_weight)
            best = next(iter(best_hits(store, inside, 1)), None)
            rows |= _rows_by_position(store, inside)
        if best is not None:
            expected = ranks.rank_expected(expected, best, rows[_position(best)])
        expected = _with_passage(expected, passages)
    return SearchTrace(
        question=question,
        keyword_query=query,
        limit=limit,
        ask_limit=ask_limit,
        depth=depth,
        keyword_weight=keyword_weight,
        chunks=len(nearest),
        matches=len(matches.rows),
        candidates=len(candidates.rows),
        hits=tuple(ranks.rank_hit(hit, rows[_position(hit)], depth) for hit in hits[:limit]),
        passages=passages,
        expected=expected,
        reranked=sum(hit.rerank_score is not None for hit in hits),
    )


@dataclass(frozen=True, slots=True)
class _Ranks:
    """Ranks, from 1: of row ids by similarity and by keywords, of chunks, by source and ordinal,
    after fusion and after reranking."""

    similarity: Mapping[int, int]
    keyword: Mapping[int, int]
    fused: Mapping[tuple[str, int], int]
    reranked: Mapping[tuple[str, int], int]

    @classmethod
    def of(
        cls, nearest: list[int], matches: list[int], fused: list[Hit], reranked: list[Hit]
    ) -> _Ranks:
        chunks = (_ranks(map(_position, hits)) for hits in (fused, reranked))
        return cls(_ranks(nearest), _ranks(matches), *chunks)

    def rank_hit(self, hit: Hit, row: int, depth: int) -> RankedHit:
        similarity, keyword = self.similarity.get(row), self.keyword.get(row)
        return RankedHit(
            hit,
            similarity if similarity is not None and similarity <= depth else None,
            keyword if keyword is not None and keyword <= depth else None,
            self.fused[_position(hit)],
        )

    def rank_expected(self, expected: ExpectedFile, best: Hit, row: int) -> ExpectedFile:
        """The file with its best chunk and the ranks of that."""
        return replace(
            expected,
            best=best,
            similarity_rank=self.similarity.get(row),
            keyword_rank=self.keyword.get(row),
            fused_rank=self.fused.get(_position(best)),
            rerank_rank=self.reranked[_position(best)] if best.rerank_score is not None else None,
        )


def _rescore(
    store: Store,
    inside: HybridCandidates,
    candidates: HybridCandidates,
    matches: KeywordMatches,
    keyword_weight: float,
) -> HybridCandidates:
    """The chunks of one file with the scores they have in a search of all files.

    BM25 scores of a search in one file are others: its words are rarer in the whole index.
    """
    import numpy as np

    bm25 = dict(zip(matches.rows.tolist(), matches.scores.tolist(), strict=True))
    lowest = min(bm25.values(), default=0.0)
    scores = [
        bm25.get(row, lowest) if is_match else 0.0
        for row, is_match in zip(inside.rows.tolist(), inside.keyword.tolist(), strict=True)
    ]
    keyword = np.array(scores, dtype=np.float32) / candidates.highest_bm25
    document = candidates.header_scores.of_chunks(list(_rows_by_position(store, inside)))
    score = fuse_scores(inside.similarity, keyword, document, keyword_weight)
    return replace(inside, keyword=keyword, document_score=document, score=score)


def _to_passages(store: Store, hits: Sequence[Hit]) -> tuple[Passage, ...]:
    modified = store.files.modified_ns({hit.chunk.source for hit in hits})
    return to_passages(hits, modified=modified)


def _with_passage(expected: ExpectedFile, passages: Sequence[Passage]) -> ExpectedFile:
    """The file with the first passage that shows it, or that it was folded into as a copy."""
    for passage in passages:
        if passage.source == expected.source:
            return replace(expected, passage=passage.number)
        if any(copy.source == expected.source for copy in passage.near_duplicates):
            return replace(expected, passage=passage.number, folded_into=passage.location)
    return expected


def _position(hit: Hit) -> tuple[str, int]:
    return hit.chunk.source, hit.chunk.ordinal


def _rows_by_position(store: Store, candidates: HybridCandidates) -> dict[tuple[str, int], int]:
    """Source and ordinal of the candidates -> row id, in their order."""
    rows = candidates.rows.tolist()
    positions, _ = store.search.locate_rows(rows, without_vectors=len(rows))
    return dict(zip(positions, rows, strict=True))


def _ranks(best_first: Iterable[T]) -> dict[T, int]:
    return {item: rank for rank, item in enumerate(best_first, 1)}
