"""Names in a statement that the passages do not hold, and one thing put in place of another.

Each check returns a short sentence for a person, "" when it finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches

from ragkit.query.dates import Date
from ragkit.query.quantities import Quantity
from ragkit.query.words import Token, fold, squeeze, word_set
from ragkit.verification.evidence import AnalyzedPassage, Claim, EvidenceWindow, is_name
from ragkit.verification.facts import is_decade_or_century_of

_SAME_SENTENCE = 0.6  # the share of equal words. Measured: scripts/bench/verification.py
_COMPARED_TOKENS = 150


def check_names(statement: Claim, readings: Sequence[AnalyzedPassage]) -> str:
    """A name that no passage holds. German is passed over: there a capital tells no name from any
    other noun."""
    if statement.language == "de":
        return ""
    unknown: list[Token] = []
    for name in statement.names:
        if any(name.term in reading.terms for reading in readings):
            continue
        surface = statement.text[name.start : name.end]
        if statement.begins_sentence(name) and not _is_followed_by_name(statement, name):
            continue
        if not any(
            _is_spelled_otherwise(surface, reading.text, reading.letters) for reading in readings
        ):
            if unknown and statement.text[unknown[-1].end : name.start].strip():
                break
            unknown.append(name)
    if not unknown:
        return ""
    return f"{statement.text[unknown[0].start : unknown[-1].end]} is not in the passage"


def _is_followed_by_name(statement: Claim, name: Token) -> bool:
    return any(
        other.start > name.end and statement.text[name.end : other.start] == " "
        for other in statement.names
    )


def _is_spelled_otherwise(name: str, text: str, letters: str) -> bool:
    """As one word instead of two, as its initials, or with a letter or two changed. `letters` is
    the text squeezed."""
    if fold(name) in letters:
        return True
    words = re.findall(r"\b[^\W\d_]\w*", text)
    acronym = name.removesuffix("s")
    if 2 <= len(acronym) <= 6 and acronym.isupper():
        initials = "".join(word[0] for word in words if word.lower() not in _JOINING)
        if acronym in (initials if len(acronym) == 2 else initials.upper()):
            return True
    capitalised = {fold(word) for word in words if word[0].isupper()}
    return len(name) >= 5 and bool(get_close_matches(fold(name), capitalised, 1, 0.8))


_JOINING = word_set("of the and for in to a an und der die das für von")


# ---------------------------------------------------------------- one thing in place of another


def check_substitutions(statement: Claim, window: EvidenceWindow) -> str:
    """A name, number or date in whose place, between the same words, a sentence of the quote has
    another: both may well be in the passage."""
    for unit in window.units:
        for mine, theirs in _differences(statement.tokens, unit.tokens):
            left, right = range(mine[0].start, mine[-1].end), range(theirs[0].start, theirs[-1].end)
            said = _other_name(statement, window, left, right) or _other_number(
                statement, window, left, right
            )
            if said:
                return f"the passage says {said}, not {statement.text[left.start : left.stop]}"
    return ""


def _other_name(statement: Claim, window: EvidenceWindow, left: range, right: range) -> str:
    text = window.reading.text
    place = text[right.start : right.stop]
    letters = squeeze(place)
    mine = [name for name in statement.names if name.start in left]
    theirs = [
        token
        for token in window.tokens
        if token.start in right and is_name(text, token) and token.term not in statement.terms
    ]
    if not mine or not theirs:
        return ""
    surfaces = (statement.text[name.start : name.end] for name in mine)
    if any(_is_spelled_otherwise(surface, place, letters) for surface in surfaces):
        return ""
    return text[theirs[0].start : theirs[-1].end]


def _other_number(statement: Claim, window: EvidenceWindow, left: range, right: range) -> str:
    reading = window.reading
    mine = [found for found in statement.quantities if _overlap(found, left)]
    theirs = [found for found in reading.quantities if _overlap(found, right)]
    if mine and theirs and not any(_tell_the_same(statement, a, b) for a in mine for b in theirs):
        return reading.text[theirs[0].start : theirs[-1].end]
    my_dates = [found for found in statement.dates if _overlap(found, left)]
    their_dates = [found for found in reading.dates if _overlap(found, right)]
    if my_dates and their_dates and not any(a.within(b) for a in my_dates for b in their_dates):
        return reading.text[their_dates[0].start : their_dates[-1].end]
    return ""


def _tell_the_same(statement: Claim, mine: Quantity, theirs: Quantity) -> bool:
    said = statement.text[mine.start : mine.end]
    return bool(mine.values & theirs.values) or is_decade_or_century_of(mine, said, theirs.values)


def _overlap(found: Quantity | Date, span: range) -> bool:
    return found.start < span.stop and span.start < found.end


def _differences(
    claimed: Sequence[Token], quoted: Sequence[Token]
) -> Iterator[tuple[Sequence[Token], Sequence[Token]]]:
    """Stretches of the two that stand in each other's place: short, with the same two or more
    words (or the end) on both sides, in sentences otherwise alike."""
    claimed, quoted = claimed[:_COMPARED_TOKENS], quoted[:_COMPARED_TOKENS]
    matcher = SequenceMatcher(
        None, [token.term for token in claimed], [token.term for token in quoted], autojunk=False
    )
    steps = matcher.get_opcodes()
    same = sum(step[2] - step[1] for step in steps if step[0] == "equal")
    if same < _SAME_SENTENCE * len(claimed):
        return
    anchored = [
        step[0] == "equal" and (step[2] - step[1] >= 2 or number in (0, len(steps) - 1))
        for number, step in enumerate(steps)
    ]
    for number, (kind, left, left_end, right, right_end) in enumerate(steps):
        before = number == 0 or anchored[number - 1]
        after = number == len(steps) - 1 or anchored[number + 1]
        short = left_end - left <= 5 and right_end - right <= 6
        if kind == "replace" and before and after and short:
            yield claimed[left:left_end], quoted[right:right_end]
