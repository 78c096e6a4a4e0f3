"""`ragkit help`: the pages of the documentation in a terminal."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest
from command_line import CommandLine
from pseudo_terminal import PseudoTerminal

ROOT = Path(__file__).parents[2]
TOPICS = sorted(page.stem for page in (ROOT / "ragkit" / "docs").glob("*.md"))


@pytest.fixture
def ragkit(home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def test_the_topics_are_listed_in_one_line_each(ragkit: CommandLine) -> None:
    done = ragkit("help")
    assert (done.code, done.err) == (0, "")
    listed = done.out.partition("\n\n")[0].split("\n")
    assert [line.split()[0] for line in listed] == TOPICS
    assert max(map(len, listed)) <= 80


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_plain_text_without_an_index(ragkit: CommandLine, topic: str) -> None:
    done = ragkit("help", topic)
    assert (done.code, done.err) == (0, "")
    assert done.out.count("\n") > 30
    assert not re.search(r"^```|^#+ |\]\(", done.out, re.M)
    assert [x for x in done.out.split("\n") if len(x) > 80 and not x.startswith("  ")] == []
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.out)


def test_the_name_of_a_command_shows_its_options(ragkit: CommandLine) -> None:
    done = ragkit("help", "search")
    assert done.code == 0
    assert done.out.startswith("Usage: ragkit search [OPTIONS] QUERY")


def test_an_unknown_topic_is_one_line_with_a_suggestion(ragkit: CommandLine) -> None:
    done = ragkit("help", "retreival")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "did you mean 'retrieval'?" in done.err
    assert ragkit("help", "\x1b[31mzzz").err.count("\x1b") == 0


def test_a_terminal_gets_it_page_by_page(home: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PAGER": "sed s/^/paged-/"}
    with PseudoTerminal(["help", "scale"], environment, home) as terminal:
        terminal.wait_for("paged-Object stores")
    with PseudoTerminal(["help"], environment, home) as terminal:
        terminal.wait_for("retrieval")
        assert "paged-" not in terminal.plain


def test_the_pages_are_part_of_what_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "docs/*.md" in project["tool"]["setuptools"]["package-data"]["ragkit"]
