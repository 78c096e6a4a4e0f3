"""Sentence by sentence: do the cited passages carry it? Rules, no model.

`scripts/bench/verification.py` prints how often it is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragkit.query.dates import Date
from ragkit.query.quantities import Quantity
from ragkit.types import Citation, Passage, Sentence, SupportLevel
from ragkit.verification.entities import check_names, check_substitutions
from ragkit.verification.evidence import (
    AnalyzedPassage,
    Claim,
    EvidenceWindow,
    TermWeights,
    find_best_window,
    find_verbatim,
    inverse_document_frequency,
)
from ragkit.verification.facts import (
    check_dates,
    check_negation,
    check_quantities,
    check_quotes,
)

if TYPE_CHECKING:
    from ragkit.types import Vectors

    Embed = Callable[[Sequence[str]], Vectors]

Figure = Quantity | Date

# Shares of a sentence's content words. Measured: scripts/bench/verification.py.
_SPEAKS_OF_IT = 0.45  # below, the passages as a whole are about something else
_WHOLE_CARRIES = 0.7
_QUOTE_CARRIES = 0.5
_SAME_MEANING = 0.75  # cosine at which other words are taken to mean the same
_RANK: dict[SupportLevel, int] = {"unsupported": 0, "unchecked": 0, "weak": 1, "supported": 2}


def verify(
    sentences: Sequence[Sentence], passages: Sequence[Passage], *, embed: Embed | None = None
) -> tuple[Sentence, ...]:
    """The same sentences with `support`, `evidence` and `reason`.

    "unsupported": a number, date, name, quote or negation is not what the cited passages say, or
    they do not speak of it. "weak": only part of the wording is theirs, or they are in another
    language. "unchecked": nothing in the sentence can be checked (a greeting, a question, a
    remark about the passages). A sentence that its passages do not carry but one other passage
    carries whole is re-cited to that one; so is a sentence without a citation. A number or date
    that only another passage holds adds a citation of it, and a citation that has no part in a
    sentence which another carries whole is taken away. `embed` (texts ->
    (n, d), length 1) lets a like meaning in other words pass for weak instead of unsupported.
    """
    readings = [AnalyzedPassage(passage) for passage in passages]
    judge = _Verifier(readings, embed)
    return tuple(judge.verify(sentence) for sentence in sentences)


def without_unsupported(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """The sentences without the unsupported ones."""
    return tuple(sentence for sentence in sentences if sentence.support != "unsupported")


@dataclass(frozen=True, slots=True)
class _Verdict:
    support: SupportLevel
    evidence: Citation | None
    reason: str


class _Verifier:
    """Holds what all sentences of an answer are compared with."""

    def __init__(self, readings: Sequence[AnalyzedPassage], embed: Embed | None) -> None:
        self.readings = readings
        self.embed = embed
        self.rarity: TermWeights = inverse_document_frequency(readings)

    def verify(self, sentence: Sentence) -> Sentence:
        statement = Claim(sentence.text)
        if _cannot_be_checked(statement):
            return replace(sentence, support="unchecked", reason="there is nothing to check in it")
        cited = [r for r in self.readings if r.passage.number in sentence.citations]
        verdict = self.judge(statement, cited)
        if verdict.support == "supported":
            return self._without_idle_marks(sentence, statement, cited, verdict)
        for other in self.readings:
            if other in cited:
                continue
            elsewhere = self.judge(statement, [other])
            if elsewhere.support == "supported":
                number = other.passage.number
                reason = f"[{number}] says it, not the passage cited" if cited else ""
                return _judged(replace(sentence, citations=(number,)), elsewhere, reason)
            if not cited and _RANK[elsewhere.support] >= _RANK[verdict.support]:
                verdict = elsewhere
        return self._with_figure(sentence, statement, cited) or _judged(sentence, verdict)

    def _without_idle_marks(
        self,
        sentence: Sentence,
        statement: Claim,
        cited: Sequence[AnalyzedPassage],
        verdict: _Verdict,
    ) -> Sentence:
        """Where one passage carries it whole, the marks of those that say something else go."""
        alone = {r.passage.number: self.judge(statement, [r]) for r in cited if len(cited) > 1}
        whole = [one for one in alone.values() if one.support == "supported"]
        idle = [number for number, one in alone.items() if one.support == "unsupported"]
        if not whole or not idle:
            return _judged(sentence, verdict)
        kept = tuple(number for number in sentence.citations if number not in idle)
        reason = f"{''.join(f'[{number}]' for number in idle)} does not say it"
        return _judged(replace(sentence, citations=kept), whole[0], reason)

    def _with_figure(
        self, sentence: Sentence, statement: Claim, cited: Sequence[AnalyzedPassage]
    ) -> Sentence | None:
        """Where a number or date is in no passage cited, but in another that speaks of it too:
        the sentence with that citation as well."""
        wrong = [figure for figure in _figures(statement) if not _hold(cited, figure)]
        for other in self.readings if cited and wrong else ():
            if other in cited or not all(_stands_in(other, figure, statement) for figure in wrong):
                continue
            together = self.judge(statement, [*cited, other])
            if together.support == "supported":
                number = other.passage.number
                both = replace(sentence, citations=(*sentence.citations, number))
                return _judged(both, together, f"[{number}] says a part of it")
        return None

    def judge(self, statement: Claim, readings: Sequence[AnalyzedPassage]) -> _Verdict:
        """The verdict on the statement if the readings were all there is."""
        if copy := find_verbatim(statement, readings):
            return _Verdict("supported", copy.citation(), "")
        window = find_best_window(statement, readings, self.rarity)
        if window is None:
            return _Verdict("unsupported", None, "there is no passage to check it against")
        evidence = window.citation()
        wrong = check_quantities(statement, window, readings) or check_dates(statement, readings)
        if wrong:
            return _Verdict("unsupported", evidence, wrong)
        known = sum(any(term in r.terms for r in readings) for term in statement.content)
        whole = known / len(statement.content) if statement.content else 1.0
        if whole < _SPEAKS_OF_IT and _are_of_two_languages(statement, window):
            reason = "in another language than the passage: only its numbers were checked"
            return _Verdict("weak", evidence, reason)
        wrong = (
            check_quotes(statement, readings)
            or check_substitutions(statement, window)
            or check_names(statement, readings)
            or check_negation(statement, window)
        )
        if wrong:
            return _Verdict("unsupported", evidence, wrong)
        quoted = window.terms.share(statement.content)
        if whole < _SPEAKS_OF_IT and not self._mean_the_same(statement, window):
            return _Verdict("unsupported", evidence, "the passage hardly speaks of this")
        if whole < _WHOLE_CARRIES or quoted < _QUOTE_CARRIES:
            return _Verdict("weak", evidence, "only part of the wording is in the passage")
        return _Verdict("supported", evidence, "")

    def _mean_the_same(self, statement: Claim, window: EvidenceWindow) -> bool:
        if self.embed is None:
            return False
        one, other = self.embed([statement.text, window.text])
        return float(one @ other) >= _SAME_MEANING


def _judged(sentence: Sentence, verdict: _Verdict, reason: str = "") -> Sentence:
    return replace(
        sentence,
        support=verdict.support,
        evidence=verdict.evidence,
        reason=reason or verdict.reason,
    )


def _figures(text: Claim | AnalyzedPassage) -> list[Figure]:
    return [*text.quantities, *text.dates]


def _agree(figure: Figure, other: Figure) -> bool:
    if isinstance(figure, Quantity):
        return isinstance(other, Quantity) and figure.agrees(other)
    return isinstance(other, Date) and figure.within(other)


def _hold(readings: Sequence[AnalyzedPassage], figure: Figure) -> bool:
    return any(_agree(figure, one) for reading in readings for one in _figures(reading))


def _stands_in(reading: AnalyzedPassage, figure: Figure, statement: Claim) -> bool:
    """Whether the figure stands in a sentence that speaks of what the statement speaks of."""
    return any(
        _agree(figure, one)
        and unit.span.start <= one.start < unit.span.end
        and unit.terms.share(statement.content) >= _SPEAKS_OF_IT
        for one in _figures(reading)
        for unit in reading.units
    )


def _are_of_two_languages(statement: Claim, window: EvidenceWindow) -> bool:
    languages = {statement.language, window.reading.language}
    return len(languages) == 2 and "" not in languages


def _cannot_be_checked(statement: Claim) -> bool:
    if statement.text.rstrip().endswith(("?", "？")) or _REMARK.search(statement.text):
        return True
    names = [name for name in statement.names if not statement.begins_sentence(name)]
    facts = len(statement.quantities) + len(statement.dates) + len(names)
    return not facts and len(statement.content) < 2


# What an answer says about its sources is no statement that they could hold.
_REMARK = re.compile(
    r"\b(?:passages?|documents?|context|sources?|texts?|files?)\b.{0,40}"
    r"\b(?:(?:do(?:es)?|did) ?n[o'’]t|not (?:mention|say|state|contain|provide|specify)"
    r"|no (?:information|mention))"
    r"|\bno (?:information|mention|answer)\b.{0,60}"
    r"\b(?:passages?|documents?|context|sources?|files?)"
    r"|\b(?:Dokumente?n?|Quellen?|Texte?n?|Dateien?|Passagen?)\b.{0,40}\b(?:nicht|kein\w{0,2})\b"
    r"|(?:文档|文件|资料|上下文|段落).{0,12}(?:没有|未)",
    re.IGNORECASE,
)
