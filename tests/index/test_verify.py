"""ragkit verify: damage is found where it is, and mended by reading those files again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from doubles import CountingEmbedder

from ragkit.errors import IndexLockedError
from ragkit.index import Index

Write = Callable[..., Path]
ONE = "source = 'docs/3.md' AND ordinal = 0"


def rows(index: Index) -> list[dict[str, Any]]:
    """Every stored chunk, in order of its id."""
    return list(index._connection.store.chunks._table.to_arrow().sort_by("id").to_pylist())


@pytest.fixture
def docs(index: Index, write: Write, tmp_path: Path) -> Path:
    """Eight indexed files of a few chunks each."""
    for n in range(8):
        parts = (f"# A{n}", f"Walrus {n}. " * 90, f"# B{n}", f"Clam {n}. " * 90)
        write(f"{n}.md", "\n\n".join(parts))
    index.update(tmp_path / "docs")
    assert {record.chunks > 1 for record in index.files()} == {True}
    return tmp_path / "docs"


def test_a_sound_index_is_found_sound(
    index: Index, docs: Path, write: Write, embedder: CountingEmbedder
) -> None:
    write("empty.txt", "")
    index.update()
    embedder.asked.clear()
    report = index.maintenance.verify()
    assert (report.files, report.chunks) == (9, len(rows(index)))
    assert (report.issues, report.repaired) == ((), ())
    assert index.maintenance.verify(repair=True).issues == ()
    assert embedder.asked == []


def text(index: Index) -> None:
    index._connection.store.chunks._table.update(where=ONE, values={"text": "Something else."})


def text_hash(index: Index) -> None:
    index._connection.store.chunks._table.update(where=ONE, values={"text_hash": "0" * 32})


def length(index: Index) -> None:
    index._connection.store.chunks._table.update(where=ONE, values={"vector": [0.5] * 256})


def zero(index: Index) -> None:
    index._connection.store.chunks._table.update(where=ONE, values={"vector": [0.0] * 256})


def lost(index: Index) -> None:
    index._connection.store.chunks._table.delete(ONE)


def doubled(index: Index) -> None:
    table = index._connection.store.chunks._table
    table.add(table.search().where(ONE).to_arrow().select(table.schema.names))


def swapped(index: Index) -> None:
    index._connection.store.chunks._table.update(
        where=ONE, values={"start": 10**6, "end": 10**6 + 7}
    )


def renumbered(index: Index) -> None:
    index._connection.store.chunks._table.update(where=ONE, values={"ordinal": 50})


def uncounted(index: Index) -> None:
    index._connection.store.files._table.update(where="source = 'docs/3.md'", values={"chunks": 7})


def orphaned(index: Index) -> None:
    index._connection.store.files._table.delete("source = 'docs/3.md'")


@pytest.mark.parametrize(
    "damage",
    [
        text, text_hash, length, zero, lost, doubled, swapped, renumbered, uncounted, orphaned,
    ],
)  # fmt: skip
def test_damage_is_found_and_mended_by_reading_that_file_alone(
    index: Index,
    docs: Path,
    embedder: CountingEmbedder,
    damage: Callable[[Index], None],
) -> None:
    before = rows(index)
    damage(index)
    assert {flaw.source for flaw in index.maintenance.verify().issues} == {"docs/3.md"}
    embedder.asked.clear()
    report = index.maintenance.verify(repair=True)
    assert (report.issues, report.repaired) == ((), ("docs/3.md",))
    assert len(embedder.asked) == sum(row["source"] == "docs/3.md" for row in before)
    assert rows(index) == before
    assert index.maintenance.verify().issues == ()
    assert index.update().unchanged == 8


def test_flipped_bytes_on_disk_are_found_and_mended(
    index: Index, docs: Path, embedder: CountingEmbedder
) -> None:
    before = rows(index)
    for path in Path(index.uri, "chunks.lance", "data").iterdir():
        path.write_bytes(path.read_bytes().replace(b"Walrus 3. Walrus 3", b"Malrus 3. Walrus 3"))
    again = Index.open(index.uri, embedder=embedder)
    assert {flaw.source for flaw in again.maintenance.verify().issues} == {"docs/3.md"}
    assert again.maintenance.verify(repair=True).repaired == ("docs/3.md",)
    assert rows(again) == before


def test_a_file_that_is_gone_is_left_as_it_is_and_said(index: Index, docs: Path) -> None:
    length(index)
    before = len(rows(index))
    (docs / "3.md").unlink()
    report = index.maintenance.verify(repair=True)
    assert [flaw.source for flaw in report.issues] == ["docs/3.md"]
    assert report.repaired == ()
    assert len(rows(index)) == before


def test_rows_of_a_file_that_nobody_knows_are_removed(index: Index, docs: Path) -> None:
    orphaned(index)
    (docs / "3.md").unlink()
    report = index.maintenance.verify(repair=True)
    assert (report.issues, report.repaired) == ((), ("docs/3.md",))
    assert "docs/3.md" not in {row["source"] for row in rows(index)}


def test_an_index_that_is_written_is_not_verified(index: Index, docs: Path) -> None:
    other = Index.open(index.uri)
    with index._connection.store.lock(), pytest.raises(IndexLockedError):
        other.maintenance.verify()


def test_the_command_exits_1_while_something_is_wrong(
    index: Index, docs: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ragkit = CommandLine(capsys)
    assert ragkit("verify").code == 0
    text(index)
    done = ragkit("verify")
    assert (done.code, "1 damaged" in done.out) == (1, True)
    assert "docs/3.md: a text does not fit its hash" in done.err
    assert "--repair" in done.err
    done = ragkit("verify", "--repair", "--json")
    assert (done.code, done.json["repaired"]) == (0, ["docs/3.md"])
    assert "none damaged" in ragkit("verify").out
