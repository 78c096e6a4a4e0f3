"""An answer as people read it, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragkit.cli.output import (
    linked,
    path_of,
    plain,
    print_line,
    print_status,
    safe,
    safe_line,
    shorten,
)
from ragkit.types import Answer, Citation, Passage, Sentence

if TYPE_CHECKING:
    from pathlib import Path

_QUOTE_WIDTH = 160
_OFFERED = 3  # of the nearest passages, where there is no answer
_COLOURS = {"weak": "yellow", "unsupported": "red"}
_QUOTED = "the best sentences of your documents"


def print_answer(
    answer: Answer,
    *,
    told: bool = False,
    again: bool = False,
    why_quoted: str = "",
    base: Path | None = None,
) -> None:
    """The answer (unless it was `told` already), its citations, and what to know about it; what
    holds for every answer is left out when one was printed before it (`again`).

    Locations are links where the terminal knows them and `base`, the folder that sources are
    named from, is given.
    """
    if answer.is_abstention:
        _print_nothing(answer, base)
    elif not told and answer.text:
        print_line(safe(answer.text))
    if answer.citations:
        print_line()
    shown = {(c.number, c.location, c.quote): c for c in _evidence(answer)}
    for citation in shown.values():
        print_line(_quote(citation, base))
    for sentence in answer.sentences:
        if sentence.reason and sentence.support == "supported":
            print_status(_verdict("cited anew", sentence), fg="yellow")
        elif sentence.support in ("weak", "unsupported"):
            print_status(_verdict(sentence.support, sentence), fg=_COLOURS[sentence.support])
    for sentence in answer.removed_sentences:
        print_status(_verdict("left out as unsupported", sentence), fg="red")
    for one in answer.conflicts:
        quoted, other = one.citation, one.other
        place, words = safe_line(other.location), safe_line(shorten(other.quote, _QUOTE_WIDTH))
        print_status(f'differs from [{quoted.number}]: {place}  "{words}"', fg="yellow")
    _tell_about(answer, why_quoted, again=again)


def _print_nothing(answer: Answer, base: Path | None) -> None:
    """That there is no answer, and what comes nearest."""
    searched = answer.coverage.files_searched
    files = "this file" if searched == 1 else f"these {searched} files"
    print_line(f"Nothing in {files} answers this.")
    if answer.nearest_quotes:
        print_line()
        print_line("The nearest passages:")
    for citation in answer.nearest_quotes[:_OFFERED]:
        print_line(_quote(citation, base))


def _quote(citation: Citation, base: Path | None) -> str:
    place = linked(citation.location, path_of(citation.source, base))
    return f'[{citation.number}] {place}  "{safe_line(shorten(citation.quote, _QUOTE_WIDTH))}"'


def _verdict(what: str, sentence: Sentence) -> str:
    reason = f": {safe_line(sentence.reason)}" if sentence.reason else ""
    return f'{what}: "{safe_line(shorten(sentence.text, _QUOTE_WIDTH))}"{reason}'


def _tell_about(answer: Answer, why_quoted: str, *, again: bool) -> None:
    """Where else it stands, what was left out, who wrote it, and what it does not cover."""
    for passage in answer.passages:
        if passage.near_duplicates:
            places = ", ".join(map(safe_line, passage.duplicate_locations))
            print_status(f"([{passage.number}] stands also in: {places})", dim=True)
    if answer.omitted_passages:
        places = ", ".join(safe_line(passage.location) for passage in answer.omitted_passages)
        print_status(f"(no room in the window for: {places})", dim=True)
    for note in answer.notes:
        print_status(f"({safe_line(note)})", dim=True)
    if again:
        return
    if answer.model is None and not answer.is_abstention:
        print_status(f"({_QUOTED}{why_quoted})", dim=True)
    covered = answer.coverage
    missing = covered.files_discovered - covered.files_indexed
    if covered.files_searched < covered.files_indexed:
        print_status(
            f"(from {covered.files_searched} of {covered.files_indexed} indexed files)", dim=True
        )
    if missing:
        print_status(
            f"(from {covered.files_indexed} of {covered.files_discovered} files; {missing} could "
            "not be read: ragkit status)",
            dim=True,
        )


def _evidence(answer: Answer) -> list[Citation]:
    """The quote behind each sentence; a cited passage without one as a whole."""
    quoted = [s.evidence for s in answer.sentences if s.evidence is not None]
    numbers = {citation.number for citation in quoted}
    return quoted + [c for c in answer.citations if c.number not in numbers]


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as the JSON that the contract promises."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "is_abstention": answer.is_abstention,
        "sentences": plain(answer.sentences),
        "citations": plain(answer.citations),
        "passages": [passage_json(passage) for passage in answer.passages],
        "omitted_passages": [passage_json(passage) for passage in answer.omitted_passages],
        "model": answer.model,
        "context": plain(answer.context),
        "coverage": plain(answer.coverage),
        "notes": list(answer.notes),
        "evidence_score": answer.evidence_score,
        "abstention_threshold": answer.abstention_threshold,
        "nearest_quotes": plain(answer.nearest_quotes),
        "removed_sentences": plain(answer.removed_sentences),
        "conflicts": plain(answer.conflicts),
    }


def passage_json(passage: Passage) -> dict[str, Any]:
    return {
        "number": passage.number,
        "source": passage.source,
        "location": passage.location,
        "page": passage.page,
        "lines": [passage.first_line, passage.last_line],
        "span": [passage.start, passage.end],
        "heading": passage.heading,
        "score": passage.hits[0].score if passage.hits else None,
        "text": passage.text,
        "duplicate_locations": list(passage.duplicate_locations),
    }
