from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.index import Index
from ragkit.query.spelled import shorten_quarters, spell_signs
from ragkit.retrieval.query_parsing import parse_query

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        pytest.param("C++, not C#: c++!", "cplusplus csharp", id="signs"),
        pytest.param("moved to .NET 8", "dotnet", id="dot"),
        pytest.param("# Heading\n\n1 + 1, a+b, page#part, notes.md, 18+, 1.5", "", id="no names"),
        pytest.param("", "", id="empty"),
    ],
)
def test_names_with_signs_are_spelled_in_letters(text: str, spelled: str) -> None:
    assert spell_signs(text) == spelled


def test_quarters_in_words_are_also_looked_for_in_short() -> None:
    assert shorten_quarters("In the second quarter, and the Second fiscal quarter") == "Q2"
    assert "Q1" in parse_query("sales in the first quarter of 2023").words.split()
    assert shorten_quarters("first, quarter past four") == ""


@pytest.fixture
def filled(index: Index, write: Write, tmp_path: Path) -> Index:
    """Notes alike but for one name each."""
    names = {
        "cpp": "C++",
        "csharp": "C#",
        "c": "C",
        "error": "ERR-4012",
        "other-error": "ERR-4013 and then 4012 more",
        "dotted": "foo_bar.baz",
        "parts": "baz, foo and bar",
        "version": "v2.3.1",
        "later": "v2.1.3",
        "accents": "Café Zürich",
        "amounts": "R&D",
        "letters": "D or R",
    }
    for name, said in names.items():
        write(f"{name}.txt", f"This note is about {said} and about nothing else at all.")
    index.update(tmp_path / "docs")
    return index


@pytest.mark.parametrize(
    ("question", "file"),
    [
        pytest.param("C++", "cpp", id="c++"),
        pytest.param("how do I start with C#?", "csharp", id="c#"),
        pytest.param("ERR-4012", "error", id="error code"),
        pytest.param("what is foo_bar.baz?", "dotted", id="dotted"),
        pytest.param("v2.3.1", "version", id="version"),
        pytest.param("cafe zurich", "accents", id="accents left out"),
        pytest.param("CAFÉ ZÜRICH", "accents", id="capitals"),
        pytest.param("R&D", "amounts", id="ampersand"),
    ],
)
def test_a_name_is_found_as_it_is_written(filled: Index, question: str, file: str) -> None:
    assert filled.search(question, limit=1)[0].chunk.source == f"docs/{file}.txt"


def test_a_quoted_phrase_is_found_word_for_word(filled: Index) -> None:
    found = filled.search('"baz, foo and bar"', limit=10)
    assert [hit.chunk.source for hit in found] == ["docs/parts.txt"]
    assert filled.search('"bar and foo"', limit=10) == []


def test_an_exact_form_comes_before_another_with_its_stem(
    index: Index, write: Write, tmp_path: Path
) -> None:
    write("one.txt", "Die Prüfung ist bestanden und der Vertrag ist unterschrieben.")
    write("many.txt", "Die Prüfungen sind bestanden und der Vertrag ist unterschrieben.")
    index.update(tmp_path / "docs")
    for wanted, file in (("Wann war die Prüfung?", "one"), ("Wann waren die Prüfungen?", "many")):
        found = index.search(wanted, limit=2)
        assert [hit.keyword > 0 for hit in found] == [True, True]
        assert found[0].chunk.source == f"docs/{file}.txt"


@given(st.text("aB1_ü.+#/ -", max_size=40))
def test_texts_without_a_sign_behind_a_word_are_spelled_the_same_by_the_short_way(
    text: str,
) -> None:
    assert spell_signs(text) == spell_signs(f"{text} Q+").removesuffix("qplus").rstrip()
