"""A follow-up in words that need no history: by joining it with the question before it, or by
judging what a chat model made of it (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ragkit.query.grammar import Grammar
from ragkit.query.grammar_unspaced import UNSPACED
from ragkit.query.said import PART, SPACED, Said, Word, question_language
from ragkit.query.words import list_content_terms, list_terms

REWRITING_TOKENS = 96  # a question has a line; a model that takes more is not writing one
_TOPIC_WORDS = 12
_NAMES = 2
_LEAST_KNOWN = 0.5  # of the words of a rewritten question that were said before
_LONGEST = 300
_END = re.compile(r"[\s?.!？。！؟]+$")
_IDENTIFIER = re.compile(r"[^\W_]+(?:[._\-/:@#]+[^\W_]+)*")
_NUMBER = re.compile(r"(?<!\w)\d+(?:[.,]\d+)*(?![.,]?\w)|(?<![\d.,])\d+(?=年|년)")
_LABEL = re.compile(
    r"^(?:(?:rewritten|standalone|new|full)\s+)?(?:question|frage|pregunta|domanda|pergunta|vraag"
    r"|вопрос|问题|問題|質問|질문)\s*[:：]\s*",
    re.IGNORECASE,
)
_MARK = re.compile(r"\s*\[\d+\]")  # the instructions ask for them, in answers
_QUOTES = "\"'“”„«»「」`* "
_ASKS = re.compile(r"[?？؟]\s*$")
_STATES = re.compile(r"[.。!]\s*$")
# Two words or more that begin with a capital: "Ada Lovelace", "Ludwig van Beethoven".
_NAME = re.compile(
    r"\b[^\W\d_a-zß-öø-ÿ]\w+(?: (?:(?:von|van|de|der|del|da|di|bin|al) )*[^\W\d_a-zß-öø-ÿ]\w+)+"
)

_PROMPT = """\
Do not answer yet. Write the question below once more, so that it can be understood without this \
conversation: say what its words stand for, change nothing else, and keep its language. Write \
that one question on one line, and nothing else.

Question: {}"""


def rewriting_prompt(question: str) -> str:
    """What a chat model is told, after the conversation, to make `question` stand alone."""
    return _PROMPT.format(" ".join(question.split()))


def read_rewriting(reply: str, question: str, said: Iterable[str]) -> str:
    """The question a chat model wrote for `question` after `said`; "" when it is of no use.

    That is one that is empty, long, on several lines, an answer instead of a question, or made of
    words that nobody said.
    """
    text = _MARK.sub("", reply).strip().strip(_QUOTES)
    text = _LABEL.sub("", text).strip(_QUOTES)
    if not text or "\n" in text or len(text) > max(_LONGEST, 2 * len(question)):
        return ""
    if not PART.search(text) or (_ASKS.search(question) and _STATES.search(text)):
        return ""
    known = set(list_terms(question)).union(*(list_terms(one) for one in said))
    terms = list_content_terms(text)
    return text if sum(term in known for term in terms) >= _LEAST_KNOWN * len(terms) else ""


def join_questions(question: str, previous: str, answer: str = "") -> str:
    """`question` with what it lacks of the question before it, `previous`; without a model.

    A torn-off piece ("and in 2023?") takes the place of its like in `previous`; what asks for
    something of its own ("who approves it?") is followed by the topic of `previous`, and by the
    people whom `answer`, if it is given, names.
    """
    language = question_language(question, previous)
    grammar = SPACED.get(language)
    said = Said(question, grammar, language) if grammar else None
    if said is not None and said.is_fragment and len(previous) <= _LONGEST:
        return _put_into(said, previous, said.grammar)
    asks_on = language in UNSPACED and UNSPACED[language].asks_on.search(question)
    if asks_on and len(previous) <= _LONGEST:
        own = [word for word in _own_words(question, language) if not word.isdigit()]
        numbers = _NUMBER.findall(question) if not own else []
        return _with_numbers(previous, numbers) or f"{previous.strip()} {question.strip()}"
    topic = topic_words(previous, question)
    names = dict.fromkeys(_NAME.findall(answer)) if said is not None and said.means_people else {}
    if len(names) <= _NAMES:
        topic += [name for name in names if name not in previous]
    mine = set(list_terms(question))
    topic = [word for word in topic if not set(list_terms(word)) <= mine]
    return f"{question.strip()} ({' '.join(topic)})" if topic else question.strip()


def topic_words(question: str, other: str = "") -> list[str]:
    """The words of `question` that have a subject of their own, as written, at most twelve.
    `other`, a question of the same conversation, helps to tell its language."""
    language = question_language(question, other)
    return list(dict.fromkeys(_own_words(question, language)))[:_TOPIC_WORDS]


def _own_words(text: str, language: str) -> list[str]:
    if language in UNSPACED:
        return PART.findall(UNSPACED[language].function.sub(" ", text))
    grammar = SPACED.get(language)
    words = _IDENTIFIER.findall(text)
    if grammar is None:
        return words
    content = {word.start for word in Said(text, grammar, language).content}
    return [
        word[0]
        for word in _IDENTIFIER.finditer(text)
        if word[0].isdigit() or any(start in content for start in range(*word.span()))
    ]


def _put_into(said: Said, previous: str, grammar: Grammar) -> str:
    """`previous` with the piece in the place of its like: a number for a number, the phrase after
    a preposition for the one after the same; else the one after the other."""
    numbers = _NUMBER.findall(said.text)
    if numbers and not said.content and (changed := _with_numbers(previous, numbers)):
        return changed
    start = next((i for i, word in enumerate(said.words) if word.folded in grammar.places), None)
    if start is not None:
        piece = _END.sub("", said.text[said.words[start].end :])
        before = Said(previous, grammar, said.language)
        span = _phrase_after(before.words, said.words[start].folded, grammar)
        if span is not None:
            return f"{previous[: span[0]]}{piece}{previous[span[1] :]}"
    return f"{previous.strip()} {said.text.strip()}"


def _phrase_after(words: list[Word], place: str, grammar: Grammar) -> tuple[int, int] | None:
    """Where what follows the last `place`, a preposition, stands."""
    starts = [i for i, word in enumerate(words) if word.folded == place]
    if not starts:
        return None
    end = starts[-1] + 1
    while end < len(words) and (
        words[end].is_content or words[end].folded.isdigit() or words[end].folded in grammar.the
    ):
        end += 1
    return (words[starts[-1]].end, words[end - 1].end) if end > starts[-1] + 1 else None


def _with_numbers(previous: str, numbers: list[str]) -> str:
    """`previous` with its one number, or one of as many digits, replaced; "" when it has none."""
    if len(numbers) != 1:
        return ""
    found = list(_NUMBER.finditer(previous))
    alike = [one for one in found if len(one[0]) == len(numbers[0])]
    if not alike:
        return ""
    last = alike[-1]
    return previous[: last.start()] + numbers[0] + previous[last.end() :]
