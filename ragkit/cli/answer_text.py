"""An answer as people read it, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragkit.cli.links import linked, path_of
from ragkit.cli.output import plain, safe, safe_line, say, shorten, tell
from ragkit.types import Answer, Citation, Passage, Sentence

if TYPE_CHECKING:
    from pathlib import Path

_QUOTE_WIDTH = 160
_OFFERED = 3  # of the nearest passages, where there is no answer
_COLOURS = {"weak": "yellow", "unsupported": "red"}
_EXTRACTIVE = "the best sentences of your documents"


def print_answer(
    answer: Answer,
    *,
    told: bool = False,
    again: bool = False,
    why_extractive: str = "",
    base: Path | None = None,
) -> None:
    """The answer (unless it was `told` already), its citations, and what to know about it; what
    holds for every answer is left out when one was printed before it (`again`).

    Locations are links where the terminal knows them and `base`, the folder that sources are
    named from, is given.
    """
    if answer.abstained:
        _print_nothing(answer, base)
    elif not told and answer.text:
        say(safe(answer.text))
    if answer.citations:
        say()
    shown = {(c.number, c.location, c.quote): c for c in _evidence(answer)}
    for citation in shown.values():
        say(_quote(citation, base))
    for sentence in answer.sentences:
        if sentence.reason and sentence.support == "supported":
            tell(_verdict("cited anew", sentence), fg="yellow")
        elif sentence.support in ("weak", "unsupported"):
            tell(_verdict(sentence.support, sentence), fg=_COLOURS[sentence.support])
    for sentence in answer.dropped:
        tell(_verdict("left out as unsupported", sentence), fg="red")
    for one in answer.disagreements:
        quoted, other = one.quoted, one.other
        place, words = safe_line(other.location), safe_line(shorten(other.quote, _QUOTE_WIDTH))
        tell(f'differs from [{quoted.number}]: {place}  "{words}"', fg="yellow")
    _tell_about(answer, why_extractive, again=again)


def _print_nothing(answer: Answer, base: Path | None) -> None:
    """That there is no answer, and what comes nearest."""
    searched = answer.coverage.files_searched
    files = "this file" if searched == 1 else f"these {searched} files"
    say(f"Nothing in {files} answers this.")
    if answer.nearest:
        say()
        say("The nearest passages:")
    for citation in answer.nearest[:_OFFERED]:
        say(_quote(citation, base))


def _quote(citation: Citation, base: Path | None) -> str:
    place = linked(citation.location, path_of(citation.source, base))
    return f'[{citation.number}] {place}  "{safe_line(shorten(citation.quote, _QUOTE_WIDTH))}"'


def _verdict(what: str, sentence: Sentence) -> str:
    reason = f": {safe_line(sentence.reason)}" if sentence.reason else ""
    return f'{what}: "{safe_line(shorten(sentence.text, _QUOTE_WIDTH))}"{reason}'


def _tell_about(answer: Answer, why_extractive: str, *, again: bool) -> None:
    """Where else it stands, what was left out, who wrote it, and what it does not cover."""
    for passage in answer.passages:
        if passage.copies:
            places = ", ".join(map(safe_line, passage.also_in))
            tell(f"([{passage.number}] stands also in: {places})", dim=True)
    if answer.left_out:
        places = ", ".join(safe_line(passage.location) for passage in answer.left_out)
        tell(f"(no room in the window for: {places})", dim=True)
    for note in answer.notes:
        tell(f"({safe_line(note)})", dim=True)
    if again:
        return
    if answer.model is None and not answer.abstained:
        tell(f"({_EXTRACTIVE}{why_extractive})", dim=True)
    covered = answer.coverage
    missing = covered.files_discovered - covered.files_indexed
    if covered.files_searched < covered.files_indexed:
        tell(f"(from {covered.files_searched} of {covered.files_indexed} indexed files)", dim=True)
    if missing:
        tell(
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
        "abstained": answer.abstained,
        "sentences": plain(answer.sentences),
        "citations": plain(answer.citations),
        "passages": [passage_json(passage) for passage in answer.passages],
        "left_out": [passage_json(passage) for passage in answer.left_out],
        "model": answer.model,
        "context": plain(answer.context),
        "coverage": plain(answer.coverage),
        "notes": list(answer.notes),
        "evidence": answer.evidence,
        "floor": answer.floor,
        "nearest": plain(answer.nearest),
        "dropped": plain(answer.dropped),
        "disagreements": plain(answer.disagreements),
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
        "also_in": list(passage.also_in),
    }
