"""Question -> keyword query: phrases, identifiers, content words and stems (pure)."""

from __future__ import annotations

import re
from functools import cache

from ragkit.language.detect import detect_language
from ragkit.language.stemming import stem_query
from ragkit.language.symbols import abbreviate_quarters, spell_symbols
from ragkit.language.tokens import normalize
from ragkit.language.word_lists import function_words, words_of
from ragkit.types import KeywordQuery

_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|「([^」]+)」")
_EDGES = re.compile(r"^\W+|(['’]s)?\W*$")
# Joined by signs other than a plain hyphen between words: foo_bar.baz, ERR-4012, v2.3.1, a::b.
_IDENTIFIER = re.compile(r"\w+(?:[._\-/:@#&]+\w+)+")
_HYPHENATED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_SEARCHED = ("conjunctions", "qualifiers", "shared_stems")  # classes of function words
_QUESTION_WORDS = 2  # function words outside quotation marks that make it a question


def parse_query(question: str) -> KeywordQuery:
    """The phrases in quotation marks, the identifiers and the content words of a question; function
    words ("how", "the", "der") only when it has no others.

    A phrase must occur in every hit. Within a whole question it is a name, which may be missing
    where the answer is: it counts like an identifier then.
    """
    phrases = tuple(
        phrase
        for groups in _QUOTED.findall(question)
        for phrase in groups
        if re.search(r"\w", phrase)
    )
    words = question.split()
    function = _function_words(question)
    content = [word for word in words if word not in function]
    identifiers = [n for n in _IDENTIFIER.findall(question) if not _HYPHENATED.fullmatch(n)]
    outside = _QUOTED.sub(" ", question).split()
    if sum(word in function for word in outside) >= _QUESTION_WORDS:
        identifiers, phrases = [*identifiers, *phrases], ()
    text = " ".join(content or words)
    other_forms = (spell_symbols(question), abbreviate_quarters(question))
    return KeywordQuery(
        words=" ".join(filter(None, (text, *other_forms))),
        stems=stem_query(text, question),
        identifiers=tuple(dict.fromkeys(identifiers)),
        phrases=phrases,
    )


def _function_words(question: str) -> frozenset[str]:
    """The words of a question, as written, that are function words of its language, or of English
    where that is not certain. "war" is none in "causes of the war", nor is "WHO" in "what the WHO
    says", nor are conjunctions and qualifiers ("between", "never")."""
    ignored = _ignored_words(detect_language(question) or "en")
    plain = {word: _EDGES.sub("", normalize(word)) for word in question.split()}
    is_name = _is_initialism if any(map(str.islower, question)) else lambda _: False
    return frozenset(word for word, one in plain.items() if one in ignored and not is_name(word))


@cache
def _ignored_words(language: str) -> frozenset[str]:
    searched = frozenset().union(*(words_of(language, kind) for kind in _SEARCHED))
    return frozenset(map(normalize, function_words(language) - searched))


def _is_initialism(word: str) -> bool:
    return len(word) > 1 and word.isupper()
