"""Which words of a question carry its subject."""

from __future__ import annotations

import pytest

from ragkit.retrieval.query_parsing import parse_query

KEPT = [
    ("how often are the backups tested", "backups tested"),
    ("the causes of the war", "causes war"),  # German for "was"
    ("man page of grep", "man page grep"),
    ("sin tax rates", "sin tax rates"),  # Spanish for "without"
    ("die casting process", "die casting process"),
    ("note 7", "note 7"),  # with the stem of "not"
    ("What's the dose", "dose"),
    ("who led the WHO in 2020?", "led WHO 2020?"),
    ("US export rules", "US export rules"),
    ("WHO IS WHO IN TOWN", "TOWN"),
    ("was ist die Hauptstadt von Frankreich", "Hauptstadt Frankreich"),
    ("qui est le roi de France", "roi France"),
    ("¿Cuál es la capital de España?", "capital España?"),
    ("what is it", "what is it"),
    ("is", "is"),
]


@pytest.mark.parametrize(("question", "words"), KEPT)
def test_function_words_of_the_question_s_own_language_are_left_out(
    question: str, words: str
) -> None:
    assert parse_query(question).words == words


def test_a_phrase_quoted_within_a_question_need_not_occur() -> None:
    asked = parse_query('who wrote "the war of the worlds" and when')
    assert (asked.phrases, asked.identifiers) == ((), ("the war of the worlds",))
    assert parse_query('"the war of the worlds" author').phrases == ("the war of the worlds",)
