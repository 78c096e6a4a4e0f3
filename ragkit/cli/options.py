"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ragkit.cli.output import print_status

if TYPE_CHECKING:
    from ragkit.types import Engine


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
    argument: str, added: dict[str, Callable[[Any], Any]], build: Callable[[dict[str, Any]], Any]
) -> Callable[[Command], Command]:
    """A decorator that adds options to a command: parameter name -> option. The command gets what
    `build` makes of their values as one `argument`."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_argument(*arguments: Any, **values: Any) -> Any:
            taken = {name: values.pop(name) for name in added}
            return command(*arguments, **{argument: build(taken)}, **values)

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


def set_options(options: dict[str, Any]) -> dict[str, Any]:
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


_ENGINE_OPTIONS = {
    "name": click.option(
        "--engine",
        "name",
        type=click.Choice(["local", "ray"]),
        default="local",
        show_default=True,
        help="Where the work is done: this machine, or a Ray cluster.",
    ),
    "address": click.option(
        "--ray-address",
        "address",
        metavar="HOST:PORT",
        help="The Ray cluster; 'auto' for the one this machine belongs to.  [default: RAY_ADDRESS, "
        "else a Ray of its own on this machine]",
    ),
    "cpus": click.option(
        "--cpus-per-task",
        "cpus",
        type=click.FloatRange(min=0),
        metavar="N",
        help="With Ray: how much of a node a task takes.  [default: 1]",
    ),
    "gpus": click.option(
        "--gpus-per-task",
        "gpus",
        type=click.FloatRange(min=0),
        metavar="N",
        help="With Ray: how many GPUs a task takes, such as 0.5.  [default: 0]",
    ),
}


def _engine(
    name: str, address: str | None, cpus: float | None = None, gpus: float | None = None
) -> Engine | None:
    if name == "local":
        if address or cpus is not None or gpus is not None:
            raise click.UsageError(
                "--ray-address, --cpus-per-task and --gpus-per-task go with --engine ray"
            )
        return None
    from ragkit.engines.ray import RayEngine

    try:
        return RayEngine(
            address,
            cpus_per_task=1 if cpus is None else cpus,
            gpus_per_task=0 if gpus is None else gpus,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error


# Where the work runs: the argument `engine`, None for this machine.
engine = gather("engine", _ENGINE_OPTIONS, lambda given: _engine(**given))
cluster = gather(
    "engine",
    {name: _ENGINE_OPTIONS[name] for name in ("name", "address")},
    lambda given: _engine(**given),
)
files_per_task = click.option(
    "--files-per-task",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many files a worker gets at a time; aim at one to ten seconds of work.",
)
