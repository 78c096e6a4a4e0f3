"""ragkit optimize"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from ragkit.cli import options
from ragkit.cli.output import print_line, print_status

if TYPE_CHECKING:
    from ragkit.types import Engine, StorageLocation


@click.command(short_help="Compact an index.")
@options.db
@options.wait
@options.cluster
def command(db: str | StorageLocation | None, wait_seconds: float, engine: Engine | None) -> None:
    """Compact what updates have left in pieces, build indices that are due, and drop
    versions that nobody reads any more. `ragkit index` does this by itself when it is worth it.

    With --engine ray the indices of 10,000,000 chunks or more are built anew by the cluster (with
    lance-ray and pylance); below that one machine is quicker, and does it.

    \b
    Examples:
      ragkit optimize
      ragkit optimize --db s3://bucket/index --engine ray --ray-address auto
    """
    from ragkit.index import Index
    from ragkit.store.distributed import LEAST_ROWS

    index = Index.open(db)
    started = time.monotonic()
    spread = index.maintenance.optimize(engine=engine, wait_seconds=wait_seconds)
    if engine is not None and not spread:
        print_status(f"done on this machine: that is quicker below {LEAST_ROWS:,} chunks")
    print_line(f"optimized in {time.monotonic() - started:.1f} s")
