"""The shipped corpus answers the shipped questions with the default settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragkit.index import Index

CORPUS = Path(__file__).parents[1] / "sample_corpus"
_LINES = (CORPUS / "questions.jsonl").read_text(encoding="utf-8").splitlines()
QUESTIONS = [json.loads(line) for line in _LINES]
ANSWERABLE = [row for row in QUESTIONS if row["source"]]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = Index.create(tmp_path_factory.mktemp("sample") / ".ragkit")
    report = index.update(CORPUS)
    assert (report.added, report.failed, report.skipped) == (12, 0, 0)
    return index


def found(index: Index, row: dict[str, Any]) -> bool:
    """Whether the expected source (and page) is among the first three hits."""
    return any(
        hit.chunk.source.endswith("/" + row["source"])
        and ("page" not in row or hit.chunk.page == row["page"])
        for hit in index.search(row["question"], limit=3)
    )


def test_there_are_twenty_answerable_and_five_unanswerable_questions() -> None:
    assert len(ANSWERABLE) == 20
    assert len(QUESTIONS) == 25


def test_at_least_eighteen_of_twenty_questions_find_their_source(index: Index) -> None:
    missed = [row["question"] for row in ANSWERABLE if not found(index, row)]
    assert len(missed) <= 2, missed


def test_half_of_the_extracted_answers_hold_the_expected_words(index: Index) -> None:
    right = [row for row in ANSWERABLE if row["answer"] in index.ask(row["question"]).text]
    assert len(right) >= 10


def test_every_citation_points_at_the_words_it_quotes(index: Index) -> None:
    for row in ANSWERABLE:
        answer = index.ask(row["question"])
        passages = {passage.number: passage for passage in answer.passages}
        for citation in answer.citations:
            passage = passages[citation.number]
            start = citation.start - passage.start
            assert passage.text[start : start + len(citation.quote)] == citation.quote
