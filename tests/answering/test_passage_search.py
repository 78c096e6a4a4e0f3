"""Promises of `ragkit.answering.passage_search`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ragkit.index import Index


def test_a_passage_that_both_wordings_find_stands_where_the_better_search_put_it(
    index: Index, write: Callable[..., Path], tmp_path: Path
) -> None:
    write("backup.md", "The archive server is restored every quarter by the duty engineer.")
    for animal in ("walrus", "penguin", "seal", "gull", "crab"):
        write(f"{animal}.md", f"The {animal} does it on the beach, and who would not.")
    index.update(tmp_path / "docs")
    answer = index.ask(
        "And who does it?",
        model="none",
        standalone="Who restores the archive server every quarter?",
        min_score=0.0,
    )
    assert answer.passages[0].source == "docs/backup.md"
    assert len(answer.passages) == 6
