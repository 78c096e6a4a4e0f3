"""The terms of a text, for comparing wordings: folded, lightly stemmed words, and pairs of
characters in scripts that write no blanks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Scripts without blanks between words, Korean with its glued particles among them.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003134f"
)
# Marks that belong to the letter before them but count as no letter themselves.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\W_]|[{_MARKS}])+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


@dataclass(frozen=True, slots=True)
class Token:
    """One term and where it stands in its text."""

    term: str
    start: int
    end: int


def find_tokens(text: str) -> list[Token]:
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


def list_terms(text: str) -> list[str]:
    """The terms of `text` in order, repeats and function words included."""
    return [token.term for token in find_tokens(text)]


def list_content_terms(text: str) -> list[str]:
    """The terms that carry the subject of `text`, each once, in order; all of its terms when it
    is made of function words only."""
    terms = list(dict.fromkeys(list_terms(text)))
    return [term for term in terms if term not in FUNCTION_TERMS] or terms


def fold(text: str) -> str:
    """`text` in lower case, full-width and composed forms made plain, Latin accents removed."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


def squeeze(text: str) -> str:
    """The folded letters and digits of `text` and nothing between them."""
    return "".join(character for character in fold(text) if character.isalnum())


_ACCENTS = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")


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


@lru_cache(maxsize=100_000)
def _term(word: str) -> str:
    return stem(fold(word))


def guess_language(text: str) -> str:
    """A two-letter code for the language `text` is probably written in, "" when unsure.

    By the function words of five languages, and by script for Chinese, Japanese, Korean, Russian
    (any Cyrillic), Arabic, Greek, Hebrew, Hindi (any Devanagari) and Thai.
    """
    scripts = {code: len(pattern.findall(text)) for code, pattern in _SCRIPTS.items()}
    letters = sum(character.isalpha() for character in text)
    if scripts["ja"] > 0.1 * letters:
        return "ja"
    code, count = max(scripts.items(), key=lambda item: item[1])
    if count > 0.3 * letters:
        return code
    words = re.findall(r"[^\W\d_]+", text.lower())
    votes = {code: sum(word in known for word in words) for code, known in _LANGUAGES.items()}
    first, second = sorted(votes.values(), reverse=True)[:2]
    if first < 2 or first < 1.5 * second:
        return ""
    return max(votes, key=lambda code: votes[code])


_SCRIPTS = {
    code: re.compile(f"[{characters}]")
    for code, characters in {
        "zh": "\u4e00-\u9fff",
        "ja": "\u3040-\u30ff",
        "ko": "\uac00-\ud7af",
        "ru": "\u0400-\u04ff",
        "ar": "\u0600-\u06ff",
        "el": "\u0370-\u03ff",
        "he": "\u0590-\u05ff",
        "hi": "\u0900-\u097f",
        "th": "\u0e00-\u0e7f",
    }.items()
}
_LANGUAGES = {
    "en": word_set("the of and in to is was for that with are by on it as were from which be this"),
    "de": word_set(
        "der die das und ist nicht ein eine den dem im zu mit von für werden wird sind des auf "
        "sich wurde wurden es sie er bei zum zur als am an oder hat haben kann auch nach"
    ),
    "fr": word_set("le la les des et est une du dans que qui pour pas sur au avec sont ce par il"),
    "es": word_set("el la los las y es una del en que por para con no se su fue como más lo"),
    "it": word_set("il la di che e è una del della per con non si sono nel gli come da le al"),
}

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

# Words that carry no subject, folded: function and question words of English and German, and the
# commonest of French, Spanish and Chinese.
FUNCTION_WORDS = {
    language: frozenset(map(fold, words.split()))
    for language, words in {
        "en": "a an the of in on at to for from by with about as into is are was were be been "
        "being am do does did done has have had having will would can could shall should may might "
        "must and or but if than then that this these those there here it its he she they them his "
        "her their him we us our you your i me my not no so such what which who whom whose when "
        "where why how many much often s t also",
        "de": "der die das den dem des ein eine einer eines einem einen und oder aber in im am an "
        "auf aus bei mit nach seit von vom zu zum zur für über unter ist sind war waren wird "
        "werden wurde wurden hat haben hatte hatten kann können es er sie ihr sich nicht auch als "
        "wie was wer wen wem wann wo warum wieso welche welcher welches welchem welchen viele viel",
        "fr": "le la les un une des du de et en que qui quoi est sont dans",
        "es": "el la los las un una de en y o es son del al por para con se que qué cuál cuándo "
        "dónde quién",
        "zh": "什么 哪里 哪个 哪些 多少 为什 怎么 是否 谁 的 了 是",
    }.items()
}
FUNCTION_TERMS = frozenset(stem(word) for words in FUNCTION_WORDS.values() for word in words)
