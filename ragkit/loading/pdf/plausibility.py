"""Whether the text of a page can be what a person reads there."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise

from ragkit.loading.pdf.page import JOINED_HYPHEN, Line, PageText

_SAMPLE_CHARACTERS = 2000
# "/one.oldstyle/space", "(cid:12)", "/uni0041": names of glyphs instead of letters.
_GLYPH_NAME = re.compile(
    r"\(cid:\d+\)|/(?:uni[0-9A-F]{4}|[gG]\d+|space|hyphen|comma|period|colon|slash|zero|one|two"
    r"|three|four|five|six|seven|eight|nine|[A-Za-z]+\.(?:oldstyle|alt|sc|[lotp]?[fn]um|[lt]f|ss\d\d))"
    r"(?![A-Za-z0-9])"
)
# "C e r t i f i c a t e"
_TORN_WORD = re.compile(r"(?<![^\W_])(?:[^\W\d_] ){4,}[^\W\d_](?![^\W_])")
_WORD = re.compile(r"[^\W\d_]+")
_LONG_WORD = re.compile(r"[^\W\d_]{25,}")
_FEWEST_WORDS = 12
# Scripts that put no blanks between words.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
# The share of each fault from which on a text cannot be read.
_STRANGE_SHARE = 0.03
_GLYPH_NAME_SHARE = 0.05
_TORN_SHARE = 0.2
_LONG_WORD_SHARE = 0.2
_MISPLACED_SHARE = 0.5


def implausibility(page: PageText) -> float:
    """How far a page is from readable text: 0 for clean text and for none, from 1 on it is none."""
    text = page.text[:_SAMPLE_CHARACTERS]
    visible = "".join(text.split())
    if not visible:
        return 0.0
    strange = sum(
        count
        for mark, count in Counter(visible).items()
        if mark == "\ufffd"
        or (unicodedata.category(mark) in ("Cc", "Cn", "Co", "Cs") and mark != JOINED_HYPHEN)
    )
    glyph_names = sum(len(match[0]) for match in _GLYPH_NAME.finditer(text))
    return max(
        strange / len(visible) / _STRANGE_SHARE,
        glyph_names / len(visible) / _GLYPH_NAME_SHARE,
        _words_fault(text),
        _misplaced(page.lines) / _MISPLACED_SHARE,
    )


def _words_fault(text: str) -> float:
    """Of words torn into letters, or glued into lines."""
    if not (_LONG_WORD.search(text) or _TORN_WORD.search(text)):
        return 0.0
    if len(_UNSPACED.findall(text)) > len(text) / 10:
        return 0.0
    words = _WORD.findall(text)
    if len(words) < _FEWEST_WORDS:
        return 0.0
    letters = sum(map(len, words))
    glued = sum(map(len, _LONG_WORD.findall(text))) / letters
    torn = sum(len(match[0].split()) for match in _TORN_WORD.finditer(text)) / letters
    return max(torn / _TORN_SHARE, glued / _LONG_WORD_SHARE)


def _misplaced(lines: tuple[Line, ...]) -> float:
    """The share of lines that are drawn on the very place of the line before them."""
    boxes = [line.box for line in lines if line.box is not None]
    if len(boxes) < 4:
        return 0.0
    same = sum(
        all(abs(a - b) < 1 for a, b in zip(one, other, strict=True))
        for one, other in pairwise(boxes)
    )
    return same / len(boxes)
