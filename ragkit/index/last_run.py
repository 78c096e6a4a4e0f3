"""What the last run that wrote an index did."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, datetime

from ragkit.store import Store
from ragkit.types import IndexReport, LastRun

_KEY = "last_run"


def save_last_run(store: Store, what: str, report: IndexReport) -> None:
    """Keeps what a run did, under the lock it ran under."""
    counts = {f.name: getattr(report, f.name) for f in fields(report) if f.type == "int"}
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    run = LastRun(what, finished, round(report.seconds, 3), counts)
    store.catalog.set(_KEY, asdict(run))
    store.catalog.maintain()


def load_last_run(store: Store) -> LastRun | None:
    """The last run, None when none is kept. One that only looked, and found nothing to do, has
    noted that on the seal."""
    kept = store.catalog.get(_KEY)
    if kept is None:
        return None
    from ragkit.ingest.snapshot import load_snapshot

    run, seal = LastRun(**kept), load_snapshot(store.location)
    if seal is None or seal.finished < run.finished:
        return run
    counts = {name: seal.report.get(name, 0) for name in run.counts}
    return LastRun("index", seal.finished, seal.seconds, counts)
