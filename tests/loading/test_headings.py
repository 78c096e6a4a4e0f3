from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.loading.headings import (
    asciidoc_headings,
    latex_headings,
    markdown_headings,
    org_headings,
    rst_headings,
)
from ragkit.types import Heading

Scanner = Callable[[str], tuple[Heading, ...]]
SCANNERS = [markdown_headings, rst_headings, asciidoc_headings, org_headings, latex_headings]


def found(scanner: Scanner, text: str) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in scanner(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("# One\n\n## Two ##\n", [(1, "One"), (2, "Two")], id="ATX"),
        pytest.param("One\n===\n\nTwo\n---\n", [(1, "One"), (2, "Two")], id="setext"),
        pytest.param("#hashtag\n", [], id="no space, no heading"),
        pytest.param("    # code\n", [], id="indented code"),
        pytest.param("```sh\n# comment\n```\n# Real\n", [(1, "Real")], id="fence"),
        pytest.param("````\n```\n# no\n````\n# Yes\n", [(1, "Yes")], id="longer fence"),
        pytest.param("~~~\n# no\n", [], id="unclosed fence"),
        pytest.param("<!--\n# no\n-->\n# Yes\n", [(1, "Yes")], id="comment"),
        pytest.param("| a | b |\n---\n", [], id="rule after a table"),
        pytest.param("- item\n---\n", [], id="rule after a list"),
        pytest.param("text\n\n---\n\nmore\n", [], id="rule"),
        pytest.param("# **B** [link](http://x.y) `c`\n", [(1, "B link `c`")], id="inline"),
        pytest.param("# snake_case_name\n", [(1, "snake_case_name")], id="underscores stay"),
        pytest.param("# \n", [], id="empty"),
        pytest.param("# 日本語 🗂️\n", [(1, "日本語 🗂️")], id="CJK and emoji"),
    ],
)
def test_markdown(text: str, expected: list[tuple[int, str]]) -> None:
    assert found(markdown_headings, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Title\n=====\n\nPart\n----\n", [(1, "Title"), (2, "Part")], id="underlined"),
        pytest.param(
            "=====\nTitle\n=====\n\nPart\n=====\n", [(1, "Title"), (2, "Part")], id="overlined"
        ),
        pytest.param("a line\nof text\n=======\n", [], id="two lines are a paragraph"),
        pytest.param("text\n\n-----\n\ntext\n", [], id="transition"),
        pytest.param("=====  =====\na      b\n=====  =====\n", [], id="simple table"),
        pytest.param("A\n-\n\nB\n-\n", [(1, "A"), (1, "B")], id="one character"),
    ],
)
def test_restructured_text(text: str, expected: list[tuple[int, str]]) -> None:
    assert found(rst_headings, text) == expected


def test_asciidoc() -> None:
    text = "= Book\n\n== Part\n\n----\n== code\n----\n\n=== Deep\n"
    assert found(asciidoc_headings, text) == [(1, "Book"), (2, "Part"), (3, "Deep")]


def test_org() -> None:
    text = "* TODO [#A] Buy milk :shop:\n#+begin_src sh\n* no\n#+end_src\n** Next\n"
    assert found(org_headings, text) == [(1, "Buy milk"), (2, "Next")]


def test_latex() -> None:
    text = (
        "\\section{First \\emph{one}}\n% \\section{no}\n\\begin{verbatim}\n\\section{no}\n"
        "\\end{verbatim}\n\\subsection*{Second}\n"
    )
    assert found(latex_headings, text) == [(1, "First one"), (2, "Second")]


@pytest.mark.parametrize("scanner", SCANNERS)
@given(text=st.text(alphabet="#=-*\\{}[]<!>`~ \nab", max_size=200))
def test_headings_ascend_and_begin_lines(scanner: Scanner, text: str) -> None:
    starts = [heading.start for heading in scanner(text)]
    assert starts == sorted(set(starts))
    assert all(start == 0 or text[start - 1] == "\n" for start in starts)


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize(
    "unit",
    ["# a\n", "<!--", "```\n", "a\n=\n", "[" * 50 + "\n", "\\section{", "-" * 99 + "\n", "* "],
)
def test_scanners_are_linear(scanner: Scanner, unit: str) -> None:
    text = unit * (400_000 // len(unit))
    start = time.process_time()
    scanner(text)
    assert time.process_time() - start < 3
