"""ragkit ask"""

from __future__ import annotations

from typing import Any

import click

from ragkit.cli import options
from ragkit.cli.output import plain, safe, safe_line, say, say_json, shorten, tell
from ragkit.types import Answer, Passage

_QUOTE_WIDTH = 160


@click.command(short_help="Answer a question.")
@options.question("question")
@options.db
@options.limit
@options.keyword_weight
@options.path
@options.as_json
def command(
    question: str,
    db: str | None,
    limit: int | None,
    keyword_weight: float | None,
    path: str | None,
    as_json: bool,
) -> None:
    """Answer QUESTION from the indexed documents. Every sentence cites where it comes from.

    \b
    Examples:
      ragkit ask "How often are backups tested?"
      ragkit ask "What is the notice period?" --path 'contracts/**' --json
    """
    from ragkit.index import Index

    answer = Index.open(db).ask(
        question, **options.given(limit=limit, keyword_weight=keyword_weight, path=path)
    )
    if as_json:
        say_json(answer_json(answer))
    else:
        _print(answer)


def _print(answer: Answer) -> None:
    covered, found = answer.coverage.files_indexed, answer.coverage.files_discovered
    if answer.abstained:
        say(f"Nothing in these {covered} files answers this.")
    else:
        say(safe(answer.text))
        say()
        for citation in answer.citations:
            quote = safe_line(shorten(citation.quote, _QUOTE_WIDTH))
            say(f'[{citation.number}] {safe_line(citation.location)}  "{quote}"')
    if answer.model is None and not answer.abstained:
        tell("(the best sentences of your documents; no chat model wrote this)", dim=True)
    if found > covered:
        tell(f"(from {covered} of {found} files; the others: ragkit status)", dim=True)


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
