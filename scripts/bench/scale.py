"""The write path on a Ray cluster, its tables in an object store: the same rows, come what may.

    python scripts/bench/scale.py [--files 20000] [--only same killed frozen driver overhead
                                  waiting search] [--rounds 3]

Three nodes of a Ray cluster and an S3 server (moto), all on loopback. Each run is compared with a
plain one on this machine: ids, text hashes, vectors, ledger. `killed`: a node is killed in the
middle. `frozen`: a node is stopped and never goes on. `driver`: the run itself is killed and
started again. `overhead`: CPU seconds on one worker beside a plain run. `waiting`: a model that
only waits, eight workers beside one, all of which have worked before. `search`: the same table
from S3 and from the disk.
Ends with 1 when rows differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tree import make_tree

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))

from s3_server import S3, running  # noqa: E402

from ragkit.index import Index  # noqa: E402
from ragkit.store.schema import matrix  # noqa: E402
from ragkit.types import StorageLocation  # noqa: E402

warnings.filterwarnings("ignore", message="lancedb fork support")  # what is forked execs at once
LOOPBACK = "127.0.0.2"  # 127.0.0.1 is taken by Ray for a name of the outside address
_QUESTIONS = [f"note {number} on {number * 7}" for number in range(30)]
SECTIONS = ("same", "killed", "frozen", "driver", "overhead", "waiting", "search")


class Bench:
    """The documents, the servers, and what a plain run makes of the documents."""

    def __init__(self, work: Path, s3: S3, files: int, rounds: int) -> None:
        self.s3, self.rounds = s3, rounds
        self.work = work / "indexes"  # apart from the documents, whose names are absolute then
        self.docs = work / "docs"
        self.work.mkdir()
        make_tree(self.docs, files)
        self.files = files
        s3.client.create_bucket(Bucket="scale")
        self.wrong = 0
        started = time.perf_counter()
        self.plain = self.finish(self.start(str(self.work / "plain"), "wordllama", "local"))
        print(f"plain run: {self.plain['chunks']:,} chunks, {time.perf_counter() - started:.1f} s")
        self.expected = content(StorageLocation(str(self.work / "plain")))

    def place(self, name: str) -> StorageLocation:
        return self.s3.at(f"s3://scale/{name}")

    def start(self, place: str | StorageLocation, model: str, engine: str) -> subprocess.Popen[str]:
        location = place if isinstance(place, StorageLocation) else StorageLocation(place)
        options = [f"{key}={value}" for key, value in location.options]
        script = str(HERE / "scale_work.py")
        command = [sys.executable, script, location.uri, str(self.docs), model, engine, *options]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        )

    def finish(self, process: subprocess.Popen[str], seconds: float = 1200) -> dict[str, Any]:
        out, err = process.communicate(timeout=seconds)
        if process.returncode:
            sys.exit(f"the run ended with {process.returncode}:\n{err[-2000:]}")
        return dict(json.loads(out.splitlines()[-1]))

    def wait_for(self, process: subprocess.Popen[str], share: float) -> None:
        """Until the run has done this share of the files."""
        assert process.stderr is not None
        for line in process.stderr:
            if line.strip().isdigit() and int(line) >= share * self.files:
                return
        sys.exit("the run ended before it could be disturbed")

    def compare(self, title: str, place: StorageLocation, note: str) -> None:
        same = content(place) == self.expected
        self.wrong += not same
        print(f"{title}: {'same rows' if same else 'ROWS DIFFER'}; {note}", flush=True)


def same(bench: Bench) -> None:
    with cluster(3) as (address, _):
        place = bench.place("same")
        report = bench.finish(bench.start(place, "wordllama", address))
        bench.compare("three nodes", place, f"{report['seconds']:.1f} s")


def killed(bench: Bench) -> None:
    for number in range(bench.rounds):
        with cluster(3) as (address, nodes):
            place = bench.place(f"killed{number}")
            process = bench.start(place, "wordllama", address)
            bench.wait_for(process, 0.3)
            raylet(nodes[-1]).kill()
            report = bench.finish(process)
            bench.compare(f"a node killed ({number + 1})", place, f"{report['seconds']:.1f} s")


def frozen(bench: Bench) -> None:
    with cluster(3) as (address, nodes):
        place = bench.place("frozen")
        process = bench.start(place, "wordllama", address)
        bench.wait_for(process, 0.3)
        stopped = [raylet(nodes[-1]), *raylet(nodes[-1]).children(recursive=True)]
        for one in stopped:
            one.send_signal(signal.SIGSTOP)
        try:
            report = bench.finish(process)
        finally:
            for one in stopped:
                one.send_signal(signal.SIGCONT)
        bench.compare("a node frozen for good", place, f"{report['seconds']:.1f} s")


def driver(bench: Bench) -> None:
    with cluster(3) as (address, _):
        place = bench.place("driver")
        process = bench.start(place, "wordllama", address)
        bench.wait_for(process, 0.6)
        process.kill()
        process.communicate()
        held = len(Index.open(place).files())
        report = bench.finish(bench.start(place, "wordllama", address))
        note = (
            f"{held:,} files were committed; then {report['unchanged']:,} unchanged and "
            f"{report['embedded']:,} of {bench.plain['embedded']:,} chunks embedded"
        )
        bench.compare("driver killed and started again", place, note)


def overhead(bench: Bench) -> None:
    with cpu_seconds() as plain:
        bench.finish(bench.start(str(bench.work / "plain-again"), "wordllama", "local"))
    with cluster(1) as (address, _):
        place = str(bench.work / "one-worker")
        with cpu_seconds() as spread:
            bench.finish(bench.start(place, "wordllama", address))
        bench.compare(
            "one worker",
            StorageLocation(place),
            f"{spread():.1f} CPU s, plain {plain():.1f}: ratio {spread() / plain():.2f}",
        )


def waiting(bench: Bench) -> None:
    seconds = {}
    for workers in (1, 8):
        with cluster(1, cpus=workers) as (address, _):
            process = bench.start(str(bench.work / f"waiting{workers}"), "waiting", address)
            report = bench.finish(process)
            seconds[workers] = report["seconds"]
            print(
                f"a model that waits, {workers} workers: {seconds[workers]:.1f} s, and "
                f"{report['warming']:.1f} s before for {report['warmed']} files, with what starts",
                flush=True,
            )
    print(f"speed-up of 8 workers: {seconds[1] / seconds[8]:.2f}")


def search(bench: Bench) -> None:
    place = bench.place("search")
    bench.finish(bench.start(place, "wordllama", "local"))
    disk = StorageLocation(str(bench.work / "plain"))
    ways = {
        "the first of a process, by the vector index": (_first, False),
        "the first of a process, all vectors compared": (_first, True),
        "one after another": (_one_after_another, False),
    }
    for name, (way, exact) in ways.items():
        if not exact and way is _first and not Index.open(disk).status().vector_index:
            continue
        from_disk, from_s3 = (way(one, exact) for one in (disk, place))
        print(
            f"search, {name}: from the disk {from_disk * 1000:.1f} ms, from S3 "
            f"{from_s3 * 1000:.1f} ms (p50), ratio {from_s3 / from_disk:.2f}",
            flush=True,
        )


def _first(place: StorageLocation, exact: bool) -> float:
    """The median of searches each by an index just opened, as a command does it."""
    taken = []
    for question in _QUESTIONS[:9]:
        index = Index.open(place)
        _ = index.embedder
        started = time.perf_counter()
        index.search(question, exact=exact)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _one_after_another(place: StorageLocation, exact: bool) -> float:
    index = Index.open(place)
    for question in _QUESTIONS[:3]:
        index.search(question)
    taken = []
    for question in _QUESTIONS:
        started = time.perf_counter()
        index.search(question, exact=exact)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def content(place: StorageLocation) -> str:
    """Rows and ledger of an index, in order, without what is of one run only, as one hash."""
    index = Index.open(place)
    names = ["id", "text_hash", "text", "vector"]
    table = index._connection.store.chunks._table.search().select(names).to_arrow().sort_by("id")
    hashing = hashlib.sha256(matrix(table["vector"]).tobytes())
    for name in names[:-1]:
        hashing.update(json.dumps(table[name].to_pylist()).encode())
    files = [(f.source, f.outcome, f.reason, f.sha256, f.chunks) for f in index.files()]
    hashing.update(json.dumps(files).encode())
    return hashing.hexdigest()


def environment() -> dict[str, str]:
    paths = [str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


@contextmanager
def cluster(count: int, cpus: int = 1) -> Iterator[tuple[str, list[Any]]]:
    """The address and the nodes of a cluster; the first node is the head."""
    os.environ.update(environment(), RAY_USAGE_STATS_ENABLED="0", RAY_DISABLE_IMPORT_WARNING="1")
    from ray.cluster_utils import Cluster

    own = {"num_cpus": cpus, "include_dashboard": False, "node_ip_address": LOOPBACK}
    started = Cluster(initialize_head=True, head_node_args=own)
    try:
        nodes = [started.head_node]
        nodes += [
            started.add_node(num_cpus=cpus, node_ip_address=LOOPBACK) for _ in range(count - 1)
        ]
        started.wait_for_nodes()
        yield started.address, nodes
    finally:
        started.shutdown()


def raylet(node: Any) -> Any:
    import psutil

    return psutil.Process(node.all_processes["raylet"][0].process.pid)


@contextmanager
def cpu_seconds() -> Iterator[Callable[[], float]]:
    """What this process's descendants, alive or not, spend while the context lasts."""
    import ray  # noqa: F401, I001 - psutil comes with it
    import psutil

    def spent() -> float:
        total = sum(os.times()[2:4])
        for child in psutil.Process().children(recursive=True):
            try:
                total += sum(child.cpu_times()[:4])
            except psutil.Error:
                continue
        return total

    before, after = spent(), []
    yield lambda: after[0] - before
    after.append(spent())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work, running() as s3:
        bench = Bench(Path(work), s3, options.files, options.rounds)
        for name in options.only:
            globals()[name](bench)
    sys.exit(bool(bench.wrong))


if __name__ == "__main__":
    main()
