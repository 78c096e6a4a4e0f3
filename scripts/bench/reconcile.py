"""The memory that reconciling takes: a generated listing of many files against a ledger of as many.

    python scripts/bench/reconcile.py [--files 5000000]

The ledger is made by a process of its own, in no order. Of the listing one file in a hundred has
changed, one in a thousand is gone and one in a thousand is new. Prints seconds and the peak memory
of the process that reconciles; exits 1 when that is above 1 GB.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from process_cost import run

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ragkit.ingest.reconcile import reconcile
from ragkit.ingest.work_plan import plan_work
from ragkit.store import Store
from ragkit.store.schema import FORMAT, file_schema
from ragkit.types import ChunkSettings, DiscoveredFile, Manifest, ModelIdentity

_LIMIT_MB = 1000
_BATCH = 50_000
_SEEN_NS = 10**18


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5_000_000)
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--compare", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.make, options.files)
    elif options.compare:
        print(json.dumps(compare(options.compare, options.files)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            place = str(Path(folder) / "index")
            command = [sys.executable, __file__, "--files", str(options.files)]
            run([*command, "--make", place])
            cost = run([*command, "--compare", place])
        print(f"{options.files} files: {cost.output.strip()}")
        print(f"{cost.seconds:.1f} s, {cost.cpu_seconds:.1f} CPU s, peak {cost.peak_mb:.0f} MB")
        raise SystemExit(cost.peak_mb > _LIMIT_MB)


def name(number: int) -> str:
    return f"archive/folder-{number // 1000:05}/document with a name {number:08}.md"


def make(place: str, files: int) -> None:
    """A ledger of so many files; each batch holds every n-th of them."""
    import pyarrow as pa

    manifest = Manifest(ModelIdentity("none/none", 8), ChunkSettings(), FORMAT)
    store = Store.create(place, manifest)
    schema = file_schema()
    step = max(1, files // _BATCH)

    def batches() -> Iterator[pa.RecordBatch]:
        for first in range(step):
            numbers = range(first, files, step)
            columns = {
                field.name: ["" if field.type == pa.string() else 0] * len(numbers)
                for field in schema
            }
            columns["source"] = [name(number) for number in numbers]
            columns["outcome"] = ["indexed"] * len(numbers)
            columns["size"] = columns["inode"] = list(numbers)
            columns["sha256"] = [f"{number:064x}" for number in numbers]
            columns["last_seen_ns"] = [_SEEN_NS] * len(numbers)
            yield pa.record_batch(columns, schema=schema)

    store.files._table.add(pa.RecordBatchReader.from_batches(schema, batches()))


def listing(files: int) -> Iterator[DiscoveredFile]:
    for number in range(files):
        source = name(number)
        if number % 1000 != 7:
            yield DiscoveredFile(source, source, number + (number % 100 == 3), 0, number)
        if number % 1000 == 9:
            yield DiscoveredFile(source + " copy", source + " copy", number, 0, number)


def compare(place: str, files: int) -> dict[str, int]:
    store = Store.open(place)
    decisions = reconcile(listing(files), store.files.fingerprints(), now_ns=time.time_ns())
    with plan_work(decisions) as scan:
        return {
            "unchanged": scan.counts["unchanged"],
            "due": scan.to_read_count,
            "gone": scan.gone_count,
        }


if __name__ == "__main__":
    main()
