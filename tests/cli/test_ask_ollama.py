"""Index and command line over a real HTTP server that behaves as Ollama does."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ragkit.cli import cli
from ragkit.errors import IndexMismatchError, ModelError, ModelNotFoundError
from ragkit.index import Index
from ragkit.models import OllamaSettings
from ragkit.types import Answer
from tests.ollama_double import OllamaDouble

Write = Callable[..., Path]
QUESTION = "How often is the archive server restored?"


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        monkeypatch.setenv("OLLAMA_HOST", double.url)
        yield double


@pytest.fixture
def index(server: OllamaDouble, write: Write, tmp_path: Path) -> Index:
    write("backup.md", "# Backups\n\nThe archive server is restored every quarter.\n")
    write("sea.md", "# Animals\n\nThe walrus eats clams on the beach.\n")
    index = Index.create(tmp_path / ".ragkit", embedder="ollama/embeddinggemma")
    assert index.update(tmp_path / "docs").added == 2
    return index


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), standalone_mode=False)


def test_an_answer_is_streamed_cited_and_checked(index: Index, server: OllamaDouble) -> None:
    pieces: list[str] = []
    answer = index.ask(QUESTION, model="gemma3", on_text=pieces.append)
    assert answer.model == "ollama/gemma3"
    assert "".join(pieces).strip() == answer.text
    assert len(pieces) > 1
    assert answer.sentences[0].support == "supported"
    assert answer.citations[0].location == "docs/backup.md:3"
    assert answer.context.window == 8192
    assert answer.context.used is not None
    body = server.bodies("/api/chat")[-1]
    assert (body["truncate"], body["shift"], body["options"]["num_ctx"]) == (False, False, 8192)
    assert body["messages"][-1]["content"].count(QUESTION) == 1


def test_the_same_answer_inside_an_event_loop(index: Index) -> None:
    pieces: list[str] = []
    here = index.ask(QUESTION, model="gemma3")
    there = asyncio.run(index.ask_async(QUESTION, model="gemma3", on_text=pieces.append))
    assert there.text == here.text == "".join(pieces).strip()
    assert there.sentences == here.sentences
    assert asyncio.run(index.search_async(QUESTION)) == index.search(QUESTION)


def test_many_questions_are_under_way_together_and_answered_in_order(
    index: Index, server: OllamaDouble
) -> None:
    questions = [QUESTION, "What does the walrus eat?"] * 4
    chat = index.chat_model("gemma3")
    assert chat is not None
    assert chat.context_tokens == 8192
    asked = len(server.bodies("/api/embed"))
    answers: list[Answer] = []
    server.hold()
    thread = threading.Thread(
        target=lambda: answers.extend(
            asyncio.run(index.ask_many(questions, concurrency=4, model=chat))
        )
    )
    thread.start()
    server.wait_for_calls("/api/embed", asked + 2)  # two questions wait for one server
    server.release()
    thread.join(60)
    assert [answer.question for answer in answers] == questions
    assert "clams" in answers[1].text


def test_options_of_the_model_reach_the_server(index: Index, server: OllamaDouble) -> None:
    options = {"temperature": 0.2, "seed": 7, "num_ctx": 4096}
    answer = index.ask(QUESTION, model="gemma3", model_options=options)
    assert answer.context.window == 4096
    assert options.items() <= server.bodies("/api/chat")[-1]["options"].items()


def test_an_unreadable_stream_shows_what_came_and_fails(index: Index, server: OllamaDouble) -> None:
    server.break_streams("drop")
    pieces: list[str] = []
    with pytest.raises(ModelError):
        index.ask(QUESTION, model="gemma3", on_text=pieces.append)
    assert pieces


def test_a_missing_model_is_named_with_the_command_that_gets_it(index: Index) -> None:
    quiet = Index.open(index.uri, ollama=OllamaSettings(pull=False))
    with pytest.raises(ModelNotFoundError, match="ragkit models pull nosuch"):
        quiet.ask(QUESTION, model="nosuch")


def test_a_model_exchanged_under_its_name_is_a_mismatch(index: Index, server: OllamaDouble) -> None:
    server.exchange_model("embeddinggemma:latest")
    with pytest.raises(IndexMismatchError, match="another version of ollama/embeddinggemma"):
        Index.open(index.uri).search(QUESTION)


def test_one_text_the_model_cannot_embed_hurts_no_other(
    server: OllamaDouble, write: Write, tmp_path: Path
) -> None:
    write("good.md", "The walrus eats clams.")
    write("bad.md", "Line one.\n\nThe poison is here.")
    server.zero_vector_for("poison")
    index = Index.create(tmp_path / ".ragkit", embedder="ollama/embeddinggemma")
    report = index.update(tmp_path / "docs")
    assert (report.added, report.failed) == (1, 1)
    assert "docs/bad.md" in report.problems[0].reason
    assert {hit.chunk.source for hit in index.search("walrus")} == {"docs/good.md"}
    server.zeros.clear()
    path = write("bad.md", "Line one.\n\nThe poison is here, again.")
    assert path.exists()
    assert index.update().failed == 0


def test_a_server_that_dies_leaves_what_was_committed_and_the_next_run_goes_on(
    index: Index, server: OllamaDouble, write: Write
) -> None:
    write("more.md", "Penguins eat fish.")
    server.fail_next(50, 500, "model requires more system memory", path="/api/embed")
    with pytest.raises(ModelError):
        index.update()
    server._planned.clear()
    assert len(index.files()) == 2
    assert index.update().added == 1
    assert index.search("penguins")[0].chunk.source == "docs/more.md"


def test_the_command_line_takes_ollama_when_it_is_there(server: OllamaDouble, write: Write) -> None:
    write("backup.md", "The archive server is restored every quarter.")
    done = run("index", "docs")
    assert "ollama/embeddinggemma" in done.stderr
    done = run("ask", QUESTION)
    assert "every quarter [1]" in done.stdout
    assert "docs/backup.md:1" in done.stdout
    result = json.loads(run("ask", QUESTION, "--json", "--option", "temperature=0").stdout)
    assert result["model"] == "ollama/gemma3"
    assert result["context"]["window"] == 8192
    assert json.loads(run("ask", QUESTION, "--model", "none", "--json").stdout)["model"] is None
    assert run("doctor").exit_code == 0
    names = [row["name"] for row in json.loads(run("models", "list", "--json").stdout)["models"]]
    assert "gemma3:latest" in names
