"""ragkit status"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import click

from ragkit.cli import options
from ragkit.cli.output import plain, safe_line, say, say_json
from ragkit.types import FileRecord, VectorIndex

_EXAMPLES = 5


@click.command(short_help="What is indexed.")
@options.db
@options.as_json
def command(db: str | None, as_json: bool) -> None:
    """Show what is indexed, what is not, and why.

    \b
    Examples:
      ragkit status
      ragkit status --json | jq .problems
    """
    from ragkit.index import Index

    index = Index.open(db)
    files = index.files()
    summary = _summary(index, files)
    if as_json:
        say_json(summary)
        return
    counts = summary["files"]
    say(f"index     {safe_line(index.uri)}")
    say(f"folders   {', '.join(map(safe_line, summary['roots'])) or 'none yet'}")
    say(f"embedder  {summary['manifest']['embedder']['name']}")
    say(f"files     {counts['indexed']} of {counts['discovered']} indexed")
    say(f"pages     {summary['pages']} ({summary['pages_without_text']} without text)")
    say(f"text      {summary['characters']:,} characters in {summary['chunks']:,} chunks")
    if summary["floor"] is not None:
        say(f"floor     {summary['floor']:.3f} evidence; below it `ask` gives no answer")
    say(f"search    {_how(index.vector_index)}")
    groups = defaultdict(list)
    for problem in summary["problems"]:
        groups[problem["outcome"], problem["reason"]].append(problem["source"])
    for (outcome, reason), sources in sorted(groups.items(), key=lambda row: -len(row[1])):
        note = "note" if outcome == "indexed" else outcome
        say()
        say(f"{note}, {len(sources)}: {safe_line(reason)}", bold=True)
        for source in sources[:_EXAMPLES]:
            say(f"  {safe_line(source)}")
        if len(sources) > _EXAMPLES:
            say(f"  ... and {len(sources) - _EXAMPLES} more: ragkit status --json")


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
    outcomes = [file.outcome for file in files]
    return {
        "index": index.uri,
        "roots": index.roots(),
        "manifest": plain(index.manifest),
        "files": {
            "discovered": len(files),
            **{name: outcomes.count(name) for name in ("indexed", "skipped", "failed")},
        },
        "pages": sum(file.pages for file in files),
        "pages_without_text": sum(file.pages_without_text for file in files),
        "characters": sum(file.characters for file in files),
        "characters_lost": sum(file.characters_lost for file in files),
        "chunks": sum(file.chunks for file in files),
        "floor": index.floor,
        "vector_index": None if index.vector_index is None else plain(index.vector_index),
        "problems": [
            {"source": file.source, "outcome": file.outcome, "reason": file.reason}
            for file in files
            if file.reason
        ],
    }
