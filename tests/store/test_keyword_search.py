"""Matching clause by clause gives what one query of all clauses gives."""

from __future__ import annotations

import numpy as np
import pytest

from ragkit.retrieval.query_parsing import parse_query
from ragkit.store import Store
from ragkit.store.schema import FORMAT
from ragkit.types import Chunk, ChunkFeatures, ChunkSettings, Manifest, ModelIdentity

TEXTS = (
    "The backup of every server is tested once a quarter by the duty engineer.",
    "Who restores a server, and when? The engineer on duty, within an hour.",
    "A server that fails with ERR-4012 has no room for the backup.",
    "How the office kitchen is cleaned, and by whom.",
    "Die Sicherungen werden vierteljährlich geprüft.",
    "A quarter of the budget goes to the kitchen.",
)
SOURCES = tuple(f"f{n}.md" for n in range(len(TEXTS)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    manifest = Manifest(ModelIdentity("test/none", 8), ChunkSettings(), FORMAT)
    store = Store.create(str(tmp_path_factory.mktemp("words") / ".ragkit"), manifest)
    chunks = [
        Chunk(source, 0, text, 0, len(text), 1, 1)
        for source, text in zip(SOURCES, TEXTS, strict=True)
    ]
    contexts = ["backup runbook", "restore runbook", "errors", "kitchen", "", "budget"]
    derived = [ChunkFeatures(f"{n:032}", one, "") for n, one in enumerate(contexts)]
    store.chunks.write(
        chunks, list(np.eye(8, dtype=np.float32)[: len(TEXTS)]), derived, replacing=()
    )
    store.optimize()
    return store


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
def test_scores_are_those_of_one_query(store: Store, question: str) -> None:
    wanted = parse_query(question)
    found = store.search.match(wanted, 100)
    whole = store.search.match(wanted, 100, sources=SOURCES)  # a filter makes it one query
    expected = dict(zip(whole.rows.tolist(), whole.scores.tolist(), strict=True))
    assert len(expected) == len(found.rows)
    assert found.scores.tolist() == pytest.approx([expected[row] for row in found.rows.tolist()])
    assert np.all(np.diff(found.scores) <= 0)


def test_function_words_alone_bring_no_row(store: Store) -> None:
    found = store.search.match(parse_query("who cleans the kitchen"), 100)
    assert sorted(found.rows.tolist()) == [3, 5]


def test_words_that_stand_nowhere_match_nothing(store: Store) -> None:
    found = store.search.match(parse_query("what is a zeppelin"), 100)
    assert (len(found.rows), len(found.scores), found.headers) == (0, 0, {})


def test_the_best_are_kept_when_fewer_are_wanted(store: Store) -> None:
    wanted = parse_query("backup server quarter")
    every = store.search.match(wanted, 100)
    few = store.search.match(wanted, 2)
    assert few.rows.tolist() == every.rows[:2].tolist()
    assert few.scores.tolist() == every.scores[:2].tolist()
