"""Promises of `ragkit.query.standalone`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.query.standalone import join_questions, read_rewriting, rewriting_prompt, topic_words

SAID = ["How often are backups tested?", "Every quarter, says the runbook of the duty engineer."]


@pytest.mark.parametrize(
    ("question", "previous", "joined"),
    [
        pytest.param(
            "And in 2023?",
            "How many visitors came in 2022 to the museum?",
            "How many visitors came in 2023 to the museum?",
            id="a year for a year",
        ),
        pytest.param(
            "And in Munich?",
            "Who leads the project in Berlin?",
            "Who leads the project in Munich?",
            id="a place for a place",
        ),
        pytest.param(
            "For interns?",
            "What is the notice period for employees?",
            "What is the notice period for interns?",
            id="people for people",
        ),
        pytest.param(
            "What about interns?",
            "What is the notice period for employees?",
            "What is the notice period for employees? What about interns?",
            id="a piece with no like in the question before",
        ),
        pytest.param(
            "Why?", "How often are backups tested?", "Why? (backups tested)", id="no subject"
        ),
        pytest.param(
            "Who approves it?",
            "How do I request leave?",
            "Who approves it? (request leave)",
            id="a question of its own with a pronoun",
        ),
        pytest.param(
            "And with ERR-4012?",
            "What does ERR-4011 mean?",
            "What does ERR-4011 mean? And with ERR-4012?",
            id="an identifier is no number",
        ),
        pytest.param(
            "Und 2023?",
            "Wie viele Besucher kamen 2022?",
            "Wie viele Besucher kamen 2023?",
            id="de",
        ),
        pytest.param(
            "Für Praktikanten?",
            "Wie lang ist die Frist für Angestellte?",
            "Wie lang ist die Frist für Praktikanten?",
            id="de, a phrase",
        ),
        pytest.param(
            "Et en 2023 ?",
            "Combien de visiteurs sont venus en 2022 ?",
            "Combien de visiteurs sont venus en 2023 ?",
            id="fr",
        ),
        pytest.param(
            "¿Y en 2023?",
            "¿Cuántos visitantes vinieron en 2022?",
            "¿Cuántos visitantes vinieron en 2023?",
            id="es",
        ),
        pytest.param(
            "А в 2023 году?",
            "Сколько посетителей было в 2022 году?",
            "Сколько посетителей было в 2023 году?",
            id="ru",
        ),
        pytest.param("那2023年呢？", "2022年有多少参观者？", "2023年有多少参观者？", id="zh"),
        pytest.param("谁批准？", "休假申请怎么提交？", "谁批准？ (休假申请 提交)", id="zh, own"),
        pytest.param(
            "実習生は？", "休暇は何日ですか？", "休暇は何日ですか？ 実習生は？", id="ja, a piece"
        ),
        pytest.param(
            "Neden?",
            "Yedekler kaç günde sınanır?",
            "Neden? (Yedekler kaç günde sınanır)",
            id="a language without a grammar",
        ),
    ],
)
def test_a_follow_up_is_joined_with_the_question_before_it(
    question: str, previous: str, joined: str
) -> None:
    assert join_questions(question, previous) == joined


def test_people_in_the_answer_come_along() -> None:
    joined = join_questions(
        "What is her phone number?", "Who leads the project?", "Ada Lovelace leads it [1]."
    )
    assert joined == "What is her phone number? (leads project Ada Lovelace)"


def test_many_names_are_no_antecedent() -> None:
    answer = "Ada Lovelace, Alan Turing and Kurt Cobain lead it."
    assert "Turing" not in join_questions("What is her number?", "Who leads the project?", answer)


def test_words_that_the_follow_up_has_itself_are_not_repeated() -> None:
    joined = join_questions("Why are they tested?", "How often are backups tested?")
    assert joined == "Why are they tested? (backups)"


def test_a_chain_of_follow_ups_does_not_grow_without_end() -> None:
    question = "What is the notice period?"
    for number in range(60):
        question = join_questions(f"What about interns of kind-{number}?", question)
    assert len(question) < 600


def test_topic_words_are_as_written_each_once_and_few() -> None:
    assert topic_words("Is ERR-4012 of the backup a backup error?") == [
        "ERR-4012",
        "backup",
        "error",
    ]
    assert len(topic_words(" ".join(f"word{n}" for n in range(50)))) == 12


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_any_texts_can_be_joined(question: str, previous: str, answer: str) -> None:
    joined = join_questions(question, previous, answer)
    assert len(joined) <= len(question) + len(previous) + len(answer) + 20


def test_the_prompt_holds_the_question_on_one_line() -> None:
    assert rewriting_prompt("Why \n is\tthat?").endswith("\nQuestion: Why is that?")


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param("Why are backups tested every quarter?", id="plain"),
        pytest.param('  "Why are backups tested every quarter?"\n', id="in quotation marks"),
        pytest.param("Standalone question: Why are backups tested every quarter?", id="a label"),
        pytest.param("Frage: Why are backups tested every quarter?", id="a label in German"),
        pytest.param("Why are backups tested every quarter? [1]", id="a mark"),
        pytest.param("**Why are backups tested every quarter?**", id="in bold"),
    ],
)
def test_a_rewritten_question_is_taken_bare(reply: str) -> None:
    assert read_rewriting(reply, "Why?", SAID) == "Why are backups tested every quarter?"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n ", id="blank"),
        pytest.param("?", id="no word"),
        pytest.param("Why?\nBecause backups fail.", id="several lines"),
        pytest.param("Why are backups tested " + "again " * 60 + "?", id="too long"),
        pytest.param("Backups are tested every quarter.", id="an answer"),
        pytest.param("Why do penguins huddle in winter storms?", id="words that nobody said"),
    ],
)
def test_rubbish_is_refused(reply: str) -> None:
    assert read_rewriting(reply, "Why?", SAID) == ""


def test_a_rewriting_in_chinese_is_taken() -> None:
    said = ["备份多久测试一次？", "每季度一次。"]
    assert read_rewriting("备份为什么每季度测试？", "为什么？", said) == "备份为什么每季度测试？"
