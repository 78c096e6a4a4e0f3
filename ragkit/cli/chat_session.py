"""What happens to one line of `ragkit chat`: a question is answered, a command obeyed."""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragkit.answering.conversation import ConversationTurn
from ragkit.cli.commands.ask import StreamPrinter, warn_if_leaving
from ragkit.cli.output import (
    linked,
    path_of,
    print_error,
    print_line,
    print_note,
    print_status,
    safe,
    safe_line,
    shorten,
)
from ragkit.cli.progress import Spinner
from ragkit.cli.render_answer import print_answer
from ragkit.cli.search_options import why_nothing
from ragkit.errors import AnswerCutError, AnswerStoppedError, RagkitError

if TYPE_CHECKING:
    from ragkit.index import Index
    from ragkit.types import Answer, Chat, Passage


# Name -> (argument, what it does).
COMMANDS = {
    "sources": ("[N]", "List the passages of the last answer, or show passage N whole."),
    "save": ("FILE", "Write the conversation to a new Markdown file."),
    "model": ("[NAME]", "Show or change the chat model; 'none' quotes the documents."),
    "reset": ("", "Forget the conversation."),
    "help": ("", "Show this."),
    "quit": ("", "End, as Ctrl-D does."),
}
_COMMAND = re.compile(r"/([A-Za-z]+)(?:\s+(.*))?$", re.DOTALL)
_WIDTH = 160
_NOT_YET = "nothing has been answered yet"


class QuitChat(Exception):  # noqa: N818  it is no error to be done
    """The person wants to leave."""


class Session:
    """One conversation as it is typed and shown. `answering` are parameters of `Index.ask`;
    `typed` says that a person types and waits; `after_line` is called after every line.

    `failed` says whether a question or a command failed.
    """

    def __init__(
        self,
        index: Index,
        chat: Chat | None,
        *,
        why_quoted: str,
        model_options: Mapping[str, object],
        answering: Mapping[str, Any],
        typed: bool,
        after_line: Callable[[], object],
    ) -> None:
        from ragkit.models import NO_CHAT

        self._index = index
        self._chat = chat
        self._why_quoted = why_quoted
        self._model_options = model_options
        self._answering = answering
        self._after_line = after_line
        self._live = StreamPrinter(True)
        self._spinner = Spinner(typed)
        self._has_remarks = False  # those that hold for all answers were printed
        self.failed = False
        self._conversation = index.conversation(
            on_standalone=self._show_standalone,
            model=chat or NO_CHAT,
            model_options=model_options,
            on_text=self._show,
            on_restart=lambda: self._live.restart(),
            on_note=print_note,
            **answering,
        )

    @property
    def model(self) -> str:
        """How questions are answered, in words."""
        return f"answers by {self._chat.name if self._chat is not None else 'quotation'}"

    def handle_line(self, line: str) -> None:
        """Deals with one line. Errors are told; `Ended` and `KeyboardInterrupt` are raised."""
        if not line.strip():
            return
        try:
            self._deal_with(line.rstrip())
        except RagkitError as error:
            self.failed = True
            print_error(str(error))

    def _deal_with(self, line: str) -> None:
        command = _COMMAND.match(line)
        try:
            if command is None:
                self._ask(line.strip())
            else:
                self._obey(command[1].lower(), (command[2] or "").strip())
        finally:
            self._after_line()

    def _ask(self, question: str) -> None:
        self._live = StreamPrinter(True)
        self._spinner.begin()
        try:
            answer = self._conversation.ask(question)
        except (AnswerCutError, AnswerStoppedError) as error:
            self._print(error.answer)
            raise
        except BaseException:
            self._spinner.end()
            self._live.end()
            raise
        self._print(answer)
        if not answer.passages and (nothing := why_nothing(self._index, self._answering)):
            print_status(f"({safe_line(nothing)})", dim=True)

    def _show(self, text: str) -> None:
        if not self._answering.get("supported_only"):
            self._spinner.end()
            self._live.show(text)

    def _print(self, answer: Answer) -> None:
        self._spinner.end()
        print_answer(
            answer,
            told=self._live.end(),
            again=self._has_remarks,
            why_quoted=self._why_quoted,
            base=self._index.base_folder,
        )
        self._has_remarks = self._has_remarks or not answer.is_abstention

    def _show_standalone(self, question: str) -> None:
        self._spinner.end()
        print_status(f"(searched as: {safe_line(question)})", dim=True)
        self._spinner.begin()

    # ------------------------------------------------------------ commands

    def _obey(self, name: str, argument: str) -> None:
        commands: dict[str, Callable[[str], None]] = {
            "sources": self._sources,
            "save": self._save,
            "model": self._model,
            "reset": self._reset,
            "help": self._help,
            "quit": self._quit,
        }
        if name in commands:
            commands[name](argument)
            return
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean /{near[0]}?" if near else "/help lists them;"
        raise RagkitError(f"no command /{name}; {hint} begin with a blank to ask it as a question")

    def _sources(self, argument: str) -> None:
        answer = self._last()
        if not argument:
            cited = {citation.number for citation in answer.citations}
            width = min(shutil.get_terminal_size((_WIDTH, 0)).columns - 4, _WIDTH)
            for passage in answer.passages:
                print_line(self._heading(passage), bold=passage.number in cited)
                print_line(f"    {safe_line(shorten(passage.text, width))}", dim=True)
            if not answer.passages:
                print_line("No passage was found.")
            return
        found = {str(passage.number): passage for passage in answer.passages}
        wanted = found.get(argument.strip("[]"))
        if wanted is None:
            raise RagkitError(f"no passage {argument}; /sources lists them")
        print_line(self._heading(wanted), bold=True)
        print_line(safe(wanted.text))

    def _save(self, argument: str) -> None:
        if not argument:
            raise RagkitError("name the file: /save FILE.md")
        turns = self._conversation.history
        self._last()
        path = Path(argument).expanduser()
        try:
            with path.open("x", encoding="utf-8", errors="replace") as file:
                file.write(write_transcript(turns))
        except FileExistsError:
            raise RagkitError(f"{argument} is there already; name another file") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise RagkitError(f"{argument} cannot be written: {reason}") from error
        print_status(
            f"({len(turns)} answer{'s' * (len(turns) != 1)} saved in {safe_line(argument)})"
        )

    def _model(self, argument: str) -> None:
        if argument:
            chat = self._index.chat_model(argument, self._model_options)
            if chat is not None:
                _ = chat.context_tokens  # asks the server: a missing model is told of now
                warn_if_leaving(chat)
            self._conversation.use(chat)
            self._chat, self._why_quoted, self._has_remarks = chat, "", False
        print_status(f"({safe_line(self.model)})")

    def _reset(self, _argument: str) -> None:
        self._conversation.reset()
        print_status("(the conversation begins anew)")

    def _help(self, _argument: str) -> None:
        for name, (argument, summary) in COMMANDS.items():
            print_line(f"{f'/{name} {argument}':<16}{summary}")
        print_line("Anything else is a question. Ctrl-C stops an answer, Ctrl-D ends.")

    def _quit(self, _argument: str) -> None:
        raise QuitChat

    def _last(self) -> Answer:
        if not self._conversation.history:
            raise RagkitError(_NOT_YET)
        return self._conversation.history[-1].answer

    def _heading(self, passage: Passage) -> str:
        place = linked(passage.location, path_of(passage.source, self._index.base_folder))
        heading = f"  {safe_line(passage.heading)}" if passage.heading else ""
        return f"[{passage.number}] {place}{heading}"


def write_transcript(turns: Sequence[ConversationTurn]) -> str:
    """The questions as headings, each with its answer and the words that carry it."""
    return "\n".join(["# Conversation\n", *map(_section, turns)])


def _section(turn: ConversationTurn) -> str:
    lines = [f"## {safe_line(' '.join(turn.question.split()))}\n"]
    if turn.standalone:
        lines.append(f"*Searched as: {safe_line(turn.standalone)}*\n")
    lines.append(safe(turn.answer.text) or "Nothing in the documents answers this.")
    lines.append("")
    for citation in turn.answer.citations:
        quote = safe_line(" ".join(citation.quote.split()))
        lines.append(f'- [{citation.number}] {safe_line(citation.location)}: "{quote}"')
    for sentence in turn.answer.sentences:
        if sentence.support in ("weak", "unsupported"):
            lines.append(f'- {sentence.support}: "{safe_line(" ".join(sentence.text.split()))}"')
    lines += [f"- {safe_line(note)}" for note in turn.answer.notes]
    return "\n".join(lines) + "\n"
