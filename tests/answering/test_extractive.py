"""Promises of the answer without a chat model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.answering.extractive import extract_answer, term_overlap
from ragkit.language.tokens import terms
from ragkit.types import Chunk, Hit, Passage

if TYPE_CHECKING:
    from ragkit.types import Vectors


def passage(
    number: int,
    text: str,
    *,
    source: str = "notes.md",
    start: int = 0,
    heading: str = "",
    table_header: str = "",
    score: float | None = None,
) -> Passage:
    chunk = Chunk(source, number, text, start, start + len(text), 1, 1)
    hits = () if score is None else (Hit(chunk, score, score, 0.0),)
    return Passage(
        number, source, text, start, start + len(text), 1, 1, None, "", heading, hits, table_header
    )


BACKUP = (
    "Our servers live in two halls. Backups are tested every quarter by restoring one server. "
    "The restored server is compared with the original."
)


def lead(question: str, *texts: str) -> str:
    return extract_answer(question, [passage(n, text) for n, text in enumerate(texts, 1)])[0].text


def test_the_sentence_that_answers_comes_first_and_cites_its_passage() -> None:
    found = extract_answer("How often are backups tested?", [passage(4, BACKUP, start=100)])
    assert found[0].text == "Backups are tested every quarter by restoring one server."
    assert found[0].citations == (4,)


def test_the_evidence_is_verbatim_and_its_span_counts_from_the_document() -> None:
    document = "x" * 100 + BACKUP
    for sentence in extract_answer(
        "How often are backups tested?", [passage(1, BACKUP, start=100)]
    ):
        evidence = sentence.evidence
        assert evidence is not None
        assert document[evidence.start : evidence.end] == evidence.quote


@pytest.mark.parametrize(
    "passages",
    [
        pytest.param([], id="no passage"),
        pytest.param([passage(1, "")], id="empty passage"),
        pytest.param([passage(1, " \n\n ")], id="blank passage"),
    ],
)
def test_nothing_to_quote_gives_no_sentences(passages: list[Passage]) -> None:
    assert extract_answer("How often are backups tested?", passages) == ()
    assert term_overlap("How often?", passages) == [0.0] * len(passages)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        extract_answer("Why?", [passage(1, BACKUP)], limit=0)


def test_one_sentence_when_it_alone_carries_the_answer() -> None:
    other = "The canteen opens at noon. Bicycles are parked behind the house."
    found = extract_answer(
        "How often are backups tested by restoring a server?",
        [passage(1, BACKUP, score=1.0), passage(2, other, score=0.3)],
    )
    assert len(found) == 1


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_never_more_than_the_limit(limit: int) -> None:
    text = " ".join(f"The red door number {n} leads to hall {n}." for n in range(20))
    assert (
        len(extract_answer("Where do the red doors lead?", [passage(1, text)], limit=limit))
        <= limit
    )


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        pytest.param(
            "How many guests may a member bring?",
            "A member may bring guests to the evenings. A member may bring up to 3 guests.",
            "A member may bring up to 3 guests.",
            id="number",
        ),
        pytest.param(
            "When was the east dome built?",
            "The east dome was built of oak. The east dome was built in May 1911.",
            "The east dome was built in May 1911.",
            id="date",
        ),
        pytest.param(
            "Who leads the workshop?",
            "The workshop is led by the oldest member. The workshop is led by Aurel Binder.",
            "The workshop is led by Aurel Binder.",
            id="person",
        ),
        pytest.param(
            "Where is the spare key kept?",
            "The spare key is kept with great care. The spare key is kept in Quarnau.",
            "The spare key is kept in Quarnau.",
            id="place",
        ),
        pytest.param(
            "May visitors touch the mirror?",
            "Visitors like to touch the mirror. Visitors must not touch the mirror.",
            "Visitors must not touch the mirror.",
            id="yes or no",
        ),
        pytest.param(
            "Wie viele Gäste darf ein Mitglied mitbringen?",
            "Ein Mitglied darf Gäste mitbringen. Ein Mitglied darf zwei Gäste mitbringen.",
            "Ein Mitglied darf zwei Gäste mitbringen.",
            id="German number",
        ),
        pytest.param(
            "Wann wurde die Westkuppel gebaut?",
            "Die Westkuppel wurde aus Holz gebaut. Die Westkuppel wurde im Mai gebaut.",
            "Die Westkuppel wurde im Mai gebaut.",
            id="German date",
        ),
        pytest.param(
            "主镜要冷却多久？",
            "主镜要冷却到室外温度。主镜要冷却 40 分钟。",
            "主镜要冷却 40 分钟。",
            id="Chinese number",
        ),
    ],
)
def test_a_sentence_holding_the_kind_of_answer_asked_for_is_preferred(
    question: str, text: str, answer: str
) -> None:
    assert lead(question, text) == answer


def test_a_table_row_may_be_the_answer_and_reads_as_one() -> None:
    text = "| Tour | Family |\n|---|---|\n| Evening tour | 28.00 |\n| Day tour | 19.00 |"
    found = extract_answer("How much does a family pay for the evening tour?", [passage(1, text)])
    assert found[0].text == "Tour: Evening tour; Family: 28.00"
    assert found[0].evidence is not None
    assert found[0].evidence.quote == "| Evening tour | 28.00 |"


def test_a_row_knows_the_header_of_a_table_that_began_before_its_passage() -> None:
    rows = passage(1, "| Evening tour | 28.00 |", table_header="| Tour | Family |\n|---|---|")
    assert (
        extract_answer("What does a family pay?", [rows])[0].text
        == "Tour: Evening tour; Family: 28.00"
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("## How often are backups tested?\n\nEvery quarter.", id="heading"),
        pytest.param("How often are backups tested? Every quarter.", id="question in the text"),
        pytest.param("Backups tested\n\nEvery quarter.", id="plain title"),
    ],
)
def test_the_words_of_the_question_alone_are_no_answer(text: str) -> None:
    assert lead("How often are backups tested?", text) == "Every quarter."


def test_a_passage_of_nothing_but_a_heading_is_still_quoted() -> None:
    assert lead("What about backups?", "# Backups and restores") == "Backups and restores"


def test_near_copies_are_quoted_once() -> None:
    copy = "Backups are tested every quarter by restoring one server!"
    found = extract_answer(
        "How often are backups tested?", [passage(1, BACKUP), passage(2, copy)], limit=5
    )
    assert sum("every quarter" in sentence.text for sentence in found) == 1


def test_versions_that_differ_in_a_number_both_have_their_say() -> None:
    old, new = "Logs are kept for 30 days.", "Logs are kept for 45 days."
    found = extract_answer(
        "How long are logs kept?", [passage(1, old, score=0.7), passage(2, new, score=0.7)]
    )
    assert {sentence.text for sentence in found} == {old, new}


def test_a_pronoun_brings_the_sentence_before_it() -> None:
    text = "The dome is opened by the duty engineer. She checks the wind and the lamps first."
    found = extract_answer("Who checks the wind and the lamps?", [passage(1, text)])
    assert [sentence.text for sentence in found] == text.replace(". ", ".\n").split("\n")


def test_a_colon_brings_what_it_announces() -> None:
    text = "To restore a server, run this command:\n\n```sh\nvault restore mizar\n```\n\nThen wait."
    found = extract_answer("Which command restores a server?", [passage(1, text)])
    assert [sentence.text for sentence in found][:2] == [
        "To restore a server, run this command:",
        "```sh\nvault restore mizar\n```",
    ]


def test_after_the_lead_the_order_is_that_of_the_document() -> None:
    text = (
        "Keys are lent to members. Keys are counted in May. Lent keys are lost at times. "
        "Lost keys cost 50 euros a piece."
    )
    found = extract_answer("What do lost keys cost?", [passage(1, text)], limit=4)
    starts = [sentence.evidence.start for sentence in found if sentence.evidence is not None]
    assert found[0].text == "Lost keys cost 50 euros a piece."
    assert starts[1:] == sorted(starts[1:])


class BagOfMeanings:
    """An embedder for which words of one meaning are one word."""

    meanings = (frozenset(("ill", "sick", "fever")), frozenset(("doctor", "certificat")))

    def __call__(self, texts: Sequence[str]) -> Vectors:
        rows = [
            [float(bool(meaning & set(terms(text)))) for meaning in self.meanings] + [0.1]
            for text in texts
        ]
        vectors = np.array(rows, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_meaning_finds_what_wording_does_not() -> None:
    text = "Holidays are asked for in March. If sick, send a certificate. The canteen is open."
    embed = BagOfMeanings()
    found = extract_answer(
        "Fever: doctor?",
        [passage(1, text)],
        embed=embed,
        question_vector=embed(["Fever: doctor?"])[0],
        limit=1,
    )
    assert found[0].text == "If sick, send a certificate."


def test_the_wording_of_a_question_is_looked_for_in_every_passage() -> None:
    question = "How often are backups tested?"
    passages = [
        passage(1, "The canteen opens at noon."),
        passage(2, BACKUP),
        passage(3, "They are tested.", heading="Backups"),
    ]
    nothing, whole, around = term_overlap(question, passages)
    assert (nothing, whole) == (0.0, 1.0)
    assert 0.5 < around < 1.0  # "backups" stands in the heading


TEXTS = st.lists(
    st.sampled_from(
        [
            "Backups run.",
            "It is 3 p.m.",
            "# Head",
            "| a | b |",
            "|---|---|",
            "- item",
            "```",
            "何时？",
            "",
        ]
    ),
    max_size=12,
).map("\n".join)


@given(st.text(max_size=40), st.lists(TEXTS, max_size=4), st.integers(1, 5))
def test_every_sentence_is_cited_and_quoted_exactly(
    question: str, texts: list[str], limit: int
) -> None:
    passages = [passage(n, text, start=7 * n) for n, text in enumerate(texts, 1)]
    found = extract_answer(question, passages, limit=limit)
    assert len(found) <= limit
    assert bool(found) == any(any(c.isalnum() for c in text) for text in texts)
    for sentence in found:
        assert sentence.evidence is not None
        source = passages[sentence.citations[0] - 1]
        start = sentence.evidence.start - source.start
        assert source.text[start : sentence.evidence.end - source.start] == sentence.evidence.quote
