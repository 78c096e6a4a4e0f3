"""The words of many languages that code needs to know, read from `data/*.json` when first used.

Function words are written by hand: they are a closed class. Months, weekdays, units and number
words come from Unicode's CLDR (`scripts/language_data`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).with_name("data")  # importlib.resources takes 20 ms to import
# Classes that are of use for follow-up questions only.
_CONVERSATION = ("asking", "openers", "endings")


@cache
def load_words(name: str) -> dict[str, Any]:
    """What `data/NAME.json` holds, read once."""
    import json

    words: dict[str, Any] = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
    return words


@cache
def words_of(language: str, kind: str) -> frozenset[str]:
    """One class of function words of a language, in lower case: "articles", "conjunctions",
    "prepositions", "pronouns", "people", "question_words", "asking", "shared_stems" or "others";
    empty for a language that has none."""
    words: str = load_words("function_words").get(language, {}).get(kind, "")
    return frozenset(words.lower().split())


@cache
def function_words(language: str) -> frozenset[str]:
    """The words that carry no subject, of all classes but "asking", in lower case."""
    kinds = load_words("function_words").get(language, {})
    return frozenset().union(*(words_of(language, k) for k in kinds if k not in _CONVERSATION))
