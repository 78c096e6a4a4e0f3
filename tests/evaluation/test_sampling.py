from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from doubles import CountingEmbedder

from ragkit.evaluation.sampling import sample_chunks
from ragkit.index import Index

Write = Callable[..., Path]


def test_a_small_index_is_sampled_whole_and_copies_once(
    index: Index, write: Write, tmp_path: Path
) -> None:
    for number in range(30):
        write(f"{number}.md", "\n\n".join(f"Paragraph {number} {at}. " * 40 for at in range(4)))
    write("copy.md", (tmp_path / "docs/7.md").read_bytes())
    index.update(tmp_path / "docs")
    chunks = sample_chunks(index)
    expected = sum(file.chunks for file in index.files() if file.source != "docs/copy.md")
    assert len(chunks) == expected > 60
    order = [(chunk.source, chunk.ordinal) for chunk in chunks]
    assert order == sorted(set(order))


def test_an_empty_index_has_no_sample(index: Index) -> None:
    assert sample_chunks(index) == []


def test_a_file_longer_than_the_sample_is_passed_over_or_begun(
    embedder: CountingEmbedder, write: Write, tmp_path: Path
) -> None:
    index = Index.create(tmp_path / ".ragkit", embedder=embedder, chunk_tokens=4)
    write("giant.txt", "".join(f"Line {number} here.\n\n" for number in range(5_100)))
    index.update(tmp_path / "docs")
    chunks = sample_chunks(index)
    assert len(chunks) == 5_000 < index.files()[0].chunks
    write("small.txt", "One small file.")
    index.update(tmp_path / "docs")
    assert {chunk.source for chunk in sample_chunks(index)} == {"docs/small.txt"}
