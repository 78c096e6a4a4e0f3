"""ragkit reindex"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ragkit.allocator import limit_malloc_arenas
from ragkit.cli import ollama_options, options
from ragkit.cli.output import print_json, print_line, print_status
from ragkit.cli.progress import ProgressBar, print_report
from ragkit.types import StorageLocation

if TYPE_CHECKING:
    from ragkit.models import OllamaSettings


@click.command(short_help="Rebuild the index with another model.")
@options.db
@click.option(
    "--embedder",
    metavar="VENDOR/MODEL",
    help="The embedding model, such as ollama/embeddinggemma.  [default: that of the unfinished "
    "rebuild, else of the index]",
)
@click.option(
    "--chunk-tokens",
    type=click.IntRange(min=1),
    metavar="N",
    help="The longest chunk, in tokens of the model.  [default: as it is]",
)
@click.option(
    "--password", "passwords", multiple=True, metavar="WORD", help="For encrypted PDFs. Repeatable."
)
@click.option(
    "--drop-previous",
    cls=options.AliasedOption,
    aliases=["--drop-old"],
    is_flag=True,
    help="Drop the previous version at the end; alone: only that.",
)
@click.option("--drop-unfinished", is_flag=True, help="Give up a rebuild that was cut off.")
@options.wait
@ollama_options.ollama_embedding
@options.as_json
def command(
    db: str | StorageLocation | None,
    embedder: str | None,
    chunk_tokens: int | None,
    passwords: tuple[str, ...],
    drop_previous: bool,
    drop_unfinished: bool,
    wait_seconds: float,
    ollama: OllamaSettings,
    as_json: bool,
) -> int:
    """Rebuild the index with another embedding model or chunk size, beside the one that answers.
    The new version takes its place in one step when it is complete; if it is stopped, the same
    command goes on. The previous version is kept until --drop-previous.

    \b
    Examples:
      ragkit reindex --embedder ollama/embeddinggemma
      ragkit reindex --chunk-tokens 400
      ragkit reindex --drop-previous
    """
    from ragkit.index import Index

    limit_malloc_arenas()
    index = Index.open(db, ollama=ollama)
    waiting: dict[str, Any] = {"wait_seconds": wait_seconds, "on_wait": options.print_waiting}
    rebuild = bool(embedder or chunk_tokens or passwords) or not (drop_previous or drop_unfinished)
    if drop_unfinished:
        had = index.maintenance.drop_unfinished(**waiting)
        print_status("the unfinished rebuild is dropped" if had else "no rebuild is unfinished")
    if not rebuild:
        dropped = index.maintenance.drop_previous(**waiting) if drop_previous else False
        if as_json:
            dropped_unfinished = drop_unfinished and had
            print_json({"dropped_previous": dropped, "dropped_unfinished": dropped_unfinished})
        elif drop_previous:
            print_line(
                "the previous version is dropped" if dropped else "there is no previous version"
            )
        return 0
    with ProgressBar(quiet=as_json) as bar:
        report = index.maintenance.reindex(
            embedder,
            chunk_tokens=chunk_tokens,
            passwords=passwords,
            drop_previous=drop_previous,
            on_progress=bar,
            **waiting,
        )
    if as_json:
        print_json(report)
        return int(report.failed > 0)
    print_report(report)
    print_line(f"the index now answers with {index.manifest.embedder.name}")
    if not drop_previous:
        print_status(
            "the previous version is kept; `ragkit reindex --drop-previous` frees its space"
        )
    return 1 if report.failed else 0
