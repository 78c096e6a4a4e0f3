"""Globs against a plain recursive reading of them."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.retrieval.globs import path_pattern, text_pattern

PATHS: list[Any] = [
    pytest.param("*.pdf", ["a.pdf", "x/y/a.pdf"], ["a.pdfx", "apdf"], id="no slash: the name"),
    pytest.param("docs", ["docs", "docs/a.md", "x/docs/a.md"], ["docsx/a.md"], id="a folder"),
    pytest.param("docs/", ["docs/a.md", "docs/x/a.md"], ["docs", "x/docs/a.md"], id="final slash"),
    pytest.param("docs/*", ["docs/a.md", "docs/x/a.md"], ["docs", "x/docs/a"], id="one star"),
    pytest.param("docs/*.md", ["docs/a.md"], ["docs/x/a.md"], id="a star stays in its folder"),
    pytest.param("docs/**", ["docs/a", "docs/x/y/a"], ["docs", "docsx/a"], id="all below"),
    pytest.param("docs/**/a.md", ["docs/a.md", "docs/x/y/a.md"], ["docs/xa.md"], id="any folders"),
    pytest.param("**/a.md", ["a.md", "x/y/a.md"], ["xa.md"], id="any folders first"),
    pytest.param("./docs/*.md", ["docs/a.md"], ["a.md"], id="from here"),
    pytest.param("/home/*/a.md", ["/home/kim/a.md"], ["home/kim/a.md"], id="absolute"),
    pytest.param(
        "report-?.md", ["report-1.md"], ["report-10.md", "report-.md"], id="one character"
    ),
    pytest.param("[a-c]1.md", ["b1.md"], ["d1.md", "-1.md"], id="a range"),
    pytest.param("[!a-c]1.md", ["d1.md"], ["b1.md", "a/1.md"], id="all but a range"),
    pytest.param("[!]a].md", ["b.md"], ["].md", "a.md"], id="a bracket in a bracket"),
    pytest.param("x[!a]y", ["xby"], ["x/y"], id="no bracket is a slash"),
    pytest.param("[draft.md", ["[draft.md"], ["draft.md"], id="a bracket that is not closed"),
    pytest.param("it's (1).md", ["x/it's (1).md"], ["its 1.md"], id="a quote"),
    pytest.param("r\\xe9.md", ["r\\xe9.md"], ["ré.md"], id="a name that is not UTF-8"),
    pytest.param("*計画*", ["b/年度計画書.txt"], ["計.txt"], id="CJK"),
]


@pytest.mark.parametrize(("glob", "named", "others"), PATHS)
def test_a_glob_names_sources(glob: str, named: list[str], others: list[str]) -> None:
    pattern = path_pattern(glob)
    assert [s for s in named + others if pattern.fullmatch(s)] == named


@pytest.mark.parametrize(
    ("glob", "message"),
    [
        pytest.param("[z-a]", "the range z-a", id="range the wrong way"),
        pytest.param("docs/[!9-0].md", "the range 9-0", id="inverted range the wrong way"),
        pytest.param("", "names nothing", id="empty"),
        pytest.param("./", "names nothing", id="the current folder"),
    ],
)
def test_a_bad_glob_is_named_in_the_error(glob: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        path_pattern(glob)


@given(
    st.lists(st.sampled_from(["a", "b", "*", "**", "**/", "/", "?"]), min_size=1, max_size=8),
    st.text("ab/", max_size=9),
)
def test_a_glob_means_what_a_plain_reading_of_it_means(parts: list[str], source: str) -> None:
    glob = "".join(parts)
    if not glob.removeprefix("./").rstrip("/"):
        return
    assert (path_pattern(glob).fullmatch(source) is not None) == reads(glob, source)


def reads(glob: str, source: str) -> bool:
    """The documented meaning, tried character by character."""
    anywhere = "/" not in glob
    below = glob.endswith("/")
    glob = glob.rstrip("/")

    @cache
    def fits(g: int, s: int) -> bool:
        if g == len(glob):
            return source[s : s + 1] == "/" if below else source[s : s + 1] in ("", "/")
        starts = g == 0 or glob[g - 1] == "/"
        if starts and glob.startswith("**/", g):
            ends = [at + 1 for at in range(s, len(source)) if source[at] == "/"]
            return fits(g + 3, s) or any(fits(g + 3, end) for end in ends)
        if glob.startswith("**", g):
            return any(fits(g + 2, at) for at in range(s, len(source) + 1))
        if glob[g] == "*":
            end = source.find("/", s) if "/" in source[s:] else len(source)
            return any(fits(g + 1, at) for at in range(s, end + 1))
        if s == len(source):
            return False
        return (source[s] == glob[g] or (glob[g] == "?" and source[s] != "/")) and fits(
            g + 1, s + 1
        )

    starts = [0]
    if anywhere:
        starts += [at + 1 for at, character in enumerate(source) if character == "/"]
    return any(fits(0, start) for start in starts)


@given(st.text("ab*?", max_size=8), st.text("ab/\n", max_size=9))
def test_a_text_glob_means_what_a_plain_reading_of_it_means(glob: str, text: str) -> None:
    @cache
    def fits(g: int, t: int) -> bool:
        if g == len(glob):
            return t == len(text)
        if glob[g] == "*":
            return any(fits(g + 1, at) for at in range(t, len(text) + 1))
        return t < len(text) and glob[g] in ("?", text[t]) and fits(g + 1, t + 1)

    assert (text_pattern(glob).fullmatch(text) is not None) == fits(0, 0)


@given(st.text("*?[]!-^/\\az.", max_size=12))
def test_any_text_is_a_glob_or_a_clean_error(glob: str) -> None:
    for make in (path_pattern, text_pattern):
        with suppress(ValueError):  # re.error is none
            make(glob).fullmatch("a/z.")


@pytest.mark.parametrize(
    "glob",
    ["*a" * 30 + "b", "**a" * 30 + "b", "**/a*/" * 12 + "b", "/".join(["**/*a*"] * 10) + "b"],
)
def test_many_stars_are_no_trap(glob: str) -> None:
    started = time.perf_counter()
    for name in ("a" * 1000, "a/" * 500, "aa/" * 333):
        path_pattern(glob).fullmatch(name)
        text_pattern(glob).fullmatch(name)
    assert time.perf_counter() - started < 5
