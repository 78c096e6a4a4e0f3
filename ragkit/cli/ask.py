"""ragkit ask"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ragkit.cli import options
from ragkit.cli.filtering import filters as filter_options
from ragkit.cli.filtering import why_nothing
from ragkit.cli.output import plain, safe, safe_line, say, say_json, shorten, tell
from ragkit.errors import AnswerCutError
from ragkit.types import Answer, Citation, Passage

if TYPE_CHECKING:
    from ragkit.models import Servers
    from ragkit.query.filters import FilterOptions

_QUOTE_WIDTH = 160
_COLOURS = {"weak": "yellow", "unsupported": "red"}
_EXTRACTIVE = "the best sentences of your documents"
WHY_EXTRACTIVE = ", since {}; for a written answer: ragkit models pull gemma3"
_STOPPED = 130


@click.command(short_help="Answer a question.")
@options.question("question")
@options.db
@options.model
@options.limit
@options.keyword_weight
@filter_options
@click.option("--strict", is_flag=True, help="Leave out sentences the passages do not carry.")
@options.servers
@options.as_json
def command(
    question: str,
    db: str | None,
    model: str | None,
    model_options: dict[str, object],
    limit: int | None,
    keyword_weight: float | None,
    filters: FilterOptions,
    strict: bool,
    servers: Servers,
    as_json: bool,
) -> int:
    """Answer QUESTION from the indexed documents. Every sentence cites where it comes from, and
    is checked against it.

    A chat model of Ollama writes the answer when there is one; otherwise the best sentences of
    the documents are the answer.

    \b
    Examples:
      ragkit ask "How often are backups tested?"
      ragkit ask "What is the notice period?" --path 'contracts/**' --json
      ragkit ask "Who leads the project?" --model gemma3 --option temperature=0
    """
    from ragkit.index import Index
    from ragkit.models import NO_CHAT, Choice, choose_chat

    index = Index.open(db, servers=servers)
    choice = Choice(model, "it was named") if model else choose_chat(servers)
    chat = index.chat_model(choice.name or NO_CHAT, model_options)
    warn_if_leaving(chat, index.embedder)
    live = Live(not as_json and not strict and chat is not None)
    try:
        answer = index.ask(
            question,
            model=chat or NO_CHAT,
            model_options=model_options,
            strict=strict,
            on_text=live.show,
            on_restart=live.restart,
            **options.given(limit=limit, keyword_weight=keyword_weight),
            **filters,
        )
    except AnswerCutError as error:
        if as_json:
            say_json({**answer_json(error.answer), "error": str(error)})
        else:
            print_answer(error.answer, told=live.end())
        raise
    except KeyboardInterrupt:
        live.end()
        tell("stopped")
        return _STOPPED
    if as_json:
        say_json(answer_json(answer))
    else:
        why = "" if choice.name else WHY_EXTRACTIVE.format(choice.why)
        print_answer(answer, told=live.end(), why_extractive=why)
    if not answer.passages and (nothing := why_nothing(index, filters)):
        tell(f"({safe_line(nothing)})", dim=True)
    return 0


def warn_if_leaving(*models: object) -> None:
    """Says so when passages are about to leave this machine for one of the models."""
    for name in dict.fromkeys(
        getattr(model, "name", "") for model in models if getattr(model, "leaves_machine", False)
    ):
        tell(f"passages are sent to another machine: {name}")


class Live:
    """Shows an answer while it is written."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._told = False

    def show(self, text: str) -> None:
        if self._shown:
            self._told = True
            say(safe(text), end="")

    def restart(self) -> None:
        if self._told:
            say()
            tell("(too long for the model's window; asked again with fewer passages)", dim=True)

    def end(self) -> bool:
        """Ends the line; whether anything was told."""
        if self._told:
            say()
        return self._told


def print_answer(
    answer: Answer, *, told: bool = False, again: bool = False, why_extractive: str = ""
) -> None:
    """The answer (unless it was `told` already), its citations, and what to know about it; what
    holds for every answer is left out when one was printed before it (`again`)."""
    covered, found = answer.coverage.files_indexed, answer.coverage.files_discovered
    if answer.abstained:
        say(f"Nothing in these {covered} files answers this.")
    elif not told:
        say(safe(answer.text))
    if answer.citations:
        say()
    shown = {(c.number, c.location, c.quote): c for c in _evidence(answer)}
    for citation in shown.values():
        quote = safe_line(shorten(citation.quote, _QUOTE_WIDTH))
        say(f'[{citation.number}] {safe_line(citation.location)}  "{quote}"')
    for sentence in answer.sentences:
        if sentence.support in ("weak", "unsupported"):
            text = safe_line(shorten(sentence.text, _QUOTE_WIDTH))
            reason = f": {safe_line(sentence.reason)}" if sentence.reason else ""
            tell(f'{sentence.support}: "{text}"{reason}', fg=_COLOURS[sentence.support])
    for passage in answer.passages:
        if passage.also_in:
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
    if found > covered:
        tell(
            f"(from {covered} of {found} files; {found - covered} could not be read: "
            "ragkit status)",
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
