"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

db = click.option(
    "--db",
    metavar="PATH",
    help="The index: a folder. Default: RAGKIT_DB, else the nearest .ragkit folder.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
limit = click.option(
    "-k",
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many passages to take.",
)
keyword_weight = click.option(
    "--keyword-weight",
    type=click.FloatRange(min=0.0),
    metavar="W",
    help="Weight of exact words beside meaning; 0 is cosine similarity alone.  [default: 0.5]",
)
path = click.option(
    "--path", metavar="GLOB", help="Only files that match, such as 'docs/**' or '*.pdf'."
)


def question(name: str) -> Callable[[Command], Command]:
    """The QUESTION argument: refused when blank."""
    return click.argument(name, metavar=name.upper(), callback=_not_blank)


def _not_blank(_ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("it is empty; write what you are looking for", param=parameter)
    return value


def given(**options: Any) -> dict[str, Any]:
    """The options a person gave, without those left at None."""
    return {name: value for name, value in options.items() if value is not None}
