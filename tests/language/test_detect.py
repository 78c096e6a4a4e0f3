"""Promises of the one language detector."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.language.detect import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The house is on the hill and it was built for them.", "en"),
        ("Das Haus ist auf dem Berg und wurde für sie gebaut.", "de"),
        ("La maison est sur la colline et les gens sont dans le jardin.", "fr"),
        ("La casa está en el monte y los niños son para ella.", "es"),
        ("La casa è sulla collina e i bambini sono nel giardino.", "it"),
        ("A casa fica na colina e as crianças estão no jardim.", "pt"),
        ("Het huis staat op de heuvel en de kinderen zijn in de tuin.", "nl"),
        ("Дом стоит на горе.", "ru"),
        ("البيت على التل.", "ar"),
        ("房子在山上。", "zh"),
        ("これは本です。", "ja"),
        ("집은 언덕 위에 있습니다.", "ko"),
        ("Huset ligger på berget och det är inte stort.", "sv"),
        ("Ev tepenin üstünde ve çok büyük bir bahçe için yer var.", "tr"),
        ("Το σπίτι είναι στον λόφο.", "el"),
        ("הבית על הגבעה.", "he"),
        ("घर पहाड़ी पर है।", "hi"),
        ("บ้านอยู่บนเนินเขา", "th"),
        pytest.param("Wer entdeckte Radium?", "de", id="one question word at the beginning"),
        pytest.param("¿Puedes poner la canción?", "es", id="a mark that no other language has"),
        pytest.param("Warum?", "de", id="nothing but a function word"),
        pytest.param("GitHub Actions 怎么用？", "zh", id="foreign names in it"),
        pytest.param("The word 北京 is a name of the city.", "en", id="a foreign word in it"),
        pytest.param("Cuando nacio el rey de Espana", "es", id="typed without accents"),
        ("Rollo", ""),
        ("", ""),
        ("12 %", ""),
        pytest.param("sin tax rates", "", id="one word that another language has"),
        pytest.param("Dlaczego kopie są testowane?", "", id="a language that is not known"),
    ],
)
def test_the_language_is_told_or_left_open(text: str, language: str) -> None:
    assert detect_language(text) == language


@given(st.text(max_size=80))
def test_any_text_has_a_code_or_none(text: str) -> None:
    assert detect_language(text) == "" or len(detect_language(text)) == 2


@pytest.mark.parametrize("unit", ["a", "the ", "是", "é ", "¿", "и"])
def test_only_the_beginning_of_a_long_text_is_read(unit: str) -> None:
    assert detect_language(unit * 2_000) == detect_language(unit * 1_000_000)


@pytest.mark.parametrize(("language", "least"), [("en", 0.99), ("de", 0.99), ("zh", 0.99)])
def test_99_of_100_questions_of_xquad_are_right(language: str, least: float) -> None:
    file = Path(os.environ.get("RAGKIT_TEST_DATA", ""), "xquad", "queries.jsonl")
    if not os.environ.get("RAGKIT_TEST_DATA") or not file.exists():
        pytest.skip("RAGKIT_TEST_DATA names no folder with xquad")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    asked = [row["text"] for row in rows if row["lang"] == language]
    right = sum(detect_language(question) == language for question in asked)
    assert right >= least * len(asked)
