"""Matching clause by clause gives what one query of all clauses gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ragkit.query.keywords import keyword_query
from ragkit.store import Store
from ragkit.store.full_text import full_text
from ragkit.store.matching import match_by_clause
from ragkit.store.reader import Reader
from ragkit.store.schema import FORMAT
from ragkit.types import Chunk, ChunkSettings, Derived, Manifest, ModelIdentity

TEXTS = (
    "The backup of every server is tested once a quarter by the duty engineer.",
    "Who restores a server, and when? The engineer on duty, within an hour.",
    "A server that fails with ERR-4012 has no room for the backup.",
    "How the office kitchen is cleaned, and by whom.",
    "Die Sicherungen werden vierteljährlich geprüft.",
    "A quarter of the budget goes to the kitchen.",
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    manifest = Manifest(ModelIdentity("test/none", 8), ChunkSettings(), FORMAT)
    store = Store.create(str(tmp_path_factory.mktemp("words") / ".ragkit"), manifest)
    chunks = [Chunk(f"f{n}.md", 0, text, 0, len(text), 1, 1) for n, text in enumerate(TEXTS)]
    contexts = ["backup runbook", "restore runbook", "errors", "kitchen", "", "budget"]
    derived = [Derived(f"{n:032}", one, "") for n, one in enumerate(contexts)]
    store.chunks.write(
        chunks, list(np.eye(8, dtype=np.float32)[: len(TEXTS)]), derived, replacing=()
    )
    store.optimize()
    return Reader(store.place, "chunks")


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("backup quarter", id="words"),
        pytest.param("Who tests the backup of a server, and when?", id="function words"),
        pytest.param("what about ERR-4012 and the backup", id="identifier"),
        pytest.param("how the", id="function words alone"),
        pytest.param("kitchen runbook", id="headings and file names"),
    ],
)
def test_scores_are_those_of_one_query(reader: Reader, question: str) -> None:
    wanted = keyword_query(question)
    rows, scores = match_by_clause(reader, wanted, 100)

    def of_all_clauses(table: Any) -> Any:
        found = table.query().nearest_to_text(full_text(wanted)).limit(100)
        return found.select(["_score"]).with_row_id()

    (whole,) = reader.fetch(of_all_clauses)
    expected = dict(zip(whole["_rowid"].to_pylist(), whole["_score"].to_pylist(), strict=True))
    assert {row: pytest.approx(expected[row], rel=1e-4) for row in rows.tolist()} == dict(
        zip(rows.tolist(), scores.tolist(), strict=True)
    )
    assert np.all(np.diff(scores) <= 0)


def test_function_words_alone_bring_no_row(reader: Reader) -> None:
    rows, _ = match_by_clause(reader, keyword_query("who cleans the kitchen"), 100)
    assert sorted(rows.tolist()) == [3, 5]


def test_words_that_stand_nowhere_match_nothing(reader: Reader) -> None:
    rows, scores = match_by_clause(reader, keyword_query("what is a zeppelin"), 100)
    assert (len(rows), len(scores)) == (0, 0)


def test_the_best_are_kept_when_fewer_are_wanted(reader: Reader) -> None:
    wanted = keyword_query("backup server quarter")
    every, scores = match_by_clause(reader, wanted, 100)
    few, few_scores = match_by_clause(reader, wanted, 2)
    assert few.tolist() == every[:2].tolist()
    assert few_scores.tolist() == scores[:2].tolist()
