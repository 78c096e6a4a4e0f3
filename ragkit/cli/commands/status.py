"""ragkit status"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragkit.cli import options
from ragkit.cli.output import file_size, plain, print_json, print_line, safe_line
from ragkit.errors import RagkitError
from ragkit.types import FileCounts, LastRun, Problem, VectorIndex

if TYPE_CHECKING:
    from ragkit.index import Index

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
    if path is not None:
        _show_path(index, path, as_json)
        return
    status = index.status()
    if as_json:
        print_json(status)
        return
    print_line(f"index     {safe_line(status.uri)}")
    print_line(f"folders   {', '.join(map(safe_line, status.indexed_paths)) or 'none yet'}")
    print_line(f"embedder  {status.manifest.embedder.name}")
    _show_files(status.files)
    if status.abstention_threshold is not None:
        print_line(
            f"threshold {status.abstention_threshold:.3f} evidence; below it `ask` gives no answer"
        )
    print_line(f"search    {_how(status.vector_index)}")
    print_line(f"on disk   {_room(status.disk_usage)}")
    print_line(f"last run  {_run(status.last_run)}")
    if status.versions.previous:
        print_line("previous  one version kept; `ragkit reindex --drop-previous` frees its space")
    if status.versions.unfinished:
        print_line("rebuild   unfinished; `ragkit reindex` goes on with it")
    _show_problems(status.problems)


def _show_path(index: Index, path: str, as_json: bool) -> None:
    """One file, or what lies below a folder."""
    records = index.files(path)
    if not records:
        raise RagkitError(index.explain_not_indexed(path))
    if len(records) == 1 and not Path(path).is_dir():
        record = plain(records[0])
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
    from ragkit.index.status import count_files, list_problems

    counts, problems = count_files(records), list_problems(records)
    if as_json:
        print_json({"path": path, "files": counts, "problems": problems})
        return
    print_line(f"folder    {safe_line(path)}")
    _show_files(counts)
    _show_problems(problems)


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


def _show_files(files: FileCounts) -> None:
    print_line(f"files     {files.indexed} of {files.discovered} indexed")
    print_line(f"pages     {files.pages} ({files.pages_without_text} without text)")
    print_line(f"text      {files.characters:,} characters in {files.chunks:,} chunks")


def _show_problems(problems: Sequence[Problem]) -> None:
    groups = defaultdict(list)
    for problem in problems:
        groups[problem.outcome, problem.reason].append(problem.source)
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
