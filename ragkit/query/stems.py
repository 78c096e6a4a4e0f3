"""Stems of words in languages other than English, whose inflections the keyword leg folds.

The full-text index stems English by itself; for the others the stems of a text are a column of
their own beside its words as written, so that exact forms keep counting. Snowball's algorithms.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[^\W\d_]{2,}")
_LEAST_SHARE = 0.08  # of a text's words that must be common ones of its language
_SAMPLE_CHARACTERS = 2_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Frequent words that few other languages share.
_COMMON = {
    "english": _words(
        "the of and to is that for was with are by from this be have not it which at as on has "
        "what who how when where does did why can you your were its their"
    ),
    "german": _words(
        "der die das und ist nicht ein eine den dem im zu mit von für werden wird sind des auf "
        "sich bei auch wie wer was wann wo welche welcher hat war wurde kann viele"
    ),
    "french": _words(
        "le les des et est une du dans que qui pour pas sur au avec sont ce par il quel quelle "
        "comment quand où aux plus cette été"
    ),
    "spanish": _words(
        "el los las es una del que por para con se su fue como más lo cuál qué quién cuándo "
        "dónde cuántos al entre y"
    ),
    "italian": _words(
        "il di che è una della per con non si sono nel gli dal alla delle quale chi quando dove "
        "quanti dei anche più"
    ),
    "portuguese": _words(
        "os as um uma da do dos das em para com não se foi mais ao pela qual quem quando onde "
        "são e pelo"
    ),
    "dutch": _words(
        "de het een en van is dat op te zijn met voor niet aan er om ook als wie wat wanneer waar "
        "welke hoe bij werd"
    ),
    "swedish": _words("och att det som en på är av för med den till inte var om ett vad vem när"),
    "danish": _words("og at det som en på er af for med den til ikke var om et hvad hvem hvornår"),
    "norwegian": _words("og at det som en på er av for med den til ikke var om et hva hvem når"),
    "finnish": _words("ja on ei se että oli hän ovat myös kun tai mikä kuka missä milloin joka"),
    "romanian": _words("și de la în cu pe este din că care pentru nu sunt fost ce cine când unde"),
    "turkish": _words("ve bir bu için ile olarak olan da de ne kim hangi nerede kaç daha gibi"),
    "hungarian": _words("a az és hogy nem is egy volt meg ez mint ki mi mikor hol milyen"),
}
# Word -> the languages it is frequent in: one look-up a word, where there are 14 lists.
_LANGUAGES = {
    word: tuple(name for name, common in _COMMON.items() if word in common)
    for word in frozenset().union(*_COMMON.values())
}
_SCRIPTS = {
    "russian": re.compile("[\u0400-\u04ff]"),
    "greek": re.compile("[\u0370-\u03ff]"),
    "arabic": re.compile("[\u0600-\u06ff]"),
    "hindi": re.compile("[\u0900-\u097f]"),
}


def stem_text(text: str) -> str:
    """The stems of a text in the order of its words; "" for English, and for a language that is
    not recognised or has no stemmer."""
    language = _language(text[:_SAMPLE_CHARACTERS])
    if language in ("", "english"):
        return ""
    return " ".join(_stem(word, language) for word in _WORD.findall(text.lower()))


def stem_question(words: str, question: str) -> str:
    """The stems to look for: in the language of the question, in all of its script when that is
    not recognised, and none in English."""
    language = _language(question)
    if language == "english":
        return ""
    languages = [language] if language else [name for name in _COMMON if name != "english"]
    found = _WORD.findall(words.lower())
    return " ".join(dict.fromkeys(_stem(word, name) for word in found for name in languages))


def _language(text: str) -> str:
    """The name of the Snowball stemmer for a text, "" when unsure."""
    for name, script in _SCRIPTS.items() if not text.isascii() else ():
        if len(script.findall(text)) > len(text) // 3:
            return name
    words = text.lower().split()
    counts = dict.fromkeys(_COMMON, 0)
    for word in words:
        for name in _LANGUAGES.get(word.strip("¿¡?.,:;!\"'()"), ()):
            counts[name] += 1
    best = max(counts, key=lambda name: counts[name])
    second = max(count for name, count in counts.items() if name != best)
    clear = counts[best] > second and counts[best] >= max(1, _LEAST_SHARE * len(words))
    return best if clear else ""


@lru_cache(maxsize=200_000)
def _stem(word: str, language: str) -> str:
    return str(_stemmer(language).stemWord(word))


@lru_cache
def _stemmer(language: str) -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer(language)
