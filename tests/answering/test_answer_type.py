"""Promises of telling what kind of answer a question asks for."""

from __future__ import annotations

import pytest

from ragkit.answering.answer_type import answer_type, contains_answer_type


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many servers are there?", "number"),
        ("What percentage of it is water?", "number"),
        ("Wie viele Gäste dürfen kommen?", "number"),
        ("Wie hoch ist die Kaution?", "number"),
        ("有多少台服务器？", "number"),
        ("¿Cuántos años tiene?", "number"),
        ("How often are backups tested?", "frequency"),
        ("Wie oft wird geprüft?", "frequency"),
        ("When did it open?", "date"),
        ("In what year did it open?", "date"),
        ("Wann wurde es eröffnet?", "date"),
        ("什么时候开门？", "date"),
        ("Quand est-il né ?", "date"),
        ("Who wrote it?", "person"),
        ("Wer hat es geschrieben?", "person"),
        ("谁写的？", "person"),
        ("Where is it?", "place"),
        ("Which city is it in?", "place"),
        ("Wo liegt der Schlüssel?", "place"),
        ("在哪里？", "place"),
        ("Why does it slip?", "reason"),
        ("Warum rutscht es?", "reason"),
        ("为什么？", "reason"),
        ("Is it open?", "yes-no"),
        ("Was it open?", "yes-no"),
        ("Ist es offen?", "yes-no"),
        ("开门吗？", "yes-no"),
        ("Was kostet der Eintritt?", "other"),
        ("Explain the policy.", "other"),
        ("", "other"),
    ],
)
def test_the_question_words_tell_the_kind_of_answer(question: str, kind: str) -> None:
    assert answer_type(question) == kind


@pytest.mark.parametrize(
    ("kind", "question", "sentence", "expected"),
    [
        pytest.param("number", "How many?", "There are 30.", True, id="digits"),
        pytest.param("number", "How many?", "There are three.", True, id="words"),
        pytest.param("number", "How many?", "There are some.", False, id="none"),
        pytest.param(
            "number", "How many are 30?", "There are 30.", False, id="named by the question"
        ),
        pytest.param("number", "How much?", "3. Open the lid (see § 5).", False, id="enumeration"),
        pytest.param("date", "When?", "It opened in May.", True, id="month"),
        pytest.param("date", "When?", "It opened at noon.", False, id="no date"),
        pytest.param("person", "Who?", "It was written by Ada Lovelace.", True, id="name"),
        pytest.param("person", "Who?", "Someone wrote it.", False, id="capital at the beginning"),
        pytest.param("place", "Where?", "It lies in Quarnau.", True, id="place"),
        pytest.param("frequency", "How often?", "Every day.", True, id="frequency"),
        pytest.param("other", "What?", "30 in May in Quarnau.", False, id="other"),
    ],
)
def test_a_sentence_holds_an_answer_of_that_kind(
    kind: str, question: str, sentence: str, expected: bool
) -> None:
    assert contains_answer_type(kind, question, sentence) is expected  # type: ignore[arg-type]
