"""A search made again with an eye on what each of its steps sees."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ragkit.answering.passage_search import HITS_PER_PASSAGE
from ragkit.explain.report import ExpectedFile, RankedHit, SearchTrace
from ragkit.retrieval.hybrid_search import (
    HybridCandidates,
    candidate_depth,
    collect_candidates,
    hybrid_search,
)
from ragkit.retrieval.passages import to_passages
from ragkit.retrieval.query_parsing import parse_query
from ragkit.retrieval.rerank import RERANKED, RerankStep
from ragkit.types import Chunk, Embedder, FileRecord, Hit, KeywordQuery, Passage

if TYPE_CHECKING:
    from ragkit.store import Store
    from ragkit.types import Vectors

_EQUAL = 1e-6  # scores closer than this are one
_MOST_MATCHES = 10_000


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
    """What a search of `limit` chunks, and one of `ask_limit` passages, see on their way.

    Of `expected` the source, the record and the failing filters are known before. Costs a ranking
    of all chunks by meaning, and of the first 10,000 by words, and a call of the reranker.
    """
    vector = embedder.embed_query(question)
    wanted = parse_query(question)
    everything = max(1, store.chunks.count())
    by_meaning, _ = store.search.nearest(vector, everything, sources=sources, exact=True)
    by_words = store.search.match(wanted, min(everything, _MOST_MATCHES), sources=sources)
    depth = candidate_depth(limit)
    found = collect_candidates(
        store, vector, wanted, depth=depth, keyword_weight=keyword_weight, sources=sources
    )
    legs = _Legs(by_meaning.tolist(), by_words.rows.tolist(), by_words.scores.tolist())

    @cache  # the model reads the same passages for a search and for an answer
    def reranked(first: tuple[Hit, ...]) -> list[Hit]:
        return list(first) if reranking is None else reranking(question, first)

    def search(count: int) -> tuple[list[Hit], list[Hit]]:
        """The hits after fusion, and as the reranker puts them."""
        count = count if reranking is None else max(count, RERANKED)
        fused = hybrid_search(
            store, embedder, question, limit=count, keyword_weight=keyword_weight, sources=sources
        )
        return fused, [*reranked(tuple(fused[:RERANKED])), *fused[RERANKED:]]

    fused, hits = search(limit)
    hits_of_ask = search(ask_limit * HITS_PER_PASSAGE)[1]
    modified = store.files.modified_ns({hit.chunk.source for hit in hits_of_ask})
    passages = to_passages(hits_of_ask, modified=modified)
    if expected is not None and expected.record and not expected.failing:
        judged = _judged(store, found, legs, expected.record, vector, wanted, keyword_weight)
        expected = _listed(_placed(store, found, legs, expected, judged), fused, hits, passages)
    return SearchTrace(
        question=question,
        keyword_query=wanted,
        limit=limit,
        ask_limit=ask_limit,
        depth=depth,
        keyword_weight=keyword_weight,
        chunks=len(by_meaning),
        matches=len(by_words.rows),
        candidates=len(found.rows),
        hits=_ranked(store, found, legs, fused, hits[:limit], depth),
        passages=passages,
        expected=expected,
        reranked=sum(hit.rerank_score is not None for hit in hits),
    )


class _Legs:
    """The ranks of rows in each leg, from 1, and their BM25 scores."""

    def __init__(
        self, by_meaning: Sequence[int], by_words: Sequence[int], scores: Sequence[float]
    ) -> None:
        self.meaning = {row: rank for rank, row in enumerate(by_meaning, 1)}
        self.words = {row: rank for rank, row in enumerate(by_words, 1)}
        self.scores = dict(zip(by_words, scores, strict=True))
        self.lowest = min(scores, default=0.0)


def _ranked(
    store: Store,
    found: HybridCandidates,
    legs: _Legs,
    fused: Sequence[Hit],
    hits: Sequence[Hit],
    depth: int,
) -> tuple[RankedHit, ...]:
    """Hits with their ranks in the legs, as far as these count, and after fusion."""
    rows = found.rows.tolist()
    chunks = store.search.load_chunks(rows)
    row_of = {(c.source, c.ordinal): row for row, c in zip(rows, chunks, strict=True)}

    def one(hit: Hit) -> RankedHit:
        row = row_of.get((hit.chunk.source, hit.chunk.ordinal), -1)
        meaning, words = legs.meaning.get(row, depth + 1), legs.words.get(row, depth + 1)
        return RankedHit(
            hit,
            meaning if meaning <= depth else None,
            words if words <= depth else None,
            _place_of(hit.chunk, fused),
        )

    return tuple(map(one, hits))


class _Judged(NamedTuple):
    """A chunk of the expected file; they compare by what is said first."""

    is_candidate: bool
    score: float
    similarity: float
    keyword: float
    document: float
    row: int


def _judged(
    store: Store,
    found: HybridCandidates,
    legs: _Legs,
    record: FileRecord,
    vector: Vectors,
    wanted: KeywordQuery,
    weight: float,
) -> list[_Judged]:
    """All chunks of a file that a search may find, those that hold the quoted phrases."""
    only = [record.source]
    rows, similarity = store.search.nearest(vector, max(1, record.chunks), sources=only, exact=True)
    matched = set(store.search.match(wanted, max(1, record.chunks), sources=only).rows.tolist())
    candidates = set(found.rows.tolist())
    judged = []
    places, _ = store.search.locate_rows(rows.tolist(), without_vectors=len(rows))
    for row, cosine, place in zip(rows.tolist(), similarity.tolist(), places, strict=True):
        if wanted.phrases and row not in matched:
            continue
        # Scores of a search within one file are not those of the index: words are rare elsewhere.
        score = legs.scores.get(row, legs.lowest) if row in matched else 0.0
        keyword = score / found.highest
        document = found.header_scores.document(*place)
        fused = cosine + weight * (keyword + document)
        judged.append(_Judged(row in candidates, fused, cosine, keyword, document, row))
    return judged


def _placed(
    store: Store,
    found: HybridCandidates,
    legs: _Legs,
    expected: ExpectedFile,
    judged: Sequence[_Judged],
) -> ExpectedFile:
    """With the file's best chunk and its ranks: the first of the candidates if there is one, else
    the one with the highest score; without where there is none."""
    if not judged:
        return expected
    best = max(judged)
    chunk = store.search.load_chunks([best.row])[0]
    above = int((found.score > best.score + _EQUAL).sum())
    return replace(
        expected,
        best=Hit(chunk, best.score, best.similarity, best.keyword, best.document),
        similarity_rank=legs.meaning.get(best.row),
        keyword_rank=legs.words.get(best.row),
        fused_rank=above + 1 if best.is_candidate else None,
    )


def _listed(
    expected: ExpectedFile, fused: Sequence[Hit], hits: Sequence[Hit], passages: Sequence[Passage]
) -> ExpectedFile:
    """With the rank among equal scores that the hits have, what a reranker made of it, and the
    passage that shows the file."""
    best = expected.best
    if best is not None and expected.fused_rank is not None:
        at = _place_of(best.chunk, fused) or max(expected.fused_rank, len(fused) + 1)
        expected = replace(expected, fused_rank=at)
        shown = next((hit for hit in hits if hit.chunk == best.chunk), best)
        if shown.rerank_score is not None:
            best = replace(best, rerank_score=shown.rerank_score)
            expected = replace(expected, best=best, rerank_rank=_place_of(best.chunk, hits))
    starts = (f"{expected.source}:", f"{expected.source} ")
    for passage in passages:
        if passage.source == expected.source:
            return replace(expected, passage=passage.number)
        if any(place.startswith(starts) for place in passage.duplicate_locations):
            return replace(expected, passage=passage.number, folded_into=passage.location)
    return expected


def _place_of(chunk: Chunk, hits: Sequence[Hit]) -> int:
    """The rank of a chunk among hits, from 1; 0 where it is not there."""
    return next((rank for rank, hit in enumerate(hits, 1) if hit.chunk == chunk), 0)
