"""ragkit status"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import click

from ragkit.cli import options
from ragkit.cli.output import file_size, plain, print_json, print_line, safe_line
from ragkit.errors import RagkitError
from ragkit.types import FileRecord, LastRun, VectorIndex

_EXAMPLES = 5
_KINDS = ("added", "updated", "moved", "removed", "unchanged", "skipped", "failed")


@click.command(short_help="What is indexed.")
@click.argument("path", required=False, type=click.Path())
@options.db
@options.as_json
def command(path: str | None, db: str | None, as_json: bool) -> None:
    """Show what is indexed, what is not, and why; of one file or folder with PATH.

    \b
    Examples:
      ragkit status
      ragkit status contracts/lease.pdf
      ragkit status --json | jq .problems
    """
    from ragkit.index import Index

    index = Index.open(db)
    files = index.files()
    if path is not None:
        _show_path(index, files, path, as_json)
        return
    summary = _summary(index, files)
    if as_json:
        print_json(summary)
        return
    print_line(f"index     {safe_line(index.uri)}")
    print_line(f"folders   {', '.join(map(safe_line, summary['roots'])) or 'none yet'}")
    print_line(f"embedder  {summary['manifest']['embedder']['name']}")
    _show_coverage(summary)
    threshold = summary["abstention_threshold"]
    if threshold is not None:
        print_line(f"floor     {threshold:.3f} evidence; below it `ask` gives no answer")
    print_line(f"search    {_how(index.vector_index)}")
    print_line(f"on disk   {_room(summary['bytes'])}")
    print_line(f"last run  {_run(index.last_run)}")
    generations = summary["versions"]
    if generations["previous"]:
        print_line("old       one generation kept; `ragkit reindex --drop-old` frees its space")
    if generations["unfinished"]:
        print_line("rebuild   unfinished; `ragkit reindex` goes on with it")
    _show_problems(summary)


def _show_path(index: Any, files: list[FileRecord], path: str, as_json: bool) -> None:
    """One file, or what lies below a folder."""
    source, within = index.find_records(path, files)
    if not within:
        raise RagkitError(f"{source} is not in the index: {index.explain_not_indexed(source)}")
    if len(within) == 1 and within[0].source == source:
        record = plain(within[0])
        if as_json:
            print_json(record)
            return
        record["seen"] = _time(record.pop("last_seen_ns"))
        record["modified"] = _time(record.pop("mtime_ns"))
        metadata = dict(record.pop("metadata"))
        for name, value in {**record, **metadata}.items():
            if value != "" and name != "inode":
                print_line(f"{safe_line(name).replace('_', ' '):<20}{safe_line(str(value))}")
        return
    summary = _coverage(within)
    if as_json:
        print_json({"path": source, **summary})
        return
    print_line(f"folder    {safe_line(source)}")
    _show_coverage(summary)
    _show_problems(summary)


def _time(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9).astimezone().isoformat(timespec="seconds")


def _run(run: LastRun | None) -> str:
    if run is None:
        return "none has ended yet"
    did = [f"{run.counts[kind]} {kind}" for kind in _KINDS if run.counts.get(kind)]
    when = datetime.fromisoformat(run.finished).astimezone()
    return (
        f"{run.command}, {when:%Y-%m-%d %H:%M}, {run.seconds:.1f} s: {', '.join(did) or 'no files'}"
    )


def _room(sizes: dict[str, int]) -> str:
    parts = ", ".join(f"{name} {file_size(size)}" for name, size in sizes.items())
    return f"{file_size(sum(sizes.values()))} ({parts})"


def _show_coverage(summary: dict[str, Any]) -> None:
    counts = summary["files"]
    print_line(f"files     {counts['indexed']} of {counts['discovered']} indexed")
    print_line(f"pages     {summary['pages']} ({summary['pages_without_text']} without text)")
    print_line(f"text      {summary['characters']:,} characters in {summary['chunks']:,} chunks")


def _show_problems(summary: dict[str, Any]) -> None:
    groups = defaultdict(list)
    for problem in summary["problems"]:
        groups[problem["outcome"], problem["reason"]].append(problem["source"])
    for (outcome, reason), sources in sorted(groups.items(), key=lambda row: -len(row[1])):
        note = "note" if outcome == "indexed" else outcome
        print_line()
        print_line(f"{note}, {len(sources)}: {safe_line(reason)}", bold=True)
        for source in sources[:_EXAMPLES]:
            print_line(f"  {safe_line(source)}")
        if len(sources) > _EXAMPLES:
            print_line(f"  ... and {len(sources) - _EXAMPLES} more: ragkit status --json")


def _how(found: VectorIndex | None) -> str:
    """How the nearest chunks are found, in one line."""
    if found is None:
        return "exact: every chunk is compared"
    if not found.kind:
        return f"exact: an index found {100 * found.recall:.1f} % of the 10 nearest chunks, too few"
    return (
        f"{found.kind} index: finds {100 * found.recall:.1f} % of the 10 nearest chunks, "
        f"measured at {found.rows:,}"
    )


def _summary(index: Any, files: list[FileRecord]) -> dict[str, Any]:
    generations, run = index.generations, index.last_run
    return {
        "index": index.uri,
        "roots": index.roots(),
        "manifest": plain(index.manifest),
        "abstention_threshold": index.floor,
        "vector_index": None if index.vector_index is None else plain(index.vector_index),
        "last_run": None if run is None else plain(run),
        "bytes": index.sizes(),
        "versions": {
            "current": generations.current,
            "previous": generations.previous,
            "unfinished": generations.unfinished,
        },
        **_coverage(files),
    }


def _coverage(files: list[FileRecord]) -> dict[str, Any]:
    outcomes = [file.outcome for file in files]
    return {
        "files": {
            "discovered": len(files),
            **{name: outcomes.count(name) for name in ("indexed", "skipped", "failed")},
        },
        "pages": sum(file.pages for file in files),
        "pages_without_text": sum(file.pages_without_text for file in files),
        "characters": sum(file.characters for file in files),
        "lost_characters": sum(file.lost_characters for file in files),
        "chunks": sum(file.chunks for file in files),
        "problems": [
            {"source": file.source, "outcome": file.outcome, "reason": file.reason}
            for file in files
            if file.reason
        ],
    }
