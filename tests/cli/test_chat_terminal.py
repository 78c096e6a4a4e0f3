"""`ragkit chat` as a person meets it: a pseudo-terminal, keys, and a server over real HTTP."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doubles import CountingEmbedder

from ragkit.index import Index
from tests.ollama_double import OllamaDouble

pty = pytest.importorskip("pty", reason="pseudo-terminals are a thing of Unix")

from pseudo_terminal import PseudoTerminal  # noqa: E402  not without a pty

CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"
PROMPT = "\n> "
Start = Callable[..., PseudoTerminal]


@pytest.fixture
def server() -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        yield double


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three files about backups and a walrus."""
    folder = tmp_path_factory.mktemp("built")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "backup.md").write_text("# Backups\n\nThe archive server is restored every quarter.\n")
    (docs / "duty.md").write_text("# Duty\n\nYusra Halim restores the archive server.\n")
    (docs / "sea.md").write_text("# Animals\n\nThe walrus eats clams on the \u202ebeach.\n")
    Index.create(folder / ".ragkit", embedder=CountingEmbedder()).update(docs)
    return folder / ".ragkit"


@pytest.fixture
def start(home: Path, built: Path, server: OllamaDouble) -> Iterator[Start]:
    """start("--no-history") begins a conversation, in an empty home."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAGKIT_", "OLLAMA_", "XDG_"))}
    environment = kept | {"HOME": str(home), "OLLAMA_HOST": server.url, "RAGKIT_DB": str(built)}
    terminals: list[PseudoTerminal] = []

    def start_chat(*arguments: str) -> PseudoTerminal:
        terminal = PseudoTerminal(["chat", *arguments], environment, home)
        terminals.append(terminal)
        terminal.wait_for("/help")
        terminal.wait_for("> ")
        return terminal

    yield start_chat
    for terminal in terminals:
        terminal.__exit__()


def test_three_turns_a_follow_up_sources_ctrl_c_in_an_answer_and_ctrl_d(
    start: Start, server: OllamaDouble
) -> None:
    terminal = start()

    server.hold()
    terminal.type("How often is the archive server restored?")
    terminal.wait_for("...")  # somebody waits
    server.release()
    shown = terminal.wait_for(PROMPT)
    assert "The archive server is restored every quarter [1]" in shown
    assert '[1] docs/backup.md:3  "The archive server is restored every quarter."' in shown

    server.scripted.append("Who restores the archive server?")
    terminal.type("And who does it?")
    shown = terminal.wait_for(PROMPT)
    assert "(searched as: Who restores the archive server?)" in shown
    assert shown.index("searched as") < shown.index("Yusra Halim restores the archive server")

    terminal.type("/sources")
    shown = terminal.wait_for(PROMPT)
    assert "docs/duty.md:1-3  Duty\n" in shown
    assert "docs/backup.md:1-3  Backups\n" in shown

    server.pause_streams(3)
    terminal.type("What does the walrus eat on the beach?")
    terminal.wait_for("The walrus eats")
    terminal.press(CTRL_C)
    shown = terminal.wait_for(PROMPT)
    assert "(stopped in the middle of the answer)" in shown
    server.pause_streams(None)

    server.scripted.append("Where does the walrus eat?")
    terminal.type("And where?")
    terminal.wait_for(PROMPT)
    told = [message["content"] for message in server.bodies("/api/chat")[-1]["messages"]]
    assert "What does the walrus eat on the beach?" in told
    assert "The walrus eats" in told  # what came before Ctrl-C

    terminal.press(CTRL_D)
    assert terminal.wait_for_end() == 0
    assert "Traceback" not in terminal.plain


def test_ctrl_c_at_the_prompt_drops_the_line_and_stays(start: Start) -> None:
    terminal = start()
    terminal.press("half a quest")
    terminal.wait_for("half a quest")
    assert "Ctrl-D ends" in terminal.interrupt_until(PROMPT)
    terminal.type("/quit")
    assert terminal.wait_for_end() == 0


def test_ctrl_c_while_the_question_is_rewritten_goes_back_to_the_prompt(
    start: Start, server: OllamaDouble
) -> None:
    terminal = start()
    terminal.type("How often is the archive server restored?")
    terminal.wait_for(PROMPT)
    server.hold()
    terminal.type("And who does it?")
    server.wait_for_calls("/api/chat", 2)
    terminal.press(CTRL_C)
    assert "stopped" in terminal.wait_for(PROMPT)
    server.release()
    terminal.type("/sources")
    assert "docs/backup.md" in terminal.wait_for(PROMPT)


def test_a_server_that_breaks_off_shows_what_came_and_the_conversation_goes_on(
    start: Start, server: OllamaDouble
) -> None:
    terminal = start()
    server.break_streams("drop")
    terminal.type("How often is the archive server restored?")
    shown = terminal.wait_for(PROMPT)
    assert "The" in shown
    assert "ragkit: " in shown
    server.break_streams(None)
    terminal.type("What does the walrus eat?")
    assert "eats clams" in terminal.wait_for(PROMPT)


def test_documents_and_models_cannot_drive_the_terminal(start: Start, server: OllamaDouble) -> None:
    terminal = start()
    server.scripted.append("The walrus \x1b[35meats clams [1].")
    terminal.type("What does the walrus eat on the beach?")
    assert "The walrus \\x1b[35meats clams" in terminal.wait_for(PROMPT)
    server.scripted.append("Where does the walrus\x1b[35m eat clams?")
    terminal.type("And where?")
    assert "searched as: Where does the walrus\\x1b[35m" in terminal.wait_for(PROMPT)
    terminal.type("/sources 1")
    assert "clams on the \\u202ebeach" in terminal.wait_for(PROMPT)
    assert "\x1b[35m" not in terminal.screen
    assert "\u202e" not in terminal.screen


def test_typed_lines_are_there_in_the_next_session_for_their_owner_alone(
    start: Start, home: Path
) -> None:
    terminal = start()
    terminal.type("What does the walrus eat?")
    terminal.wait_for(PROMPT)
    terminal.press(CTRL_D)
    terminal.wait_for_end()
    kept = home / ".local" / "state" / "ragkit" / "chat_history"
    assert kept.read_text() == "What does the walrus eat?\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700

    terminal = start()
    terminal.press(UP)
    terminal.wait_for("What does the walrus eat?")
    terminal.press("\r")
    assert "eats clams" in terminal.wait_for(PROMPT)
    assert kept.read_text() == "What does the walrus eat?\n"  # not twice


def test_no_lines_are_kept_when_that_is_not_wanted(start: Start, home: Path) -> None:
    terminal = start("--no-history")
    terminal.type("What does the walrus eat?")
    terminal.wait_for(PROMPT)
    terminal.press(CTRL_D)
    terminal.wait_for_end()
    assert not (home / ".local").exists()


def test_commands_are_completed(start: Start) -> None:
    terminal = start()
    terminal.press("/sou\t")
    terminal.wait_for("/sources")
    terminal.press("\r")
    assert "nothing has been answered yet" in terminal.wait_for(PROMPT)
