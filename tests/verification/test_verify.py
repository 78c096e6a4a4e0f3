"""Promises of checking an answer against its passages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ragkit.language.sentences import split_sentences, to_plain_text
from ragkit.types import Passage, Sentence
from ragkit.verification.verify import verify, without_unsupported

if TYPE_CHECKING:
    from ragkit.types import Vectors


def passage(number: int, text: str, *, start: int = 0, heading: str = "") -> Passage:
    end = start + len(text)
    return Passage(number, "notes.md", text, start, end, 1, 1, None, "", heading, ())


def check(claim: str, *texts: str, cites: tuple[int, ...] = (1,)) -> Sentence:
    passages = [passage(number, text) for number, text in enumerate(texts, 1)]
    (verdict,) = verify([Sentence(claim, cites)], passages)
    return verdict


LOANS = (
    "Members may borrow two items at the same time. A loan lasts 45 days and may be renewed once. "
    "The policy was written by Aurel Binder on 5 March 2024 and does not apply to schools. "
    'It says that "every item is cleaned before it is returned". The deposit is 1,250 euros.'
)


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param("A loan lasts 45 days and may be renewed once.", id="verbatim"),
        pytest.param("Loans last 45 days.", id="shortened"),
        pytest.param("A loan lasts forty-five days.", id="number in words"),
        pytest.param("Members may borrow 2 items at the same time.", id="number in digits"),
        pytest.param("The deposit is 1250 euros.", id="without thousands separator"),
        pytest.param("The deposit is €1,250.", id="currency sign"),
        pytest.param("Aurel Binder wrote the policy on March 5, 2024.", id="other date format"),
        pytest.param("Aurel Binder wrote the policy on 2024-03-05.", id="ISO date"),
        pytest.param("The policy was written in March 2024.", id="part of a date"),
        pytest.param("The policy was written in 2024.", id="year of a date"),
        pytest.param("The policy doesn't apply to schools.", id="negation kept"),
        pytest.param('The policy says "every item is cleaned".', id="quote kept"),
        pytest.param("The policy says “every item is cleaned”.", id="other quotation marks"),
    ],
)
def test_what_the_passage_says_is_supported(claim: str) -> None:
    verdict = check(claim, LOANS)
    assert (verdict.support, verdict.reason) == ("supported", "")


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        pytest.param("A loan lasts 30 days.", "the passage says 45 days, not 30", id="number"),
        pytest.param("A loan lasts thirty days.", "45 days", id="number in words"),
        pytest.param("A loan lasts 45 hours.", "45 days", id="unit"),
        pytest.param("The deposit is 12.50 euros.", "1,250", id="decimal"),
        pytest.param("A loan lasts 45 % longer.", "45 days", id="per cent"),
        pytest.param("Aurel Binder wrote it on 6 March 2024.", "6 March 2024", id="day"),
        pytest.param("Aurel Binder wrote it on 5 April 2024.", "5 April 2024", id="month"),
        pytest.param("Aurel Binder wrote the policy in 2021.", "2021", id="year"),
        pytest.param("The policy was written by Stellan Rook.", "Stellan Rook", id="name"),
        pytest.param("The policy applies to schools.", "opposite", id="negation removed"),
        pytest.param(
            "A loan may not be renewed once.", "without the negation", id="negation added"
        ),
        pytest.param("A loan must never be renewed.", "without the negation", id="never"),
        pytest.param('It says "every item is washed by hand".', "washed by hand", id="quote"),
        pytest.param("The cafeteria sells bread and soup at noon.", "hardly speaks", id="subject"),
    ],
)
def test_what_the_passage_does_not_say_is_unsupported(claim: str, reason: str) -> None:
    verdict = check(claim, LOANS)
    assert verdict.support == "unsupported"
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        pytest.param(
            "Logs are kept for 30 days.", "Logs are kept for 45 days. Mail: 30 days.", id="number"
        ),
        pytest.param(
            "The west dome was built by Anna Stone in oak.",
            "The west dome was built by Karl Reed in oak. Anna Stone paid for it.",
            id="name",
        ),
        pytest.param(
            "The hall was opened on 3 May 1990 by the mayor.",
            "The hall was opened on 4 June 1991 by the mayor. It closed on 3 May 1990.",
            id="date",
        ),
    ],
)
def test_a_fact_of_another_sentence_in_the_place_of_the_right_one_is_found(
    claim: str, text: str
) -> None:
    assert check(claim, text).support == "unsupported"


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        pytest.param(
            "Die Ausleihe dauert 30 Tage.", "Die Ausleihe dauert 45 Tage.", id="German number"
        ),
        pytest.param(
            "Die Regel gilt für Schulen.", "Die Regel gilt nicht für Schulen.", id="German negation"
        ),
        pytest.param("借期为30天。", "借期为45天。", id="Chinese number"),
        pytest.param("该规定适用于学校。", "该规定不适用于学校。", id="Chinese negation"),
    ],
)
def test_other_languages_are_checked_as_well(claim: str, text: str) -> None:
    assert check(text, text).support == "supported"
    assert check(claim, text).support == "unsupported"


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        pytest.param("The EU pays for it.", "The European Union pays for it.", id="initials"),
        pytest.param("Walmart sells it.", "The Wal - Mart chain sells it.", id="one word or two"),
        pytest.param("Celeron led it.", "It was Céloron who led it.", id="accents"),
        pytest.param("Class 2 is used.", "In the hall Class II is used.", id="Roman numeral"),
        pytest.param("It grew in the 1970s.", "It grew in 1977 and after.", id="decade"),
        pytest.param("It grew in the 20th century.", "It grew from 1950 on.", id="century"),
        pytest.param(
            "Two halls, the north and the west.", "The north hall, the west hall.", id="count"
        ),
        pytest.param("1. A loan lasts 45 days.", LOANS, id="enumeration"),
        pytest.param("According to passage 7, a loan lasts 45 days.", LOANS, id="preamble"),
        pytest.param(
            "这里非常冷，要带上厚衣服。", "这里很冷，要带上厚衣服。", id="Chinese compounds"
        ),
    ],
)
def test_another_way_to_write_the_same_is_no_contradiction(claim: str, text: str) -> None:
    assert check(claim, text).support != "unsupported"


def test_among_like_sentences_the_one_with_the_number_is_the_evidence() -> None:
    verdict = check("Logs are kept 30 days.", "Logs were kept 45 days. Logs are now kept 30 days.")
    assert verdict.support == "supported"
    assert verdict.evidence is not None
    assert verdict.evidence.quote == "Logs are now kept 30 days."


def test_part_of_the_wording_is_weak() -> None:
    claim = "A loan lasts 45 days, which pleases our younger borrowers and delights their parents."
    assert check(claim, LOANS).support == "weak"


def test_the_evidence_is_the_span_that_carries_it_in_the_document() -> None:
    document = "." * 50 + LOANS
    (verdict,) = verify([Sentence("Loans last 45 days.", (3,))], [passage(3, LOANS, start=50)])
    assert verdict.evidence is not None
    assert verdict.evidence.number == 3
    assert verdict.evidence.quote == "A loan lasts 45 days and may be renewed once."
    assert document[verdict.evidence.start : verdict.evidence.end] == verdict.evidence.quote


def test_a_sentence_whose_words_another_passage_holds_is_cited_to_that_one() -> None:
    verdict = check("A loan lasts 45 days.", "A loan lasts 30 days at the library.", LOANS)
    assert (verdict.support, verdict.citations) == ("supported", (2,))
    assert verdict.reason == "[2] says it, not the passage cited"


def test_a_sentence_without_a_mark_is_checked_against_all_passages_and_cited() -> None:
    verdict = check("A loan lasts 45 days.", "The canteen opens at noon.", LOANS, cites=())
    assert (verdict.support, verdict.citations) == ("supported", (2,))


def test_two_passages_may_carry_a_sentence_together() -> None:
    texts = "A loan lasts 45 days.", "Renewals cost 5 euros a week."
    claim = "A loan lasts 45 days and renewals cost 5 euros a week."
    assert check(claim, *texts, cites=(1, 2)).support == "supported"


def test_the_heading_and_the_header_of_a_table_belong_to_what_a_passage_says() -> None:
    table = "| Tour | Family |\n|---|---|\n| Evening tour | 28.00 |"
    assert check("The family price of the evening tour is 28.00.", table).support == "supported"
    titled = passage(1, "The price is 28 euros.", heading="Prices > Lyra Tour")
    (verdict,) = verify([Sentence("The price of the Lyra Tour is 28 euros.", (1,))], [titled])
    assert verdict.support == "supported"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Yes.", id="a word"),
        pytest.param("Does that help you?", id="question"),
        pytest.param("The passages do not mention the price of the tour.", id="about the passages"),
        pytest.param("Die Dokumente nennen keinen Preis.", id="about the passages, in German"),
        pytest.param("", id="empty"),
        pytest.param("***", id="no word"),
    ],
)
def test_what_cannot_be_checked_is_said_to_be_unchecked(text: str) -> None:
    assert check(text, LOANS).support == "unchecked"


def test_without_passages_a_statement_is_unsupported() -> None:
    assert check("A loan lasts 45 days.").support == "unsupported"
    assert check("A loan lasts 45 days.", "").support == "unsupported"


def test_another_language_than_the_passage_is_weak_and_its_numbers_are_checked() -> None:
    right = "Nach der Regel dauert eine Ausleihe für die Mitglieder 45 Tage."
    assert check(right, LOANS).support == "weak"
    assert check(right.replace("45", "30"), LOANS).support == "unsupported"


class SameMeaning:
    """An embedder for which all texts mean the same."""

    def __call__(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 1), dtype=np.float32)


def test_a_like_meaning_in_other_words_is_weak_but_excuses_no_number() -> None:
    passages = [passage(1, LOANS)]
    words, number = "Borrowers keep things for weeks.", "Borrowers keep things for 9 weeks."
    verdicts = verify(
        [Sentence(words, (1,)), Sentence(number, (1,))], passages, embed=SameMeaning()
    )
    assert [verdict.support for verdict in verdicts] == ["weak", "unsupported"]


def test_strict_keeps_all_but_the_unsupported_in_order() -> None:
    sentences = [Sentence(s, support=s) for s in ("supported", "unsupported", "weak", "unchecked")]  # type: ignore[arg-type]
    assert [s.text for s in without_unsupported(sentences)] == ["supported", "weak", "unchecked"]


VOCABULARY = """the not no never Binder Quarnau dome loan 30 45 days % May 2024 5 March is was and ,
II 三十 天 不 nicht kein "so" it's U.S. 1,250 3.11.2 3rd 1990s century"""
WORDS = st.sampled_from(VOCABULARY.split())
SENTENCES = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)
TEXTS = st.lists(SENTENCES, min_size=1, max_size=5).map(". ".join)


@given(TEXTS, st.data())
def test_a_sentence_of_the_passage_is_never_unsupported(text: str, data: st.DataObject) -> None:
    spans = split_sentences(text)
    assume(spans)
    claim = to_plain_text(text, data.draw(st.sampled_from(spans)))
    assert check(claim, text).support in ("supported", "unchecked")


@pytest.mark.parametrize("word", ["not ", "30 ", "Binder ", '"a b c" ', "the "])
def test_hostile_repetition_is_checked(word: str) -> None:
    text = word * 3_000
    assert check(text + "x", text).text == text + "x"


@given(st.lists(st.text(max_size=60) | SENTENCES, max_size=3), st.lists(TEXTS, max_size=3))
def test_verification_changes_nothing_but_the_verdict_and_the_citations(
    claims: list[str], texts: list[str]
) -> None:
    passages = [passage(number, text) for number, text in enumerate(texts, 1)]
    verdicts = verify([Sentence(claim, (1,)) for claim in claims], passages)
    assert [verdict.text for verdict in verdicts] == claims
    for verdict in verdicts:
        assert set(verdict.citations) <= {1, *range(1, len(texts) + 1)}
        if verdict.evidence is not None:
            source = texts[verdict.evidence.number - 1]
            assert source[verdict.evidence.start : verdict.evidence.end] == verdict.evidence.quote


# ---------------------------------------------------------------- marks put right


def test_a_number_that_only_another_passage_holds_is_cited_from_there() -> None:
    texts = ("The archive keeps tapes in a dry hall.", "The archive keeps 412 tapes in the hall.")
    verdict = check("The archive keeps 412 tapes.", *texts)
    assert (verdict.support, verdict.citations) == ("supported", (2,))
    assert verdict.reason == "[2] says it, not the passage cited"


def test_a_number_from_another_passage_in_a_sentence_of_both_adds_its_mark() -> None:
    texts = (
        "The northern archive was founded by Aurel Binder and lies beside the harbour.",
        "The northern archive keeps 412 tapes of the harbour office.",
    )
    claim = "The northern archive, founded by Aurel Binder, keeps 412 tapes."
    verdict = check(claim, *texts)
    assert (verdict.support, verdict.citations) == ("supported", (1, 2))
    assert verdict.reason == "[2] says a part of it"


def test_a_number_that_stands_elsewhere_about_something_else_is_no_support() -> None:
    texts = ("The archive keeps tapes in a dry hall.", "The walrus ate 412 clams on the beach.")
    assert check("The archive keeps 412 tapes.", *texts).support == "unsupported"


def test_a_mark_that_has_no_part_in_a_sentence_is_taken_away() -> None:
    texts = ("The archive keeps 412 tapes in the hall.", "The walrus eats clams on the beach.")
    verdict = check("The archive keeps 412 tapes.", *texts, cites=(1, 2))
    assert (verdict.support, verdict.citations) == ("supported", (1,))
    assert verdict.reason == "[2] does not say it"


def test_two_marks_that_both_carry_a_sentence_stay() -> None:
    texts = ("The archive keeps 412 tapes in the hall.", "All in all the archive keeps 412 tapes.")
    verdict = check("The archive keeps 412 tapes.", *texts, cites=(1, 2))
    assert (verdict.support, verdict.citations, verdict.reason) == ("supported", (1, 2), "")
