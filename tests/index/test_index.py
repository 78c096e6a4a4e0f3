from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from doubles import CountingEmbedder

from ragkit.errors import (
    IndexDamagedError,
    IndexLockedError,
    IndexMismatchError,
    IndexNotFoundError,
    RagkitError,
)
from ragkit.index import Index
from ragkit.paths import find_index
from ragkit.types import IndexReport, ModelIdentity

Write = Callable[..., Path]


def rows(index: Index) -> list[dict[str, object]]:
    """Every stored chunk, in order of its id."""
    table = index._connection.store.chunks._table.to_arrow().sort_by("id")
    return list(table.to_pylist())


def counts(report: IndexReport) -> tuple[int, ...]:
    return (
        report.added,
        report.updated,
        report.moved,
        report.removed,
        report.unchanged,
        report.skipped,
        report.failed,
    )


def touch(path: Path, content: str) -> None:
    """New content with a time that differs, however coarse the clock."""
    path.write_text(content, encoding="utf-8")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 5_000_000_000))


def test_a_second_run_embeds_nothing_and_writes_nothing(
    index: Index, embedder: CountingEmbedder, write: Write, tmp_path: Path
) -> None:
    write("a.md", "# Backups\n\nBackups are tested every quarter.")
    write("b/c.txt", "The cat sat on the mat.")
    assert counts(index.update(tmp_path / "docs")) == (2, 0, 0, 0, 0, 0, 0)
    versions = [
        t.version
        for t in (index._connection.store.chunks._table, index._connection.store.files._table)
    ]
    embedder.asked.clear()
    assert counts(index.update(tmp_path / "docs")) == (0, 0, 0, 0, 2, 0, 0)
    assert embedder.asked == []
    assert [
        t.version
        for t in (index._connection.store.chunks._table, index._connection.store.files._table)
    ] == versions


def test_a_changed_file_is_replaced_whole(index: Index, write: Write, tmp_path: Path) -> None:
    path = write("a.md", "\n\n".join(f"Paragraph {n} about walruses. " * 60 for n in range(5)))
    index.update(tmp_path / "docs")
    assert len(rows(index)) > 2
    touch(path, "Only penguins now.")
    assert counts(index.update()) == (0, 1, 0, 0, 0, 0, 0)
    assert [row["text"] for row in rows(index)] == ["Only penguins now."]
    assert index.files()[0].chunks == 1


def test_only_a_changed_paragraph_is_embedded_again(
    index: Index, embedder: CountingEmbedder, write: Write, tmp_path: Path
) -> None:
    parts = [f"# Part {n}\n\n" + f"Sentence about topic {n}. " * 60 for n in range(50)]
    path = write("book.md", "\n\n".join(parts))
    index.update(tmp_path / "docs")
    embedder.asked.clear()
    parts[25] = "# Part 25\n\n" + "Something entirely new. " * 60
    touch(path, "\n\n".join(parts))
    report = index.update()
    assert len(embedder.asked) <= 3
    assert report.embedded == len(embedder.asked)
    assert report.reused == report.chunks - report.embedded


def test_a_vanished_file_leaves_the_index(index: Index, write: Write, tmp_path: Path) -> None:
    write("keep.txt", "Keep me.")
    gone = write("gone.txt", "Lose me.")
    index.update(tmp_path / "docs")
    gone.unlink()
    assert counts(index.update()) == (0, 0, 0, 1, 1, 0, 0)
    assert [record.source for record in index.files()] == ["docs/keep.txt"]
    assert [row["text"] for row in rows(index)] == ["Keep me."]


def test_a_renamed_tree_costs_no_model_call(
    index: Index, embedder: CountingEmbedder, write: Write, tmp_path: Path
) -> None:
    for n in range(1000):
        write(f"old/{n}.txt", f"File number {n} holds the word w{n}.")
    index.update(tmp_path / "docs")
    embedder.asked.clear()
    (tmp_path / "docs/old").rename(tmp_path / "docs/new")
    assert counts(index.update()) == (0, 0, 1000, 0, 0, 0, 0)
    assert embedder.asked == []
    assert {str(row["source"]).split("/")[1] for row in rows(index)} == {"new"}


def test_a_copied_file_costs_no_model_call_and_gives_two_hits(
    index: Index, embedder: CountingEmbedder, write: Write, tmp_path: Path
) -> None:
    write("one.txt", "The walrus eats clams.")
    index.update(tmp_path / "docs")
    write("two.txt", "The walrus eats clams.")
    embedder.asked.clear()
    assert counts(index.update()) == (1, 0, 0, 0, 1, 0, 0)
    assert embedder.asked == []
    sources = [hit.chunk.source for hit in index.search("walrus")]
    assert sources == ["docs/one.txt", "docs/two.txt"]


def test_an_emptied_folder_does_not_empty_the_index(
    index: Index, write: Write, tmp_path: Path
) -> None:
    write("a.txt", "Some words.")
    index.update(tmp_path / "docs")
    (tmp_path / "docs/a.txt").unlink()
    with pytest.raises(RagkitError, match="--allow-empty"):
        index.update()
    assert len(rows(index)) == 1
    assert counts(index.update(allow_empty=True)) == (0, 0, 0, 1, 0, 0, 0)
    assert rows(index) == []


def test_an_unmounted_folder_does_not_empty_the_index(
    index: Index, write: Write, tmp_path: Path
) -> None:
    write("a.txt", "Some words.")
    index.update(tmp_path / "docs")
    (tmp_path / "docs").rename(tmp_path / "elsewhere")
    with pytest.raises(RagkitError, match="docs"):
        index.update()
    assert len(rows(index)) == 1


def test_several_folders_live_in_one_index(index: Index, write: Write, tmp_path: Path) -> None:
    write("a/one.txt", "One.")
    write("b/two.txt", "Two.")
    index.update(tmp_path / "docs/a")
    index.update(tmp_path / "docs/b")
    assert [r.source for r in index.files()] == ["docs/a/one.txt", "docs/b/two.txt"]
    assert counts(index.update()) == (0, 0, 0, 0, 2, 0, 0)
    assert index.indexed_paths() == ["docs/a", "docs/b"]


def test_folder_and_index_can_be_moved_together(
    tmp_path: Path, write: Write, embedder: CountingEmbedder
) -> None:
    write("a.txt", "The walrus eats clams.")
    Index.create(tmp_path / "docs/.ragkit").update(tmp_path / "docs")
    shutil.move(tmp_path / "docs", tmp_path / "moved")
    index = Index.open(tmp_path / "moved/.ragkit", embedder=embedder)
    assert index.search("walrus")[0].chunk.location == "a.txt:1"
    assert index.update().unchanged == 1
    assert embedder.asked == []


ODD_FILES = [
    pytest.param("empty.txt", b"", "skipped", id="0 bytes"),
    pytest.param("blank.md", b" \n\n\t", "skipped", id="blank"),
    pytest.param("noise.bin", bytes(range(256)) * 40, "skipped", id="binary"),
    pytest.param("cut.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Cat", "failed", id="truncated pdf"),
]


@pytest.mark.parametrize(("name", "content", "outcome"), ODD_FILES)
def test_an_unreadable_file_is_reported_and_hurts_no_other(
    index: Index, write: Write, tmp_path: Path, name: str, content: bytes, outcome: str
) -> None:
    write("good.txt", "The walrus eats clams.")
    write(name, content)
    report = index.update(tmp_path / "docs")
    assert report.added == 1
    assert [(p.source, p.outcome) for p in report.problems] == [(f"docs/{name}", outcome)]
    assert report.problems[0].reason
    assert index.search("walrus")[0].chunk.source == "docs/good.txt"


ODD_NAMES = [
    pytest.param("操作指南.md", id="Chinese"),
    pytest.param('it\'s "quoted".txt', id="quotes"),
    pytest.param("two\nlines.txt", id="newline"),
    pytest.param("100% #1 ?.txt", id="signs"),
    pytest.param("emoji 🎉.txt", id="emoji"),
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_indexed_found_and_removed(
    index: Index, write: Write, tmp_path: Path, name: str
) -> None:
    path = write(name, "The walrus eats clams.")
    write("other.txt", "Something else.")
    index.update(tmp_path / "docs")
    assert index.search("walrus")[0].chunk.source == f"docs/{name}"
    path.unlink()
    assert index.update().removed == 1
    assert all(hit.chunk.source != f"docs/{name}" for hit in index.search("walrus"))


def test_a_name_that_is_not_utf8_is_indexed(index: Index, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    name = os.fsencode(tmp_path / "docs") + b"/caf\xe9.txt"
    with open(name, "wb") as file:  # noqa: PTH123 - a byte name
        file.write(b"The walrus eats clams.")
    assert index.update(tmp_path / "docs").added == 1
    assert "caf" in index.search("walrus")[0].chunk.source
    assert index.update().unchanged == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_failed(index: Index, write: Write, tmp_path: Path) -> None:
    write("good.txt", "Fine.")
    write("secret.txt", "No.").chmod(0)
    report = index.update(tmp_path / "docs")
    assert counts(report) == (1, 0, 0, 0, 0, 0, 1)
    assert "permission" in report.problems[0].reason


def test_another_embedder_is_a_mismatch_that_says_what_to_run(
    index: Index, write: Write, tmp_path: Path
) -> None:
    class Other(CountingEmbedder):
        name = "other/model"

        @property
        def identity(self) -> ModelIdentity:
            return ModelIdentity(self.name, 256)

    write("a.txt", "Words.")
    index.update(tmp_path / "docs")
    with pytest.raises(IndexMismatchError, match="ragkit reindex --embedder other/model"):
        Index.open(index.uri, embedder=Other())


def test_a_missing_index_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFoundError, match="ragkit index FOLDER"):
        Index.open(tmp_path / "typo")
    assert not (tmp_path / "typo").exists()


def test_a_damaged_index_is_said(index: Index, write: Write, tmp_path: Path) -> None:
    write("a.txt", "Words.")
    index.update(tmp_path / "docs")
    for manifest in Path(index.uri, "chunks.lance", "_versions").iterdir():
        manifest.write_bytes(b"")
    with pytest.raises(IndexDamagedError, match="ragkit index"):
        Index.open(index.uri).search("words")


def test_a_second_writer_is_told_who_holds_the_lock(
    index: Index, write: Write, tmp_path: Path
) -> None:
    write("a.txt", "Words.")
    other = Index.open(index.uri)
    with (
        index._connection.store.lock(),
        pytest.raises(IndexLockedError, match=f"process {os.getpid()}"),
    ):
        other.update(tmp_path / "docs")
    assert other.update(tmp_path / "docs").added == 1


def test_a_run_that_was_cut_off_leaves_no_orphans(
    index: Index, embedder: CountingEmbedder, write: Write, tmp_path: Path
) -> None:
    write("a.txt", "The walrus eats clams.")
    index.update(tmp_path / "docs")
    # Chunks were committed, then the process died before the ledger was.
    index._connection.store.files._table.delete("source = 'docs/a.txt'")
    index._connection.store.catalog.set("unfinished", True)
    write("b.txt", "Penguins eat fish.")
    assert index.update().added == 2
    assert sorted(str(row["text"]) for row in rows(index)) == [
        "Penguins eat fish.",
        "The walrus eats clams.",
    ]


@pytest.mark.parametrize(
    ("question", "limit", "message"),
    [
        pytest.param("", 5, "question is empty", id="empty question"),
        pytest.param(" \n", 5, "question is empty", id="blank question"),
        pytest.param("walrus", 0, "limit", id="limit 0"),
    ],
)
def test_impossible_searches_are_refused(
    index: Index, question: str, limit: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        index.search(question, limit=limit)


def test_an_empty_index_finds_nothing_and_abstains(index: Index) -> None:
    assert index.search("walrus") == []
    answer = index.ask("Where is the walrus?")
    assert answer.is_abstention
    assert answer.text == ""


@pytest.mark.parametrize(
    "question",
    [
        pytest.param('"quoted', id="quote"),
        pytest.param('"walrus"', id="quoted whole"),
        pytest.param("???", id="no word"),
        pytest.param("' OR 1=1 --", id="injection"),
        pytest.param("a AND NOT b:c (d", id="query syntax"),
        pytest.param("walrus\x00\ud800", id="nul and surrogate"),
        pytest.param("wal" * 5000, id="very long"),
    ],
)
def test_any_question_can_be_asked(
    index: Index, write: Write, tmp_path: Path, question: str
) -> None:
    write("a.txt", "The walrus eats clams.")
    index.update(tmp_path / "docs")
    assert len(index.search(question)) == 1


def test_keyword_weight_zero_is_pure_cosine(index: Index, write: Write, tmp_path: Path) -> None:
    for n in range(30):
        write(f"{n}.txt", f"Text {n} about animals and numbers {n * 7}.")
    index.update(tmp_path / "docs")
    question = index.embedder.embed_query("animals 42")
    hits = index.search("animals 42", limit=30, keyword_weight=0)
    assert [hit.score for hit in hits] == [hit.similarity for hit in hits]
    assert all(hit.keyword == 0 for hit in hits)
    for hit in hits:
        exact = float(index.embedder.embed_documents([hit.chunk.text])[0] @ question)
        assert np.isclose(hit.similarity, exact, atol=1e-5)


def test_a_path_restricts_a_search_before_it_is_made(
    index: Index, write: Write, tmp_path: Path
) -> None:
    for n in range(150):
        write(f"many/{n}.txt", "The walrus eats clams on the beach.")
    write("few/one.md", "Somewhere a walrus sleeps.")
    index.update(tmp_path / "docs")
    hits = index.search("walrus eats clams", path="docs/few/**")
    assert [hit.chunk.source for hit in hits] == ["docs/few/one.md"]
    assert len(index.search("walrus", path="*.txt", limit=200)) == 150
    assert index.search("walrus", path="nowhere/*") == []


def test_the_nearest_index_above_is_found(home: Path, write: Write) -> None:
    write("deep/er/a.txt", "Words.")
    Index.create(home / "docs/.ragkit")
    assert find_index(home / "docs/deep/er") == str(home / "docs/.ragkit")
    assert find_index(home) == str(home / ".ragkit")


@pytest.mark.parametrize("left", [[], ["files.lance"], ["files.lance", "chunks.lance"]])
def test_what_a_killed_creation_left_is_no_index_and_in_nobodys_way(
    tmp_path: Path, write: Write, embedder: CountingEmbedder, left: list[str]
) -> None:
    place = tmp_path / ".ragkit"
    Index.create(place, embedder=embedder)
    for table in place.glob("*.lance"):
        if table.name not in left:
            shutil.rmtree(table)
    (place / "catalog.lance" / "data").mkdir(parents=True)
    with pytest.raises(IndexNotFoundError):
        Index.open(place)
    write("a.md", "The walrus eats clams.")
    index = Index.create(place, embedder=embedder)
    assert index.update(tmp_path / "docs").added == 1
    assert [hit.chunk.source for hit in Index.open(place).search("walrus")] == ["docs/a.md"]
