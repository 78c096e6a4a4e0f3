"""Names of a claim that its passages do not have, and things that replace others (pure).

Each check returns the contradiction in one short sentence, "" where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches

from ragkit.language.dates import Date
from ragkit.language.quantities import Quantity
from ragkit.language.tokens import Token, normalize, strip_punctuation
from ragkit.verification.evidence import AnalyzedPassage, Claim, EvidenceWindow, is_name
from ragkit.verification.facts import is_decade_or_century_of

_SAME_SENTENCE = 0.6  # share of equal words. Measured: scripts/bench/verification.py
_COMPARED_TOKENS = 150


def check_names(claim: Claim, passages: Sequence[AnalyzedPassage]) -> str:
    """A name that no passage has. Not for German, where every noun has a capital."""
    if claim.language == "de":
        return ""
    unknown: list[Token] = []
    for name in claim.names:
        if any(name.term in passage.terms for passage in passages):
            continue
        surface = claim.text[name.start : name.end]
        if claim.begins_sentence(name) and not _is_followed_by_name(claim, name):
            continue
        if not any(
            _is_spelled_otherwise(surface, passage.text, passage.letters) for passage in passages
        ):
            if unknown and claim.text[unknown[-1].end : name.start].strip():
                break
            unknown.append(name)
    if not unknown:
        return ""
    return f"{claim.text[unknown[0].start : unknown[-1].end]} is not in the passage"


def _is_followed_by_name(claim: Claim, name: Token) -> bool:
    return any(
        other.start > name.end and claim.text[name.end : other.start] == " "
        for other in claim.names
    )


def _is_spelled_otherwise(name: str, text: str, letters: str) -> bool:
    """Whether the text has the name as one word instead of two, as its initials, or with one or two
    other letters. `letters` is the text without anything but letters and digits."""
    if normalize(name) in letters:
        return True
    words = re.findall(r"\b[^\W\d_]\w*", text)
    acronym = name.removesuffix("s")
    if 2 <= len(acronym) <= 6 and acronym.isupper():
        initials = "".join(word[0] for word in words if word.lower() not in _JOINING)
        if acronym in (initials if len(acronym) == 2 else initials.upper()):
            return True
    capitalised = {normalize(word) for word in words if word[0].isupper()}
    return len(name) >= 5 and bool(get_close_matches(normalize(name), capitalised, 1, 0.8))


_JOINING = frozenset(
    ("of", "the", "and", "for", "in", "to", "a", "an", "und", "der", "die", "das", "für", "von")
)


# ---------------------------------------------------------------- one thing in place of another


def check_substitutions(claim: Claim, window: EvidenceWindow) -> str:
    """A name, number or date for which a sentence of the quote has another one, between the same
    words; both may be in the passage."""
    for unit in window.units:
        for ours, theirs in _differences(claim.tokens, unit.tokens):
            left, right = range(ours[0].start, ours[-1].end), range(theirs[0].start, theirs[-1].end)
            other = _other_name(claim, window, left, right)
            other = other or _other_number(claim, window, left, right)
            if other:
                return f"the passage says {other}, not {claim.text[left.start : left.stop]}"
    return ""


def _other_name(claim: Claim, window: EvidenceWindow, left: range, right: range) -> str:
    text = window.passage.text
    replaced = text[right.start : right.stop]
    letters = strip_punctuation(replaced)
    ours = [name for name in claim.names if name.start in left]
    theirs = [
        token
        for token in window.tokens
        if token.start in right
        and is_name(text, token, window.passage.function_terms)
        and token.term not in claim.terms
    ]
    if not ours or not theirs:
        return ""
    surfaces = (claim.text[name.start : name.end] for name in ours)
    if any(_is_spelled_otherwise(surface, replaced, letters) for surface in surfaces):
        return ""
    return text[theirs[0].start : theirs[-1].end]


def _other_number(claim: Claim, window: EvidenceWindow, left: range, right: range) -> str:
    passage = window.passage
    ours = [found for found in claim.quantities if _overlap(found, left)]
    theirs = [found for found in passage.quantities if _overlap(found, right)]
    if ours and theirs and not any(_is_same_number(claim, a, b) for a in ours for b in theirs):
        return passage.text[theirs[0].start : theirs[-1].end]
    our_dates = [found for found in claim.dates if _overlap(found, left)]
    their_dates = [found for found in passage.dates if _overlap(found, right)]
    if (
        our_dates
        and their_dates
        and not any(a.is_refined_by(b) for a in our_dates for b in their_dates)
    ):
        return passage.text[their_dates[0].start : their_dates[-1].end]
    return ""


def _is_same_number(claim: Claim, quantity: Quantity, other: Quantity) -> bool:
    text = claim.text[quantity.start : quantity.end]
    same = bool(quantity.values & other.values)
    return same or is_decade_or_century_of(quantity, text, other.values)


def _overlap(found: Quantity | Date, span: range) -> bool:
    return found.start < span.stop and span.start < found.end


def _differences(
    claimed: Sequence[Token], quoted: Sequence[Token]
) -> Iterator[tuple[Sequence[Token], Sequence[Token]]]:
    """Short runs of tokens that replace each other: with the same two or more words, or the end, on
    both sides, in sentences that are otherwise alike."""
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
