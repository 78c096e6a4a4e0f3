"""ragkit chat"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ragkit.cli import ollama_options, options, search_options
from ragkit.cli.chat_session import COMMANDS, QuitChat, Session
from ragkit.cli.commands.ask import choose_chat_model, use_reranker, warn_if_leaving
from ragkit.cli.output import print_line, print_status, safe_line
from ragkit.cli.prompt import PipeInput, TerminalInput, history_file
from ragkit.cli.search_options import resolve_path
from ragkit.errors import AnswerStoppedError

if TYPE_CHECKING:
    from ragkit.models import OllamaSettings

_STOPPED = 130


@click.command(short_help="Ask one question after another, with follow-ups.")
@options.db
@ollama_options.model
@search_options.answer
@click.option(
    "--no-history",
    is_flag=True,
    envvar="RAGKIT_NO_HISTORY",
    show_envvar=True,
    help="Keep no typed lines for later sessions.",
)
@ollama_options.ollama
def command(
    db: str | None,
    model: str | None,
    model_options: dict[str, object],
    answering: dict[str, Any],
    no_history: bool,
    ollama: OllamaSettings,
) -> int:
    """Ask one question after another. "And in 2023?" and "who approves it?" are understood from
    what was asked before; the words they are searched as are shown.

    Answers are those of `ragkit ask`. Lines that begin with a slash are commands: /help lists
    them. Ctrl-C stops an answer and keeps what came, Ctrl-D ends. From a pipe, every line is a
    question.

    \b
    Examples:
      ragkit chat
      ragkit chat --path 'contracts/**' --model gemma3
      ragkit chat < questions.txt
    """
    from ragkit.index import Index

    index = Index.open(db, ollama=ollama)
    chat, why_quoted = choose_chat_model(index, model, model_options)
    resolve_path(index, answering)
    use_reranker(index, answering)
    warn_if_leaving(chat, index.embedder, answering.get("rerank"))
    typed = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    session = Session(
        index,
        chat,
        why_quoted=why_quoted,
        model_options=model_options,
        answering=answering,
        typed=typed,
        after_line=getattr(ollama.on_pull, "close", lambda: None),  # the bar of a stopped download
    )
    if not typed:
        return _answer_lines(session, PipeInput())
    print_status(
        f"{safe_line(f'{index.uri}, {session.model}')}. /help lists the commands.", dim=True
    )
    words = [f"/{name}" for name in COMMANDS]
    return _talk(session, TerminalInput(None if no_history else history_file(), words))


def _talk(session: Session, lines: TerminalInput) -> int:
    """Takes lines until there are no more; Ctrl-C goes back to the prompt."""
    while True:
        try:
            session.handle_line(lines.read())
        except AnswerStoppedError:
            pass  # the answer so far is there, and says that it is not all
        except KeyboardInterrupt:
            print_line()
            print_status("(stopped; Ctrl-D ends)", dim=True)
        except (EOFError, QuitChat) as error:
            if isinstance(error, EOFError):
                print_line()
            return 0
        print_line()


def _answer_lines(session: Session, lines: PipeInput) -> int:
    """Takes lines until there are no more; Ctrl-C ends."""
    while True:
        try:
            session.handle_line(lines.read())
        except KeyboardInterrupt:
            print_status("stopped")
            return _STOPPED
        except (EOFError, QuitChat):
            return 1 if session.failed else 0
        print_line()
