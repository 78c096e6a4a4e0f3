"""Which files a search is restricted to."""

from __future__ import annotations

import re
import time
import unicodedata
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import FilterError
from ragkit.retrieval.filters import (
    FilterOptions,
    compile_path_filter,
    document_date,
    explain_no_match,
    glob_from,
    read_filters,
)
from ragkit.types import FileRecord

NFD_NAME = unicodedata.normalize("NFD", "Jörg.md")
NOON = int(datetime(2024, 3, 5, 12, tzinfo=UTC).timestamp()) * 10**9


def record(source: str, *metadata: tuple[str, str], mtime_ns: int = NOON) -> FileRecord:
    return FileRecord(source, "indexed", metadata=metadata, mtime_ns=mtime_ns)


FILES = [
    record("docs/a.md", ("format", "md"), ("date", "2023-07-01")),
    record("docs/b.pdf", ("format", "pdf"), ("created", "2022-01")),
    record("docs/c.PDF", ("format", "pdf"), ("modified", "2024-02-01"), ("created", "2020")),
    record("src/d.py", ("format", "txt")),
    record("src/report", ("format", "pdf"), ("author", "Kim")),
    record("src/.hidden.htm", ("format", "html"), ("date", "last spring")),
    record("old/e.txt", ("format", "txt"), mtime_ns=0),
]


def chosen(**options: Any) -> str:
    """The names of the chosen files, in one word."""
    filters = read_filters(**options)
    assert filters is not None
    found = [file.source for file in FILES if filters.matches(file)]
    return " ".join(source.rpartition("/")[2] for source in found)


CASES: list[Any] = [
    pytest.param({"path": "docs/**"}, "a.md b.pdf c.PDF", id="path"),
    pytest.param({"types": ["pdf"]}, "b.pdf c.PDF report", id="a format, whatever the name"),
    pytest.param({"types": "pdf"}, "b.pdf c.PDF report", id="one type as text"),
    pytest.param({"types": ["PY", ".md"]}, "a.md d.py", id="endings in any way"),
    pytest.param({"types": ["htm"]}, ".hidden.htm", id="an ending beside the format"),
    pytest.param({"types": ["html"]}, ".hidden.htm", id="a format beside the ending"),
    pytest.param({"types": ["hidden"]}, "", id="a hidden name is no ending"),
    pytest.param({"since": "2024"}, "c.PDF d.py report .hidden.htm", id="since a year"),
    pytest.param({"since": "2024-03-05"}, "d.py report .hidden.htm", id="since a day, included"),
    pytest.param({"since": "2024-03-06"}, "", id="since the day after"),
    pytest.param({"until": "2022"}, "b.pdf e.txt", id="until a year, included"),
    pytest.param({"since": "2022", "until": "2023-07"}, "a.md b.pdf", id="between"),
    pytest.param({"since": date(2024, 3, 1)}, "d.py report .hidden.htm", id="a date of Python"),
    pytest.param({"until": datetime(2020, 1, 1, 5, tzinfo=UTC)}, "e.txt", id="a time of Python"),
    pytest.param({"where": "author = kim"}, "report", id="where"),
    pytest.param({"where": "date < 2023"}, "b.pdf e.txt", id="where on the date"),
    pytest.param(
        {"path": "*.pdf", "types": ["pdf"], "where": "not author = kim"}, "b.pdf", id="all at once"
    ),
]


@pytest.mark.parametrize(("options", "names"), CASES)
def test_files_pass_that_are_what_was_asked_for(options: FilterOptions, names: str) -> None:
    assert chosen(**options) == names


@pytest.mark.parametrize(("options", "names"), CASES)
def test_no_other_columns_are_looked_at_than_said(options: FilterOptions, names: str) -> None:
    filters = read_filters(**options)
    assert filters is not None
    narrow = [
        FileRecord(
            **{"outcome": "indexed"} | {name: getattr(file, name) for name in filters.columns}
        )
        for file in FILES
    ]
    accepted = [file.source for file in narrow if filters.matches(file)]
    assert accepted == [file.source for file in FILES if filters.matches(file)]


def test_the_path_alone_needs_no_more_than_names() -> None:
    filters = read_filters(path="docs/**")
    assert filters is not None
    assert filters.columns == ("source",)
    assert filters.filter_sources(file.source for file in FILES) == [
        "docs/a.md",
        "docs/b.pdf",
        "docs/c.PDF",
    ]


def test_nothing_asked_for_is_no_filter() -> None:
    assert read_filters() is None
    assert read_filters(path=None, types=(), since=None, until=None, where=None) is None


BAD: list[Any] = [
    pytest.param({"path": "./"}, "names nothing", id="the current folder"),
    pytest.param({"path": ""}, "names nothing", id="empty glob"),
    pytest.param({"types": [" "]}, "such as pdf or md", id="blank type"),
    pytest.param({"since": "yesterday"}, "'yesterday' is no date", id="date in words"),
    pytest.param({"until": "2024-02-30"}, "2024-02-30", id="impossible date"),
    pytest.param({"since": ""}, "is no date", id="empty date"),
    pytest.param({"where": "author"}, "at character 7", id="expression"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_a_bad_filter_is_a_clear_error(options: FilterOptions, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_filters(**options)
    assert type(caught.value) in (ValueError, FilterError)


def test_the_first_date_that_can_be_read_counts() -> None:
    metadata = (("created", "2020-01-01"), ("date", "soon"), ("modified", "1 May 2021"))
    assert document_date(record("a", *metadata)) == (2021, 5, 1)


def test_without_a_date_of_its_own_a_file_has_the_local_time_of_its_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = int(datetime(2024, 3, 5, 23, 30, tzinfo=UTC).timestamp()) * 10**9
    monkeypatch.setenv("TZ", "UTC-2")  # two hours east of Greenwich
    time.tzset()
    try:
        assert document_date(record("a", mtime_ns=late)) == (2024, 3, 6, 1, 30, 0)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_impossible_time_of_a_file_is_no_date() -> None:
    broken = record("a", mtime_ns=10**30)
    assert document_date(broken) is None
    filters = read_filters(until="2999")
    assert filters is not None
    assert not filters.matches(broken)


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
    pytest.param("計?書.txt", ["計画書.txt"], ["計書.txt"], id="one character that is not ASCII"),
    pytest.param("[ä-ü]1.md", ["ö1.md"], ["a1.md"], id="a range that is not ASCII"),
    pytest.param("[!a-c].md", ["計.md"], ["b.md"], id="all but a range, not ASCII"),
    pytest.param("docs/**.md", ["docs/a.md"], ["docs/x/a.md"], id="two stars within a name"),
    pytest.param("#*.md", ["x/#1.md"], ["1.md"], id="no comment"),
    pytest.param("!a.md", ["x/!a.md"], ["a.md", "b.md"], id="no negation"),
    pytest.param("*計画*", ["b/年度計画書.txt"], ["計.txt"], id="CJK"),
]


@pytest.mark.parametrize(("glob", "named", "others"), PATHS)
def test_a_glob_names_sources(glob: str, named: list[str], others: list[str]) -> None:
    pattern = compile_path_filter(glob)
    assert [s for s in named + others if pattern.matches(s)] == named


_SEGMENTS = st.sampled_from(["a", "b", "ab", "*", "?", "a*", "*b", "**"])


@given(
    st.lists(_SEGMENTS, min_size=1, max_size=5).map("/".join),
    st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=5).map("/".join),
)
def test_a_glob_means_what_a_plain_reading_of_it_means(glob: str, source: str) -> None:
    assert compile_path_filter(glob).matches(source) == reads(glob, source)


def reads(glob: str, source: str) -> bool:
    """The documented meaning, tried segment by segment."""
    segments = glob.split("/") if "/" in glob else ["**", glob]
    names = source.split("/")

    @cache
    def fits(s: int, n: int) -> bool:
        if s == len(segments):
            return True
        if n == len(names):
            return False
        if segments[s] == "**":
            return s == len(segments) - 1 or fits(s + 1, n) or fits(s, n + 1)
        return fnmatchcase(names[n], segments[s]) and fits(s + 1, n + 1)

    return fits(0, 0)


@given(st.text("*?[]!-^/\\az.", max_size=12))
def test_any_text_is_a_glob_or_a_clean_error(glob: str) -> None:
    with suppress(ValueError):  # re.error is none
        compile_path_filter(glob).matches("a/z.")


@pytest.mark.parametrize(
    "glob",
    ["*a" * 30 + "b", "**a" * 30 + "b", "**/a*/" * 12 + "b", "/".join(["**/*a*"] * 10) + "b"],
)
def test_many_stars_are_no_trap(glob: str) -> None:
    started = time.perf_counter()
    for name in ("a" * 1000, "a/" * 500, "aa/" * 333):
        compile_path_filter(glob).matches(name)
    assert time.perf_counter() - started < 5


def indexed(source: str, *metadata: tuple[str, str], chunks: int = 1) -> FileRecord:
    return replace(record(source, *metadata), chunks=chunks)


INDEXED = [
    indexed("docs/a.md", ("format", "md"), ("author", "Kim"), ("date", "2023-07-01")),
    indexed("docs/b.md", ("format", "md"), ("tags", "budget")),
    indexed("docs/c.pdf", ("format", "pdf"), ("author", "Lee")),
    indexed("docs/empty.txt", ("format", "txt"), chunks=0),
]
NO_MATCH: list[Any] = [
    pytest.param({"path": "x/**"}, "path='x/**'; sources are written like docs/a.md", id="path"),
    pytest.param({"types": ["doc", "x"]}, "types='doc x'; there are md (2), pdf (1)", id="type"),
    pytest.param({"types": ["txt"]}, "there are md (2), pdf (1)", id="a file without text"),
    pytest.param({"since": "2025"}, "dates lie between 2023-07-01 and 2024-03-05", id="since"),
    pytest.param({"until": "2001"}, "dates lie between 2023-07-01 and 2024-03-05", id="until"),
    pytest.param(
        {"where": "auther = Kim"},
        "none of them says anything about auther: they have format (3), author (2)",
        id="a field no file has",
    ),
    pytest.param({"where": "author = Ann"}, "of the 3 files passes where=", id="a value none has"),
    pytest.param(
        {"where": "author = Kim", "types": ["pdf"]},
        "of 3 files pass alone: 1 where, 1 types",
        id="not together",
    ),
]


@pytest.mark.parametrize(("options", "message"), NO_MATCH)
def test_it_is_said_which_filter_lets_nothing_pass(options: FilterOptions, message: str) -> None:
    assert message in explain_no_match(options, INDEXED)


def test_a_known_field_is_not_called_unknown() -> None:
    assert "says anything" not in explain_no_match({"where": "author = Ann and size > 5"}, INDEXED)


@pytest.mark.parametrize(
    "options", [pytest.param({"path": "docs/**"}, id="some pass"), pytest.param({}, id="no filter")]
)
def test_nothing_is_said_where_files_pass(options: FilterOptions) -> None:
    assert explain_no_match(options, INDEXED) == ""


def test_an_empty_index_is_not_the_fault_of_the_filters() -> None:
    assert explain_no_match({"path": "x"}, []) == ""


@pytest.mark.parametrize(
    ("glob", "passing"),
    [
        pytest.param("report [draft].md", ["report [draft].md"], id="a literal name"),
        pytest.param("report [drx].md", ["report d.md", "report r.md"], id="a glob"),
        pytest.param("b[1]", ["b[1]/a.md"], id="a folder"),
        pytest.param("b[1]/*.md", ["b1/a.md"], id="a glob of a folder"),
        pytest.param(unicodedata.normalize("NFC", "Jörg.md"), [NFD_NAME], id="composed"),
        pytest.param(NFD_NAME, [NFD_NAME], id="decomposed"),
        pytest.param(unicodedata.normalize("NFC", "J?rg.md"), [NFD_NAME], id="one character"),
    ],
)
def test_a_name_is_itself_before_it_is_a_glob(glob: str, passing: list[str]) -> None:
    sources = ["b1/a.md", "b[1]/a.md", "report [draft].md", "report d.md", "report r.md", NFD_NAME]
    filters = read_filters(path=glob)
    assert filters is not None
    assert filters.filter_sources(sources) == passing
    narrowed = filters.for_sources(sources)
    assert [one for one in sources if narrowed.matches(FileRecord(one, "indexed"))] == passing


TREE = [
    "guide.md",
    "other/guide.md",
    "other/y.md",
    "sub/deep/x.md",
    "sub/guide.md",
    "s[1]/guide.md",
]


@pytest.mark.parametrize(
    ("glob", "here", "passing"),
    [
        ("guide.md", "/d/sub", ["sub/guide.md"]),
        ("guide.md", "/d", [one for one in TREE if one.endswith("guide.md")]),
        ("guide.md", "/elsewhere", [one for one in TREE if one.endswith("guide.md")]),
        ("./guide.md", "/d", ["guide.md"]),
        ("./", "/d/sub", ["sub/deep/x.md", "sub/guide.md"]),
        (".", "/d", TREE),
        ("..", "/d/sub", TREE),
        ("..", "/d", TREE),
        (".", "/", TREE),
        ("../other/*.md", "/d/sub", ["other/guide.md", "other/y.md"]),
        ("deep", "/d/sub", ["sub/deep/x.md"]),
        ("sub/guide.md", "/d/sub", ["sub/guide.md"]),
        ("d/sub/**", "/", ["sub/deep/x.md", "sub/guide.md"]),
        ("*.md", "/d/sub", TREE),
        ("./*.md", "/d/sub", ["sub/guide.md"]),
        ("/d/other", "/d/sub", ["other/guide.md", "other/y.md"]),
        ("guide.md", "/d/s[1]", ["s[1]/guide.md"]),
        ("y.md", "/d/sub", ["other/y.md"]),
        ("./y.md", "/d/sub", []),
        ("../../y.md", "/d/sub", []),
    ],
)
def test_a_glob_is_meant_from_where_one_stands(glob: str, here: str, passing: list[str]) -> None:
    named = glob_from(glob, here, "/d", lambda: TREE)
    filters = read_filters(path=named)
    assert filters is not None
    assert filters.filter_sources(TREE) == passing
