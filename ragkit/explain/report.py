"""Why a search finds its hits, and why not a file that was expected (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ragkit.explain.trace import ExpectedFile, RankedHit, SearchTrace
from ragkit.language.detect import detect_language
from ragkit.language.tokens import function_terms, terms, tokenize
from ragkit.types import Hit

StepName = Literal[
    "indexed",
    "filters",
    "similarity",
    "keywords",
    "fusion",
    "reranking",
    "search",
    "folding",
    "ask",
]


@dataclass(frozen=True, slots=True)
class TraceStep:
    """A step and whether the file passed it; a ranking has the `rank` of the file among `of`."""

    name: StepName
    passed: bool
    detail: str
    rank: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A search, step by step. `steps` are those of the expected file, empty when there is none;
    `missing_terms` the words of the question that its best chunk does not hold; `verdict` is one
    sentence: why the file is found, or why not."""

    trace: SearchTrace
    steps: tuple[TraceStep, ...]
    missing_terms: tuple[str, ...]
    verdict: str

    @property
    def found(self) -> bool | None:
        """Whether `search` finds the expected file; None when there is none."""
        file = self.trace.expected
        if file is None:
            return None
        return file.rank is not None and file.rank <= self.trace.limit


def explain(trace: SearchTrace) -> Explanation:
    """The steps and the verdict of a trace search."""
    file = trace.expected
    if file is None:
        return Explanation(trace, (), (), _verdict_of_search(trace))
    missing = missing_query_terms(trace.question, file.best) if file.best else ()
    steps = tuple(_steps(trace, file, missing))
    return Explanation(trace, steps, missing, _verdict(trace, file, steps, missing))


def missing_query_terms(question: str, hit: Hit) -> tuple[str, ...]:
    """The content words of a question, as written, that are neither in a chunk nor in its headings
    nor in the name of its file."""
    chunk = hit.chunk
    chunk_terms = set(terms(f"{chunk.source} {chunk.heading} {chunk.table_header} {chunk.text}"))
    function = function_terms(detect_language(question))
    words = {
        token.term: question[token.start : token.end]
        for token in reversed(tokenize(question))
        if token.term not in function
    }
    return tuple(word for term, word in reversed(words.items()) if term not in chunk_terms)


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, `11th`, `1,201st`"""
    last = number % 10
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(last, "th")
    return f"{number:,}{ending}"


def _steps(trace: SearchTrace, file: ExpectedFile, missing: tuple[str, ...]) -> Iterator[TraceStep]:
    """The steps of a file up to the one after which it cannot be found any more."""
    yield _indexed(file)
    if file.record is None or not file.record.chunks:
        return
    if file.failing:
        yield TraceStep("filters", False, f"does not pass {', '.join(file.failing)}")
        return
    best = file.best
    if best is None:
        phrases = ", ".join(f'"{phrase}"' for phrase in trace.keyword_query.phrases)
        yield TraceStep("keywords", False, f"does not hold {phrases} word for word")
        return
    yield _similarity(trace, file, best)
    yield _keywords(trace, file, best, missing)
    yield _fusion(trace, file, best)
    if trace.reranked:
        yield _reranking(trace, file, best)
    found = file.rank is not None and file.rank <= trace.limit
    yield TraceStep("search", found, f"takes the first {trace.limit}", file.rank, trace.candidates)
    yield from _asking(trace, file)


def _indexed(file: ExpectedFile) -> TraceStep:
    record = file.record
    if record is None:
        return TraceStep("indexed", False, file.not_indexed_reason)
    reason = f": {record.reason}" if record.reason else ""
    if not record.chunks:
        return TraceStep("indexed", False, f"{record.outcome}{reason or ': it holds no text'}")
    lost = f" (note{reason})" if reason else ""
    noun = "chunk" if record.chunks == 1 else "chunks"
    return TraceStep("indexed", True, f"{record.chunks} {noun}{lost}")


def _similarity(trace: SearchTrace, file: ExpectedFile, best: Hit) -> TraceStep:
    passed = file.similarity_rank is not None and file.similarity_rank <= trace.depth
    detail = f"cosine {best.similarity:.3f}{_compared(trace, 'similarity')}"
    return TraceStep("similarity", passed, detail, file.similarity_rank, trace.chunks)


def _keywords(
    trace: SearchTrace, file: ExpectedFile, best: Hit, missing: tuple[str, ...]
) -> TraceStep:
    lacks = f"; lacks {', '.join(missing)}" if missing else ""
    if trace.keyword_weight == 0 and not trace.keyword_query.phrases:
        return TraceStep("keywords", False, "do not count with keyword weight 0")
    if not best.keyword:
        return TraceStep("keywords", False, f"holds none of the words{lacks}", None, trace.matches)
    passed = file.keyword_rank is not None and file.keyword_rank <= trace.depth
    detail = f"{best.keyword:.2f} of the best match{lacks}"
    return TraceStep("keywords", passed, detail, file.keyword_rank, trace.matches)


def _fusion(trace: SearchTrace, file: ExpectedFile, best: Hit) -> TraceStep:
    if file.fused_rank is None:
        detail = f"not among the {trace.depth} best by similarity or by keywords"
        return TraceStep("fusion", False, detail, None, trace.candidates)
    detail = f"score {best.score:.3f}{_compared(trace, 'score')}"
    if best.document_score:
        detail += f"; its document's name and opening weigh {best.document_score:.2f}"
    return TraceStep("fusion", True, detail, file.fused_rank, trace.candidates)


def _reranking(trace: SearchTrace, file: ExpectedFile, best: Hit) -> TraceStep:
    if best.rerank_score is None:
        detail = f"the reranker reads the first {trace.reranked} only"
        return TraceStep("reranking", False, detail, None, trace.reranked)
    detail = f"relevance {best.rerank_score:.3g}{_compared(trace, 'rerank_score')}"
    return TraceStep("reranking", True, detail, file.rerank_rank, trace.reranked)


def _asking(trace: SearchTrace, file: ExpectedFile) -> Iterator[TraceStep]:
    count = len(trace.passages)
    if file.passage is None:
        detail = f"not among the hits that become {count} passages"
        yield TraceStep("folding", False, detail, None, count)
        return
    into = f"folded into {file.folded_into}, a copy" if file.folded_into else "shown"
    yield TraceStep("folding", True, into, file.passage, count)
    taken = file.passage <= trace.ask_limit
    yield TraceStep("ask", taken, f"reads the first {trace.ask_limit}", file.passage, count)


def _compared(trace: SearchTrace, field: str) -> str:
    """The values of the first and the last hit, to compare with."""
    if not trace.hits:
        return ""
    values = [v for one in trace.hits if (v := getattr(one.hit, field)) is not None]
    last = f", the {ordinal(len(values))} hit {values[-1]:.3f}" if len(values) > 1 else ""
    return f" (the first hit has {values[0]:.3f}{last})"


def _verdict_of_search(trace: SearchTrace) -> str:
    if not trace.hits:
        if trace.chunks and trace.keyword_query.phrases:
            return "Nothing is found, because no chunk holds every quoted phrase word for word."
        return "Nothing is found, because no indexed file with text passes the filters."
    first = trace.hits[0]
    return f"{first.hit.chunk.location} comes first: {_reasons(trace, first)}."


def _reasons(trace: SearchTrace, one: RankedHit) -> str:
    beyond = f"not among the first {trace.depth}"
    similarity = _standing(one.similarity_rank, beyond)
    keyword = _standing(one.keyword_rank, beyond)
    if trace.keyword_weight == 0:
        reasons = f"{similarity} by similarity, and keywords do not count"
    else:
        reasons = f"{similarity} by similarity and {keyword} by keywords"
    if one.hit.rerank_score is None:
        return reasons
    return f"{reasons}, {ordinal(one.fused_rank)} before the reranker"


def _standing(rank: int | None, beyond: str = "far off") -> str:
    return beyond if rank is None else ordinal(rank)


def _verdict(
    trace: SearchTrace, file: ExpectedFile, steps: tuple[TraceStep, ...], missing: tuple[str, ...]
) -> str:
    """Why the file is found, or which step lost it and what would bring it back."""
    best = file.best
    if best is None:
        lost = steps[-1]
        if lost.name == "indexed":
            return f"{file.source} is not found, because it is not in the index ({lost.detail})."
        return f"{file.source} is not found, because it {lost.detail}."
    if file.rank is None or file.rank > trace.limit:
        reason = _why_outranked(trace, file, best, missing)
        return f"{file.source} is not found, because its best chunk {reason}."
    ranked = RankedHit(best, file.similarity_rank, file.keyword_rank, file.fused_rank or 1)
    place, reasons = best.chunk.location, _reasons(trace, ranked)
    return f"{file.source} is found: {place} is the {ordinal(file.rank)} hit, {reasons}."


def _why_outranked(
    trace: SearchTrace, file: ExpectedFile, best: Hit, missing: tuple[str, ...]
) -> str:
    reason = f"{best.chunk.location} is {_standing(file.similarity_rank)} by similarity"
    if trace.keyword_weight and not best.keyword:
        reason += " and holds none of the words"
    elif trace.keyword_weight:
        reason += f" and {_standing(file.keyword_rank)} by keywords"
        reason += f" (it lacks {', '.join(missing)})" if missing else ""
    if file.fused_rank is None:
        return f"{reason}: neither ranking has it among its {trace.depth} candidates"
    reason += f": {ordinal(file.fused_rank)} after fusion"
    if file.rerank_rank:
        reason += f" and {ordinal(file.rerank_rank)} after the reranker"
    return f"{reason}; -k {file.rank} would show it"
