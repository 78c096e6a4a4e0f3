"""What a person is told when the filters leave no file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ragkit.retrieval.filter_diagnosis import explain_no_match
from ragkit.retrieval.filters import FilterOptions
from ragkit.types import FileRecord

MARCH = int(datetime(2024, 3, 5, 12, tzinfo=UTC).timestamp()) * 10**9


def record(source: str, *metadata: tuple[str, str], chunks: int = 1) -> FileRecord:
    return FileRecord(source, "indexed", metadata=metadata, mtime_ns=MARCH, chunks=chunks)


FILES = [
    record("docs/a.md", ("format", "md"), ("author", "Kim"), ("date", "2023-07-01")),
    record("docs/b.md", ("format", "md"), ("tags", "budget")),
    record("docs/c.pdf", ("format", "pdf"), ("author", "Lee")),
    record("docs/empty.txt", ("format", "txt"), chunks=0),
]
NOTHING: list[Any] = [
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


@pytest.mark.parametrize(("options", "message"), NOTHING)
def test_it_is_said_which_filter_lets_nothing_pass(options: FilterOptions, message: str) -> None:
    assert message in explain_no_match(options, FILES)


def test_a_known_field_is_not_called_unknown() -> None:
    assert "says anything" not in explain_no_match({"where": "author = Ann and size > 5"}, FILES)


@pytest.mark.parametrize(
    "options", [pytest.param({"path": "docs/**"}, id="some pass"), pytest.param({}, id="no filter")]
)
def test_nothing_is_said_where_files_pass(options: FilterOptions) -> None:
    assert explain_no_match(options, FILES) == ""


def test_an_empty_index_is_not_the_fault_of_the_filters() -> None:
    assert explain_no_match({"path": "x"}, []) == ""
