"""ragkit help"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from importlib.resources import files

import click

from ragkit.cli.output import print_error, print_line, safe

_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
_UNDERLINES = {"#": "=", "##": "-"}


@click.command(short_help="Explain a topic.")
@click.argument("topic", required=False)
@click.pass_context
def command(ctx: click.Context, topic: str | None) -> int:
    """Explain TOPIC; without one, list the topics. The name of a command shows its options.

    \b
    Examples:
      ragkit help
      ragkit help retrieval
      ragkit help ask
    """
    pages = _pages()
    if topic is None:
        width = max(map(len, pages)) + 2
        for name, text in pages.items():
            print_line(f"{name:<{width}}{text.splitlines()[0].lstrip('# ')}")
        print_line("\nragkit help TOPIC prints one; ragkit COMMAND --help lists options.")
        return 0
    name = topic.lower()
    if name in pages:
        click.echo_via_pager("\n".join(_plain_text(safe(pages[name]))) + "\n")
        return 0
    root = ctx.find_root()
    commands = root.command if isinstance(root.command, click.Group) else click.Group()
    if described := commands.get_command(root, name):
        print_line(described.get_help(click.Context(described, root, info_name=name)))
        return 0
    names = [*pages, *commands.list_commands(root)]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'? " if near else ""
    print_error(f"no topic '{topic}'; {hint}`ragkit help` lists the topics")
    return 2


def _pages() -> dict[str, str]:
    """Topic -> page in Markdown, whose first line is its title."""
    folder = files("ragkit") / "docs"
    found = {page.name: page for page in folder.iterdir() if page.name.endswith(".md")}
    return {name[:-3]: found[name].read_text(encoding="utf-8") for name in sorted(found)}


def _plain_text(page: str) -> Iterator[str]:
    """The lines of a page without the marks that only a renderer of Markdown needs."""
    in_code = False
    table: list[str] = []
    for line in [*page.splitlines(), ""]:
        if line.startswith("```"):
            in_code = not in_code
        elif in_code:
            yield f"  {line}".rstrip()
        elif line.startswith("|"):
            table.append(line)
        else:
            yield from _table(table)
            table = []
            marks, _, title = _LINK.sub(_link_text, line).partition(" ")
            if marks in _UNDERLINES:
                yield from (title, _UNDERLINES[marks] * len(title))
            else:
                yield _LINK.sub(_link_text, line)


def _table(lines: list[str]) -> Iterator[str]:
    """The rows of a table with their columns aligned; nothing for no rows."""
    if not lines:
        return
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, ["-" * width for width in widths], *rows):
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def _link_text(link: re.Match[str]) -> str:
    return f"{link[1]} ({link[2]})" if "://" in link[2] else link[1]
