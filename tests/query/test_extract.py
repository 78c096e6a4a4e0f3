"""Promises of the answer without a chat model."""

from __future__ import annotations

from ragkit.query.extract import extract
from ragkit.types import Passage


def passage(number: int, text: str, source: str = "notes.md", start: int = 0) -> Passage:
    return Passage(number, source, text, start, start + len(text), 1, 1, None, "", "", ())


BACKUP = (
    "Our servers live in two halls. Backups are tested every quarter by restoring one server. "
    "The restored server is compared with the original."
)


def test_the_sentence_that_answers_comes_first_and_cites_its_passage() -> None:
    found = extract("How often are backups tested?", [passage(4, BACKUP, start=100)])
    assert found[0].text == "Backups are tested every quarter by restoring one server."
    assert found[0].citations == (4,)


def test_the_evidence_is_verbatim_and_its_span_counts_from_the_document() -> None:
    document = "x" * 100 + BACKUP
    for sentence in extract("How often are backups tested?", [passage(1, BACKUP, start=100)]):
        evidence = sentence.evidence
        assert evidence is not None
        assert document[evidence.start : evidence.end] == evidence.quote


def test_no_passages_give_no_sentences() -> None:
    assert extract("How often are backups tested?", []) == ()
