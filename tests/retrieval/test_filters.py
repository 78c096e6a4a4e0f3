"""Which files a search is restricted to."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ragkit.retrieval.filter_expression import FilterError
from ragkit.retrieval.filters import FilterOptions, document_date, read_filters
from ragkit.types import FileRecord

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
    pytest.param({"path": "[z-a]"}, "the range z-a", id="glob"),
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
