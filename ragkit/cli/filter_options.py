"""The options that restrict a search to some files, and what is said when none is left."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ragkit.cli import options
from ragkit.cli.output import safe_line

if TYPE_CHECKING:
    from ragkit.index import Index
    from ragkit.retrieval.filters import FilterOptions

Command = TypeVar("Command", bound=Callable[..., Any])
_SHOWN = 60  # characters of an expression on each side of what is wrong with it


def filters(command: Command) -> Command:
    """Adds --path, --types, --since, --until and --where, of which the command gets one argument,
    `filters`: those that were given, each checked."""

    @functools.wraps(command)
    def with_filters(*arguments: Any, **given: Any) -> Any:
        picked = {name: given.pop(name) for name in _OPTIONS}
        return command(
            *arguments, filters={name: one for name, one in picked.items() if one}, **given
        )

    wrapped: Any = with_filters
    for option in reversed(_OPTIONS.values()):
        wrapped = option(wrapped)
    return cast(Command, wrapped)


def why_nothing(index: Index, filters: FilterOptions) -> str:
    """Why the filters leave no file, "" when they leave some."""
    from ragkit.retrieval.filters import explain_no_match

    return explain_no_match(filters, index.files()) if filters else ""


def _checked(_ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    from ragkit.errors import FilterError
    from ragkit.retrieval.filters import FilterOptions, read_filters

    if parameter.name == "types":
        value = tuple(name for text in value for name in text.split(","))
    if value is None or value == ():
        return None
    try:
        read_filters(**cast(FilterOptions, {str(parameter.name): value}))
    except FilterError as error:
        pointed = _pointed(error.text, error.position)
        message = f"{safe_line(error.reason)}\n{pointed}"
        raise click.BadParameter(message, param=parameter) from error
    except ValueError as error:
        raise click.BadParameter(safe_line(str(error)), param=parameter) from error
    return value


def _pointed(text: str, position: int) -> str:
    """The expression, and below it a mark under the character at `position`."""
    at = position - 1
    start, end = max(0, at - _SHOWN), at + _SHOWN
    before = "..." * (start > 0) + safe_line(text[start:at])
    after = safe_line(text[at:end]) + "..." * (end < len(text))
    return f"  {before}{after}\n  {' ' * _columns(before)}^"


def _columns(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    marks = sum(unicodedata.combining(character) > 0 for character in text)
    return len(text) + wide - marks


def _option(*names: str, **how: Any) -> Callable[[Command], Command]:
    return click.option(*names, callback=_checked, **how)


_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "path": _option(
        "--path", metavar="GLOB", help="Only files that match, such as 'docs/**' or '*.pdf'."
    ),
    "types": _option(
        "--types",
        cls=options.AliasedOption,
        aliases=["--type"],
        multiple=True,
        metavar="TYPE",
        help='Only files of this format or ending, such as pdf or "pdf,md". Repeatable.',
    ),
    "since": _option(
        "--since",
        metavar="DATE",
        help="Only documents of this year, month or day (2024, 2024-03, 2024-03-05) or later: by "
        "the date they state, else by the time of their file.",
    ),
    "until": _option("--until", metavar="DATE", help="Only documents of this date or earlier."),
    "where": _option(
        "--where",
        metavar="EXPRESSION",
        help="Only files whose metadata fit, such as 'author = \"Kim Lee\" and tags has budget'. "
        "Operators: = != < <= > >= has like and or not.",
    ),
}
