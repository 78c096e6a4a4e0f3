"""Options of a search and of an answer, filters among them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ragkit.cli.options import AliasedOption, gather, set_options
from ragkit.cli.output import safe_line

if TYPE_CHECKING:
    from ragkit.index import Index
    from ragkit.retrieval.filters import FilterOptions

Command = TypeVar("Command", bound=Callable[..., Any])
_FOLDER = re.compile(r"\.\.?(/\.\.?)*/?")
_SHOWN = 60  # characters of an expression on each side of what is wrong with it


def why_nothing(index: Index, given: Mapping[str, Any]) -> str:
    """Why the filters among the options leave no file, "" when they leave some."""
    from ragkit.retrieval.filters import explain_no_match

    filters = cast("FilterOptions", {name: given[name] for name in _FILTERS if name in given})
    return explain_no_match(filters, index.files()) if filters else ""


def resolve_path(index: Index, given: dict[str, Any]) -> None:
    """Makes the path among the options, which is meant where one stands, one of the index."""
    if "path" not in given:
        return
    from ragkit.retrieval.filters import glob_from

    here, base = (
        os.path.realpath(folder).replace(os.sep, "/") for folder in (".", index.base_folder)
    )
    path = given["path"]
    glob = str(Path(path).expanduser()) if path.startswith("~") else path
    if glob.startswith("/"):  # a link on the way has another name in the index
        folder, _, name = glob.rstrip("/").rpartition("/")
        if Path(folder).is_dir():
            glob = f"{os.path.realpath(folder)}/{name}" + "/" * glob.endswith("/")
    given["path"] = glob_from(glob, here, base, lambda: (file.source for file in index.files()))


def _checked(_ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    from ragkit.errors import FilterError
    from ragkit.retrieval.filters import FilterOptions, read_filters

    if parameter.name == "types":
        value = tuple(name for text in value for name in text.split(","))
    if value is None or value == ():
        return None
    if parameter.name == "path" and _FOLDER.fullmatch(value):
        return value  # a folder as seen from where one stands
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


_FILTERS: dict[str, Callable[[Any], Any]] = {
    "path": _option(
        "--path",
        metavar="GLOB",
        help="Only files that match, such as 'docs/**' or '*.pdf'; from where you stand, else from "
        "the folder of the index.",
    ),
    "types": _option(
        "--types",
        cls=AliasedOption,
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

limit = click.option(
    "-k",
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many passages to take.",
)
exact = click.option(
    "--exact", is_flag=True, help="Compare every vector, also where an index is quicker."
)
per_document = click.option(
    "--per-document",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many passages one file may give.  [default: 4]",
)
keyword_weight = click.option(
    "--keyword-weight",
    type=click.FloatRange(min=0.0),
    metavar="W",
    help="Weight of exact words beside meaning; 0 is cosine similarity alone.  [default: 0.5]",
)

min_score = click.option(
    "--min-score",
    type=click.FloatRange(0.0, 1.0),
    metavar="X",
    help="The evidence, 0 to 1, below which there is no answer; 0 always answers.  [default: the "
    "index's own threshold]",
)
supported_only = click.option(
    "--supported-only",
    cls=AliasedOption,
    aliases=["--strict"],
    is_flag=True,
    help="Leave out sentences that the passages do not support.",
)
rerank = click.option(
    "--rerank",
    metavar="MODEL",
    help="Let a chat model such as ollama/gemma3 read the first 20 passages and order them anew.  "
    "[default: off]",
)

_SEARCH = {"limit": limit, "keyword_weight": keyword_weight, "rerank": rerank, **_FILTERS}
# Each adds one argument: a dict of the parameters of `Index.search`, `Index.explain` or `Index.ask`
# that were given.
filters = gather("filters", _FILTERS, set_options)
search = gather("search", {**_SEARCH, "exact": exact}, set_options)
explain = gather("search", _SEARCH, set_options)
answer = gather(
    "answering",
    {
        **_SEARCH,
        "exact": exact,
        "min_score": min_score,
        "per_document": per_document,
        "supported_only": supported_only,
    },
    set_options,
)
