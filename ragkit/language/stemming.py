"""Stems of words in languages other than English, whose inflections the keyword search matches.

The full-text index stems English by itself; for the others the stems of a text are a column of
their own beside its words as written, so that exact forms keep counting. Snowball's algorithms.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ragkit.language.detect import detect_language

_WORD = re.compile(r"[^\W\d_]{2,}")
# Code of a language -> the name of its Snowball stemmer.
_STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
_OWN_SCRIPT = ("ar", "el", "hi", "ru")


def stem_text(text: str) -> str:
    """The stems of a text in the order of its words; "" for English, and for a language that is
    not recognised or has no stemmer."""
    stemmer = _STEMMERS.get(detect_language(text))
    if stemmer is None:
        return ""
    return " ".join(_stem(word, stemmer) for word in _WORD.findall(text.lower()))


def stem_query(words: str, query: str) -> str:
    """The stems of `words` to look for: in the language of `query`, in every language of Latin
    letters when that is not recognised, and none in English and in languages without a stemmer."""
    language = detect_language(query)
    if language:
        stemmers = [_STEMMERS[language]] if language in _STEMMERS else []
    else:
        stemmers = [name for code, name in _STEMMERS.items() if code not in _OWN_SCRIPT]
    found = _WORD.findall(words.lower())
    return " ".join(dict.fromkeys(_stem(word, name) for word in found for name in stemmers))


@lru_cache(maxsize=200_000)
def _stem(word: str, stemmer: str) -> str:
    return str(_load(stemmer).stemWord(word))


@lru_cache
def _load(stemmer: str) -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer(stemmer)
