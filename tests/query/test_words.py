"""Promises of the terms by which wordings are compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.query.words import (
    find_tokens,
    fold,
    guess_language,
    list_content_terms,
    list_terms,
    squeeze,
    stem,
)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("test tests tested testing", id="test"),
        pytest.param("city cities", id="city"),
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
    assert len(set(list_terms(words))) == 1


@pytest.mark.parametrize("words", ["sing sin", "nation nature", "bed bee", "30 31", "hoch hose"])
def test_different_words_are_different_terms(words: str) -> None:
    assert len(set(list_terms(words))) == 2


@given(st.text(alphabet="abcdeginosty", min_size=1, max_size=12))
def test_a_stem_is_a_beginning_of_its_word_and_not_too_short(word: str) -> None:
    assert word.startswith(stem(word))
    assert len(stem(word)) >= min(3, len(word))


def test_scripts_without_blanks_give_pairs_of_characters() -> None:
    assert list_terms("望远镜 A1") == ["望远", "远镜", "a1"]
    assert list_terms("的") == ["的"]


def test_words_with_vowel_signs_stay_whole() -> None:
    assert len(list_terms("हिन्दी")) == 1
    assert len(list_terms("cafe\u0301")) == 1


def test_content_terms_leave_out_function_words_and_repeats() -> None:
    assert list_content_terms("How often are the backups and the backups tested?") == [
        "backup",
        "test",
    ]


def test_a_text_of_function_words_keeps_them() -> None:
    assert list_content_terms("Who is it?") == ["who", "is", "it"]


@given(st.text(max_size=80))
def test_tokens_stand_where_they_say(text: str) -> None:
    for token in find_tokens(text):
        assert text[token.start : token.end]
        assert stem(fold(text[token.start : token.end])) == token.term


def test_squeezing_leaves_letters_and_digits() -> None:
    assert squeeze("Wal - Mart, É 3.5!") == "walmarte35"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The house is on the hill and it was built for them.", "en"),
        ("Das Haus ist auf dem Berg und wurde für sie gebaut.", "de"),
        ("La maison est sur la colline et les gens sont dans le jardin.", "fr"),
        ("La casa está en el monte y los niños son para ella.", "es"),
        ("房子在山上。", "zh"),
        ("これは本です。", "ja"),
        ("Дом стоит на горе.", "ru"),
        ("Rollo", ""),
        ("", ""),
        ("12 %", ""),
    ],
)
def test_the_language_is_guessed_or_left_open(text: str, language: str) -> None:
    assert guess_language(text) == language
