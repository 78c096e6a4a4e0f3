"""Another model beside the one that answers: complete, resumable, nothing lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from doubles import CountingEmbedder

from ragkit.errors import IndexMismatchError, ModelError, RagkitError
from ragkit.index import Index
from ragkit.types import ModelIdentity

Write = Callable[..., Path]


class Stronger(CountingEmbedder):
    """Another model: 128 numbers to a text. After `fails_after` texts it is gone."""

    name = "other/stronger"

    def __init__(self, digest: str = "", fails_after: int | None = None) -> None:
        super().__init__()
        self._digest = digest
        self._left = fails_after

    @property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(self.name, 128, self._digest)

    def embed_query(self, text: str) -> np.ndarray:
        return self._shortened(super().embed_query(text)[None])[0]

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        if self._left is not None:
            self._left -= len(texts)
            if self._left < 0:
                raise ModelError("the model is gone")
        return self._shortened(super().embed_documents(texts))

    @staticmethod
    def _shortened(vectors: np.ndarray) -> np.ndarray:
        half = vectors[:, :128]
        return half / np.linalg.norm(half, axis=1, keepdims=True)


def rows(index: Index) -> list[dict[str, Any]]:
    """Every stored chunk, in order of its id."""
    return list(index._connection.store.chunks._table.to_arrow().sort_by("id").to_pylist())


def ledger(index: Index) -> list[tuple[str, str, int, str]]:
    return [(r.source, r.outcome, r.chunks, r.sha256) for r in index.files()]


def tables(index: Index) -> set[str]:
    return {path.stem for path in Path(index.uri).iterdir() if path.suffix == ".lance"}


@pytest.fixture
def docs(write: Write, tmp_path: Path) -> Path:
    for n in range(12):
        write(f"{n}.md", f"# Part {n}\n\nThe walrus number {n} eats clams.")
    write("empty.txt", "")
    return tmp_path / "docs"


def test_the_new_generation_is_what_a_new_index_would_be(
    index: Index, docs: Path, tmp_path: Path
) -> None:
    index.update(docs)
    report = index.maintenance.reindex(Stronger())
    assert (report.added, report.skipped, report.chunks, report.embedded) == (12, 1, 12, 12)
    fresh = Index.create(tmp_path / "fresh", embedder=Stronger())
    fresh.update(docs)
    here, there = rows(index), rows(fresh)
    assert [r["text"] for r in here] == [r["text"] for r in there]
    assert [r["vector"] for r in here] == [r["vector"] for r in there]
    assert ledger(index) == ledger(fresh)
    assert index.manifest == fresh.manifest
    assert index.search("walrus number 7")[0].chunk.source == "docs/7.md"
    assert index.update().unchanged == 12
    again = Index.open(index.uri, embedder=Stronger())
    assert again.search("walrus number 7")[0].chunk.source == "docs/7.md"


def test_the_old_generation_answers_until_the_new_one_is_whole(
    index: Index, docs: Path, embedder: CountingEmbedder
) -> None:
    index.update(docs)
    before = rows(index)
    with pytest.raises(ModelError):
        index.maintenance.reindex(Stronger(fails_after=0))
    reader = Index.open(index.uri, embedder=embedder)
    assert rows(reader) == before
    assert reader.search("walrus number 7")[0].chunk.source == "docs/7.md"
    # The index goes on as ever beside the unfinished generation.
    (docs / "new.md").write_text("A penguin.", encoding="utf-8")
    (docs / "7.md").unlink()
    report = reader.update()
    assert (report.added, report.removed, report.unchanged) == (1, 1, 11)
    index.maintenance.reindex(Stronger())
    assert {r.source for r in index.files()} == {r.source for r in reader.files()}
    assert {r["source"] for r in rows(index)} == {r["source"] for r in rows(reader)}


def test_a_rebuild_that_was_cut_off_goes_on_and_embeds_no_text_twice(
    index: Index, docs: Path, write: Write
) -> None:
    # More chunks than one call takes: the first call is committed, the second fails.
    for n in range(100):
        write(f"more/{n}.md", f"The penguin number {n} eats fish.")
    index.update(docs)
    first = Stronger(fails_after=100)
    with pytest.raises(ModelError):
        index.maintenance.reindex(first)
    assert len(first.asked) > 0
    second = Stronger()
    index.maintenance.reindex(second)
    asked = [text for text in first.asked + second.asked if "number" in text]
    assert len(asked) == len(set(asked)) == 112
    assert len(rows(index)) == 112


def test_what_a_crash_between_chunks_and_ledger_left_is_not_embedded_again(
    index: Index, docs: Path
) -> None:
    index.update(docs)
    first = Stronger()
    index.maintenance.reindex(first)
    # As if the process had died before the last ledger commit and the flip.
    store = index._connection.store
    store.files._table.delete("source != 'docs/3.md'")
    store.mark_incomplete()
    store.catalog.set_all(
        {
            "version": "chunks",
            "previous_version": None,
            "unfinished_version": store.version,
        }
    )
    index = Index.open(index.uri)
    second = Stronger()
    report = index.maintenance.reindex(second)
    assert (report.embedded, report.reused) == (0, 11)
    assert len(rows(index)) == len({r["id"] for r in rows(index)}) == 12


def test_files_that_are_gone_keep_their_text(index: Index, docs: Path) -> None:
    index.update(docs)
    (docs / "7.md").unlink()
    report = index.maintenance.reindex(Stronger())
    assert [p.source for p in report.problems if "taken over" in p.reason] == ["docs/7.md"]
    assert index.search("walrus number 7")[0].chunk.source == "docs/7.md"
    assert index.update().removed == 1
    assert index.search("walrus number 7")[0].chunk.source != "docs/7.md"


def test_a_file_that_is_back_is_read(index: Index, docs: Path) -> None:
    index.update(docs)
    (docs / "7.md").rename(docs.parent / "away.md")
    index.maintenance.reindex(Stronger())
    (docs.parent / "away.md").rename(docs / "7.md")
    report = index.update()
    assert (report.updated, report.unchanged) == (1, 11)
    assert not any("taken over" in record.reason for record in index.files())


def test_another_version_of_the_model_needs_no_file(index: Index, docs: Path) -> None:
    index.update(docs)
    index.maintenance.reindex(Stronger("1"))
    before = ledger(index)
    docs.rename(docs.parent / "unmounted")
    report = index.maintenance.reindex(Stronger("2"))
    assert report.embedded == 12
    assert index.manifest.embedder.digest == "2"
    assert ledger(index) == before
    (docs.parent / "unmounted").rename(docs)
    assert index.update().unchanged == 12


def test_another_chunk_size_reuses_what_vectors_there_are(
    index: Index, write: Write, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    write("short.md", "One line.")
    write("long.md", "\n\n".join(f"Paragraph {n} about walruses. " * 9 for n in range(20)))
    index.update(tmp_path / "docs")
    embedder.asked.clear()
    report = index.maintenance.reindex(embedder, chunk_tokens=100)
    assert report.reused == 1
    assert "One line." not in embedder.asked
    assert max(len(r["text"]) for r in rows(index)) < 600
    assert index.manifest.chunking.tokens == 100
    index.maintenance.reindex(Stronger())  # the size stays
    assert index.manifest.chunking.tokens == 100


def test_another_rebuild_is_refused_while_one_is_unfinished(index: Index, docs: Path) -> None:
    index.update(docs)
    with pytest.raises(ModelError):
        index.maintenance.reindex(Stronger("1", fails_after=0))
    with pytest.raises(RagkitError, match="--drop-unfinished"):
        index.maintenance.reindex(Stronger("2"))
    assert index.maintenance.drop_unfinished()
    assert not index.maintenance.drop_unfinished()
    index.maintenance.reindex(Stronger("2"))
    assert index.manifest.embedder.digest == "2"


def test_old_generations_are_dropped_when_asked(index: Index, docs: Path) -> None:
    index.update(docs)
    index.maintenance.reindex(Stronger("1"))
    assert tables(index) == {"catalog", "chunks", "files", "chunks_2", "files_2"}
    index.maintenance.reindex(Stronger("2"))
    assert tables(index) == {"catalog", "chunks_2", "files_2", "chunks_3", "files_3"}
    assert index.maintenance.drop_previous()
    assert not index.maintenance.drop_previous()
    assert tables(index) == {"catalog", "chunks_3", "files_3"}
    index.maintenance.reindex(Stronger("3"), drop_previous=True)
    assert tables(index) == {"catalog", "chunks_4", "files_4"}
    assert index.search("walrus number 7")[0].chunk.source == "docs/7.md"


def test_an_open_index_goes_on_with_the_generation_another_put_in_force(
    index: Index, docs: Path, embedder: CountingEmbedder
) -> None:
    index.update(docs)
    other = Index.open(index.uri, embedder=embedder)
    other.maintenance.reindex(Stronger())
    assert index.search("walrus number 7")[0].chunk.source == "docs/7.md"  # the old one, whole
    index._connection.add_embedder(Stronger())
    (docs / "new.md").write_text("A penguin.", encoding="utf-8")
    assert index.update().added == 1
    other._connection.store.refresh()
    assert other.search("penguin")[0].chunk.source == "docs/new.md"


def test_odd_names_and_links_are_found_again(index: Index, docs: Path, tmp_path: Path) -> None:
    with open(os.fsencode(docs) + b"/caf\xe9.txt", "wb") as file:  # noqa: PTH123 - a byte name
        file.write(b"A penguin.")
    (docs / "back\\x5cslash.txt").write_text("A seal.", encoding="utf-8")
    (docs / "link.md").symlink_to(docs / "3.md")
    (docs / "leads-out.md").symlink_to(docs / "4.md")
    index.update(docs)
    (tmp_path / "secret.md").write_text("A secret.", encoding="utf-8")
    (docs / "leads-out.md").unlink()
    (docs / "leads-out.md").symlink_to(tmp_path / "secret.md")
    report = index.maintenance.reindex(Stronger())
    kept = [p.source for p in report.problems if "taken over" in p.reason]
    assert kept == ["docs/leads-out.md"]
    assert not any("secret" in str(r["text"]) for r in rows(index))
    assert {r["text"] for r in rows(index)} >= {"A penguin.", "A seal."}


def test_a_mismatch_says_how_to_rebuild(index: Index, docs: Path, home: Path) -> None:
    index.update(docs)
    with pytest.raises(IndexMismatchError, match=r"ragkit reindex --embedder other/stronger$"):
        Index.open(index.uri, embedder=Stronger())


def test_questions_for_the_floor_belong_to_their_generation(index: Index, docs: Path) -> None:
    from ragkit.answering.abstention import load_threshold

    index.update(docs)
    before = load_threshold(index._connection.store)
    with pytest.raises(ModelError):
        index.maintenance.reindex(Stronger(fails_after=0))
    assert load_threshold(index._connection.store) == before
    index.maintenance.reindex(Stronger())
    assert load_threshold(index._connection.store) not in (None, before)
