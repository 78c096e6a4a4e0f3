"""ragkit remove"""

from __future__ import annotations

import click

from ragkit.cli import options
from ragkit.cli.output import say, say_json, tell
from ragkit.types import Location


@click.command(short_help="Take files out of the index.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@options.db
@options.wait
@options.as_json
def command(paths: tuple[str, ...], db: str | Location | None, wait: float, as_json: bool) -> None:
    """Take files, or all below folders, out of the index. The documents stay as they are.

    \b
    Examples:
      ragkit remove ~/notes/old
      ragkit remove draft.md letters
    """
    from ragkit.index import Index
    from ragkit.index.removing import still_below

    index = Index.open(db)
    removed = index.remove(*paths, wait_seconds=wait, on_wait=options.tell_wait)
    roots = index.roots()
    if as_json:
        say_json({"removed": removed, "roots": roots})
        return
    files = "1 file" if len(removed) == 1 else f"{len(removed)} files"
    say(f"{files} taken out of the index")
    if still_below(removed, roots):
        tell(
            "some lie in a folder that is indexed: the next `ragkit index` takes them in again "
            "unless they are gone or .ragkitignore names them"
        )
