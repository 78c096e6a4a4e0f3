"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ragkit.cli.output import print_status

if TYPE_CHECKING:
    pass

Command = TypeVar("Command", bound=Callable[..., Any])


class AliasedOption(click.Option):
    """An option that also has names of earlier versions, which no help shows."""

    def __init__(self, names: Sequence[str], aliases: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(names, **settings)
        self._aliases = aliases

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        shown = self.opts
        self.opts = [*shown, *self._aliases]
        try:
            super().add_to_parser(parser, ctx)
        finally:
            self.opts = shown


def gather(
    argument: str, added: dict[str, Callable[[Any], Any]], build: Callable[..., Any]
) -> Callable[[Command], Command]:
    """A decorator that adds options to a command: parameter name -> option. The command gets what
    `build` makes of their values as one `argument`."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_argument(*arguments: Any, **values: Any) -> Any:
            taken = {name: values.pop(name) for name in added}
            return command(*arguments, **{argument: build(**taken)}, **values)

        wrapped: Any = with_argument
        for option in reversed(added.values()):
            wrapped = option(wrapped)
        return cast(Command, wrapped)

    return decorate


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b|bytes)?", re.IGNORECASE)
_STORAGE_OPTIONS = "ragkit.storage_options"


def db(command: Command) -> Command:
    """Adds where the index is: the argument `db`, a path, or a `Location` where options for an
    object store are given."""
    named = click.option(
        "--db",
        metavar="PATH",
        callback=_locate,
        help="The index: a folder, or an address such as s3://bucket/notes. Default: RAGKIT_DB, "
        "else the nearest .ragkit folder.",
    )
    how = click.option(
        "--storage-option",
        multiple=True,
        metavar="KEY=VALUE",
        is_eager=True,
        expose_value=False,
        callback=_keep_storage_options,
        help="For object stores: endpoint, region, access_key_id, secret_access_key, allow_http, "
        "... Repeatable.  [default: the environment, such as AWS_ACCESS_KEY_ID]",
    )
    return named(how(command))


def _keep_storage_options(
    ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> None:
    pairs = [value.partition("=") for value in values]
    if not all(name.strip() and sign for name, sign, _ in pairs):
        raise click.BadParameter("write it as KEY=VALUE", param=parameter)
    ctx.meta[_STORAGE_OPTIONS] = tuple((name.strip(), value) for name, _, value in pairs)


def _locate(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
    kept = ctx.meta.get(_STORAGE_OPTIONS)
    if not kept:
        return value
    from ragkit.types import StorageLocation

    return StorageLocation(value or "", kept)


wait = click.option(
    "--wait-seconds",
    cls=AliasedOption,
    aliases=["--wait"],
    type=click.FloatRange(min=0),
    default=0,
    metavar="SECONDS",
    help="Wait for another ragkit that is writing this index.",
)


def print_waiting(holder: str) -> None:
    """Says for whom a command waits."""
    print_status(f"waiting for {holder} ...")


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def question(name: str) -> Callable[[Command], Command]:
    """The QUESTION argument: refused when blank."""
    return click.argument(name, metavar=name.upper(), callback=_not_blank)


def _not_blank(_ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("it is empty; write what you are looking for", param=parameter)
    return value


def set_options(**options: Any) -> dict[str, Any]:
    """The options a person gave, without those left at None."""
    return {name: value for name, value in options.items() if value is not None}


class Size(click.ParamType[int]):
    """Bytes as people write them: 200MB, "1.5 GB", 4096. 1 MB is a million, 1 MiB 2^20."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no size; write it as 200MB or 1.5GB", param, ctx)
        factor = 1024 if match[3] else 1000
        size = int(float(match[1]) * factor ** "bkmgt".index((match[2] or "b").lower()))
        if size < 1:
            self.fail("a size is at least one byte", param, ctx)
        return size
