"""ragkit remove"""

from __future__ import annotations

import click

from ragkit.cli import options
from ragkit.cli.output import print_json, print_line, print_status
from ragkit.types import StorageLocation


@click.command(short_help="Take files out of the index.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@options.db
@options.wait
@options.as_json
def command(
    paths: tuple[str, ...], db: str | StorageLocation | None, wait_seconds: float, as_json: bool
) -> None:
    """Take files, or all below folders, out of the index. The documents stay as they are.

    \b
    Examples:
      ragkit remove ~/notes/old
      ragkit remove draft.md letters
    """
    from ragkit.index import Index
    from ragkit.index.remove import still_below

    index = Index.open(db)
    removed = index.remove(*paths, wait_seconds=wait_seconds, on_wait=options.print_waiting)
    roots = index.indexed_paths()
    if as_json:
        print_json({"removed": removed, "roots": roots})
        return
    files = "1 file" if len(removed) == 1 else f"{len(removed)} files"
    print_line(f"{files} taken out of the index")
    if still_below(removed, roots):
        print_status(
            "some lie in a folder that is indexed: the next `ragkit index` takes them in again "
            "unless they are gone or .ragkitignore names them"
        )
