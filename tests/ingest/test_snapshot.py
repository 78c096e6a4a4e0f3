"""The snapshot: a run with nothing to do reports the same, and any difference invalidates it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from command_line import CommandLine

from ragkit.index import Index
from ragkit.ingest.roots import FileSelection
from ragkit.ingest.snapshot import report_if_unchanged
from ragkit.paths import index_location
from ragkit.types import IndexReport, ModelIdentity

Write = Callable[..., Path]
LIMIT = 200 * 1000 * 1000


@pytest.fixture
def docs(write: Write, tmp_path: Path) -> Path:
    """Files that are read, skipped, refused, ignored and beyond all reading, some in folders."""
    write("a.md", "# Walrus\n\nThe walrus lives in the north.")
    write("deep/er/b.txt", "An oyster.")
    write("deep/c.bin", b"\x00\x01\x02" * 50)
    write("odd name\u00e9.txt", "Both lie on the shore.")
    write("broken.pdf", b"%PDF-1.7\nno objects at all")
    write("left-out.log", "nothing")
    write(".gitignore", "*.log\n")
    (tmp_path / "docs" / "outside").symlink_to("/etc/hostname")
    return tmp_path / "docs"


def quick(
    index: Index,
    *paths: Path,
    selection: FileSelection = FileSelection(),  # noqa: B008 - frozen
    limit: int = LIMIT,
    identity: ModelIdentity | None = None,
) -> IndexReport | None:
    own = index.manifest.embedder
    return report_if_unchanged(
        index_location(index.uri), paths, selection, limit, lambda _: identity or own
    )


def told(report: IndexReport | None) -> dict[str, object]:
    assert report is not None
    return {**asdict(report), "seconds": 0}


def test_it_reports_what_a_run_without_changes_reports(index: Index, docs: Path) -> None:
    first = index.update(docs)
    assert (first.added, first.failed) == (3, 1)
    assert first.skipped
    quickly = quick(index, docs)
    assert told(quickly) == told(index.update(docs))
    assert told(quick(index)) == told(quickly)  # the folders of before


def test_files_that_change_come_and_go_break_it(index: Index, docs: Path, write: Write) -> None:
    def differs() -> bool:
        broken = quick(index, docs) is None
        index.update(docs)
        return broken and quick(index, docs) is not None

    index.update(docs)
    assert not differs()
    write("a.md", "# Walrus\n\nThe walrus has moved to the south.")
    assert differs()
    status = (docs / "a.md").stat()
    os.utime(docs / "a.md", ns=(0, status.st_mtime_ns - 10**9))
    assert differs()
    write("new.txt", "Another one.")
    assert differs()
    (docs / "new.txt").rename(docs / "renamed.txt")
    assert differs()
    (docs / "renamed.txt").unlink()
    assert differs()
    write(".gitignore", "*.log\na.md\n")
    assert differs()
    (docs / "outside").unlink()
    assert differs()
    assert not differs()


def test_asking_for_anything_else_breaks_it(index: Index, docs: Path) -> None:
    index.update(docs)
    assert quick(index, docs) is not None
    assert quick(index, docs, selection=FileSelection(allow_empty=True)) is not None
    assert quick(index, docs, identity=replace(index.manifest.embedder, digest="other")) is None
    assert quick(index, docs, limit=5) is None
    assert quick(index, docs / "deep") is None
    for other in (
        FileSelection(exclude=("*.txt",)),
        FileSelection(("*.md",)),
        FileSelection(hidden=True),
    ):
        assert quick(index, docs, selection=other) is None


def test_whatever_is_written_to_the_index_breaks_it(
    index: Index, docs: Path, tmp_path: Path
) -> None:
    for work in (
        lambda: index.remove(docs / "a.md"),
        lambda: index.maintenance.reindex(),
        lambda: index.maintenance.drop_previous(),
        lambda: index.maintenance.save_settings({"limit": 7}),
    ):
        index.update(docs)
        assert quick(index) is not None
        work()
        assert quick(index) is None


def test_young_files_are_looked_at_again_and_then_sealed(index: Index, docs: Path) -> None:
    (docs / "a.md").write_text("Just written.")
    index.update(docs)
    assert quick(index, docs) is None  # it may change again within the same tick of the clock
    ahead = time.time_ns() + 60 * 10**9
    os.utime(docs / "a.md", ns=(ahead, ahead))
    index.update(docs)
    assert quick(index, docs) is None


def test_a_failed_file_is_due_again_after_a_while(index: Index, docs: Path) -> None:
    index.update(docs)
    path = Path(index.uri, "snapshot.json")
    seal = json.loads(path.read_text())
    assert 0 < seal["until_ns"] - time.time_ns() <= 3600 * 10**9
    path.write_text(json.dumps({**seal, "until_ns": time.time_ns()}))
    assert quick(index, docs) is None
    path.write_text(json.dumps({**seal, "since_ns": time.time_ns() + 10**9}))
    assert quick(index, docs) is None  # the clock was set back
    (docs / "broken.pdf").unlink()
    index.update(docs)
    assert json.loads(path.read_text())["until_ns"] is None


@pytest.mark.parametrize("content", [b"", b" ", b"{}", b"[1]", b"\xff\xfe", b'{"state": 1}'])
def test_a_damaged_seal_is_none(index: Index, docs: Path, content: bytes) -> None:
    index.update(docs)
    path = Path(index.uri, "snapshot.json")
    path.write_bytes(
        content or json.dumps({**json.loads(path.read_text()), "embedder": "a"}).encode()
    )
    assert quick(index, docs) is None
    assert index.update(docs).unchanged == 3


def test_the_last_run_is_the_one_that_looked(index: Index, docs: Path) -> None:
    index.update(docs)
    run = index.status().last_run
    assert run is not None
    assert run.counts["added"] == 3
    time.sleep(max(0.0, 1.01 - time.time() % 1))  # finished counts seconds
    assert quick(index) is not None
    run = index.status().last_run
    assert run is not None
    assert (run.counts["added"], run.counts["unchanged"], run.counts["failed"]) == (0, 3, 1)


def test_the_command_neither_loads_lancedb_nor_a_model(
    home: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    run = CommandLine(capsys)
    write("a.md", "The walrus.")
    write("b.bin", b"\x00\x01\x02" * 50)
    assert run("index", "docs", "--embedder", "wordllama/l2_supercat_256").code == 0
    script = (
        "import sys\n"
        "from ragkit.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    heavy = {'lancedb', 'pyarrow', 'numpy', 'tokenizers', 'ollama'} & set(sys.modules)\n"
        "    print(heavy or 'light')\n"
    )
    command = [sys.executable, "-c", script, "index", "docs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "light"), done.stderr
    assert done.stdout.startswith("1 unchanged, 1 skipped in ")
    assert "skipped: docs/b.bin: " in done.stderr
    assert run("index", "docs", "--strict").code == 1
    again = run("index", "--json").json
    assert (again["unchanged"], again["skipped"]) == (1, 1)
    assert run("index", "elsewhere").code == 1
