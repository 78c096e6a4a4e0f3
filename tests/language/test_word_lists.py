"""Promises of the word lists: what scripts/language_data gives, and what the code needs."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ragkit.language.word_lists import function_words, load_words, words_of

ROOT = Path(__file__).parents[2]
TWELVE = ("en", "de", "fr", "es", "it", "pt", "nl", "ru", "ar", "zh", "ja", "ko")
NUMBERED = ("zh", "ja", "ko")  # languages that number their months


@pytest.mark.parametrize("language", TWELVE)
def test_twelve_languages_have_every_list(language: str) -> None:
    months = load_words("months")[language]
    assert language in NUMBERED or sorted(map(int, months)) == list(range(1, 13))
    assert len(load_words("weekdays")[language]["wide"].split()) >= 7
    for kind in ("conjunctions", "prepositions", "pronouns", "question_words", "others"):
        assert words_of(language, kind)
    assert load_words("function_words")[language]["openers"]
    assert load_words("units")["kilometre"].get(language) or language == "zh"


def test_a_name_of_a_month_is_the_same_month_everywhere() -> None:
    numbers: dict[str, set[str]] = {}
    for months in load_words("months").values():
        for number, names in months.items():
            for name in names.split():
                numbers.setdefault(name, set()).add(number)
    assert {name: found for name, found in numbers.items() if len(found) > 1} == {}


@pytest.mark.parametrize("table", ["units", "scales"])
def test_a_word_names_one_unit_and_one_scale(table: str) -> None:
    owners: dict[str, set[str]] = {}
    for name, by_language in load_words(table).items():
        for words in by_language.values():
            for word in words.split():
                owners.setdefault(word, set()).add(name)
    assert {word: found for word, found in owners.items() if len(found) > 1} == {}


def test_words_about_asking_are_no_function_words() -> None:
    assert "explain" in words_of("en", "asking")
    assert "explain" not in function_words("en")


def test_an_unknown_language_has_no_words() -> None:
    assert function_words("tlh") == words_of("tlh", "articles") == frozenset()


def test_importing_the_room_reads_no_list_and_imports_no_vendor() -> None:
    script = (
        "import sys, ragkit.language.sentences, ragkit.language.quantities, "
        "ragkit.language.stemming\n"
        "from ragkit.language.word_lists import load_words\n"
        "assert not load_words.cache_info().currsize, 'a list is read'\n"
        "print(sorted({'sentencex', 'snowballstemmer', 'importlib.resources'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.skipif(find_spec("babel") is None, reason="Babel is needed for development only")
def test_the_lists_are_what_the_script_gives() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "language_data"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
