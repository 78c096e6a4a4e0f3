"""The ledger against the disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.ingest.reconcile import (
    Decision,
    guards_against_wipe,
    pair_moves,
    reconcile,
    same_content,
)
from ragkit.types import FileRecord, FoundFile

SECOND = 10**9
NOW = 1_000_000 * SECOND
OLD = NOW - 1000 * SECOND

SOURCES = st.text("ab/.-", min_size=1, max_size=4)
STATS = st.tuples(st.integers(0, 2), st.sampled_from([OLD, OLD + 1, NOW]), st.integers(0, 1))
FOUND = st.builds(
    lambda source, stat, refusal: FoundFile(source, source, *stat, refusal=refusal),
    SOURCES,
    STATS,
    st.sampled_from(["", "", "", "permission denied"]),
)
RECORDS = st.builds(
    lambda source, stat, outcome, seen: FileRecord(
        source, outcome, size=stat[0], mtime_ns=stat[1], inode=stat[2], seen_ns=seen
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


def decide(found: list[FoundFile], known: list[FileRecord], **options) -> list[Decision]:
    return list(reconcile(iter(found), iter(known), now_ns=NOW, **options))


def kinds(found: list[FoundFile], known: list[FileRecord], **options) -> list[str]:
    return [decision.kind for decision in decide(found, known, **options)]


FILE = FoundFile("a.md", "/a.md", 5, OLD, 7)
RECORD = FileRecord("a.md", "indexed", size=5, mtime_ns=OLD, inode=7, seen_ns=NOW, sha256="1")


@given(found=FOUND_FILES, known=LEDGERS)
def test_every_file_and_every_record_is_in_exactly_one_decision(
    found: list[FoundFile], known: list[FileRecord]
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
def test_what_was_just_recorded_is_unchanged(found: list[FoundFile]) -> None:
    files = [file for file in found if not file.refusal]
    known = [
        FileRecord(
            f.source, "indexed", size=f.size, mtime_ns=f.mtime_ns, inode=f.inode,
            seen_ns=NOW + 2 * SECOND,
        )
        for f in files
    ]  # fmt: skip
    assert set(kinds(files, known)) <= {"unchanged"}


@given(found=FOUND_FILES, known=LEDGERS)
def test_nothing_is_read_ahead(found: list[FoundFile], known: list[FileRecord]) -> None:
    taken = 0

    def counted() -> Iterator[FoundFile]:
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
        pytest.param(FILE, replace(RECORD, seen_ns=OLD + SECOND), "check", id="racy"),
        pytest.param(FILE, replace(RECORD, seen_ns=OLD + 2 * SECOND), "unchanged", id="not racy"),
        pytest.param(FILE, replace(RECORD, seen_ns=OLD - SECOND), "check", id="from the future"),
        pytest.param(FILE, replace(RECORD, seen_ns=0), "check", id="never said when"),
        pytest.param(FILE, replace(RECORD, outcome="skipped"), "unchanged", id="skipped"),
        pytest.param(
            FILE._replace(size=6), replace(RECORD, outcome="skipped"), "changed", id="skipped, new"
        ),
        pytest.param(FILE, replace(RECORD, outcome="failed"), "unchanged", id="failed just now"),
        pytest.param(
            FILE._replace(size=6), replace(RECORD, outcome="failed"), "retry", id="failed, new"
        ),
        pytest.param(
            FILE,
            replace(RECORD, outcome="failed", seen_ns=NOW - 3600 * SECOND, mtime_ns=OLD),
            "retry",
            id="failed an hour ago",
        ),
        pytest.param(
            FILE, replace(RECORD, outcome="failed", seen_ns=NOW + 1), "retry", id="clock set back"
        ),
        pytest.param(FILE._replace(refusal="no"), RECORD, "refused", id="refused"),
        pytest.param(FILE, None, "new", id="new"),
        pytest.param(None, RECORD, "gone", id="gone"),
    ],
)
def test_one_file(file: FoundFile | None, record: FileRecord | None, kind: str) -> None:
    assert decide([file] if file else [], [record] if record else []) == [
        Decision(kind, file, record)
    ]


def test_the_caller_may_ask_for_files_to_be_read_again() -> None:
    other = FILE._replace(source="b.md")
    known = [RECORD, replace(RECORD, source="b.md", media_type="text/html")]
    again = kinds([FILE, other], known, read_again=lambda r: r.media_type == "text/html")
    assert again == ["unchanged", "retry"]
    assert kinds([FILE._replace(refusal="no")], known[:1], read_again=lambda r: True) == ["refused"]


def test_a_folder_that_cannot_be_listed_loses_nothing() -> None:
    found = [FILE, FoundFile("b/", "/b", refusal="permission denied"), FoundFile("c", "/c")]
    known = [replace(RECORD, source=source) for source in ("a.md", "b.md", "b/", "b/x", "b/y/z")]
    known += [replace(RECORD, source=source) for source in ("b0", "c", "d")]
    decisions = {(d.record or d.found).source: d.kind for d in decide(found, known)}
    assert decisions == {
        "a.md": "unchanged", "b.md": "gone", "b/": "refused", "b/x": "unreachable",
        "b/y/z": "unreachable", "b0": "gone", "c": "changed", "d": "gone",
    }  # fmt: skip


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
        decide([FoundFile(s, s) for s in found], [replace(RECORD, source=s) for s in known])


def test_content_is_the_same_only_when_it_is_known_and_good() -> None:
    assert same_content(RECORD, "1")
    assert not same_content(RECORD, "2")
    assert not same_content(replace(RECORD, sha256=""), "")
    assert not same_content(replace(RECORD, outcome="failed"), "1")


# ---------------------------------------------------------------- moves


def gone(**sources: str) -> list[FileRecord]:
    return [replace(RECORD, source=source, sha256=sha256) for source, sha256 in sources.items()]


def moves(new: dict[str, str], old: dict[str, str]) -> dict[str, str]:
    return {
        source: record.source
        for source, record in pair_moves(list(new.items()), gone(**old)).items()
    }


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        pytest.param({"b": "1"}, {"a": "1"}, {"b": "a"}, id="renamed"),
        pytest.param({"b": "2"}, {"a": "1"}, {}, id="other content"),
        pytest.param({"b": ""}, {"a": ""}, {}, id="unknown content"),
        pytest.param({"b": "1", "c": "1"}, {"a": "1"}, {"b": "a"}, id="moved and copied"),
        pytest.param({"c": "1"}, {"a": "1", "b": "1"}, {"c": "a"}, id="two became one"),
        pytest.param(
            {"new/x": "1", "new/y": "1"}, {"old/y": "1", "old/x": "1"},
            {"new/x": "old/x", "new/y": "old/y"}, id="names decide among equals",
        ),
        pytest.param(
            {"n/p": "1", "n/y": "1"}, {"o/x": "1", "o/y": "1"},
            {"n/p": "o/x", "n/y": "o/y"}, id="a kept name goes first",
        ),
    ],
)  # fmt: skip
def test_moves(new: dict[str, str], old: dict[str, str], expected: dict[str, str]) -> None:
    assert moves(new, old) == expected


CONTENTS = st.dictionaries(SOURCES, st.sampled_from(["", "1", "2"]), max_size=8)


@given(new=CONTENTS, old=CONTENTS, order=st.randoms())
def test_as_many_moves_as_contents_allow_in_any_order(
    new: dict[str, str], old: dict[str, str], order
) -> None:
    found = moves(new, old)
    assert len(set(found.values())) == len(found)
    assert all(new[source] == old[was] != "" for source, was in found.items())
    for sha256 in ("1", "2"):
        pairs = min(list(new.values()).count(sha256), list(old.values()).count(sha256))
        assert sum(new[source] == sha256 for source in found) == pairs
    shuffled_new, shuffled_old = list(new.items()), list(old.items())
    order.shuffle(shuffled_new)
    order.shuffle(shuffled_old)
    assert moves(dict(shuffled_new), dict(shuffled_old)) == found


def test_a_thousand_equal_files_are_paired_at_once() -> None:
    new = {f"new/{n}": "1" for n in range(20_000)}
    assert len(moves(new, {f"old/{n}": "1" for n in range(20_000)})) == 20_000


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
    reason = guards_against_wipe(known, gone, found)
    assert reason is None if text is None else text in reason
