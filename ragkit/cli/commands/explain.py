"""ragkit explain"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ragkit.cli import ollama_options, options, search_options
from ragkit.cli.commands.ask import use_reranker, warn_if_leaving
from ragkit.cli.commands.search import hit_json
from ragkit.cli.output import plain, print_json, print_line, print_note, safe_line, shorten
from ragkit.cli.search_options import resolve_path

if TYPE_CHECKING:
    from ragkit.explain.report import Explanation, TraceStep
    from ragkit.explain.trace import ExpectedFile, SearchTrace
    from ragkit.models import OllamaSettings

_QUOTE_WIDTH = 120
_KINDS = ("words", "stems", "identifiers", "phrases")


@click.command(short_help="Say why a file is found, or why not.")
@options.question("query")
@click.option(
    "--expect",
    metavar="FILE",
    help="The file that should be found: its path, or the end of it.",
)
@options.db
@search_options.explain
@ollama_options.ollama_reading
@options.as_json
def command(
    query: str,
    expect: str | None,
    db: str | None,
    search: dict[str, Any],
    ollama: OllamaSettings,
    as_json: bool,
) -> None:
    """Show how a search for QUERY comes to its hits: the rank of each by similarity, by keywords,
    after fusion and after a reranker. With --expect, say whether that file is indexed, how far its
    best passage gets, and what puts it out.

    \b
    Examples:
      ragkit explain "backup test"
      ragkit explain "backup test" --expect handbook.md
      ragkit explain "termination notice" --expect contracts/lease.pdf --types pdf -k 10 --json
    """
    from ragkit.index import Index

    index = Index.open(db, ollama=ollama)
    resolve_path(index, search)
    use_reranker(index, search)
    warn_if_leaving(search.get("rerank"))
    explanation = index.explain(query, expect=expect, on_note=print_note, **search)
    if as_json:
        print_json(_explanation_json(explanation))
        return
    trace = explanation.trace
    _print_hits(trace)
    if trace.expected is not None:
        _print_steps(trace.expected, explanation)
    print_line()
    print_line(safe_line(explanation.verdict), bold=True)


def _print_hits(trace: SearchTrace) -> None:
    parts = [
        f"{kind}: {value if isinstance(value, str) else ', '.join(value)}"
        for kind in _KINDS
        if (value := getattr(trace.keyword_query, kind))
    ]
    print_line(f"query       {safe_line('; '.join(parts))}")
    print_line(
        f"candidates  {trace.candidates}: the {trace.depth} best by similarity of {trace.chunks}"
        + (
            f", the {trace.depth} best by keywords of {trace.matches}"
            if trace.keyword_weight or trace.keyword_query.phrases
            else ""
        )
    )
    if not trace.hits:
        return
    print_line()
    reranked = f"  {'fusion':>6}  {'rerank':>9}" if trace.reranked else ""
    print_line(
        f"{'hit':>4}  {'similarity':>10}  {'keywords':>8}  {'score':>6}{reranked}", bold=True
    )
    for number, one in enumerate(trace.hits, 1):
        place = safe_line(one.hit.chunk.location)
        print_line(
            f"{number:>4}  {_rank(one.similarity_rank):>10}  {_rank(one.keyword_rank):>8}  ", end=""
        )
        relevance = "-" if one.hit.rerank_score is None else f"{one.hit.rerank_score:.3g}"
        reranked = f"  {one.fused_rank:>6}  {relevance:>9}" if trace.reranked else ""
        print_line(f"{one.hit.score:>6.3f}{reranked}  {place}")


def _print_steps(file: ExpectedFile, explanation: Explanation) -> None:
    print_line()
    print_line(safe_line(file.source), bold=True)
    if file.best is not None:
        quote = safe_line(shorten(file.best.chunk.text, _QUOTE_WIDTH))
        print_line(f'   best passage: {safe_line(file.best.chunk.location)}  "{quote}"', dim=True)
    for step in explanation.steps:
        mark, colour = ("yes", "green") if step.passed else ("no", "red")
        print_line(f"   {mark:<4}", end="", fg=colour)
        print_line(f"{step.name:<10}  {_place(step)}{safe_line(step.detail)}")


def _place(step: TraceStep) -> str:
    if step.of is None:
        return ""
    return f"{_rank(step.rank)} of {step.of:,}: "


def _rank(rank: int | None) -> str:
    return "-" if rank is None else f"{rank:,}"


def _explanation_json(explanation: Explanation) -> dict[str, Any]:
    trace = explanation.trace
    file = trace.expected
    return {
        "query": trace.question,
        "keyword_query": plain(trace.keyword_query),
        "limit": trace.limit,
        "keyword_weight": trace.keyword_weight,
        "chunks": trace.chunks,
        "matches": trace.matches,
        "candidates": trace.candidates,
        "reranked": trace.reranked,
        "hits": [
            {
                **hit_json(one.hit),
                "similarity_rank": one.similarity_rank,
                "keyword_rank": one.keyword_rank,
                "fused_rank": one.fused_rank,
            }
            for one in trace.hits
        ],
        "expected": None
        if file is None
        else {
            "source": file.source,
            "found": explanation.found,
            "steps": plain(explanation.steps),
            "best": hit_json(file.best) if file.best else None,
            "similarity_rank": file.similarity_rank,
            "keyword_rank": file.keyword_rank,
            "fused_rank": file.fused_rank,
            "rerank_rank": file.rerank_rank,
            "missing_terms": list(explanation.missing_terms),
        },
        "verdict": explanation.verdict,
    }
