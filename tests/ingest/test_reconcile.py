"""The ledger against the disk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.discovery.left_out import INDEX
from ragkit.ingest.reconcile import (
    Decision,
    reconcile,
    refuse_mass_deletion,
)
from ragkit.types import DiscoveredFile, FileFingerprint

SECOND = 10**9
NOW = 1_000_000 * SECOND
OLD = NOW - 1000 * SECOND

SOURCES = st.text("ab/.-", min_size=1, max_size=4)
STATS = st.tuples(st.integers(0, 2), st.sampled_from([OLD, OLD + 1, NOW]), st.integers(0, 1))
FOUND = st.builds(
    lambda source, stat, refusal: DiscoveredFile(source, source, *stat, refusal=refusal),
    SOURCES,
    STATS,
    st.sampled_from(["", "", "", "permission denied"]),
)
RECORDS = st.builds(
    lambda source, stat, outcome, seen: FileFingerprint(
        source, outcome, size=stat[0], mtime_ns=stat[1], inode=stat[2], last_seen_ns=seen
    ),
    SOURCES,
    STATS,
    st.sampled_from(["indexed", "skipped", "failed"]),
    st.sampled_from([0, OLD, NOW - SECOND, NOW]),
)


def in_order(items: list) -> list:
    ordered = sorted(items, key=lambda item: item.source)
    return [next(same) for _, same in groupby(ordered, key=lambda item: item.source)]


FOUND_FILES = st.lists(FOUND, max_size=12).map(in_order)
LEDGERS = st.lists(RECORDS, max_size=12).map(in_order)


def decide(found: list[DiscoveredFile], known: list[FileFingerprint], **options) -> list[Decision]:
    return list(reconcile(iter(found), iter(known), now_ns=NOW, **options))


def kinds(found: list[DiscoveredFile], known: list[FileFingerprint], **options) -> list[str]:
    return [decision.kind for decision in decide(found, known, **options)]


FILE = DiscoveredFile("a.md", "/a.md", 5, OLD, 7)
RECORD = FileFingerprint("a.md", "indexed", size=5, mtime_ns=OLD, inode=7, last_seen_ns=NOW)


@given(found=FOUND_FILES, known=LEDGERS)
def test_every_file_and_every_record_is_in_exactly_one_decision(
    found: list[DiscoveredFile], known: list[FileFingerprint]
) -> None:
    decisions = decide(found, known)
    assert [d.found for d in decisions if d.found is not None] == found
    assert [d.record for d in decisions if d.record is not None] == known
    sources = [(d.found or d.record).source for d in decisions]
    assert sources == sorted(set(sources))
    for kind, file, record in decisions:
        assert (kind == "new") <= (record is None)
        assert (file is None) == (kind in ("gone", "unreachable"))
        assert (kind == "refused") == (file is not None and file.refusal != "")


@given(found=FOUND_FILES)
def test_what_was_just_recorded_is_unchanged(found: list[DiscoveredFile]) -> None:
    files = [file for file in found if not file.refusal]
    known = [
        FileFingerprint(
            f.source, "indexed", size=f.size, mtime_ns=f.mtime_ns, inode=f.inode,
            last_seen_ns=NOW + 2 * SECOND,
        )
        for f in files
    ]  # fmt: skip
    assert set(kinds(files, known)) <= {"unchanged"}


@given(found=FOUND_FILES, known=LEDGERS)
def test_nothing_is_read_ahead(found: list[DiscoveredFile], known: list[FileFingerprint]) -> None:
    taken = 0

    def counted() -> Iterator[DiscoveredFile]:
        nonlocal taken
        for file in found:
            taken += 1
            yield file

    done = 0
    for decision in reconcile(counted(), known, now_ns=NOW):
        done += decision.found is not None
        assert taken <= done + 1


@pytest.mark.parametrize(
    ("file", "record", "kind"),
    [
        pytest.param(FILE, RECORD, "unchanged", id="equal"),
        pytest.param(FILE._replace(size=6), RECORD, "changed", id="size"),
        pytest.param(FILE._replace(mtime_ns=OLD - 1), RECORD, "changed", id="older"),
        pytest.param(FILE._replace(inode=8), RECORD, "changed", id="replaced"),
        pytest.param(FILE, RECORD._replace(last_seen_ns=OLD + SECOND), "check", id="racy"),
        pytest.param(
            FILE, RECORD._replace(last_seen_ns=OLD + 2 * SECOND), "unchanged", id="not racy"
        ),
        pytest.param(
            FILE, RECORD._replace(last_seen_ns=OLD - SECOND), "check", id="from the future"
        ),
        pytest.param(FILE, RECORD._replace(last_seen_ns=0), "check", id="never said when"),
        pytest.param(FILE, RECORD._replace(outcome="skipped"), "unchanged", id="skipped"),
        pytest.param(
            FILE._replace(size=6), RECORD._replace(outcome="skipped"), "changed", id="skipped, new"
        ),
        pytest.param(FILE, RECORD._replace(outcome="failed"), "unchanged", id="failed just now"),
        pytest.param(
            FILE._replace(size=6), RECORD._replace(outcome="failed"), "retry", id="failed, new"
        ),
        pytest.param(
            FILE,
            RECORD._replace(outcome="failed", last_seen_ns=NOW - 3600 * SECOND, mtime_ns=OLD),
            "retry",
            id="failed an hour ago",
        ),
        pytest.param(
            FILE,
            RECORD._replace(outcome="failed", last_seen_ns=NOW + 1),
            "retry",
            id="clock set back",
        ),
        pytest.param(FILE._replace(refusal="no"), RECORD, "refused", id="refused"),
        pytest.param(FILE, None, "new", id="new"),
        pytest.param(None, RECORD, "gone", id="gone"),
    ],
)
def test_one_file(file: DiscoveredFile | None, record: FileFingerprint | None, kind: str) -> None:
    assert decide([file] if file else [], [record] if record else []) == [
        Decision(kind, file, record)
    ]


def test_the_caller_may_ask_for_files_to_be_read_again() -> None:
    other = FILE._replace(source="b.md")
    known = [RECORD, RECORD._replace(source="b.md", reason="no table read")]
    again = kinds([FILE, other], known, read_again=lambda r: r.reason != "")
    assert again == ["unchanged", "retry"]
    assert kinds([FILE._replace(refusal="no")], known[:1], read_again=lambda r: True) == ["refused"]


def test_a_folder_that_cannot_be_listed_loses_nothing() -> None:
    found = [
        FILE,
        DiscoveredFile("b/", "/b", refusal="permission denied"),
        DiscoveredFile("c", "/c"),
    ]
    known = [RECORD._replace(source=source) for source in ("a.md", "b.md", "b/", "b/x", "b/y/z")]
    known += [RECORD._replace(source=source) for source in ("b0", "c", "d")]
    decisions = {(d.record or d.found).source: d.kind for d in decide(found, known)}
    assert decisions == {
        "a.md": "unchanged", "b.md": "gone", "b/": "refused", "b/x": "unreachable",
        "b/y/z": "unreachable", "b0": "gone", "c": "changed", "d": "gone",
    }  # fmt: skip


def test_a_folder_that_is_no_documents_loses_what_was_indexed_of_it() -> None:
    known = [RECORD._replace(source=source) for source in ("b/x", "b/y/z")]
    decisions = decide([DiscoveredFile("b/", "/b", refusal=INDEX)], known)
    assert [d.kind for d in decisions] == ["refused", "gone", "gone"]


@pytest.mark.parametrize(
    ("found", "known"),
    [
        pytest.param(["b", "a"], [], id="files"),
        pytest.param(["a", "a"], [], id="a file twice"),
        pytest.param([], ["b", "a"], id="records"),
        pytest.param(["b"], ["b", "b"], id="a record twice"),
    ],
)
def test_unsorted_input_is_refused(found: list[str], known: list[str]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        decide([DiscoveredFile(s, s) for s in found], [RECORD._replace(source=s) for s in known])


@pytest.mark.parametrize(
    ("known", "gone", "found", "text"),
    [
        (0, 0, 0, None),
        (3, 3, 1, None),
        (3, 0, 0, None),
        (1, 1, 0, "nothing was found, but 1 file is indexed from here"),
        (1412, 1412, 0, "1,412 files are indexed from here: is a disk not mounted?"),
    ],
)
def test_an_empty_root_does_not_empty_the_index(
    known: int, gone: int, found: int, text: str | None
) -> None:
    reason = refuse_mass_deletion(known, gone, found)
    assert reason is None if text is None else text in reason
