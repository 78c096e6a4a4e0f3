"""A question taken apart: its language, and the words by which it leans on another (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from ragkit.query.grammar import Grammar
from ragkit.query.grammar_germanic import GERMANIC
from ragkit.query.grammar_others import OTHERS
from ragkit.query.grammar_romance import ROMANCE
from ragkit.query.words import fold

SPACED = {**GERMANIC, **ROMANCE, **OTHERS}
PART = re.compile(r"[^\W_]+")
_SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "ar": re.compile("[\u0600-\u06ff]"),
}
_ENDS_ASKING = re.compile(r"[?？؟]\s*$")
_FEW = 3  # words with a subject of their own, from which on "and" alone makes no follow-up
_ENOUGH = 7  # from which on a question is taken for a whole one, whatever pronouns it has


def question_language(text: str, previous: str = "") -> str:
    """The two-letter code of a language that ragkit knows the grammar of, "" for any other; when
    `text` does not tell, that of `previous`."""
    for code, script in _SCRIPTS.items():
        if script.search(text):
            return code
    if not text.isascii() and not re.search("[a-z]", fold(text)):
        return ""
    return _latin_language(text, previous) or (question_language(previous) if previous else "")


def _latin_language(text: str, previous: str) -> str:
    votes = _votes(text)
    most = max(votes.values())
    if not most:
        return ""
    first = [code for code, count in votes.items() if count == most]
    if len(first) > 1 and previous:
        before = _votes(previous)
        first.sort(key=lambda code: -before[code])
    return first[0]


def _votes(text: str) -> dict[str, int]:
    words = [fold(word) for word in PART.findall(text)]
    return {
        code: sum(word in grammar.function for word in words)
        for code, grammar in SPACED.items()
        if code not in _SCRIPTS
    }


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question, and whether it has a subject of its own."""

    text: str
    folded: str
    start: int
    end: int
    is_content: bool


class Said:
    """A question taken apart by the grammar of its language."""

    def __init__(self, text: str, grammar: Grammar, language: str) -> None:
        self.text, self.grammar, self.language = text, grammar, language
        self._lower = text.lower()
        words = [(word[0], word.start()) for word in PART.finditer(text)]
        self.words = [
            Word(word, fold(word), start, start + len(word), self._is_content(fold(word)))
            for word, start in words
        ]

    def _is_content(self, folded: str) -> bool:
        return not folded.isdigit() and folded not in self.grammar.function

    @cached_property
    def content(self) -> list[Word]:
        return [word for word in self.words if word.is_content]

    @property
    def is_long(self) -> bool:
        return len(self.content) >= _ENOUGH

    @property
    def asks_on(self) -> bool:
        return bool(self.grammar.asks_on.search(self._lower))

    @property
    def joins_on(self) -> bool:
        first = self.words[0].folded
        # Arabic writes "and" as a part of the next word.
        glued = self.language == "ar" and first[1:] in self.grammar.function and first[0] == "و"
        return (first in self.grammar.joins or glued) and len(self.content) < _FEW

    @property
    def refers_back(self) -> bool:
        """A word stands for something that is not in the question itself."""
        empty = [found.span() for found in self.grammar.empty.finditer(self._lower)]
        for found in self.grammar.refers.finditer(self._lower):
            inside = any(start <= found.start() < end for start, end in empty)
            if not inside and not self._is_formal(found) and not self._has_antecedent(found):
                return True
        owned = self.grammar.owns.search(self._lower)
        return owned is not None and not self._is_formal(owned) and not self._owner(owned)

    def _is_formal(self, found: re.Match[str]) -> bool:
        """German "Sie" and "Ihre" in the middle of a sentence address the reader."""
        word = self.text[found.start() : found.end()]
        return self.language == "de" and found.start() > 0 and word[:1].isupper()

    def _has_antecedent(self, found: re.Match[str]) -> bool:
        """In the same question, an earlier clause with a subject: "If a file is lost, can it"."""
        before = self._before(found.start())
        if self.language == "fr" and self._lower[found.start() - 1 : found.start()] == "-":
            # "Quand le musée a-t-il ouvert ?", but "Comment fonctionne-t-il ?"
            verb = found.start() - (3 if self._lower[: found.start()].endswith("-t-") else 1)
            return any(word.end < verb for word in before)
        link = self.grammar.links.search(self._lower, 0, found.start())
        return link is not None and len(before) >= (1 if link[0].isalpha() else 2)

    def _owner(self, found: re.Match[str]) -> bool:
        before = self._before(found.start())
        return len(before) >= 2 or any(self._is_name(word) for word in before)

    def _before(self, position: int) -> list[Word]:
        return [word for word in self.content if word.start < position]

    def _is_name(self, word: Word) -> bool:
        if any(c.isdigit() for c in word.text) or (len(word.text) > 1 and word.text.isupper()):
            return True
        return self.language != "de" and word.text[0].isupper() and word.start > 0

    @property
    def means_people(self) -> bool:
        """Somebody is referred to: "what is her address?"."""
        return bool(self.grammar.people.search(self._lower))

    @property
    def is_elliptic(self) -> bool:
        """Too little is said to look for: no subject, or one word of it in a torn-off phrase."""
        content, grammar = self.content, self.grammar
        if not content:
            return True
        if any(self._is_name(word) for word in content) or not _ENDS_ASKING.search(self.text):
            return self._is_phrase
        others = [word.folded for word in self.words if not word.is_content]
        asks = [word for word in others if word in grammar.questions]
        # What is neither content, preposition, article nor question word is a verb or the like.
        rest = [w for w in others if w not in grammar.questions | grammar.places | grammar.the]
        if len(content) > 1:
            return self._is_phrase
        # "Are there exceptions?", "Which forms?", "What is the deadline?"
        pointed = self.language in GERMANIC and any(word in grammar.the for word in others)
        return not asks or not rest or pointed

    @property
    def _is_phrase(self) -> bool:
        """ "For interns?", "in the Munich office?": begins with a preposition, and has no verb."""
        known = self.grammar.questions | self.grammar.places | self.grammar.the
        return (
            bool(_ENDS_ASKING.search(self.text))
            and self.words[0].folded in self.grammar.places
            and len(self.content) <= _FEW
            and not any(word.folded in self.grammar.questions for word in self.words)
            and all(word.is_content or word.folded in known for word in self.words)
        )

    @property
    def is_fragment(self) -> bool:
        """A piece that asks nothing of its own: "and in 2023?", "what about interns?"."""
        opener = self.grammar.asks_on.search(self._lower)
        after = opener.end() if opener and opener.start() == 0 else 0
        known = (
            self.grammar.places | self.grammar.the | (frozenset() if after else self.grammar.joins)
        )
        rest = [word for word in self.words if word.start >= after]
        bare = all(
            word.is_content or word.folded in known or word.folded.isdigit() for word in rest
        )
        has_subject = any(word.is_content or word.folded.isdigit() for word in rest)
        return bare and has_subject
