"""What a run has to do, kept in little memory."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import RagkitError
from ragkit.ingest.reconcile import Decision
from ragkit.ingest.work_plan import ContentHashes, Spool, plan_work
from ragkit.types import DiscoveredFile, FileFingerprint, Problem

FILE = DiscoveredFile("a.md", "/x/a.md", 5, 6, 7)
KNOWN = FileFingerprint("a.md", "indexed", "", 5, 6, 7, 8)
ROWS = st.lists(st.tuples(st.text(st.characters(), max_size=5), st.integers(-(2**63), 2**63)))


@given(rows=ROWS, memory_bytes=st.sampled_from([1, 1000]))
def test_rows_come_back_as_they_went_in(rows: list[tuple[str, int]], memory_bytes: int) -> None:
    spool = Spool(memory_bytes)
    for row in rows:
        spool.add(row)
    assert len(spool) == len(rows)
    for _ in range(2):
        assert [tuple(row) for row in spool] == rows
    spool.close()


def test_a_name_that_is_not_utf8_comes_back() -> None:
    spool = Spool()
    spool.add(["caf\udce9.md"])
    assert list(spool) == [["caf\udce9.md"]]
    spool.close()


def test_what_is_as_it_was_is_counted_and_the_rest_kept() -> None:
    refused = FILE._replace(refusal="permission denied")
    decisions = [
        Decision("unchanged", FILE, KNOWN),
        Decision("unchanged", FILE, KNOWN._replace(reason="3 of 40 pages have no text")),
        Decision("unreachable", None, KNOWN),
        Decision("unchanged", FILE, KNOWN._replace(outcome="failed", reason="damaged")),
        Decision("refused", refused, KNOWN._replace(outcome="skipped", reason="permission denied")),
    ]
    with plan_work(decisions) as scan:
        assert scan.nothing_to_do
        assert scan.counts == {"unchanged": 3, "failed": 1, "skipped": 1}
        assert scan.problems[:2] == [
            Problem("a.md", "indexed", "3 of 40 pages have no text"),
            Problem("a.md", "failed", "damaged"),
        ]
        assert scan.problems[2].reason == "permission denied"


@pytest.mark.parametrize(
    ("decision", "due"),
    [
        pytest.param(Decision("new", FILE, None), (FILE, False, True), id="new"),
        pytest.param(Decision("changed", FILE, KNOWN), (FILE, True, False), id="changed"),
        pytest.param(Decision("check", FILE, KNOWN), (FILE, True, False), id="check"),
        pytest.param(Decision("retry", FILE, KNOWN), (FILE, True, True), id="retry"),
    ],
)
def test_a_file_to_read_is_due(decision: Decision, due: tuple[DiscoveredFile, bool, bool]) -> None:
    with plan_work([decision]) as scan:
        assert not scan.nothing_to_do
        assert [tuple(one) for one in scan.to_read()] == [due]
        assert scan.to_read_count == 1


def test_a_vanished_file_and_a_new_refusal_are_something_to_do() -> None:
    with plan_work([Decision("gone", None, KNOWN)]) as scan:
        assert list(scan.gone()) == ["a.md"]
        assert scan.gone_count == 1
        assert not scan.nothing_to_do
    refused = FILE._replace(refusal="a device, not a file")
    with plan_work([Decision("refused", refused, None)]) as scan:
        assert list(scan.refused()) == [(refused, False)]
        assert not scan.nothing_to_do


def test_an_error_while_deciding_is_raised_before_anything_is_done() -> None:
    def decisions():
        yield Decision("new", FILE, None)
        raise RagkitError("nothing was found")

    with pytest.raises(RagkitError, match="nothing was found"), plan_work(decisions()):
        pytest.fail("it went on")


HASHES = st.lists(st.sampled_from(["", "1" * 64, "2" * 64, "f" * 64]), max_size=12)


@given(new=HASHES, gone=HASHES)
def test_as_many_files_are_moved_as_contents_allow(new: list[str], gone: list[str]) -> None:
    ours, theirs = ContentHashes(), ContentHashes()
    for sha256 in new:
        ours.add(sha256)
    for sha256 in gone:
        theirs.add(sha256)
    equal = Counter(filter(None, new)) & Counter(filter(None, gone))
    assert ours.common(theirs) == theirs.common(ours) == equal.total()
