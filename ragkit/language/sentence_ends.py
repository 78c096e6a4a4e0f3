"""Where the sentences of a paragraph end: by sentencex, and what it misses by rules of our own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import cast

from ragkit.language.word_lists import function_words, load_words

_HANDED_OVER_CHARACTERS = 10_000  # sentencex takes the square of a run of Chinese full stops
_LINE_BREAK = re.compile(r"[\r\n]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# What sentencex misses: a stop in a script without blanks, and one behind marks of emphasis.
_END = re.compile(r"[。！？｡．]++[」』”’）)】》\"]*+|(?<![.!?…])[.!?…]++(?:\*\*|__)(?=\s)")
# One before a year, behind a unit ("6.4 t. It"), or within brackets and quotation marks where a
# word follows that often begins a sentence.
_PROBABLE_END = re.compile(
    r"(?:(?<=[^\W\d_]{4})(?<!pprox)|(?<=\d [^\W\d_])|(?<=\d [^\W\d_]{2})|(?<=\d [^\W\d_]{3}))"
    r"[.!?]++(?=\s+([^\W_]+))"
)
# Marks and references that stand behind a stop belong to its sentence.
_CLOSING = re.compile(r"(?:[*_`]++|\[[^\[\]\n]{1,24}\])+(?=\s|$)")
_STOPPED = re.compile(r"(?<![\w.])([\w.]{1,12})\.\s*$")
_ORDINAL_LANGUAGES = ("de", "da", "fi", "hu", "no", "tr")  # those that write "3." for "third"
_WINDOW_CHARACTERS = 16  # how far is looked around a full stop, blanks included
_SHORT_CHARACTERS = 4
_STOPS = (".", "!", "?", "…", "。", "！", "？")


def sentence_ends(text: str, start: int, end: int, language: str) -> list[int]:
    """Where the sentences of a paragraph end, some with the blanks after them, in order; without
    the end of the paragraph.

    `language` is a code of `detect_language`. At most 10,000 characters are looked at together.
    """
    ends = {found.end() for found in _END.finditer(text, start, end)}
    for found in _PROBABLE_END.finditer(text, start, end):
        if _begins_sentence(found[1], language):
            ends.add(found.end())
    for position in _segment(text, start, end, language):
        closing = _CLOSING.match(text, position, end)
        position = closing.end() if closing else position
        apart = position == end or text[position - 1].isspace() or text[position].isspace()
        if apart and not _is_within(text, position, language):
            ends.add(position)
    return sorted(position for position in ends if start < position < end)


def _segment(text: str, start: int, end: int, language: str) -> Iterator[int]:
    while start < end:
        stop = _cut_before(text, start, min(end, start + _HANDED_OVER_CHARACTERS), end)
        # One character for one, so that offsets stay: a line break within a paragraph is a blank.
        part = _SURROGATE.sub("\ufffd", _LINE_BREAK.sub(" ", text[start:stop]))
        sentences = _segmenter()(language, part)
        if stop < end and len(sentences) > 1 and 2 * len(sentences[-1]) < len(part):
            sentences.pop()  # it may go on after the cut: looked at again with what follows
        for sentence in sentences:
            start += len(sentence)
            if start != stop or sentence.rstrip().endswith(_STOPS):
                yield start


def _begins_sentence(word: str, language: str) -> bool:
    if word.isdigit():
        return len(word) == 4
    return word[0].isupper() and word.lower() in function_words(language)


def _is_within(text: str, position: int, language: str) -> bool:
    """Whether the full stop before `position` belongs to a number ("im 18. Jahrhundert") or to an
    abbreviation: one that is known, or a short word before a small letter."""
    stopped = _STOPPED.search(text, max(0, position - _WINDOW_CHARACTERS), position)
    following = text[position : position + _WINDOW_CHARACTERS].split(maxsplit=1)[:1]
    if stopped is None or not following:
        return False
    word = stopped[1].lower()
    if len(word) <= 2 and word.isdigit() and language in _ORDINAL_LANGUAGES:
        return following[0].lower() not in function_words(language)
    is_short = len(word) < _SHORT_CHARACTERS or "." in word
    return word in _abbreviations() or (is_short and following[0][0].islower())


@cache
def _abbreviations() -> frozenset[str]:
    """Of all languages, since the language of a short text is often not known."""
    return frozenset(" ".join(load_words("abbreviations").values()).split())


def _cut_before(text: str, start: int, stop: int, end: int) -> int:
    """The last line break or blank before `stop`, where the paragraph goes on after it."""
    if stop == end:
        return end
    cut = max(text.rfind("\n", start, stop), text.rfind(" ", start, stop)) + 1
    return cut if cut > start else stop


@cache
def _segmenter() -> Callable[[str, str], list[str]]:
    import sentencex

    return cast("Callable[[str, str], list[str]]", sentencex.segment)
