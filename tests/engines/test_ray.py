"""Promises of the Ray engine, on a cluster of three nodes on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from doubles import CountingEmbedder
from ray_work import Picky, die_on_three, double, fail_on_three, sleep_once, slow_double

from ragkit.engines.ray import RayEngine
from ragkit.errors import EmbeddingError, LoadError, RagkitError
from ragkit.index import Index
from ragkit.ingest.distributed_embedder import DistributedEmbedder
from ragkit.models import OllamaSettings
from ragkit.models.wordllama import WordLlamaEmbedder

ray = pytest.importorskip("ray", reason="the extra 'ray' is not installed")
psutil = pytest.importorskip("psutil")  # comes with Ray

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]

TESTS = Path(__file__).parents[1]
LOOPBACK = "127.0.0.2"  # 127.0.0.1 is taken by Ray for a name of the outside address
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    environment = pytest.MonkeyPatch()
    environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
    environment.setenv("PYTHONPATH", str(TESTS))  # the nodes must find `ray_work`
    own = {"num_cpus": 1, "include_dashboard": False, "node_ip_address": LOOPBACK}
    started = Cluster(initialize_head=True, head_node_args=own)
    nodes = [started.add_node(num_cpus=1, node_ip_address=LOOPBACK) for _ in range(2)]
    started.wait_for_nodes()
    yield started, nodes
    ray.shutdown()
    started.shutdown()
    environment.undo()


@pytest.fixture
def engine(cluster: Any) -> RayEngine:
    return RayEngine(cluster[0].address, late_seconds=3)


def test_each_index_comes_once_whatever_the_order(engine: RayEngine) -> None:
    results = dict(engine.imap(double, range(20)))
    assert results == {number: number * 2 for number in range(20)}
    assert list(engine.imap(double, [])) == []


def test_an_error_is_the_result_of_its_task_alone(engine: RayEngine) -> None:
    results = dict(engine.imap(fail_on_three, range(6)))
    assert isinstance(results.pop(3), ValueError)
    assert results == {number: number for number in (0, 1, 2, 4, 5)}


def test_a_task_that_kills_its_worker_fails_alone(engine: RayEngine) -> None:
    results = dict(engine.imap(die_on_three, range(6)))
    assert isinstance(results.pop(3), LoadError)
    assert results == {number: number for number in (0, 1, 2, 4, 5)}


def test_a_second_copy_ends_what_the_first_never_does(engine: RayEngine, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    tasks = [(mark, number) for number in range(4)]
    assert sorted(engine.imap(sleep_once, tasks)) == [(n, n) for n in range(4)]


def test_tasks_are_pulled_as_there_is_room(engine: RayEngine) -> None:
    pulled: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(1000):
            pulled.append(number)
            yield number

    results = engine.imap(double, tasks())
    next(results)
    assert len(pulled) <= 3 * engine.slots
    results.close()


def test_stop_ends_it(engine: RayEngine) -> None:
    results = engine.imap(double, range(100))
    next(results)
    engine.stop()
    with pytest.raises(RagkitError, match="stopped"):
        list(results)


@pytest.mark.parametrize("taken", [{"cpus_per_task": -1}, {"cpus_per_task": 0}])
def test_a_task_takes_something(taken: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="takes some"):
        RayEngine(**taken)  # type: ignore[arg-type]


def test_no_cluster_is_said_soon() -> None:
    if ray.is_initialized():
        ray.shutdown()
    with pytest.raises(RagkitError, match="RAY_AUTH_MODE"):
        list(RayEngine("127.0.0.1:1").imap(double, [1]))


def test_spread_vectors_are_those_of_the_model_in_order(engine: RayEngine) -> None:
    texts = [f"text number {number}" for number in range(100)]
    spread = DistributedEmbedder(WordLlamaEmbedder(), engine, OllamaSettings())
    assert np.array_equal(spread.embed_documents(texts), WordLlamaEmbedder().embed_documents(texts))


def test_texts_without_a_vector_are_named_by_their_place(engine: RayEngine) -> None:
    texts = [f"text {'forbidden' if number in (7, 70) else number}" for number in range(100)]
    with pytest.raises(EmbeddingError) as caught:
        DistributedEmbedder(Picky(), engine, OllamaSettings()).embed_documents(texts)
    assert set(caught.value.refused) == {7, 70}
    assert np.array_equal(
        caught.value.vectors[80:], WordLlamaEmbedder().embed_documents(texts[80:])
    )


def rows(index: Index) -> list[tuple[Any, ...]]:
    table = index._connection.store.chunks._table.to_arrow().sort_by("id")
    columns = [name for name in table.column_names if name != "_rowid"]
    return list(zip(*(table[name].to_pylist() for name in columns), strict=True))


def ledger(index: Index) -> list[tuple[Any, ...]]:
    return [(f.source, f.outcome, f.reason, f.sha256, f.chunks) for f in index.files()]


def test_an_index_made_through_ray_is_the_one_made_here(
    engine: RayEngine, write: Write, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    for number in range(60):
        write(f"n{number}.md", f"# Note {number}\n\nIt says {number * 7} and nothing else.")
    write("broken.pdf", b"%PDF-1.7 broken")
    write("empty.txt", "")
    there = Index.create(tmp_path / "there" / ".ragkit", embedder=WordLlamaEmbedder())
    here = Index.create(tmp_path / "here" / ".ragkit", embedder=WordLlamaEmbedder())
    report = there.update(tmp_path / "docs", engine=engine, files_per_task=7)
    assert report.added == 60
    here.update(tmp_path / "docs")
    assert (rows(there), ledger(there)) == (rows(here), ledger(here))
    write("n1.md", "# Note 1\n\nIt says something else now.")
    (tmp_path / "docs" / "n2.md").unlink()
    report = there.update(engine=engine)
    here.update()
    assert (report.updated, report.removed, report.embedded) == (1, 1, 1)
    assert (rows(there), ledger(there)) == (rows(here), ledger(here))
    assert there.update().unchanged == 59
    assert there.search("something else", limit=1)[0].chunk.source.endswith("n1.md")


# Last: they cost the cluster two of its nodes.


def test_a_node_that_dies_loses_no_task(engine: RayEngine, cluster: Any) -> None:
    started, nodes = cluster
    results = engine.imap(slow_double, range(12))
    first = next(results)
    started.remove_node(nodes[0], allow_graceful=False)
    assert dict([first, *results]) == {number: number * 2 for number in range(12)}


def test_a_frozen_node_is_not_waited_for(engine: RayEngine, cluster: Any) -> None:
    raylet = psutil.Process(cluster[1][1].all_processes["raylet"][0].process.pid)
    frozen = [raylet, *raylet.children(recursive=True)]
    results = engine.imap(slow_double, range(12))
    first = next(results)
    for process in frozen:
        process.suspend()
    try:
        assert dict([first, *results]) == {number: number * 2 for number in range(12)}
    finally:
        for process in frozen:
            process.resume()
