"""ragkit index"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ragkit.allocator import limit_malloc_arenas
from ragkit.cli import ollama_options, options
from ragkit.cli.output import print_json, print_line, print_status, safe_line
from ragkit.cli.progress import ProgressBar, print_report
from ragkit.errors import RagkitError
from ragkit.paths import index_location
from ragkit.types import Engine, IndexReport, ModelIdentity, StorageLocation, is_remote

if TYPE_CHECKING:
    from ragkit.index import Index
    from ragkit.models import OllamaSettings

_WATCH_WAIT_SECONDS = 3600.0  # another run on the same index is waited for


@click.command(short_help="Index folders.")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@options.db
@click.option(
    "--embedder",
    metavar="VENDOR/MODEL",
    help="For a new index: the embedding model, such as ollama/embeddinggemma.",
)
@click.option("--include", multiple=True, metavar="GLOB", help="Only files that match. Repeatable.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="No files that match. Repeatable.")
@click.option("--hidden", is_flag=True, help="Also files and folders whose name starts with a dot.")
@click.option(
    "--password", "passwords", multiple=True, metavar="WORD", help="For encrypted PDFs. Repeatable."
)
@click.option(
    "--max-file-size",
    "max_file_bytes",
    type=options.Size(),
    default="200MB",
    show_default=True,
    metavar="SIZE",
    help="Skip larger files, and report them. Such as 500kB, 1GB.",
)
@click.option(
    "--ocr/--no-ocr",
    default=None,
    help="Read scanned pages and pictures, some seconds a page; kept for later runs.",
)
@click.option(
    "--allow-empty", is_flag=True, help="Go on even if that takes every file out of the index."
)
@options.wait
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--watch", is_flag=True, help="Go on after every change, until Ctrl-C.")
@ollama_options.ollama_embedding
@options.engine
@options.files_per_task
@click.option("--strict", is_flag=True, help="Exit 1 if a file was skipped, too.")
@options.as_json
def command(
    paths: tuple[str, ...],
    db: str | StorageLocation | None,
    embedder: str | None,
    wait_seconds: float,
    dry_run: bool,
    watch: bool,
    ollama: OllamaSettings,
    engine: Engine | None,
    files_per_task: int | None,
    strict: bool,
    as_json: bool,
    **selection: Any,
) -> int:
    """Index folders and files, or bring the index up to date with them: new, changed, moved and
    deleted files. Cheap when nothing changed. Without PATH, all that was indexed before.

    \b
    Examples:
      ragkit index ~/notes
      ragkit index docs contracts --exclude '*.log'
      ragkit index ~/notes --dry-run
      ragkit index ~/scans --ocr
      ragkit index ~/notes --db notes.index --embedder ollama/embeddinggemma
      ragkit index s3://bucket/docs --db s3://bucket/index --engine ray --ray-address auto
    """
    from ragkit.ingest.roots import parse_root

    if watch and (dry_run or as_json):
        raise click.UsageError("--watch goes with neither --dry-run nor --json")
    for path in paths:
        root = parse_root(path)
        if isinstance(root, Path) and not os.path.lexists(root):
            # Before an index is made for a typo.
            raise RagkitError(f"no such file or folder: {path}")
    if dry_run:
        del selection["passwords"], selection["max_file_bytes"]
        _print_plan(_plan(db, paths, selection), as_json)
        return 0
    done = None if watch else _nothing_to_do(db, paths, embedder, ollama, selection)
    if done is not None:
        return _ended(done, strict, as_json)
    limit_malloc_arenas()
    index = _open_or_create(db, embedder, ollama, bool(paths))
    work = {"engine": engine, "files_per_task": files_per_task, **selection}
    if watch:
        print_status("watching for changes; Ctrl-C ends it")
        for report in index.watch(*paths, wait_seconds=wait_seconds or _WATCH_WAIT_SECONDS, **work):
            if report.added or report.updated or report.moved or report.removed or report.failed:
                print_report(report)
        return 0
    with ProgressBar(quiet=as_json) as bar:
        report = index.update(
            *paths,
            wait_seconds=wait_seconds,
            on_progress=bar,
            on_wait=options.print_waiting,
            **work,
        )
    return _ended(report, strict, as_json)


def _ended(report: IndexReport, strict: bool, as_json: bool) -> int:
    """Says what a run did; the exit code."""
    if as_json:
        print_json(report)
    else:
        print_report(report)
    return 1 if report.failed or (strict and report.skipped) else 0


def _nothing_to_do(
    db: str | StorageLocation | None,
    paths: tuple[str, ...],
    embedder: str | None,
    ollama: OllamaSettings,
    selection: dict[str, Any],
) -> IndexReport | None:
    """The report of a run that finds nothing changed, without loading LanceDB or a model."""
    from ragkit.ingest.roots import FileSelection
    from ragkit.ingest.snapshot import report_if_unchanged
    from ragkit.models import resolve_embedder

    if selection["passwords"]:
        return None
    chosen = FileSelection(selection["include"], selection["exclude"], selection["hidden"])

    def identity_of(name: str) -> ModelIdentity:
        return resolve_embedder(embedder or name, replace(ollama, pull=False)).identity

    return report_if_unchanged(
        index_location(db or ""),
        paths,
        chosen,
        selection["max_file_bytes"],
        identity_of,
        ocr=selection["ocr"],
    )


def _open_or_create(
    db: str | StorageLocation | None, embedder: str | None, ollama: OllamaSettings, has_paths: bool
) -> Index:
    """The index that is there, or a new one, of which it says so and why it has that model."""
    from ragkit import store
    from ragkit.errors import IndexMismatchError, IndexNotFoundError
    from ragkit.index import Index
    from ragkit.index.compatibility import reindex_command
    from ragkit.models import ModelChoice, choose_embedder

    place = index_location(db or "")
    if store.index_exists(place):
        index = Index.open(place, ollama=ollama)
        built = index.manifest.embedder.name
        if embedder is not None and embedder != built:
            raise IndexMismatchError(
                f"the index at {place.uri} was built with {built}; rebuild it with the other "
                f"model: {reindex_command(place.uri, embedder)}"
            )
    else:
        if not has_paths:
            raise IndexNotFoundError(f"no index at {place.uri}; name a folder: ragkit index FOLDER")
        choice = ModelChoice(embedder, "named") if embedder else choose_embedder(ollama)
        index = Index.create(place, embedder=choice.name, ollama=ollama)
        print_status(
            f"new index {safe_line(index.uri)}, embeddings by {choice.name} ({choice.why})"
        )
    if is_remote(index.embedder):
        print_status(f"texts are sent to another machine for embedding: {index.embedder.name}")
    return index


def _plan(
    db: str | StorageLocation | None, paths: tuple[str, ...], selection: dict[str, Any]
) -> Any:
    """What an update would look at; for an index that is not there yet, everything is new."""
    from ragkit import store
    from ragkit.index import Index
    from ragkit.index.update import plan_new
    from ragkit.ingest.roots import FileSelection

    place = index_location(db or "")
    chosen = {name: selection[name] for name in ("include", "exclude", "hidden")}
    if store.index_exists(place):
        return Index.open(place).plan(*paths, **chosen)
    return plan_new(place, *paths, selection=FileSelection(**chosen))


def _print_plan(planned: dict[str, list[str]], as_json: bool) -> None:
    if as_json:
        print_json(planned)
        return
    for kind, sources in planned.items():
        if kind != "unchanged":
            for source in sources:
                print_line(f"{kind}: {safe_line(source)}")
    counts = ", ".join(f"{len(sources)} {kind}" for kind, sources in planned.items())
    print_line(counts or "no files")
