"""An index as a map: which chunks are drawn, and where a question lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import CommandLine

from ragkit.errors import RagkitError
from ragkit.index import Index
from ragkit.map import draw_map

Write = Callable[..., Path]


@pytest.fixture
def docs(write: Write, tmp_path: Path) -> Path:
    for number in range(20):
        write(f"sea/{number}.md", f"The blue whale of trip {number} swims in the cold sea.")
        write(f"tax/{number}.txt", f"Invoice {number}: the tax of pencils and paper is due in May.")
    return tmp_path / "docs"


@pytest.fixture
def filled(index: Index, docs: Path) -> Index:
    index.update(docs)
    return index


def test_every_chunk_is_drawn_once(filled: Index) -> None:
    drawn = draw_map(filled)
    assert {one.source for one in drawn.chunks} == {file.source for file in filled.files()}
    assert len(drawn.chunks) == len(drawn.points) == drawn.total == 40
    assert (drawn.hits, drawn.query_point) == ((), None)


def test_a_sample_is_spread_and_holds_the_hits(filled: Index) -> None:
    drawn = draw_map(filled, query="whale of trip 7", limit=3, points=10)
    assert drawn.total == 40
    assert 10 <= len(drawn.chunks) <= 13
    assert [drawn.chunks[at] for at in drawn.hit_positions] == [hit.chunk for hit in drawn.hits]
    folders = [one.source.split("/")[1] for one in drawn.chunks]
    assert min(folders.count("sea"), folders.count("tax")) >= 4


def test_a_question_lies_where_its_like_lies(filled: Index) -> None:
    drawn = draw_map(filled, query="whales in the sea")
    assert drawn.query_point is not None
    sea = np.array(["/sea/" in one.source for one in drawn.chunks])
    distance = np.linalg.norm(drawn.points - np.array(drawn.query_point), axis=1)
    assert distance[sea].min() < distance[~sea].min()


def test_filters_hold_for_the_map(filled: Index) -> None:
    drawn = draw_map(filled, query="pencils", types=["md"])
    assert {one.source.rpartition(".")[2] for one in drawn.chunks} == {"md"}
    assert drawn.total == 20


def test_nothing_to_draw_is_said(index: Index, filled: Index) -> None:
    with pytest.raises(RagkitError, match="nothing to draw"):
        draw_map(filled, path="nowhere/**")


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def test_the_command_writes_a_page(run: CommandLine, docs: Path, home: Path) -> None:
    run("index", docs)
    done = run("map", "--out", "map.html", "--query", "whale <b>", "--points", 12)
    assert done.code == 0
    assert done.out.startswith("map.html: ")
    assert "of 40 passages" in done.out
    page = (home / "map.html").read_text(encoding="utf-8")
    assert "<q>whale &lt;b&gt;</q>, 5 hits" in page
    told = run("map", "--out", "map.html", "--json").json
    assert (told["points"], told["chunks"], told["hits"]) == (40, 40, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["--out", "map.png"], 2, "name a .html file", id="no page"),
        pytest.param(["--out", "no/map.html"], 2, "there is no folder no", id="no folder"),
        pytest.param([], 2, "Missing option '--out'", id="no out"),
        pytest.param(["--out", "a.html", "--query", " "], 2, "it is empty", id="blank query"),
        pytest.param(["--out", "a.html"], 1, "no index at", id="no index"),
    ],
)
def test_wrong_use_is_refused(
    run: CommandLine, arguments: list[str], code: int, message: str
) -> None:
    done = run("map", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
