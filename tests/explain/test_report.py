"""What the figures of a search mean, in steps and in one sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ragkit.explain.report import explain, missing_query_terms, ordinal
from ragkit.explain.trace import ExpectedFile, RankedHit, SearchTrace
from ragkit.retrieval.passages import to_passages
from ragkit.types import Chunk, FileRecord, Hit, KeywordQuery


def hit(source: str, text: str, similarity: float, keyword: float = 0.0) -> Hit:
    chunk = Chunk(source, 0, text, 0, len(text), 1, 2)
    return Hit(chunk, similarity + keyword / 2, similarity, keyword)


FOUND = [
    hit("a.md", "Backups are tested every quarter.", 0.6, 1.0),
    hit("b.md", "Servers are restored.", 0.5),
]
TRACED = SearchTrace(
    question="how are backups tested",
    keyword_query=KeywordQuery("backups tested", "how are"),
    limit=2,
    ask_limit=8,
    depth=100,
    keyword_weight=0.5,
    chunks=900,
    matches=40,
    candidates=120,
    hits=(RankedHit(FOUND[0], 3, 1, 1), RankedHit(FOUND[1], 1, None, 2)),
    passages=to_passages(FOUND),
)
RECORD = FileRecord("c.md", "indexed", chunks=3)
BEST = hit("c.md", "The archive of tapes.", 0.2)
OUT = ExpectedFile("c.md", RECORD, best=BEST, similarity_rank=37, fused_rank=41)


def test_the_search_alone_is_told_by_its_first_hit() -> None:
    explained = explain(TRACED)
    assert explained.verdict == "a.md:1-2 comes first: 3rd by similarity and 1st by keywords."
    assert (explained.steps, explained.found) == ((), None)


def test_a_leg_that_did_not_bring_the_hit_is_named() -> None:
    explained = explain(replace(TRACED, hits=TRACED.hits[1:]))
    assert "1st by similarity and not among the first 100 by keywords" in explained.verdict


SENTENCES: list[Any] = [
    pytest.param(
        OUT,
        "its best chunk c.md:1-2 is 37th by similarity and holds none of the words: 41st after "
        "fusion; -k 41 would show it.",
        "search",
        id="outranked",
    ),
    pytest.param(
        replace(OUT, fused_rank=None, similarity_rank=612),
        "612th by similarity and holds none of the words: neither ranking has it among its 100",
        "fusion",
        id="no candidate",
    ),
    pytest.param(
        replace(OUT, best=hit("c.md", "Tested tapes.", 0.2, 0.3), keyword_rank=7),
        "37th by similarity and 7th by keywords (it lacks backups): 41st after fusion",
        "search",
        id="a word is missing",
    ),
    pytest.param(
        ExpectedFile("c.md", None, not_indexed_reason="it lies in none of the indexed folders"),
        "it is not in the index (it lies in none of the indexed folders).",
        "indexed",
        id="never seen",
    ),
    pytest.param(
        ExpectedFile("c.md", FileRecord("c.md", "failed", reason="damaged")),
        "it is not in the index (failed: damaged).",
        "indexed",
        id="failed",
    ),
    pytest.param(
        ExpectedFile("c.md", FileRecord("c.md", "indexed")),
        "it is not in the index (indexed: it holds no text).",
        "indexed",
        id="no text",
    ),
    pytest.param(
        ExpectedFile("c.md", RECORD, failing=("types='pdf'",)),
        "it does not pass types='pdf'.",
        "filters",
        id="filtered out",
    ),
]


@pytest.mark.parametrize(("expected", "sentence", "step"), SENTENCES)
def test_what_put_a_file_out_is_said(expected: ExpectedFile, sentence: str, step: str) -> None:
    explained = explain(replace(TRACED, expected=expected))
    assert explained.found is False
    assert explained.verdict.startswith("c.md is not found, because ")
    assert sentence in explained.verdict
    assert [one.name for one in explained.steps if not one.passed].count(step) == 1


def test_a_found_file_is_said_to_be_found() -> None:
    file = ExpectedFile(
        "a.md", RECORD, best=FOUND[0], similarity_rank=3, keyword_rank=1, fused_rank=1, passage=1
    )
    explained = explain(replace(TRACED, expected=file))
    assert explained.found
    assert all(step.passed for step in explained.steps)
    assert explained.verdict == (
        "a.md is found: a.md:1-2 is the 1st hit, 3rd by similarity and 1st by keywords."
    )


def test_a_copy_is_said_to_be_folded() -> None:
    file = replace(OUT, passage=2, folded_into="a.md:1-2")
    steps = {step.name: step for step in explain(replace(TRACED, expected=file)).steps}
    assert steps["folding"].detail == "folded into a.md:1-2, a copy"
    assert steps["ask"].passed


def test_a_phrase_that_stands_nowhere_in_the_file_is_the_reason() -> None:
    quoted = replace(TRACED, keyword_query=KeywordQuery("x", phrases=("every quarter",)))
    explained = explain(replace(quoted, expected=ExpectedFile("c.md", RECORD)))
    assert 'it does not hold "every quarter" word for word' in explained.verdict
    nothing = explain(replace(quoted, hits=()))
    assert "no chunk holds every quoted phrase" in nothing.verdict


def test_words_without_weight_are_no_reason() -> None:
    explained = explain(replace(TRACED, keyword_weight=0.0, expected=OUT))
    assert "keywords" not in explained.verdict


def test_the_words_a_chunk_lacks_are_those_of_the_question_as_written() -> None:
    chunk = hit("tests.md", "The backup of Zürich is quick.", 0.1)
    question = "How are Backups in Zurich TESTED by robots, robots?"
    assert missing_query_terms(question, chunk) == ("robots",)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        pytest.param(1, "1st", id="1"),
        pytest.param(12, "12th", id="12"),
        pytest.param(23, "23rd", id="23"),
        pytest.param(1112, "1,112th", id="1112"),
        pytest.param(1202, "1,202nd", id="1202"),
    ],
)
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text
