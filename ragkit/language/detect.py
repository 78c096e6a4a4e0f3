"""The language a text is written in, by its script and its function words."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from ragkit.language.tokens import normalize
from ragkit.language.word_lists import function_words, load_words, words_of

_SAMPLE_CHARACTERS = 2_000
_LEAST_SHARE = 0.08  # of the words of a text that are function words of its language
_SCRIPT_SHARE = 0.3
_KANA_SHARE = 0.1
_LEAST_WORDS = 2
_LEAST_WITHOUT_ACCENTS = 3  # letters of a word that is known without its accents too
_WORD = re.compile(r"[^\W\d_]+")
# Scripts that tell the language; Cyrillic is taken for Russian, Devanagari for Hindi.
_SCRIPTS = {
    "zh": "\u3400-\u4dbf\u4e00-\u9fff",
    "ja": "\u3040-\u30ff",
    "ko": "\uac00-\ud7af",
    "ru": "\u0400-\u04ff",
    "ar": "\u0600-\u06ff",
    "el": "\u0370-\u03ff",
    "he": "\u0590-\u05ff",
    "hi": "\u0900-\u097f",
    "th": "\u0e00-\u0e7f",
}
_UNSPACED = ("zh", "ja", "th")  # written without blanks: a word has about two characters
# Letters that no other of the languages in Latin letters has.
_LETTERS = {"de": "ß", "es": "¿¡ñ", "fr": "œ", "hu": "őű", "pt": "ãõ", "ro": "șță", "tr": "ğış"}
_PATTERNS = {
    code: re.compile(f"[{letters}]{{1,2}}" if code in _UNSPACED else f"[{letters}]+")
    for code, letters in _SCRIPTS.items()
}
_OTHER_SCRIPT = re.compile("[" + "".join(_SCRIPTS.values()) + "]")


def detect_language(text: str) -> str:
    """The ISO 639-1 code of the language of a text, of which the first 2,000 characters are read;
    "" when unsure.

    A script tells it, or else function words: two of them at least, unless there are no other
    words or the text begins with a question word. Right for 99 % of the questions of XQuAD in
    English, German and Chinese.
    """
    text = text[:_SAMPLE_CHARACTERS].lower()
    words = _WORD.findall(text)
    if not text.isascii() and _OTHER_SCRIPT.search(text):
        counts = {code: len(pattern.findall(text)) for code, pattern in _PATTERNS.items()}
        words = [word for word in words if not _OTHER_SCRIPT.match(word)]
        total = len(words) + sum(counts.values())
        if counts["ja"] > _KANA_SHARE * total:
            return "ja"
        code = max(counts, key=lambda code: counts[code])
        if counts[code] > _SCRIPT_SHARE * total:
            return code
    return _latin_language(words, text) if words else ""


def _latin_language(words: list[str], text: str) -> str:
    counts = dict.fromkeys(_latin_languages(), 0)
    for languages, count in Counter(map(_languages_by_word().get, words)).items():
        for code in languages or ():
            counts[code] += count
    for code, letters in _LETTERS.items() if not text.isascii() else ():
        counts[code] += any(letter in text for letter in letters)
    most = max(counts.values())
    best = [code for code in counts if counts[code] == most]
    asking = [code for code in best if words[0] in words_of(code, "question_words")]
    if len(best) > 1:
        best = asking
    least = max(_LEAST_WORDS, _LEAST_SHARE * len(words))
    enough = most >= least or most == len(words) or asking
    return best[0] if len(best) == 1 and most and enough else ""


@cache
def _latin_languages() -> tuple[str, ...]:
    return tuple(code for code in load_words("function_words") if code not in _SCRIPTS)


@cache
def _languages_by_word() -> dict[str, tuple[str, ...]]:
    """Function word, also without its accents -> the languages it belongs to."""
    languages: dict[str, list[str]] = {}
    for code in _latin_languages():
        words = function_words(code) | words_of(code, "asking")
        plain = {bare for word in words if len(bare := normalize(word)) >= _LEAST_WITHOUT_ACCENTS}
        for word in words | plain:
            languages.setdefault(word, []).append(code)
    return {word: tuple(codes) for word, codes in languages.items()}
