"""Checks each sentence of an answer against the passages it cites, by rules, without a model.

`scripts/bench/verification.py` prints how often it is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragkit.language.dates import Date
from ragkit.language.quantities import Quantity
from ragkit.types import Citation, Passage, Sentence, SupportLevel
from ragkit.verification.entities import check_names, check_substitutions
from ragkit.verification.evidence import (
    AnalyzedPassage,
    Claim,
    EvidenceWindow,
    Figure,
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

# Shares of a claim's content terms. Measured: scripts/bench/verification.py.
_SAME_SUBJECT = 0.45  # below it, the passages as a whole are about something else
_PASSAGES_SUPPORT = 0.7
_QUOTE_SUPPORTS = 0.5
_SAME_MEANING = 0.75  # cosine from which other words count as a paraphrase
_ORDER: dict[SupportLevel, int] = {"unsupported": 0, "unchecked": 0, "weak": 1, "supported": 2}


def verify(
    sentences: Sequence[Sentence], passages: Sequence[Passage], *, embed: Embed | None = None
) -> tuple[Sentence, ...]:
    """The same sentences with `support`, `evidence` and `reason`.

    "unsupported": the cited passages contradict a number, date, name, quote or negation, or are
    about something else. "weak": they have only a part of the words, or are in another language.
    "unchecked": the sentence has nothing to check (a greeting, a question, a remark about the
    passages).

    Citations are corrected: a sentence that only one other passage supports, or that has no
    citation, cites that one; a number or date that only another passage has adds a citation of it;
    a citation that contributes nothing, where another supports the whole sentence, is removed.

    `embed` (texts -> (n, d), length 1) makes a paraphrase weak instead of unsupported.
    """
    verifier = _Verifier([AnalyzedPassage(passage) for passage in passages], embed)
    return tuple(map(verifier.verify, sentences))


def without_unsupported(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """The sentences without the unsupported ones."""
    return tuple(sentence for sentence in sentences if sentence.support != "unsupported")


@dataclass(frozen=True, slots=True)
class _Verdict:
    support: SupportLevel
    evidence: Citation | None
    reason: str


class _Verifier:
    """Compares the sentences of an answer with its passages."""

    def __init__(self, passages: Sequence[AnalyzedPassage], embed: Embed | None) -> None:
        self.passages = passages
        self.embed = embed
        units = [unit.terms.terms for passage in passages for unit in passage.units]
        self.term_weights = inverse_document_frequency(units)

    def verify(self, sentence: Sentence) -> Sentence:
        claim = Claim(sentence.text)
        if _cannot_be_checked(claim):
            return replace(sentence, support="unchecked", reason="there is nothing to check in it")
        cited = [r for r in self.passages if r.original.number in sentence.citations]
        verdict = self.check(claim, cited)
        if verdict.support == "supported":
            return self._drop_wrong_citations(sentence, claim, cited, verdict)
        for other in self.passages:
            if other in cited:
                continue
            elsewhere = self.check(claim, [other])
            if elsewhere.support == "supported":
                number = other.original.number
                reason = f"[{number}] says it, not the passage cited" if cited else ""
                return _with_verdict(replace(sentence, citations=(number,)), elsewhere, reason)
            if not cited and _ORDER[elsewhere.support] >= _ORDER[verdict.support]:
                verdict = elsewhere
        return self._add_citation(sentence, claim, cited) or _with_verdict(sentence, verdict)

    def _drop_wrong_citations(
        self,
        sentence: Sentence,
        claim: Claim,
        cited: Sequence[AnalyzedPassage],
        verdict: _Verdict,
    ) -> Sentence:
        """The sentence without the citations that say something else, where one passage alone
        supports it."""
        alone = {r.original.number: self.check(claim, [r]) for r in cited if len(cited) > 1}
        supporting = [one for one in alone.values() if one.support == "supported"]
        wrong = [number for number, one in alone.items() if one.support == "unsupported"]
        if not supporting or not wrong:
            return _with_verdict(sentence, verdict)
        kept = tuple(number for number in sentence.citations if number not in wrong)
        reason = f"{''.join(f'[{number}]' for number in wrong)} does not say it"
        return _with_verdict(replace(sentence, citations=kept), supporting[0], reason)

    def _add_citation(
        self, sentence: Sentence, claim: Claim, cited: Sequence[AnalyzedPassage]
    ) -> Sentence | None:
        """The sentence with one more citation, where a number or date is in no cited passage, but
        in a sentence about the same in another one; else None."""
        missing = [figure for figure in claim.figures if not _has_figure(cited, figure)]
        for other in self.passages if cited and missing else ():
            if other in cited or not all(_is_in_context(other, one, claim) for one in missing):
                continue
            together = self.check(claim, [*cited, other])
            if together.support == "supported":
                number = other.original.number
                both = replace(sentence, citations=(*sentence.citations, number))
                return _with_verdict(both, together, f"[{number}] says a part of it")
        return None

    def check(self, claim: Claim, passages: Sequence[AnalyzedPassage]) -> _Verdict:
        """The verdict on the claim by these passages alone."""
        if copy := find_verbatim(claim, passages):
            return _Verdict("supported", copy.citation(), "")
        window = find_best_window(claim, passages, self.term_weights)
        if window is None:
            return _Verdict("unsupported", None, "there is no passage to check it against")
        evidence = window.citation()
        wrong = check_quantities(claim, window, passages) or check_dates(claim, passages)
        if wrong:
            return _Verdict("unsupported", evidence, wrong)
        found = sum(any(term in r.terms for r in passages) for term in claim.content)
        whole = found / len(claim.content) if claim.content else 1.0
        if whole < _SAME_SUBJECT and _are_of_two_languages(claim, window):
            reason = "in another language than the passage: only its numbers were checked"
            return _Verdict("weak", evidence, reason)
        wrong = (
            check_quotes(claim, passages)
            or check_substitutions(claim, window)
            or check_names(claim, passages)
            or check_negation(claim, window)
        )
        if wrong:
            return _Verdict("unsupported", evidence, wrong)
        quoted = window.terms.share(claim.content)
        if whole < _SAME_SUBJECT and not self._is_similar(claim, window):
            return _Verdict("unsupported", evidence, "the passage hardly speaks of this")
        if whole < _PASSAGES_SUPPORT or quoted < _QUOTE_SUPPORTS:
            return _Verdict("weak", evidence, "only part of the wording is in the passage")
        return _Verdict("supported", evidence, "")

    def _is_similar(self, claim: Claim, window: EvidenceWindow) -> bool:
        if self.embed is None:
            return False
        one, other = self.embed([claim.text, window.text])
        return float(one @ other) >= _SAME_MEANING


def _with_verdict(sentence: Sentence, verdict: _Verdict, reason: str = "") -> Sentence:
    return replace(
        sentence,
        support=verdict.support,
        evidence=verdict.evidence,
        reason=reason or verdict.reason,
    )


def _agree(figure: Figure, other: Figure) -> bool:
    if isinstance(figure, Quantity):
        return isinstance(other, Quantity) and figure.matches(other)
    return isinstance(other, Date) and figure.is_refined_by(other)


def _has_figure(passages: Sequence[AnalyzedPassage], figure: Figure) -> bool:
    return any(_agree(figure, one) for passage in passages for one in passage.figures)


def _is_in_context(passage: AnalyzedPassage, figure: Figure, claim: Claim) -> bool:
    """Whether the figure is in a sentence about the same as the claim."""
    return any(
        _agree(figure, one)
        and unit.span.start <= one.start < unit.span.end
        and unit.terms.share(claim.content) >= _SAME_SUBJECT
        for one in passage.figures
        for unit in passage.units
    )


def _are_of_two_languages(claim: Claim, window: EvidenceWindow) -> bool:
    languages = {claim.language, window.passage.language}
    return len(languages) == 2 and "" not in languages


def _cannot_be_checked(claim: Claim) -> bool:
    if claim.text.rstrip().endswith(("?", "？")) or _REMARK.search(claim.text):
        return True
    names = [name for name in claim.names if not claim.begins_sentence(name)]
    facts = len(claim.quantities) + len(claim.dates) + len(names)
    return not facts and len(claim.content) < 2


# Remarks of an answer about its sources, which these cannot support.
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
