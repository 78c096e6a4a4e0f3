"""Why a search finds what it finds, and why not a file that was expected (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ragkit.query.words import FUNCTION_TERMS, find_tokens, list_terms
from ragkit.types import FileRecord, Hit, KeywordQuery, Passage

StepName = Literal[
    "indexed", "filters", "meaning", "words", "fusion", "reranking", "search", "folding", "ask"
]


@dataclass(frozen=True, slots=True)
class RankedHit:
    """A hit, its rank in each leg, from 1, None where that leg did not bring it, and its rank
    after fusion."""

    hit: Hit
    similarity_rank: int | None
    keyword_rank: int | None
    fused_rank: int


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """What a search did with one file. Ranks are those of its best chunk, from 1.

    `record` is its row of the ledger, None when no run has seen it: `unseen` says what is known
    then. `failing` names the filters it does not pass. `best` is its chunk with the highest score;
    None without chunks, or where a quoted phrase stands in none of them. `words` is None when the
    chunk holds none of the words, or stands behind the `matches` that were looked at. `fusion` is
    None when neither leg brought the chunk among its candidates, `reranking` when no reranker read
    it. `passage` is the first of
    `Traced.passages` that shows it, or where it was folded into a copy: `folded_into` names that
    one.
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

    `chunks` counts the chunks of all files that pass the filters, `matches` those of them that
    hold some of the words, `candidates` what the `depth` best of both legs are together, and
    `reranked` how many of those a reranker put in order. `hits` are what `search` gives,
    `passages` what is left for `ask` after folding, of which it takes `ask_limit`.
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


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One thing a file has to get past; `rank` and `of` where it is a ranking."""

    name: StepName
    passed: bool
    detail: str
    rank: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A search, step by step. `steps` tell of the expected file, empty when none was named;
    `lacking` are the words of the question that its best chunk does not hold; `verdict` is one
    sentence: why it is found, or why not."""

    trace: SearchTrace
    steps: tuple[TraceStep, ...]
    missing_terms: tuple[str, ...]
    verdict: str

    @property
    def found(self) -> bool | None:
        """Whether `search` finds the expected file; None when none was named."""
        if self.trace.expected is None:
            return None
        return any(step.name == "search" and step.passed for step in self.steps)


def explain(traced: SearchTrace) -> Explanation:
    """What the figures of a search mean."""
    file = traced.expected
    if file is None:
        return Explanation(traced, (), (), _verdict_of_search(traced))
    lacking = missing_query_terms(traced.question, file.best) if file.best else ()
    steps = tuple(_steps(traced, file, lacking))
    return Explanation(traced, steps, lacking, _verdict(traced, file, steps, lacking))


def missing_query_terms(question: str, hit: Hit) -> tuple[str, ...]:
    """The words of a question that carry its subject and do not stand in a chunk, its headings or
    its file's name, as written."""
    chunk = hit.chunk
    held = set(list_terms(f"{chunk.source} {chunk.heading} {chunk.table_header} {chunk.text}"))
    wanted = {
        token.term: question[token.start : token.end]
        for token in reversed(find_tokens(question))
        if token.term not in FUNCTION_TERMS
    }
    return tuple(word for term, word in reversed(wanted.items()) if term not in held)


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, `11th`, `1,201st`"""
    last = number % 10
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(last, "th")
    return f"{number:,}{ending}"


def _steps(
    traced: SearchTrace, file: ExpectedFile, lacking: tuple[str, ...]
) -> Iterator[TraceStep]:
    """The steps up to the first that a file cannot get past; what `ask` does beside `search`."""
    yield _indexed(file)
    if file.record is None or not file.record.chunks:
        return
    if file.failing:
        yield TraceStep("filters", False, f"does not pass {', '.join(file.failing)}")
        return
    best = file.best
    if best is None:
        phrases = ", ".join(f'"{phrase}"' for phrase in traced.keyword_query.phrases)
        yield TraceStep("words", False, f"does not hold {phrases} word for word")
        return
    yield TraceStep(
        "meaning",
        file.similarity_rank is not None and file.similarity_rank <= traced.depth,
        f"cosine {best.similarity:.3f}{_beside(traced, 'similarity')}",
        file.similarity_rank,
        traced.chunks,
    )
    yield _words(traced, file, best, lacking)
    beside = _beside(traced, "score")
    named = (
        f"; its document's name and opening weigh {best.document_score:.2f}"
        if best.document_score
        else ""
    )
    detail = f"score {best.score:.3f}{beside}{named}"
    if file.fused_rank is None:
        detail = f"not among the {traced.depth} best by meaning or by words"
    yield TraceStep(
        "fusion", file.fused_rank is not None, detail, file.fused_rank, traced.candidates
    )
    if traced.reranked:
        yield _reranking(traced, file, best)
    found = file.rank is not None and file.rank <= traced.limit
    yield TraceStep(
        "search", found, f"takes the first {traced.limit}", file.rank, traced.candidates
    )
    yield from _asking(traced, file)


def _indexed(file: ExpectedFile) -> TraceStep:
    record = file.record
    if record is None:
        return TraceStep("indexed", False, file.not_indexed_reason)
    reason = f": {record.reason}" if record.reason else ""
    if not record.chunks:
        return TraceStep("indexed", False, f"{record.outcome}{reason or ': it holds no text'}")
    lost = f" (note{reason})" if reason else ""
    return TraceStep("indexed", True, f"{record.chunks} {_noun(record.chunks, 'chunk')}{lost}")


def _words(
    traced: SearchTrace, file: ExpectedFile, best: Hit, lacking: tuple[str, ...]
) -> TraceStep:
    lacks = f"; lacks {', '.join(lacking)}" if lacking else ""
    if traced.keyword_weight == 0 and not traced.keyword_query.phrases:
        return TraceStep("words", False, "do not count with keyword weight 0")
    if not best.keyword:
        return TraceStep("words", False, f"holds none of the words{lacks}", None, traced.matches)
    passed = file.keyword_rank is not None and file.keyword_rank <= traced.depth
    detail = f"{best.keyword:.2f} of the best match{lacks}"
    return TraceStep("words", passed, detail, file.keyword_rank, traced.matches)


def _reranking(traced: SearchTrace, file: ExpectedFile, best: Hit) -> TraceStep:
    if best.rerank_score is None:
        detail = f"the reranker reads the first {traced.reranked} only"
        return TraceStep("reranking", False, detail, None, traced.reranked)
    detail = f"relevance {best.rerank_score:.3g}{_beside(traced, 'rerank_score')}"
    return TraceStep("reranking", True, detail, file.rerank_rank, traced.reranked)


def _asking(traced: SearchTrace, file: ExpectedFile) -> Iterator[TraceStep]:
    count = len(traced.passages)
    if file.passage is None:
        detail = f"not among the hits that become {count} passages"
        yield TraceStep("folding", False, detail, None, count)
        return
    into = f"folded into {file.folded_into}, a copy" if file.folded_into else "shown"
    yield TraceStep("folding", True, into, file.passage, count)
    taken = file.passage <= traced.ask_limit
    yield TraceStep("ask", taken, f"reads the first {traced.ask_limit}", file.passage, count)


def _beside(traced: SearchTrace, field: str) -> str:
    """The best and the last hit's figure, to compare with."""
    if not traced.hits:
        return ""
    every = [getattr(one.hit, field) for one in traced.hits]
    values = [float(value) for value in every if value is not None]
    last = f", the {ordinal(len(values))} hit {values[-1]:.3f}" if len(values) > 1 else ""
    return f" (the first hit has {values[0]:.3f}{last})"


def _verdict_of_search(traced: SearchTrace) -> str:
    if not traced.hits:
        if traced.chunks and traced.keyword_query.phrases:
            return "Nothing is found, because no chunk holds every quoted phrase word for word."
        return "Nothing is found, because no indexed file with text passes the filters."
    first = traced.hits[0]
    return f"{first.hit.chunk.location} comes first: {_reasons(traced, first)}."


def _reasons(traced: SearchTrace, one: RankedHit) -> str:
    meaning = _standing(one.similarity_rank, traced.depth)
    if traced.keyword_weight == 0:
        reasons = f"{meaning} by meaning, and words do not count"
    else:
        reasons = f"{meaning} by meaning and {_standing(one.keyword_rank, traced.depth)} by words"
    if one.hit.rerank_score is None:
        return reasons
    return f"{reasons}, {ordinal(one.fused_rank)} before the reranker"


def _standing(rank: int | None, depth: int) -> str:
    return f"not among the first {depth}" if rank is None else ordinal(rank)


def _verdict(
    traced: SearchTrace, file: ExpectedFile, steps: tuple[TraceStep, ...], lacking: tuple[str, ...]
) -> str:
    """One sentence: why the file is found, or what put it out and what would bring it back."""
    fatal = (
        ("indexed", "filters", "fusion", "search") if file.best else ("indexed", "filters", "words")
    )
    out = next((step for step in steps if not step.passed and step.name in fatal), None)
    if out is None and file.best is not None:
        shown = RankedHit(file.best, file.similarity_rank, file.keyword_rank, file.fused_rank or 1)
        reasons = _reasons(traced, shown)
        place, rank = file.best.chunk.location, ordinal(file.rank or 1)
        return f"{file.source} is found: {place} is the {rank} hit, {reasons}."
    if out is None or out.name in ("fusion", "search"):
        because = _outranked(traced, file, lacking)
    elif out.name == "indexed":
        because = f"it is not in the index ({out.detail})"
    else:
        because = f"it {out.detail}"
    return f"{file.source} is not found, because {because}."


def _outranked(traced: SearchTrace, file: ExpectedFile, lacking: tuple[str, ...]) -> str:
    """Why the best chunk is behind the hits."""
    best = file.best
    place = best.chunk.location if best else file.source
    meaning = (
        f"{ordinal(file.similarity_rank)} by meaning"
        if file.similarity_rank
        else "far off by meaning"
    )
    if traced.keyword_weight == 0:
        words = ""
    elif best is None or not best.keyword:
        words = " and holds none of the words"
    else:
        words = (
            f" and {ordinal(file.keyword_rank)} by words"
            if file.keyword_rank
            else " and far off by words"
        )
    lacks = f" (it lacks {', '.join(lacking)})" if lacking and best and best.keyword else ""
    if file.fused_rank is None:
        after = f"neither leg brings it among its {traced.depth} candidates"
    else:
        after = f"{ordinal(file.fused_rank)} after fusion"
        after += f" and {ordinal(file.rerank_rank)} after the reranker" if file.rerank_rank else ""
        after += f"; -k {file.rank} would show it"
    return f"its best chunk {place} is {meaning}{words}{lacks}: {after}"


def _noun(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
