"""ragkit verify"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ragkit.cli import ollama_options, options
from ragkit.cli.output import print_json, print_line, print_status, safe_line
from ragkit.types import IntegrityReport, StorageLocation

if TYPE_CHECKING:
    from ragkit.models import OllamaSettings

_MOST_FLAWS = 20


@click.command(short_help="Check every row of the index.")
@options.db
@click.option("--repair", is_flag=True, help="Read the files concerned again.")
@click.option(
    "--password", "passwords", multiple=True, metavar="WORD", help="For encrypted PDFs. Repeatable."
)
@options.wait
@ollama_options.ollama_embedding
@options.as_json
def command(
    db: str | StorageLocation | None,
    repair: bool,
    passwords: tuple[str, ...],
    wait_seconds: float,
    ollama: OllamaSettings,
    as_json: bool,
) -> int:
    """Check every row of the index: texts against their hashes, vectors for their length, chunks
    and records of files against each other. Exit 1 when something is wrong and not repaired.

    \b
    Examples:
      ragkit verify
      ragkit verify --repair
    """
    from ragkit.index import Index

    report = Index.open(db, ollama=ollama).maintenance.verify(
        repair=repair, passwords=passwords, wait_seconds=wait_seconds, on_wait=options.print_waiting
    )
    if as_json:
        print_json(report)
    else:
        _print(report, repair)
    return 1 if report.issues else 0


def _print(report: IntegrityReport, repair: bool) -> None:
    for flaw in report.issues[:_MOST_FLAWS]:
        print_status(f"{safe_line(flaw.source)}: {safe_line(flaw.reason)}", fg="red")
    if len(report.issues) > _MOST_FLAWS:
        print_status(f"... and {len(report.issues) - _MOST_FLAWS} more: ragkit verify --json")
    bad = len({flaw.source for flaw in report.issues})
    repaired = f", {len(report.repaired)} repaired" if report.repaired else ""
    print_line(
        f"{report.files} files, {report.chunks} chunks looked at in {report.seconds:.1f} s: "
        f"{bad or 'none'} damaged{repaired}"
    )
    if bad and repair:
        print_status("what is left is not on disk, or cannot be read: `ragkit remove` takes it out")
    elif bad:
        print_status("`ragkit verify --repair` reads the files concerned again")
