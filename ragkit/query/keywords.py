"""Question -> what the keyword leg looks for (pure)."""

from __future__ import annotations

import re

from ragkit.query.spelled import shorten_quarters, spell_signs
from ragkit.query.stems import stem_question
from ragkit.query.words import FUNCTION_TERMS, fold, stem
from ragkit.types import KeywordQuery

_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|「([^」]+)」")
_EDGES = re.compile(r"^\W+|\W+$")
# Joined by signs other than a plain hyphen between words: foo_bar.baz, ERR-4012, v2.3.1, a::b.
_IDENTIFIER = re.compile(r"\w+(?:[._\-/:@#&]+\w+)+")
_HYPHENATED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_QUESTION_WORDS = 2  # function words outside quotation marks that make it a question


def keyword_query(question: str) -> KeywordQuery:
    """Phrases in quotation marks, identifiers as written, and the words: those that carry the
    subject apart from function words ("how", "the", "der"), which count less.

    A phrase must occur in every hit, unless it is quoted within a whole question: there it names
    a thing the answer need not stand beside, and is looked for like an identifier.
    """
    phrases = tuple(
        phrase
        for groups in _QUOTED.findall(question)
        for phrase in groups
        if re.search(r"\w", phrase)
    )
    words = question.split()
    subject = [word for word in words if not _is_function_word(word)]
    function = [word for word in words if _is_function_word(word)] if subject else []
    names = [n for n in _IDENTIFIER.findall(question) if not _HYPHENATED.fullmatch(n)]
    outside = _QUOTED.sub(" ", question).split()
    if sum(map(_is_function_word, outside)) >= _QUESTION_WORDS:
        names, phrases = [*names, *phrases], ()
    kept = " ".join(subject or words)
    other_forms = (spell_signs(question), shorten_quarters(question))
    return KeywordQuery(
        words=" ".join(filter(None, (kept, *other_forms))),
        function_words=" ".join(function),
        stems=stem_question(kept, question),
        identifiers=tuple(dict.fromkeys(names)),
        phrases=phrases,
    )


def _is_function_word(word: str) -> bool:
    return stem(fold(_EDGES.sub("", word))) in FUNCTION_TERMS
