"""A changed chunker or loader has the files concerned read again, and no text embedded again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from doubles import CountingEmbedder

from ragkit.engines.local import LocalEngine
from ragkit.index import Index
from ragkit.ingest.loader_version import (
    CHUNKER_VERSION,
    LOADER_VERSIONS,
    loader_fingerprint,
    loader_version,
    loaders_version,
    needs_reload,
)
from ragkit.ingest.roots import FileSelection
from ragkit.ingest.snapshot import report_if_unchanged
from ragkit.loading import LOADERS
from ragkit.paths import index_location
from ragkit.types import FileFingerprint, FileRecord, IndexReport

INDEXED = FileFingerprint("a.txt", "indexed")
SKIPPED = FileFingerprint("b.pdf", "skipped", "encrypted")
FAILED = FileFingerprint("c.pdf", "failed", "damaged")
NOW = loader_fingerprint(1000)
LIMIT = 200 * 1000 * 1000


@pytest.fixture
def docs(write: Callable[..., Path], tmp_path: Path) -> Path:
    write("a.md", "# Walrus\n\nThe walrus lives in the north.")
    write("b.md", "# Oyster\n\nAn oyster lies on the shore.")
    write("c.txt", "A carpenter walks beside the sea.")
    write("d.py", "print('the time has come')\n")
    write("e.bin", b"\x00\x01\x02" * 50)
    (tmp_path / "docs" / "outside").symlink_to("/etc/hostname")
    return tmp_path / "docs"


def update(index: Index, docs: Path) -> IndexReport:
    return index.update(docs, engine=LocalEngine(workers=0))


def age(index: Index, records: Iterable[FileRecord], **versions: int | str) -> None:
    """Makes an index look as if these files had been read by older code."""
    index._connection.store.files.write([replace(record, **versions) for record in records])
    index._connection.store.chunks.set_reading_versions(0, 0)


def reopened(index: Index, embedder: CountingEmbedder) -> Index:
    embedder.asked.clear()
    return Index.open(index.uri, embedder=embedder)


def test_every_loader_has_a_version() -> None:
    assert set(LOADER_VERSIONS) == set(LOADERS)


def test_rows_and_manifest_name_what_read_them(index: Index, docs: Path) -> None:
    update(index, docs)
    rows = {record.source: record for record in index.files()}
    assert rows["docs/a.md"].loader_version == loader_version("md")
    assert rows["docs/d.py"].loader_version == loader_version("txt")
    assert rows["docs/e.bin"].loader_version == loader_version()
    assert rows["docs/outside"].loader_version == ""
    assert rows["docs/a.md"].chunker_version == CHUNKER_VERSION
    assert index.manifest.chunker_version == CHUNKER_VERSION
    assert index.manifest.loader_version == loaders_version()


def test_a_new_chunker_reads_every_file_again_and_embeds_nothing(
    index: Index, docs: Path, embedder: CountingEmbedder
) -> None:
    first = update(index, docs)
    age(index, index.files(), chunker_version=CHUNKER_VERSION - 1)
    index = reopened(index, embedder)
    report = update(index, docs)
    assert (report.updated, report.added, report.skipped) == (4, 0, first.skipped)
    assert (report.embedded, report.reused) == (0, first.chunks)
    assert embedder.asked == []
    assert Index.open(index.uri, embedder=embedder).manifest.chunker_version == CHUNKER_VERSION
    assert update(index, docs).unchanged == 4


def test_a_changed_loader_reads_its_own_files_again(
    index: Index, docs: Path, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(index, docs)
    monkeypatch.setitem(LOADER_VERSIONS, "md", 99)
    index = reopened(index, embedder)
    planned = index.plan(docs)
    assert planned["unchanged"] == ["docs/c.txt", "docs/d.py"]
    report = update(index, docs)
    assert (report.updated, report.unchanged, report.embedded) == (2, 2, 0)
    assert embedder.asked == []
    assert {r.loader_version for r in index.files() if r.source.endswith(".md")} == {"md/99"}


def test_a_run_that_was_stopped_goes_on_with_the_other_files(index: Index, docs: Path) -> None:
    update(index, docs)
    some = [record for record in index.files() if record.source in ("docs/a.md", "docs/d.py")]
    age(index, some, chunker_version=CHUNKER_VERSION - 1)
    report = update(index, docs)
    assert (report.updated, report.unchanged, report.embedded) == (2, 2, 0)


def test_the_look_at_the_folders_alone_sees_a_changed_loader(
    index: Index, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look() -> IndexReport | None:
        place, model = index_location(index.uri), index.manifest.embedder
        return report_if_unchanged(place, [docs], FileSelection(), LIMIT, lambda _: model)

    update(index, docs)
    assert look() is not None
    monkeypatch.setitem(LOADER_VERSIONS, "txt", 99)
    assert look() is None
    assert update(index, docs).updated == 2
    assert look() is not None


def test_a_rebuild_leaves_files_it_took_over_to_the_next_run(index: Index, docs: Path) -> None:
    update(index, docs)
    age(index, index.files(), chunker_version=CHUNKER_VERSION - 1)
    (docs / "a.md").rename(docs.parent / "a.md")
    index.maintenance.reindex(chunk_tokens=100)
    (docs.parent / "a.md").rename(docs / "a.md")
    assert update(index, docs).updated >= 1
    assert {r.chunker_version for r in index.files() if r.outcome == "indexed"} == {CHUNKER_VERSION}


@pytest.mark.parametrize(
    ("before", "passwords", "due"),
    [
        pytest.param(NOW, False, set(), id="nothing differs"),
        pytest.param(None, False, set(), id="nothing is known"),
        pytest.param(None, True, {"b.pdf"}, id="a password"),
        pytest.param(loader_fingerprint(999), False, {"b.pdf"}, id="another limit"),
        pytest.param({**NOW, "libraries": ["x"]}, False, {"b.pdf"}, id="another program"),
        pytest.param({**NOW, "loaders": 0}, False, set(), id="new loaders: the rows say which"),
    ],
)
def test_files_that_were_skipped_are_read_when_more_can_be_read(
    before: dict[str, object] | None, passwords: bool, due: set[str]
) -> None:
    again = needs_reload(before, NOW, passwords=passwords)
    files = [INDEXED, SKIPPED, FAILED]
    assert {one.source for one in files if again is not None and again(one)} == due
