from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.language.symbols import abbreviate_quarters, spell_symbols


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
    assert spell_symbols(text) == spelled


def test_quarters_in_words_are_also_looked_for_in_short() -> None:
    assert abbreviate_quarters("In the second quarter, and the Second fiscal quarter") == "Q2"
    assert abbreviate_quarters("first, quarter past four") == ""


@given(st.text("aB1_ü.+#/ -", max_size=40))
def test_texts_without_a_sign_behind_a_word_are_spelled_the_same_by_the_short_way(
    text: str,
) -> None:
    assert spell_symbols(text) == spell_symbols(f"{text} Q+").removesuffix("qplus").rstrip()
