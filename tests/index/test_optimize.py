"""Folding an index together, here and on a cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine
from doubles import CountingEmbedder

from ragkit.index import Index

Write = Callable[..., Path]


def fragments(index: Index) -> int:
    return int(index._connection.store.chunks._table.stats()["fragment_stats"]["num_fragments"])


def found(index: Index, question: str) -> list[tuple[str, int, float]]:
    hits = index.search(question, limit=5)
    return [(hit.chunk.source, hit.chunk.ordinal, round(hit.score, 5)) for hit in hits]


def test_pieces_are_folded_together_and_nothing_else_changes(
    index: Index, write: Write, tmp_path: Path
) -> None:
    for number in range(4):
        write(f"{number}.md", f"# Note {number}\n\nOtters swim in hall {number}.")
        index.update(tmp_path / "docs")
    before = found(index, "otters in hall 2")
    assert fragments(index) > 1
    assert index.maintenance.optimize() is False
    assert fragments(index) == 1
    assert found(index, "otters in hall 2") == before


def test_the_command_says_what_it_did(
    home: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    run = CommandLine(capsys)
    assert run("optimize").code == 1  # no index
    write("a.md", "# A\n\nText.")
    run("index", "docs", "--embedder", "wordllama/l2_supercat_256")
    done = run("optimize")
    assert done.code == 0
    assert "optimized" in done.out


@pytest.mark.ray
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_builds_the_indices_that_a_machine_does(
    tmp_path: Path, write: Write, embedder: CountingEmbedder
) -> None:
    pytest.importorskip("lance_ray", reason="the extra 'ray-index' is not installed")
    import ray

    from ragkit.engines.ray import RayEngine

    for number in range(20):
        text = "\n\n".join(
            f"# Part {part}\n\nOtters number {number * part} swim in hall {part}."
            for part in range(15)
        )
        write(f"{number}.md", text)
    index = Index.create(tmp_path / ".ragkit", embedder=embedder, chunk_tokens=16)
    index.update(tmp_path / "docs")
    before = found(index, "otters number 42")
    try:
        assert index.maintenance.optimize(engine=RayEngine(), least_chunks=1) is True
        assert found(Index.open(tmp_path / ".ragkit"), "otters number 42") == before
        assert index.update().unchanged == 20
    finally:
        ray.shutdown()
