"""What is known of a language in order to tell whether a question leans on what was said before.

Patterns are matched against a question in lower case. Only closed classes of words stand here:
nothing in it knows what documents are about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragkit.query.words import fold, word_set


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language.

    `asks_on`: a beginning or an end that always goes on from an earlier question ("what about").
    `joins`: first words that go on from something ("and"). `refers`: words that stand for
    something said before; `owns`: possessives among them; `people`: those of both that mean
    people. `empty`: places where such words stand for nothing ("is it possible to"). `places`:
    prepositions. `the`: definite articles. `function`: all words that carry no subject, folded.
    `links`: where a new clause begins.
    """

    asks_on: re.Pattern[str]
    joins: frozenset[str]
    refers: re.Pattern[str]
    owns: re.Pattern[str]
    people: re.Pattern[str]
    empty: re.Pattern[str]
    places: frozenset[str]
    the: frozenset[str]
    questions: frozenset[str]
    function: frozenset[str]
    links: re.Pattern[str]


def any_of(*alternatives: str) -> re.Pattern[str]:
    """A pattern for any of blank-separated words or, given several, of whole expressions."""
    words = alternatives[0].split() if len(alternatives) == 1 else alternatives
    return re.compile(r"(?<![\w'’])(?:" + "|".join(words) + r")(?![\w])") if words else _NEVER


_NEVER = re.compile(r"(?!)")


def grammar(
    *,
    joins: str,
    places: str,
    questions: str,
    function: str,
    the: str = "",
    asks_on: re.Pattern[str] = _NEVER,
    refers: re.Pattern[str] = _NEVER,
    owns: re.Pattern[str] = _NEVER,
    people: re.Pattern[str] = _NEVER,
    empty: re.Pattern[str] = _NEVER,
    links: re.Pattern[str] = _NEVER,
) -> Grammar:
    sets = [frozenset(map(fold, word_set(words))) for words in (joins, places, the, questions)]
    every = frozenset(map(fold, word_set(function)))
    return Grammar(
        asks_on=asks_on,
        joins=sets[0],
        refers=refers,
        owns=owns,
        people=people,
        empty=empty,
        places=sets[1],
        the=sets[2],
        questions=sets[3],
        function=every.union(*sets),
        links=links,
    )
