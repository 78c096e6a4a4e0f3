"""ragkit ask"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ragkit.cli import ollama_options, options, search_options
from ragkit.cli.output import print_json, print_line, print_note, print_status, safe, safe_line
from ragkit.cli.render_answer import answer_json, print_answer
from ragkit.cli.search_options import resolve_path, why_nothing
from ragkit.errors import AnswerCutError
from ragkit.types import is_remote

if TYPE_CHECKING:
    from ragkit.index import Index
    from ragkit.models import OllamaSettings
    from ragkit.types import Chat

_WHY_QUOTED = ", since {}; for a written answer: ragkit models pull gemma3"
_STOPPED = 130


@click.command(short_help="Answer a question.")
@options.question("question")
@options.db
@ollama_options.model
@search_options.answer
@ollama_options.ollama
@options.as_json
def command(
    question: str,
    db: str | None,
    model: str | None,
    model_options: dict[str, object],
    answering: dict[str, Any],
    ollama: OllamaSettings,
    as_json: bool,
) -> int:
    """Answer QUESTION from the indexed documents. Every sentence cites where it comes from, and
    is checked against it.

    A chat model of Ollama writes the answer when there is one; otherwise the best sentences of
    the documents are the answer. Where they hold too little evidence for any, it says so, offers
    the nearest passages and asks no model; `ragkit status` shows the threshold.

    \b
    Examples:
      ragkit ask "How often are backups tested?"
      ragkit ask "What is the notice period?" --path 'contracts/**' --json
      ragkit ask "Who leads the project?" --model gemma3 --model-option temperature=0
    """
    from ragkit.index import Index
    from ragkit.models import NO_CHAT

    index = Index.open(db, ollama=ollama)
    chat, why_quoted = choose_chat_model(index, model, model_options)
    resolve_path(index, answering)
    use_reranker(index, answering)
    warn_if_leaving(chat, index.embedder, answering.get("rerank"))
    live = StreamPrinter(not (as_json or answering.get("supported_only")) and chat is not None)
    try:
        answer = index.ask(
            question,
            model=chat or NO_CHAT,
            model_options=model_options,
            on_note=print_note,
            on_text=live.show,
            on_restart=live.restart,
            **answering,
        )
    except AnswerCutError as error:
        if as_json:
            print_json({**answer_json(error.answer), "error": str(error)})
        else:
            print_answer(error.answer, told=live.end(), base=index.base_folder)
        raise
    except KeyboardInterrupt:
        live.end()
        print_status("stopped")
        return _STOPPED
    if as_json:
        print_json(answer_json(answer))
    else:
        print_answer(answer, told=live.end(), why_quoted=why_quoted, base=index.base_folder)
    if not answer.passages and (nothing := why_nothing(index, answering)):
        print_status(f"({safe_line(nothing)})", dim=True)
    return 0


def choose_chat_model(
    index: Index, model: str | None, model_options: Mapping[str, object]
) -> tuple[Chat | None, str]:
    """The chat model that answers; None, and why, when the documents are quoted."""
    from ragkit.models import NO_CHAT, choose_chat

    if model:
        return index.chat_model(model, model_options), ""
    choice = choose_chat(index.ollama)
    chat = index.chat_model(choice.name or NO_CHAT, model_options)
    return chat, "" if choice.name else _WHY_QUOTED.format(choice.why)


def use_reranker(index: Index, given: dict[str, Any]) -> None:
    """Puts the reranker in the place of its name."""
    if "rerank" in given:
        given["rerank"] = index.reranker(given["rerank"])


def warn_if_leaving(*models: object) -> None:
    """Says so when passages are about to leave this machine for one of the models."""
    for name in dict.fromkeys(getattr(model, "name", "") for model in models if is_remote(model)):
        print_status(f"passages are sent to another machine: {name}")


class StreamPrinter:
    """Shows an answer while it is written."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._told = False

    def show(self, text: str) -> None:
        if self._shown:
            self._told = True
            print_line(safe(text), end="")

    def restart(self) -> None:
        if self._told:
            print_line()
            print_status(
                "(too long for the model's window; asked again with fewer passages)", dim=True
            )

    def end(self) -> bool:
        """Ends the line; whether anything was told."""
        if self._told:
            print_line()
        return self._told
