"""Question -> what the keyword leg looks for (pure)."""

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
_KEPT = ("conjunctions", "qualifiers", "shared_stems")  # classes of function words
_QUESTION_WORDS = 2  # function words outside quotation marks that make it a question


def parse_query(question: str) -> KeywordQuery:
    """Phrases in quotation marks, identifiers as written, and the words that carry the
    subject; function words ("how", "the", "der") count only in a question that has no others.

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
    function = _function_words(question)
    subject = [word for word in words if word not in function]
    names = [n for n in _IDENTIFIER.findall(question) if not _HYPHENATED.fullmatch(n)]
    outside = _QUOTED.sub(" ", question).split()
    if sum(word in function for word in outside) >= _QUESTION_WORDS:
        names, phrases = [*names, *phrases], ()
    kept = " ".join(subject or words)
    other_forms = (spell_symbols(question), abbreviate_quarters(question))
    return KeywordQuery(
        words=" ".join(filter(None, (kept, *other_forms))),
        stems=stem_query(kept, question),
        identifiers=tuple(dict.fromkeys(names)),
        phrases=phrases,
    )


def _function_words(question: str) -> frozenset[str]:
    """The words of a question, as written, that are function words of its language; of English
    where that is not known. "war" is none in "causes of the war", nor is "WHO" in "what the WHO
    says". Conjunctions and qualifiers ("between", "never") tell texts apart and stay."""
    known = _ignored_words(detect_language(question) or "en")
    plain = {word: _EDGES.sub("", normalize(word)) for word in question.split()}
    is_name = _is_initialism if any(map(str.islower, question)) else lambda _: False
    return frozenset(word for word, one in plain.items() if one in known and not is_name(word))


@cache
def _ignored_words(language: str) -> frozenset[str]:
    kept = frozenset().union(*(words_of(language, kind) for kind in _KEPT))
    return frozenset(map(normalize, function_words(language) - kept))


def _is_initialism(word: str) -> bool:
    return len(word) > 1 and word.isupper()
