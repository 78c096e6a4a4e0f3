"""What becomes of an index in a bucket over its life: all that works on a folder works there, and
a network that fails in between loses and doubles nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import CommandLine
from doubles import CountingEmbedder

pytest.importorskip("moto", reason="moto is not installed")
pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")

from s3_server import MARKS, S3, Cut, rows, running, unreliable_proxy

from ragkit.errors import StorageError
from ragkit.index import Index
from ragkit.types import ChunkSettings

pytestmark = MARKS
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with running() as s3:
        s3.client.create_bucket(Bucket="life")
        yield s3


@pytest.fixture
def docs(write: Write, tmp_path: Path) -> Path:
    for number in range(12):
        write(f"{number}.md", f"# Note {number}\n\nThe walrus number {number} lives in hall two.")
    write("broken.pdf", b"%PDF-1.7\nnothing")
    return tmp_path / "docs"


def ledger(index: Index) -> list[tuple[str, str, int]]:
    return [(file.source, file.outcome, file.chunks) for file in index.files()]


def test_reindex_verify_repair_remove_and_filters_work_in_a_bucket(
    server: S3, docs: Path, embedder: CountingEmbedder
) -> None:
    place = server.at("s3://life/whole")
    index = Index.create(place, embedder=embedder)
    index.update(docs)
    before = rows(index)
    report = index.maintenance.reindex(embedder, chunk_tokens=ChunkSettings().tokens // 2)
    assert (report.added, report.failed) == (12, 1)
    assert rows(index) == before  # short files: the same chunks in another generation
    opened = Index.open(place)
    assert opened.status().versions.current != opened.status().versions.previous
    assert index.maintenance.drop_previous()
    assert Index.open(place).status().versions.previous is None

    index._connection.store.chunks._table.update(
        where="ordinal = 0", values={"text_hash": "0" * 32}
    )
    assert len(Index.open(place).maintenance.verify().issues) == 12
    assert not Index.open(place).maintenance.verify(repair=True).issues
    assert rows(Index.open(place)) == before

    gone = Index.open(place).remove(docs / "3.md")
    assert len(gone) == 1
    again = Index.open(place)
    assert len(again.files()) == 12
    found = again.search("walrus number 3", path="**/4.md")
    assert [Path(hit.chunk.source).name for hit in found] == ["4.md"]
    again.maintenance.optimize()
    assert len(Index.open(place).search("walrus", limit=20)) == 11


def test_the_command_line_tells_what_is_in_a_bucket(
    server: S3, docs: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = CommandLine(capsys)
    where = ["--db", "s3://life/told"]
    for key, value in server.options().items():
        where += ["--storage-option", f"{key}={value}"]
    assert run("index", docs, *where, "--embedder", "wordllama/l2_supercat_256").code == 1
    status = run("status", *where, "--json").json
    assert (status["files"]["indexed"], status["files"]["failed"]) == (12, 1)
    assert status["disk_usage"]["chunks"] > 0
    assert "indexed" in run("status", docs / "3.md", *where).out
    assert run("remove", docs / "3.md", *where).code == 0
    assert run("verify", *where).code == 0
    assert run("reindex", *where).code == 1  # the broken file
    assert run("search", "walrus number 5", "-k", "1", *where, "--json").json["hits"]


@pytest.mark.parametrize(
    ("first", "after"),
    [
        pytest.param(4, False, id="request lost at the start"),
        pytest.param(25, True, id="answer lost while reading"),
        pytest.param(45, False, id="request lost while writing"),
        pytest.param(60, True, id="answer lost while writing"),
    ],
)
def test_a_network_that_is_cut_loses_and_doubles_nothing(
    server: S3,
    docs: Path,
    embedder: CountingEmbedder,
    tmp_path: Path,
    first: int,
    after: bool,
) -> None:
    uri = f"s3://life/cut-{first}-{after}"
    Index.create(server.at(uri), embedder=embedder)
    cut = Cut(first, 3, after=after)
    with unreliable_proxy(server.port, cut) as port:
        index = Index.open(server.at(uri, port), embedder=embedder)
        with suppress(StorageError):
            index.update(docs)
        assert cut.requests > first
    mended = Index.open(server.at(uri), embedder=embedder)
    mended.update(docs)
    local = Index.create(tmp_path / "elsewhere" / ".ragkit", embedder=embedder)
    local.update(docs)
    assert rows(mended) == rows(local)
    assert ledger(mended) == [(str(docs / name), *rest) for name, *rest in _names(local)]
    assert not mended.maintenance.verify().issues


def _names(index: Index) -> list[tuple[str, str, int]]:
    return [(Path(source).name, outcome, chunks) for source, outcome, chunks in ledger(index)]
