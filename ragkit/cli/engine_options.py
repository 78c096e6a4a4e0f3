"""Options that say where the work of indexing runs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from ragkit.types import Engine

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = {
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


def engine(command: Command) -> Command:
    """Adds where the work runs: the arguments `engine`, None for this machine, and
    `files_per_task`, None for the usual number."""
    wrapped: Any = click.option(
        "--files-per-task",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many files a worker gets at a time; aim at one to ten seconds of work.",
    )(_with_engine(command, tuple(_OPTIONS)))
    return cast(Command, _add(wrapped, tuple(_OPTIONS)))


def cluster(command: Command) -> Command:
    """Adds which engine builds indices: the argument `engine`, None for this machine."""
    names = ("name", "address")
    return cast(Command, _add(_with_engine(command, names), names))


def _with_engine(command: Command, names: tuple[str, ...]) -> Any:
    @functools.wraps(command)
    def with_engine(*arguments: Any, **given: Any) -> Any:
        taken = {name: given.pop(name) for name in names}
        return command(*arguments, engine=_engine(**taken), **given)

    return with_engine


def _add(wrapped: Any, names: tuple[str, ...]) -> Any:
    for name in reversed(names):
        wrapped = _OPTIONS[name](wrapped)
    return wrapped


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
