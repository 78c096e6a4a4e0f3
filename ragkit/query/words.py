"""The terms of a text, for comparing wordings: folded, lightly stemmed words, and pairs of
characters in scripts that write no blanks."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

# Scripts without blanks between words, Korean with its glued particles among them.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003134f"
)
_TOKEN = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\W_])+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


def list_terms(text: str) -> list[str]:
    """The terms of `text` in order, repeats and function words included."""
    terms: list[str] = []
    for token in _TOKEN.findall(fold(text)):
        if not _IS_UNSPACED.match(token):
            terms.append(stem(token))
        elif len(token) == 1:
            terms.append(token)
        else:
            terms.extend(first + second for first, second in pairwise(token))
    return terms


def list_content_terms(text: str) -> list[str]:
    """The terms that carry the subject of `text`, each once, in order; all of its terms when it
    is made of function words only."""
    terms = list(dict.fromkeys(list_terms(text)))
    return [term for term in terms if term not in FUNCTION_TERMS] or terms


def fold(text: str) -> str:
    """`text` in lower case, full-width and composed forms made plain, Latin accents removed."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


def word_set(words: str) -> frozenset[str]:
    """The words of a blank-separated list."""
    return frozenset(words.split())


def stem(word: str) -> str:
    """The word without common English and German endings, never shorter than three letters.

    Cruder than Porter's algorithm: only equality of two stems is of use, not the stem itself.
    """
    if not word.isascii() or not word.isalpha():
        return word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST[suffix]:
            word = word[: -len(suffix)]
            break
    if len(word) > 3 and word[-1] in "eiy":
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word


# Longest first. The shortest remainder keeps `sing`, `bed` and `nation` whole.
_SUFFIXES = sorted(
    word_set(
        "ations ation ating ated ators ator ments ment nesses ness ities ity ings ing ied ies ed "
        "es s ally ly ers er ors or ions ion ively ive al ic en"
    ),
    key=lambda suffix: (-len(suffix), suffix),
)
_SHORTEST = {
    suffix: 3 if suffix in ("s", "es", "ed", "ing", "ings", "ies") else 4 for suffix in _SUFFIXES
}

_ACCENTS = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")

# Words that carry no subject, as terms: function and question words of English and German, and
# the commonest of French, Spanish and Chinese.
FUNCTION_TERMS = frozenset(
    stem(fold(word))
    for word in word_set(
        "a an the of in on at to for from by with about as into is are was were be been being am "
        "do does did done has have had having will would can could shall should may might must "
        "and or but if than then that this these those there here it its he she they them his her "
        "their him we us our you your i me my not no so such what which who whom whose when where "
        "why how many much s t also "
        "der die das den dem des ein eine einer eines einem einen und oder aber in im am an auf "
        "aus bei mit nach seit von vom zu zum zur für über unter ist sind war waren wird werden "
        "wurde wurden hat haben hatte hatten kann können es er sie ihr sich nicht auch als wie "
        "was wer wen wem wann wo warum wieso welche welcher welches welchem welchen viele viel "
        "le la les un une des du de et en que qui quoi est sont dans el los las y o es son del al "
        "por para con se qué cuál cuándo dónde quién "
        "什么 哪里 哪个 哪些 多少 为什 怎么 是否 谁 的 了 是"
    )
)
