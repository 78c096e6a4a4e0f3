"""The terms of a text, for comparing wordings: normalized words without their common endings, and
pairs of characters in scripts that write no blanks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from ragkit.language.word_lists import function_words, words_of

# Scripts without blanks between words, Korean with its glued particles among them.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003134f"
)
# Marks that belong to the letter before them but count as no letter themselves.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\W_]|[{_MARKS}])+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_ALWAYS = ("en", "zh")
_ACCENTS = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")
_ARTICLES_OF = ("fr", "es", "it", "pt", "nl")


@dataclass(frozen=True, slots=True)
class Token:
    """One term and where it stands in its text."""

    term: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The terms of `text` in order, repeats and function words included."""
    tokens: list[Token] = []
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        if not _IS_UNSPACED.match(text, start) or end - start == 1:
            tokens.append(Token(_term(found[0]), start, end))
        else:
            pairs = range(start, end - 1)
            tokens.extend(Token(_term(text[i : i + 2]), i, i + 2) for i in pairs)
    return tokens


def terms(text: str) -> list[str]:
    """The terms of `text` in order, repeats and function words included."""
    return [token.term for token in tokenize(text)]


def content_terms(text: str, language: str = "") -> list[str]:
    """The terms that carry the subject of `text`, each once, in order; all of its terms when it
    is made of function words only. `language` is that of the text, as `detect_language` says."""
    found = list(dict.fromkeys(terms(text)))
    function = function_terms(language)
    return [term for term in found if term not in function] or found


@cache
def function_terms(language: str = "") -> frozenset[str]:
    """The terms that carry no subject in a text of `language`.

    Those of English and Chinese are always among them, those of German too where the language is
    not known, and articles of Romance languages and Dutch, of which many names are made. More
    would take "door" (Dutch "by") and "son" (French "his") for function words of English. Nor are
    those among them whose stem is that of another word: "even", "evening".
    """
    codes = (*_ALWAYS, language or "de")
    words = {word for code in codes for word in function_words(code)}
    words -= {word for code in codes for word in words_of(code, "shared_stems")}
    words |= {word for code in _ARTICLES_OF for word in words_of(code, "articles")}
    return frozenset(term for word in words for term in terms(word))


def normalize(text: str) -> str:
    """`text` in lower case, full-width and composed forms made plain, Latin accents removed."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


def strip_punctuation(text: str) -> str:
    """The normalized letters and digits of `text` and nothing between them."""
    return "".join(character for character in normalize(text) if character.isalnum())


_ENDINGS = (
    "ations ation ating ated ators ator ments ment nesses ness ities ity ings ing ied ies ed es s "
    "ally ly ers er ors or ions ion ively ive al ic en"
)
# Longest first. The shortest remainder keeps `sing`, `bed` and `nation` whole.
_SUFFIXES = sorted(_ENDINGS.split(), key=lambda suffix: (-len(suffix), suffix))
_SHORTEST = {
    suffix: 3 if suffix in ("s", "es", "ed", "ing", "ings", "ies") else 4 for suffix in _SUFFIXES
}


def crude_stem(word: str) -> str:
    """The word without common English and German endings, never shorter than three letters.

    Cruder than Porter's algorithm: only equality of two stems is of use, not the stem itself.
    """
    if not word.isascii() or not word.isalpha():
        return word
    for suffix in _SUFFIXES:
        if (
            word.endswith(suffix)
            and len(word) - len(suffix) >= _SHORTEST[suffix]
            and not (suffix == "s" and word.endswith("ss"))
        ):
            word = word[: -len(suffix)]
            break
    if len(word) > 3 and word[-1] in "eiy":
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2] != "s":
        word = word[:-1]
    return word


@lru_cache(maxsize=100_000)
def _term(word: str) -> str:
    return crude_stem(normalize(word))
