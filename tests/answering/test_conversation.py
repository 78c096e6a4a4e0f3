"""Promises of `ragkit.answering.conversation`, over a real HTTP server that acts as Ollama does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from doubles import CountingEmbedder

from ragkit.answering.conversation import Conversation
from ragkit.answering.prompt import INSTRUCTIONS
from ragkit.errors import AnswerCutError, AnswerStoppedError, ModelError
from ragkit.index import Index
from tests.ollama_double import OllamaDouble

FIRST = "How often is the archive server restored?"
FOLLOW_UP = "And who does it?"
REWRITTEN = "Who restores the archive server?"


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        monkeypatch.setenv("OLLAMA_HOST", double.url)
        yield double


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three files, which the tests only read."""
    folder = tmp_path_factory.mktemp("built")
    for name, text in {
        "backup.md": "# Backups\n\nThe archive server is restored every quarter.\n",
        "duty.md": "# Duty\n\nYusra Halim restores the archive server.\n",
        "sea.md": "# Animals\n\nThe walrus eats clams on the beach.\n",
    }.items():
        (folder / name).write_text(text)
    Index.create(folder / ".ragkit", embedder=CountingEmbedder()).update(folder)
    return folder / ".ragkit"


@pytest.fixture
def index(server: OllamaDouble, built: Path, embedder: CountingEmbedder) -> Index:
    return Index.open(built, embedder=embedder)


def rewriting_prompts(server: OllamaDouble) -> list[list[dict[str, str]]]:
    """The messages of every request that did not ask for an answer."""
    chats = [body["messages"] for body in server.bodies("/api/chat")]
    return [messages for messages in chats if "Passage 1" not in messages[-1]["content"]]


def test_a_follow_up_is_rewritten_by_the_model_and_the_rewriting_is_answered(
    index: Index, server: OllamaDouble
) -> None:
    shown: list[str] = []
    conversation = index.conversation(model="gemma3", on_standalone=shown.append)
    first = conversation.ask(FIRST)
    assert not rewriting_prompts(server)
    server.scripted.append(REWRITTEN)
    second = conversation.ask(FOLLOW_UP)
    assert shown == [REWRITTEN]
    assert "Yusra Halim" in second.text
    assert second.question == FOLLOW_UP
    assert [turn.answer for turn in conversation.history] == [first, second]
    assert [turn.standalone for turn in conversation.history] == ["", REWRITTEN]
    assert conversation.history[1].standalone_question == REWRITTEN


def test_both_wordings_are_searched(
    index: Index, server: OllamaDouble, embedder: CountingEmbedder
) -> None:
    conversation = index.conversation(model="gemma3")
    conversation.ask(FIRST)
    server.scripted.append(REWRITTEN)
    embedder.questions.clear()
    conversation.ask(FOLLOW_UP)
    assert {FOLLOW_UP, REWRITTEN} <= set(embedder.questions)


def test_the_rewriting_is_short_bounded_and_holds_no_passage(
    index: Index, server: OllamaDouble
) -> None:
    conversation = index.conversation(model="gemma3")
    conversation.ask(FIRST)
    conversation.ask(FOLLOW_UP)
    (messages,) = rewriting_prompts(server)
    assert not any("walrus" in message["content"] for message in messages)
    assert messages[-1]["content"].endswith(FOLLOW_UP)
    body = next(b for b in server.bodies("/api/chat") if b["messages"] == messages)
    assert body["options"]["num_predict"] <= 100


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param("", id="nothing"),
        pytest.param("Who?\n\nYusra Halim does it.", id="several lines"),
        pytest.param("who " * 90, id="too long"),
        pytest.param(FOLLOW_UP, id="the same, which has no subject"),
        pytest.param("Penguins huddle in Antarctic storms?", id="something else"),
    ],
)
def test_a_useless_rewriting_is_replaced_by_joining_the_questions(
    index: Index, server: OllamaDouble, reply: str
) -> None:
    shown: list[str] = []
    conversation = index.conversation(model="gemma3", on_standalone=shown.append)
    conversation.ask(FIRST)
    server.scripted.append(reply)
    conversation.ask(FOLLOW_UP)
    assert shown == ["And who does it? (archive server restored)"]


def test_a_model_may_find_that_a_question_stands_alone(index: Index, server: OllamaDouble) -> None:
    conversation = index.conversation(model="gemma3")
    conversation.ask(FIRST)
    server.scripted.append("Does it eat clams?")
    conversation.ask("Does it eat clams?")
    assert conversation.history[1].standalone == ""


def test_a_model_that_fails_to_rewrite_still_answers(index: Index, server: OllamaDouble) -> None:
    conversation = index.conversation(model="gemma3")
    conversation.ask(FIRST)
    server.fail_next(1, 400, "no", path="/api/chat")
    assert conversation.ask(FOLLOW_UP).text
    assert conversation.history[1].standalone


def test_a_question_that_stands_alone_is_not_rewritten(index: Index, server: OllamaDouble) -> None:
    conversation = index.conversation(model="gemma3")
    conversation.ask(FIRST)
    conversation.ask("What does the walrus eat on the beach?")
    assert not rewriting_prompts(server)
    assert conversation.history[1].standalone == ""


def test_the_first_question_leans_on_nothing(index: Index, server: OllamaDouble) -> None:
    conversation = index.conversation(model="gemma3", min_score=0.0)
    conversation.ask("Who restores it?")
    assert not rewriting_prompts(server)


def test_the_history_reaches_the_model_and_every_prompt_begins_like_the_one_before(
    index: Index, server: OllamaDouble
) -> None:
    conversation = index.conversation(model="gemma3")
    for question in (FIRST, FOLLOW_UP, "And why?"):
        conversation.ask(question)
    prompts = [body["messages"] for body in server.bodies("/api/chat")]
    assert len(prompts) == 5  # two of them rewrite
    for earlier, later in pairwise(prompts):
        beginning = earlier[:-1]
        assert later[: len(beginning)] == beginning
    assert prompts[0][0] == {"role": "system", "content": INSTRUCTIONS}
    last = [message["content"] for message in prompts[-1]]
    assert last[1] == FIRST
    assert last[2].startswith("The archive server is restored every quarter. Yusra")


def test_without_a_chat_model_questions_are_joined_and_answers_are_quoted(index: Index) -> None:
    shown: list[str] = []
    conversation = index.conversation(model="none", on_standalone=shown.append)
    conversation.ask(FIRST)
    answer = conversation.ask(FOLLOW_UP)
    assert answer.model is None
    assert shown == ["And who does it? (archive server restored)"]
    assert "archive server" in answer.text


def test_reset_forgets(index: Index, server: OllamaDouble) -> None:
    conversation = index.conversation(model="gemma3", min_score=0.0)
    conversation.ask(FIRST)
    conversation.reset()
    assert conversation.history == ()
    conversation.ask(FOLLOW_UP)
    assert not rewriting_prompts(server)
    assert FIRST not in server.prompts[-1]


def test_another_model_can_take_over(index: Index) -> None:
    conversation = index.conversation(model="gemma3")
    conversation.ask(FIRST)
    conversation.use(index.chat_model("qwen3"))
    assert conversation.ask(FOLLOW_UP).model == "ollama/qwen3"
    conversation.use(None)
    assert conversation.ask("And why?").model is None
    assert len(conversation.history) == 3


def test_the_same_conversation_inside_an_event_loop(index: Index, server: OllamaDouble) -> None:
    async def talk() -> Conversation:
        conversation = index.conversation(model="gemma3")
        await conversation.ask_async(FIRST)
        server.scripted.append(REWRITTEN)
        await conversation.ask_async(FOLLOW_UP)
        return conversation

    there = asyncio.run(talk())
    here = index.conversation(model="gemma3")
    here.ask(FIRST)
    server.scripted.append(REWRITTEN)
    here.ask(FOLLOW_UP)
    assert there.history == here.history


def test_a_cancelled_question_leaves_the_history_as_it_was(
    index: Index, server: OllamaDouble
) -> None:
    async def talk() -> Conversation:
        conversation = index.conversation(model="gemma3")
        await conversation.ask_async(FIRST)
        server.pause_streams(2)
        task = asyncio.create_task(conversation.ask_async("What does the walrus eat?"))
        await asyncio.to_thread(server.wait_for_calls, "/api/chat", 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return conversation

    assert [turn.question for turn in asyncio.run(talk()).history] == [FIRST]


def test_what_came_before_an_answer_broke_off_is_a_turn(index: Index, server: OllamaDouble) -> None:
    conversation = index.conversation(model="gemma3")
    server.break_streams("drop")
    with pytest.raises(AnswerCutError):
        conversation.ask(FIRST)
    with pytest.raises(AnswerCutError):
        asyncio.run(conversation.ask_async(FIRST))
    assert [turn.answer.text for turn in conversation.history] == ["The", "The"]


def test_ctrl_c_in_the_middle_of_an_answer_keeps_what_came(
    index: Index, server: OllamaDouble
) -> None:
    def interrupt(text: str) -> None:
        if "server" in text:
            raise KeyboardInterrupt

    conversation = index.conversation(model="gemma3", on_text=interrupt)
    with pytest.raises(AnswerStoppedError) as stopped:
        conversation.ask(FIRST)
    (turn,) = conversation.history
    assert turn.answer == stopped.value.answer
    assert turn.answer.text.startswith("The archive server")
    assert turn.answer.notes == ("stopped in the middle of the answer",)


def test_ctrl_c_before_anything_came_leaves_the_history_as_it_was(index: Index) -> None:
    def interrupt(_text: str) -> None:
        raise KeyboardInterrupt

    conversation = index.conversation(model="gemma3", on_standalone=interrupt, min_score=0.0)
    conversation.ask(FIRST)
    with pytest.raises(KeyboardInterrupt) as stopped:
        conversation.ask(FOLLOW_UP)
    assert not isinstance(stopped.value, AnswerStoppedError)
    assert len(conversation.history) == 1


def test_an_error_leaves_the_history_as_it_was(index: Index, server: OllamaDouble) -> None:
    conversation = index.conversation(model="gemma3")
    conversation.ask(FIRST)
    server.fail_next(9, 400, "no", path="/api/chat")
    with pytest.raises(ModelError):
        conversation.ask(FOLLOW_UP)
    with pytest.raises(ValueError, match="empty"):
        conversation.ask("  ")
    assert len(conversation.history) == 1


def test_a_question_that_was_not_answered_is_still_one_to_lean_on(index: Index) -> None:
    conversation = index.conversation(model="gemma3", min_score=0.99)
    assert conversation.ask("Who feeds the llamas?").is_abstention
    conversation.ask("And why?")
    assert conversation.history[1].standalone == "And why? (feeds llamas)"


def test_bytes_that_are_no_text_do_not_stop_a_conversation(index: Index) -> None:
    conversation = index.conversation(model="gemma3", min_score=0.0)
    conversation.ask("archive \udcff server?")
    assert conversation.ask("And why?").text
    assert conversation.history[0].question == "archive ? server?"


def test_the_model_is_chosen_once_when_the_first_question_comes(
    index: Index, server: OllamaDouble
) -> None:
    asked = len(server.bodies("/api/tags"))
    conversation = index.conversation()
    assert len(server.bodies("/api/tags")) == asked
    conversation.ask(FIRST)
    conversation.ask("What does the walrus eat on the beach?")
    assert len(server.bodies("/api/tags")) == asked + 1
