"""What the last run that wrote an index did."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from ragkit.store import Store
from ragkit.types import IndexReport, LastRun

_KEY = "last_run"
_COUNTS = (
    *("added", "updated", "moved", "removed", "unchanged", "skipped", "failed"),
    *("chunks", "embedded", "reused"),
)


def save_last_run(store: Store, what: str, report: IndexReport) -> None:
    """Stores what a run did; to be called under its lock."""
    counts = {name: getattr(report, name) for name in _COUNTS}
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    run = LastRun(what, finished, round(report.seconds, 3), counts)
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
