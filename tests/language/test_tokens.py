"""Promises of the terms by which wordings are compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.language.tokens import (
    content_terms,
    crude_stem,
    function_terms,
    normalize,
    strip_punctuation,
    terms,
    tokenize,
)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("test tests tested testing", id="test"),
        pytest.param("city cities", id="city"),
        pytest.param("class classes", id="class"),
        pytest.param("loss losses", id="loss"),
        pytest.param("stop stopped stopping", id="doubled letter"),
        pytest.param("locate located location", id="locate"),
        pytest.param("Norman Normans", id="name"),
        pytest.param("Gast Gastes", id="German"),
        pytest.param("Café CAFE cafés", id="accents"),
        pytest.param("ｆｕｌｌ full", id="full width"),
        pytest.param("Straße STRASSE", id="sharp s"),
    ],
)
def test_forms_of_a_word_are_one_term(words: str) -> None:
    assert len(set(terms(words))) == 1


@pytest.mark.parametrize("words", ["sing sin", "nation nature", "bed bee", "30 31", "hoch hose"])
def test_different_words_are_different_terms(words: str) -> None:
    assert len(set(terms(words))) == 2


@given(st.text(alphabet="abcdeginosty", min_size=1, max_size=12))
def test_a_stem_is_a_beginning_of_its_word_and_not_too_short(word: str) -> None:
    assert word.startswith(crude_stem(word))
    assert len(crude_stem(word)) >= min(3, len(word))


def test_scripts_without_blanks_give_pairs_of_characters() -> None:
    assert terms("望远镜 A1") == ["望远", "远镜", "a1"]
    assert terms("的") == ["的"]


def test_words_with_vowel_signs_stay_whole() -> None:
    assert len(terms("हिन्दी")) == 1
    assert len(terms("cafe\u0301")) == 1


def test_content_terms_leave_out_function_words_and_repeats() -> None:
    assert content_terms("How often are the backups and the backups tested?") == [
        "backup",
        "test",
    ]


def test_a_text_of_function_words_keeps_them() -> None:
    assert content_terms("Who is it?") == ["who", "is", "it"]


@given(st.text(max_size=80))
def test_tokens_stand_where_they_say(text: str) -> None:
    for token in tokenize(text):
        assert text[token.start : token.end]
        assert crude_stem(normalize(text[token.start : token.end])) == token.term


def test_without_punctuation_there_are_letters_and_digits() -> None:
    assert strip_punctuation("Wal - Mart, É 3.5!") == "walmarte35"


def test_the_language_of_a_text_decides_what_a_function_word_is() -> None:
    assert content_terms("door het raam") == ["door", "raam"]
    assert content_terms("door het raam", "nl") == ["raam"]
    assert "door" not in function_terms("en")


@pytest.mark.parametrize(
    "word", ["loss", "mass", "son", "car", "want", "men", "million", "quality"]
)
def test_a_word_of_english_is_no_function_word_because_another_language_has_it(word: str) -> None:
    assert content_terms(f"the {word} of it", "en") == terms(word)


@pytest.mark.parametrize("name", ["de la Cruz", "los Angeles", "van der Berg"])
def test_particles_of_names_carry_no_subject_in_any_language(name: str) -> None:
    assert len(content_terms(f"{name} lived", "")) <= 3
