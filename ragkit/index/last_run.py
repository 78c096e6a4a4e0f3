"""What the last run that wrote an index did."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from ragkit.store import Store
from ragkit.types import IndexReport, LastRun

_KEY = "last_run"


def save_last_run(store: Store, command: str, report: IndexReport) -> None:
    """Keeps what a run did, under the lock it ran under."""
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    run = LastRun(command, finished, round(report.seconds, 3), report.counts)
    store.catalog.set(_KEY, asdict(run))
    store.catalog.maintain()


def load_last_run(store: Store) -> LastRun | None:
    """The last run, None when there was none. A run that saw from the snapshot alone that there
    was nothing to do is noted there."""
    stored = store.catalog.get(_KEY)
    if stored is None:
        return None
    from ragkit.ingest.snapshot import load_snapshot

    run, snapshot = LastRun(**stored), load_snapshot(store.location)
    if snapshot is None or snapshot.finished < run.finished:
        return run
    counts = {name: snapshot.report.get(name, 0) for name in run.counts}
    return LastRun("index", snapshot.finished, snapshot.seconds, counts)
