"""Lines around hits come from the index, not from the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine

from ragkit.index import Index
from ragkit.retrieval.context_lines import ContextLines

Write = Callable[..., Path]


def line(number: int) -> str:
    return "The walrus." if number == 200 else f"Line {number} tells of ice and wind and of snow."


@pytest.fixture
def docs(write: Write, tmp_path: Path) -> Path:
    text = "\n".join(map(line, range(1, 401))) + "\n"
    write("long.txt", text)
    write("other.txt", text.replace("walrus", "penguin"))
    return tmp_path / "docs"


def test_they_are_the_lines_next_to_the_hit(index: Index, docs: Path) -> None:
    index.update(docs)
    shutil.rmtree(docs)
    for hit in index.search("walrus", limit=5):
        (around,) = index.context_lines([hit], 4)
        first, last = hit.chunk.first_line, hit.chunk.last_line
        penguins = hit.chunk.source.endswith("other.txt")
        for number, shown in zip(
            range(first - len(around.before), first), around.before, strict=True
        ):
            assert shown == (
                line(number).replace("walrus", "penguin") if penguins else line(number)
            )
        assert len(around.before) == min(4, first - 1)
        assert len(around.after) == min(4, 400 - last)


def test_none_are_asked_for(index: Index, docs: Path) -> None:
    index.update(docs)
    hits = index.search("walrus")
    assert index.context_lines(hits, 0) == [ContextLines()] * len(hits)
    assert index.context_lines([], 3) == []
    with pytest.raises(ValueError, match="at least 0"):
        index.context_lines(hits, -1)


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def test_the_command_shows_them(run: CommandLine, docs: Path) -> None:
    run("index", docs)
    hit = run("search", "walrus", "-k", 1, "--context-lines", 2, "--json").json["hits"][0]
    first, last = hit["lines"]
    assert hit["before"] == [line(first - 2), line(first - 1)]
    assert hit["after"] == [line(last + 1), line(last + 2)]
    done = run("search", "walrus", "-k", 1, "--context-lines", 2)
    shown = [text.strip() for text in done.out.splitlines()]
    assert shown[2:] == [line(number) for number in range(first - 2, last + 3)]
    plain = run("search", "walrus", "-k", 1, "--json").json["hits"][0]
    assert not {"before", "after"} & set(plain)


def test_a_negative_number_is_wrong_use(run: CommandLine) -> None:
    assert run("search", "x", "--context-lines", "-1").code == 2
