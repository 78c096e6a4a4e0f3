"""ragkit search"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from ragkit.cli import ollama_options, options, search_options
from ragkit.cli.commands.ask import use_reranker, warn_if_leaving
from ragkit.cli.output import (
    linked,
    path_of,
    plain,
    print_json,
    print_line,
    print_note,
    print_status,
    safe,
    safe_line,
)
from ragkit.cli.search_options import resolve_path, why_nothing
from ragkit.types import Hit

if TYPE_CHECKING:
    from ragkit.models import OllamaSettings


@click.command(short_help="Find passages.")
@options.question("query")
@options.db
@search_options.search
@click.option(
    "--context-lines",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    help="Show N lines before and after each passage, as they were indexed.",
)
@ollama_options.ollama_reading
@options.as_json
def command(
    query: str,
    db: str | None,
    search: dict[str, Any],
    context_lines: int,
    ollama: OllamaSettings,
    as_json: bool,
) -> None:
    """Print the passages that fit QUERY best, by meaning and by exact words.

    \b
    Examples:
      ragkit search "backup test"
      ragkit search "termination notice" -k 10 --path 'contracts/**'
      ragkit search "open questions" --types md --since 2024-03 --where 'tags has budget'
      ragkit search ERR-4012 --context-lines 3
      ragkit search ERR-4012 --json
    """
    from ragkit.index import Index

    index = Index.open(db, ollama=ollama)
    resolve_path(index, search)
    use_reranker(index, search)
    warn_if_leaving(search.get("rerank"))
    hits = index.search(query, on_note=print_note, **search)
    around = index.context_lines(hits, context_lines)
    if as_json:
        pairs = zip(hits, around, strict=True)
        shown = [hit_json(hit) | (plain(lines) if context_lines else {}) for hit, lines in pairs]
        print_json({"query": query, "hits": shown})
        return
    for number, (hit, lines) in enumerate(zip(hits, around, strict=True), 1):
        if number > 1:
            print_line()
        place = linked(hit.chunk.location, path_of(hit.chunk.source, index.base_folder))
        print_line(f"{number}. {place}", bold=True)
        parts = [f"score {hit.score:.3f}", f"similarity {hit.similarity:.3f}"]
        if hit.rerank_score is not None:
            parts.insert(0, f"rerank {hit.rerank_score:.3g}")
        if hit.keyword:
            parts.append(f"keywords {hit.keyword:.2f}")
        if hit.document_score:
            parts.append(f"document {hit.document_score:.2f}")
        print_line(f"   {', '.join(parts)}{_under(hit.chunk.heading)}", dim=True)
        _print_lines(lines.before, dim=True)
        _print_lines(hit.chunk.table_header.splitlines(), dim=True)
        _print_lines([hit.chunk.text])
        _print_lines(lines.after, dim=True)
    if not hits:
        why = why_nothing(index, search)
        print_status("nothing found" + (f": {safe_line(why)}" if why else ""))


def _print_lines(lines: Iterable[str], *, dim: bool = False) -> None:
    for line in lines:
        for shown in safe(line).splitlines() or [""]:
            print_line(f"   {shown}" if shown else "", dim=dim)


def _under(heading: str) -> str:
    return f"   {safe_line(heading)}" if heading else ""


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit as the JSON that the contract promises."""
    chunk = hit.chunk
    return {
        "source": chunk.source,
        "location": chunk.location,
        "page": chunk.page,
        "lines": [chunk.first_line, chunk.last_line],
        "span": [chunk.start, chunk.end],
        "heading": chunk.heading,
        "score": hit.score,
        "similarity": hit.similarity,
        "keyword": hit.keyword,
        "document_score": hit.document_score,
        "rerank_score": hit.rerank_score,
        "table_header": chunk.table_header,
        "text": chunk.text,
    }
