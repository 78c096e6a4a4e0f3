"""Promises of the stems that keyword search matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.language.stemming import stem_query, stem_text


@pytest.mark.parametrize(
    ("text", "query", "word"),
    [
        pytest.param(
            "Die Prüfungen sind bestanden und der Vertrag ist unterschrieben.",
            "Wann war die Prüfung?",
            "Prüfung",
            id="de",
        ),
        pytest.param(
            "Les contrats sont signés et les serveurs sont dans la cave.",
            "Quand est-ce que le contrat est signé ?",
            "contrat",
            id="fr",
        ),
        pytest.param("Договоры подписаны.", "Где договор?", "договор", id="ru"),
        pytest.param(
            "Avtalen er signert av hver part, og det er bra.", "hva er avtalen", "avtale", id="no"
        ),
        pytest.param("Talot ovat suuria ja se on hyvä.", "talo", "talo", id="fi"),
    ],
)
def test_forms_of_a_word_share_a_stem(text: str, query: str, word: str) -> None:
    assert set(stem_query(word, query).split()) & set(stem_text(text).split())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The contracts are signed and the servers are in the cellar.", id="English"),
        pytest.param("合同已经签署。", id="no stemmer"),
        pytest.param("qwertz 123", id="not recognised"),
        pytest.param("", id="empty"),
    ],
)
def test_other_texts_have_no_stems(text: str) -> None:
    assert stem_text(text) == ""


def test_words_of_an_unrecognised_query_are_stemmed_in_every_language_of_latin_letters() -> None:
    assert {"prufung", "prüfung"} & set(stem_query("Prüfungen", "Prüfungen").split())
    assert stem_query("contracts", "where are the contracts") == ""


@given(st.text(max_size=60))
def test_any_text_is_stemmed(text: str) -> None:
    assert isinstance(stem_text(text), str)
    assert isinstance(stem_query(text, text), str)
