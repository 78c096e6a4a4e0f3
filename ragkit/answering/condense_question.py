"""A follow-up question in words that need no history (pure).

A chat model condenses conversation and question; what it writes is checked. Without a model the
content words of the question before it are added. `scripts/bench/followups.py` prints how often
questions that stand alone are taken for follow-ups, and what adding the words does for the search.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from ragkit.language.detect import detect_language
from ragkit.language.tokens import content_terms, terms
from ragkit.language.word_lists import function_words, load_words, words_of

REWRITING_TOKENS = 96  # a question has a line; a model that takes more is not writing one
_CONTENT_WORDS = 12
_NAMES = 2
_KNOWN_SHARE = 0.5  # of the words of a rewritten question that were said before
_LONGEST_CHARACTERS = 300
# Content words: fewer than so many leave "and" or a pronoun without a subject of its own; so many
# make a question whole, whatever pronouns it has.
_FEW = 3
_ENOUGH = 7
_ANTECEDENT = 2  # content words before a pronoun that it may well mean
_PART = re.compile(r"[^\W_]+")
_IDENTIFIER = re.compile(r"[^\W_]+(?:[._\-/:@#]+[^\W_]+)*")
_ASKS = re.compile(r"[?？؟]\s*$")
_STATES = re.compile(r"[.。!]\s*$")
_LABEL = re.compile(
    r"^(?:(?:rewritten|standalone|new|full)\s+)?(?:question|frage|pregunta|domanda|pergunta|vraag"
    r"|вопрос|问题|問題|質問|질문)\s*[:：]\s*",
    re.IGNORECASE,
)
_CITATION_MARK = re.compile(r"\s*\[\d+\]")  # the instructions ask for them, in answers
_QUOTES = "\"'“”„«»「」`* "
# Two words or more that begin with a capital: "Ada Lovelace", "Ludwig van Beethoven".
_NAME = re.compile(
    r"\b[^\W\d_a-zß-öø-ÿ]\w+(?: (?:(?:von|van|de|der|del|da|di|bin|al) )*[^\W\d_a-zß-öø-ÿ]\w+)+"
)
_UNSPACED = ("zh", "ja", "ko")  # words are not told apart by blanks, or have particles

_PROMPT = """\
Do not answer yet. Write the question below once more, so that it can be understood without this \
conversation: say what its words stand for, change nothing else, and keep its language. Write \
that one question on one line, and nothing else.

Question: {}"""


def rewriting_prompt(question: str) -> str:
    """What a chat model is told, after the conversation, to make `question` stand alone."""
    return _PROMPT.format(" ".join(question.split()))


def parse_rewrite(reply: str, question: str, said: Iterable[str]) -> str:
    """The question a chat model wrote for `question` after `said`; "" when it is of no use.

    That is one that is empty, long, on several lines, an answer instead of a question, or made of
    words that nobody said.
    """
    text = _CITATION_MARK.sub("", reply).strip().strip(_QUOTES)
    text = _LABEL.sub("", text).strip(_QUOTES)
    if not text or "\n" in text or len(text) > max(_LONGEST_CHARACTERS, 2 * len(question)):
        return ""
    if not _PART.search(text) or (_ASKS.search(question) and _STATES.search(text)):
        return ""
    known = set(terms(question)).union(*map(terms, said))
    content = content_terms(text, detect_language(text))
    return text if sum(term in known for term in content) >= _KNOWN_SHARE * len(content) else ""


def merge_with_previous(question: str, previous: str, answer: str = "") -> str:
    """`question` followed by the content words of the question before it that it lacks, and, where
    it speaks of a person ("her"), by those whom `answer` names, if they are few."""
    language = _language(question, previous)
    added = content_words(previous, question)
    if words_of(language, "people").intersection(_PART.findall(question.lower())):
        names = list(dict.fromkeys(_NAME.findall(answer)))
        added += [name for name in names if name not in previous] if len(names) <= _NAMES else []
    mine = set(terms(question))
    added = [word for word in added if not set(terms(word)) <= mine]
    return f"{question.strip()} ({' '.join(added)})" if added else question.strip()


def content_words(question: str, other: str = "") -> list[str]:
    """The words of `question` that carry a subject, as written, each once, at most twelve.
    `other`, a question of the same conversation, helps to tell its language."""
    language = _language(question, other)
    if language in _UNSPACED:
        words = _PART.findall(_function_pattern(language).sub(" ", question))
    else:
        words = [
            word
            for word in _IDENTIFIER.findall(question)
            if any(part not in _function(language) for part in _PART.findall(word.lower()))
        ]
    return list(dict.fromkeys(words))[:_CONTENT_WORDS]


def is_follow_up(question: str, previous: str = "") -> bool:
    """Whether `question` leans on an earlier one: it begins or ends like "what about ...", has a
    pronoun or begins with "and" and has little subject of its own, or has next to none ("Why?").

    Twelve languages; in others only a question of one or two words does. `previous` helps to tell
    the language of a short question.
    """
    text = " ".join(question.split()).lstrip("¿¡\"'«„“ ").lower()
    words = _PART.findall(text)
    if not words:
        return False
    language = _language(question, previous)
    if not language or not words_of(language, "pronouns"):
        return len(words) <= 2 and bool(_ASKS.search(text))
    own = _count_content(text, language)
    joins = _begins_with(text, words_of(language, "conjunctions"), language)
    if _continues(text, language) or (joins and own < _FEW):
        return True
    pronoun = _first_pronoun(text, language)
    if pronoun >= 0 and own < _ENOUGH and _count_content(text[:pronoun], language) < _ANTECEDENT:
        return True
    return own == 0 or (own < _FEW and not _is_whole(question, words, own, language))


def _language(question: str, other: str) -> str:
    return detect_language(question) or detect_language(other)


@cache
def _function(language: str) -> frozenset[str]:
    return function_words(language) | words_of(language, "asking")


@cache
def _function_pattern(language: str) -> re.Pattern[str]:
    """The function words of a language written without blanks, the longest first. Of Korean ones
    those that end a word: most are particles."""
    words = sorted(_function(language), key=lambda word: (-len(word), word))
    return re.compile(f"(?:{'|'.join(words)})" + (r"+(?!\w)" if language == "ko" else ""))


def _count_content(text: str, language: str) -> float:
    """How many words carry a subject; two characters make one where no blanks are written."""
    if language in _UNSPACED:
        return sum(map(str.isalpha, _function_pattern(language).sub(" ", text))) / 2
    words = _PART.findall(text)
    return sum(not word.isdigit() and word not in _function(language) for word in words)


def _begins_with(text: str, beginnings: Iterable[str], language: str) -> bool:
    if language in _UNSPACED:
        return text.startswith(tuple(beginnings))
    plain = f"{' '.join(_PART.findall(text))} "
    return plain.startswith(tuple(f"{beginning} " for beginning in beginnings))


def _continues(text: str, language: str) -> bool:
    """Whether it begins or ends in a way that always goes on from an earlier question."""
    kinds = load_words("function_words")[language]
    if language not in _UNSPACED and text.split()[0] in words_of(language, "conjunctions"):
        text = text.split(maxsplit=1)[-1]
    end = _ASKS.sub("", text).rstrip(" .!。")
    blank = "" if language in _UNSPACED else " "
    asked = bool(_ASKS.search(text)) or language not in _UNSPACED
    endings = tuple(blank + ending for ending in kinds.get("endings", ()))
    return _begins_with(text, kinds["openers"], language) or (asked and end.endswith(endings))


def _first_pronoun(text: str, language: str) -> int:
    """Where the first word stands that means something said before; -1 when there is none."""
    pronouns = words_of(language, "pronouns")
    if language in _UNSPACED:
        return min((at for word in pronouns if (at := text.find(word)) >= 0), default=-1)
    found = (word.start() for word in _PART.finditer(text.lower()) if word[0] in pronouns)
    return next(found, -1)


def _is_whole(question: str, words: list[str], own: float, language: str) -> bool:
    """Whether a question of one or two content words says what it is about: a keyword, a name, or
    a question word with a verb and no "the" ("What is photosynthesis?", not "Which forms?")."""
    asking = words_of(language, "question_words")
    if language == "zh":
        asks = any(word in question for word in asking)
        return own > 1 or (asks and any(verb in question for verb in "是在叫"))
    if language in _UNSPACED:
        return own >= 1
    asks = any(word in asking for word in words)
    if not _ASKS.search(question):
        return True
    if not asks and words[0] in words_of(language, "prepositions"):
        return False
    if own > 1 or (any(map(_is_name, question.split()[1:])) and language != "de"):
        return True
    others = words_of(language, "others")
    points = language in ("en", "de", "nl") and bool(words_of(language, "articles") & set(words))
    return asks and any(word in others for word in words) and not points


def _is_name(word: str) -> bool:
    return word[:1].isupper() or any(map(str.isdigit, word))
