"""ragkit map"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ragkit.cli import ollama_options, options, search_options
from ragkit.cli.output import print_json, print_line, safe_line
from ragkit.errors import RagkitError

if TYPE_CHECKING:
    from ragkit.models import OllamaSettings
    from ragkit.retrieval.filters import FilterOptions


@click.command(short_help="Draw the passages as a map.")
@click.option("--out", metavar="FILE.html", required=True, help="The page to write.")
@click.option("--query", metavar="QUERY", help="Show where this lies, and its hits.")
@click.option(
    "--points",
    cls=options.AliasedOption,
    aliases=["--most"],
    type=click.IntRange(min=1),
    metavar="N",
    help="Draw at most N passages, spread evenly.  [default: 4000]",
)
@options.db
@search_options.limit
@search_options.filters
@ollama_options.ollama_query
@options.as_json
def command(
    out: str,
    query: str | None,
    points: int | None,
    db: str | None,
    limit: int | None,
    filters: FilterOptions,
    ollama: OllamaSettings,
    as_json: bool,
) -> None:
    """Draw the index in two dimensions: a point for each passage, near where its meaning is near,
    in the colour of its document. Point at one to read it; drag, turn the wheel, pick documents.

    The page is one file that loads nothing and connects to nothing.

    \b
    Examples:
      ragkit map --out map.html
      ragkit map --out map.html --query "backup test" --path 'operations/**'
    """
    path = Path(out)
    if path.suffix.lower() not in (".html", ".htm"):
        raise click.BadParameter(f"{out}: name a .html file", param_hint="--out")
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}", param_hint="--out")
    if query is not None and not query.strip():
        raise click.BadParameter("it is empty; write what to look for", param_hint="--query")

    from ragkit.index import Index
    from ragkit.map import draw_map
    from ragkit.map.page import map_page

    index = Index.open(db, ollama=ollama)
    search_options.resolve_path(index, cast("dict[str, Any]", filters))
    drawn = draw_map(
        index, query=query, **options.set_options({"limit": limit, "points": points}), **filters
    )
    page = map_page(drawn, f"ragkit map of {index.uri}")
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise RagkitError(f"{path} cannot be written: {error.strerror}") from error
    if as_json:
        print_json(
            {
                "out": str(path),
                "points": len(drawn.chunks),
                "chunks": drawn.total,
                "hits": len(drawn.hits),
                "kept_neighbours": drawn.preserved_neighbours,
            }
        )
        return
    of = f" of {drawn.total:,}" if len(drawn.chunks) < drawn.total else ""
    print_line(f"{safe_line(str(path))}: {len(drawn.chunks):,}{of} passages")
