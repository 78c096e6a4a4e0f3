"""ragkit search"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ragkit.cli import options
from ragkit.cli.filtering import filters as filter_options
from ragkit.cli.filtering import why_nothing
from ragkit.cli.output import safe, safe_line, say, say_json, tell
from ragkit.types import Hit

if TYPE_CHECKING:
    from ragkit.models import Servers
    from ragkit.query.filters import FilterOptions


@click.command(short_help="Find passages.")
@options.question("query")
@options.db
@options.limit
@options.keyword_weight
@filter_options
@options.question_server
@options.as_json
def command(
    query: str,
    db: str | None,
    limit: int | None,
    keyword_weight: float | None,
    filters: FilterOptions,
    servers: Servers,
    as_json: bool,
) -> None:
    """Print the passages that fit QUERY best, by meaning and by exact words.

    \b
    Examples:
      ragkit search "backup test"
      ragkit search "termination notice" -k 10 --path 'contracts/**'
      ragkit search "open questions" --type md --since 2024-03 --where 'tags has budget'
      ragkit search ERR-4012 --json
    """
    from ragkit.index import Index

    index = Index.open(db, servers=servers)
    given = options.given(limit=limit, keyword_weight=keyword_weight)
    hits = index.search(query, **given, **filters)
    if as_json:
        say_json({"query": query, "hits": [hit_json(hit) for hit in hits]})
        return
    for number, hit in enumerate(hits, 1):
        if number > 1:
            say()
        say(f"{number}. {safe_line(hit.chunk.location)}", bold=True)
        parts = [f"score {hit.score:.3f}", f"meaning {hit.similarity:.3f}"]
        if hit.keyword:
            parts.append(f"words {hit.keyword:.2f}")
        say(f"   {', '.join(parts)}{_under(hit.chunk.heading)}", dim=True)
        say("\n".join(f"   {line}" for line in safe(hit.chunk.text).splitlines()))
    if not hits:
        why = why_nothing(index, filters)
        tell("nothing found" + (f": {safe_line(why)}" if why else ""))


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
        "text": chunk.text,
    }
