"""`ragkit chat` on a pipe, and its commands."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import CommandLine, Done
from doubles import CountingEmbedder

from ragkit.index import Index
from tests.ollama_double import DoubleModel, OllamaDouble

Chat = Callable[..., Done]
FIRST = "How often is the archive server restored?"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    (folder / "backup.md").write_text(
        "# Backups\n\nThe archive server is restored every quarter.\n"
    )
    (folder / "sea.md").write_text("# Animals\n\nThe walrus eats clams on the beach.\n")
    Index.create(folder / ".ragkit", embedder=CountingEmbedder()).update(folder)
    return folder / ".ragkit"


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        monkeypatch.setenv("OLLAMA_HOST", double.url)
        yield double


@pytest.fixture
def chat(
    home: Path, built: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Chat:
    """chat(lines, "--json", ...) pipes the lines into `ragkit chat`; nobody serves a model."""
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")

    def run(lines: str | bytes, *arguments: object) -> Done:
        data = lines.encode() if isinstance(lines, str) else lines
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        return CommandLine(capsys)("chat", "--db", built, *arguments)

    return run


def test_every_line_is_a_question_and_blank_ones_are_passed_over(chat: Chat) -> None:
    done = chat(f"{FIRST}\n\n   \nWhat does the walrus eat?")
    assert done.code == 0
    assert done.out.index("every quarter [1]") < done.out.index("eats clams")
    assert "> " not in done.out


def test_no_lines_are_no_answers(chat: Chat) -> None:
    assert chat("") == Done(0, "", "")


def test_without_a_chat_model_that_is_said_once_and_why(chat: Chat) -> None:
    done = chat(f"{FIRST}\nWhat does the walrus eat?\n{FIRST}\n")
    assert done.err.count("the best sentences of your documents") == 1
    assert "no Ollama server answers" in done.err


def test_a_follow_up_is_shown_in_the_words_it_is_searched_as(chat: Chat) -> None:
    done = chat(f"{FIRST}\nAnd when?\n")
    assert "(searched as: And when? (archive server restored))" in done.err
    assert done.out.count("every quarter") == 4  # the answer and its quote, twice


def test_options_hold_for_every_question(chat: Chat) -> None:
    done = chat(f"{FIRST}\nWhat does the walrus eat?\n", "--path", "sea.md")
    assert "backup.md" not in done.out
    assert "sea.md:3" in done.out


def test_a_model_may_order_the_passages_of_every_question(server: OllamaDouble, chat: Chat) -> None:
    asked = f"{FIRST}\nWhat does the walrus eat?\n"
    ways = ("--rerank", "gemma3", "--per-document", "1", "--exact")
    done = chat(asked, "--chat-host", server.url, "--model", "none", *ways)
    assert done.code == 0
    graded = [body["messages"][-1]["content"] for body in server.bodies("/api/chat")]
    assert len(graded) == 2
    assert all("Grades, 1 to" in one for one in graded)


def test_a_floor_of_ones_own_holds_for_every_question(chat: Chat) -> None:
    done = chat(f"{FIRST}\nAnd when?\n", "--min-score", "1")
    assert done.out.count("Nothing in these 2 files answers this.") == 2


def test_filters_that_leave_no_file_are_named(chat: Chat) -> None:
    done = chat(f"{FIRST}\n", "--types", "pdf")
    assert done.code == 0
    assert "pdf" in done.err


def test_lines_that_are_no_text_are_answered_as_far_as_they_go(chat: Chat) -> None:
    done = chat(b"\xef\xbb\xbfHow often is the \xff archive server restored?\r\n")
    assert done.code == 0
    assert "every quarter" in done.out


def test_a_chat_model_writes_the_answers(server: OllamaDouble, chat: Chat) -> None:
    done = chat(f"{FIRST}\nAnd when?\n", "--chat-host", server.url, "--model", "gemma3")
    assert done.code == 0
    assert len(server.bodies("/api/chat")) == 3
    assert "best sentences" not in done.err


def test_a_question_that_fails_does_not_end_the_others_but_the_exit_code_tells(
    server: OllamaDouble, chat: Chat
) -> None:
    server.fail_next(1, 400, "out of order", path="/api/chat")
    done = chat(
        f"{FIRST}\nWhat does the walrus eat?\n", "--chat-host", server.url, "--model", "gemma3"
    )
    assert done.code == 1
    assert "out of order" in done.err
    assert "eats clams" in done.out


def test_options_of_the_model_reach_the_server(server: OllamaDouble, chat: Chat) -> None:
    chat(FIRST, "--chat-host", server.url, "--model", "gemma3", "--model-option", "seed=7")
    assert server.bodies("/api/chat")[0]["options"]["seed"] == 7


def test_without_an_index_it_says_what_to_do(home: Path, chat: Chat) -> None:
    done = chat(FIRST, "--db", home / "nowhere")
    assert done.code == 1
    assert "ragkit index" in done.err


# ---------------------------------------------------------------- commands


def test_help_lists_every_command(chat: Chat) -> None:
    done = chat("/help\n")
    for name in ("/sources", "/save FILE", "/model", "/reset", "/help", "/quit"):
        assert name in done.out


def test_sources_lists_the_passages_and_shows_one_whole(chat: Chat) -> None:
    done = chat(f"{FIRST}\n/sources\n/sources 1\n")
    assert "[1] backup.md:1-3  Backups\n    # Backups The archive server" in done.out
    assert "[1] backup.md:1-3  Backups\n# Backups\n\nThe archive server" in done.out


def test_save_writes_markdown_once_and_never_over_a_file(chat: Chat, home: Path) -> None:
    done = chat(f"{FIRST}\nAnd when?\n/save talk.md\n/save talk.md\n")
    assert "(2 answers saved in talk.md)" in done.err
    assert "talk.md is there already" in done.err
    text = (home / "talk.md").read_text()
    assert text.startswith(f"# Conversation\n\n## {FIRST}\n\nThe archive server is restored")
    assert '- [1] backup.md:3: "The archive server is restored every quarter."' in text
    assert "## And when?\n\n*Searched as: And when? (archive server restored)*\n" in text


def test_reset_begins_anew(chat: Chat) -> None:
    done = chat(f"{FIRST}\n/reset\nAnd when?\n")
    assert "searched as" not in done.err


def test_model_changes_who_answers(server: OllamaDouble, chat: Chat) -> None:
    done = chat(
        f"/model\n{FIRST}\n/model gemma3\n{FIRST}\n/model none\n{FIRST}\n",
        "--chat-host",
        server.url,
        "--model",
        "none",
    )
    assert done.code == 0
    assert len(server.bodies("/api/chat")) == 1
    told = [line for line in done.err.splitlines() if line.startswith("(answers by")]
    assert told == [
        "(answers by quotation)",
        "(answers by ollama/gemma3)",
        "(answers by quotation)",
    ]


def test_a_model_that_is_named_is_downloaded(home: Path, chat: Chat) -> None:
    with OllamaDouble(library=[DoubleModel("tiny:latest", size=1_500_000_000)]) as server:
        done = chat(f"/model tiny\n{FIRST}\n", "--chat-host", server.url, "--model", "none")
    assert done.code == 0
    assert "(1.5 GB)" in done.err
    assert "(answers by ollama/tiny)" in done.err
    assert len(server.bodies("/api/chat")) == 1


def test_a_model_that_is_not_there_changes_nothing(server: OllamaDouble, chat: Chat) -> None:
    done = chat(
        f"/model nosuch\n/model\n{FIRST}\n",
        "--chat-host",
        server.url,
        "--model",
        "gemma3",
        "--no-pull",
    )
    assert "ragkit models pull nosuch" in done.err
    assert "(answers by ollama/gemma3)" in done.err
    assert "every quarter" in done.out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("/sources", "nothing has been answered yet", id="sources of nothing"),
        pytest.param("/save out.md", "nothing has been answered yet", id="nothing to save"),
        pytest.param("/save", "/save FILE.md", id="save without a file"),
        pytest.param(f"{FIRST}\n/save no/such/x.md", "cannot be written", id="no folder"),
        pytest.param(f"{FIRST}\n/sources 99", "no passage 99", id="no such passage"),
        pytest.param("/soruces", "did you mean /sources?", id="misspelt"),
        pytest.param("/xyzzy", "/help lists them", id="unknown"),
    ],
)
def test_a_command_that_cannot_be_obeyed_says_why(chat: Chat, line: str, said: str) -> None:
    done = chat(line + "\n")
    assert said in done.err
    assert done.code == 1


def test_a_path_or_a_line_with_a_blank_before_it_is_a_question(chat: Chat) -> None:
    done = chat("/etc/hosts of the archive server restored?\n /reset of the archive server?\n")
    assert "no command" not in done.err


def test_quit_ends_before_the_other_lines(chat: Chat) -> None:
    assert chat(f"/quit\n{FIRST}\n") == Done(0, "", "")
