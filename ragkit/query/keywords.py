"""Question -> what the keyword leg looks for (pure)."""

from __future__ import annotations

import re

from ragkit.query.words import FUNCTION_TERMS, fold, stem
from ragkit.types import KeywordQuery

_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|「([^」]+)」")
_EDGES = re.compile(r"^\W+|\W+$")
# Joined by signs, or letters and digits mixed: foo_bar.baz, ERR-4012, v2.3.1, 10-Q.
_IDENTIFIER = re.compile(r"\w+(?:[._\-/:@#]\w+)+|\w+::\w+")


def keyword_query(question: str) -> KeywordQuery:
    """Phrases in quotation marks, identifiers as written, and the words: those that carry the
    subject apart from function words ("how", "the", "der"), which count less."""
    phrases = tuple(
        phrase
        for groups in _QUOTED.findall(question)
        for phrase in groups
        if re.search(r"\w", phrase)
    )
    words = question.split()
    subject = [word for word in words if not _is_function_word(word)]
    function = [word for word in words if _is_function_word(word)] if subject else []
    return KeywordQuery(
        words=" ".join(subject or words),
        function_words=" ".join(function),
        identifiers=tuple(dict.fromkeys(_IDENTIFIER.findall(question))),
        phrases=phrases,
    )


def _is_function_word(word: str) -> bool:
    return stem(fold(_EDGES.sub("", word))) in FUNCTION_TERMS
