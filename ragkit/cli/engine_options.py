"""Options that say where the work of indexing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ragkit.cli.options import gather

if TYPE_CHECKING:
    from ragkit.types import Engine

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
engine = gather("engine", _OPTIONS, _engine)
cluster = gather("engine", {name: _OPTIONS[name] for name in ("name", "address")}, _engine)
files_per_task = click.option(
    "--files-per-task",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many files a worker gets at a time; aim at one to ten seconds of work.",
)
