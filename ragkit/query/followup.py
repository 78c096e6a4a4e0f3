"""Does a question need what was said before in order to be understood? (pure)

`scripts/bench/followups.py` prints how often questions that stand alone are taken for others.
"""

from __future__ import annotations

import re

from ragkit.query.grammar_unspaced import UNSPACED
from ragkit.query.said import PART, SPACED, Said, question_language

_ENDS_ASKING = re.compile(r"[?？؟]\s*$")
_ENOUGH_CHARACTERS = 16
_ANTECEDENT_CHARACTERS = 3


def is_follow_up(question: str, previous: str = "") -> bool:
    """Whether `question` leans on an earlier one: by a pronoun, "what about", "and in 2023?",
    or because it has next to no subject of its own ("Why?").

    Twelve languages; in others only a question of one or two words with a question mark does.
    `previous` helps to tell the language of a short question.
    """
    text = " ".join(question.split()).lstrip("¿¡\"'«„“ ")
    if not PART.search(text):
        return False
    language = question_language(text, previous)
    if language in UNSPACED:
        return _leans_unspaced(text, language)
    grammar = SPACED.get(language)
    if grammar is None:
        return len(PART.findall(text)) <= 2 and bool(_ENDS_ASKING.search(text))
    said = Said(text, grammar, language)
    if said.asks_on or said.joins_on:
        return True
    return not said.is_long and (said.refers_back or said.is_elliptic)


def _leans_unspaced(text: str, language: str) -> bool:
    grammar = UNSPACED[language]

    def characters(part: str) -> int:
        return sum(c.isalpha() for c in grammar.function.sub(" ", part))

    own = characters(text)
    if grammar.asks_on.search(text) or (grammar.joins.search(text) and own < grammar.few):
        return True
    if own >= _ENOUGH_CHARACTERS:
        return False
    if grammar.refers.search(text) or any(
        characters(text[: found.start()]) < _ANTECEDENT_CHARACTERS
        for found in grammar.pronouns.finditer(text)
    ):
        return True
    # "谁批准？" is short of an object; "北京在哪里？" is not.
    return own <= (1 if language != "zh" or grammar.states.search(text) else 2)
