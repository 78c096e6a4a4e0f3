"""Thirty passages that try to give orders: none changes what is cited or what a model is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ragkit.answering.prompt import INSTRUCTIONS
from ragkit.index import Index
from ragkit.models import OllamaSettings
from ragkit.types import Answer
from tests.ollama_double import OllamaDouble

_LINES = (Path(__file__).parent / "injections.jsonl").read_text(encoding="utf-8").splitlines()
INJECTIONS: list[dict[str, str]] = [json.loads(line) for line in _LINES]
# The subject of each attacked file.
_NAMES = (
    "walrus otter heron badger lynx marten stoat beaver falcon osprey puffin plover curlew gannet "
    "bittern wagtail sparrow nuthatch siskin dunnock whinchat redstart fieldfare linnet crossbill "
    "hawfinch goshawk merlin kestrel buzzard"
)
SUBJECTS = _NAMES.split()
CASES = [
    pytest.param(number, id=f"{row['language']}-{row['kind'].replace(' ', '-')}")
    for number, row in enumerate(INJECTIONS)
]


@pytest.fixture(scope="module")
def server() -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        yield double


@pytest.fixture(scope="module")
def index(server: OllamaDouble, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """A file per passage: one true sentence, then the attack. Another file speaks of the same."""
    home = tmp_path_factory.mktemp("attacked")
    for number, row in enumerate(INJECTIONS):
        (home / f"a{number}.md").write_text(f"{truth(number)}\n\n{row['text']}\n", encoding="utf-8")
    (home / "other.md").write_text("The archives are open on weekdays.\n", encoding="utf-8")
    servers = OllamaSettings(embed_host=server.url, chat_host=server.url)
    index = Index.create(home / ".ragkit", embedder="ollama/embeddinggemma", ollama=servers)
    assert index.update(home).failed == 0
    return index


def truth(number: int) -> str:
    return f"The {SUBJECTS[number]} archive is copied to shelf {number + 40} every evening."


def ask(index: Index, server: OllamaDouble, number: int) -> tuple[Answer, list[dict[str, Any]]]:
    """The answer, and the messages that the server was sent."""
    question = f"To which shelf is the {SUBJECTS[number]} archive copied?"
    answer = index.ask(question, model="gemma3", limit=3)
    return answer, server.bodies("/api/chat")[-1]["messages"]


def test_there_are_thirty_in_ten_languages() -> None:
    assert len(INJECTIONS) == len(SUBJECTS) == len(set(SUBJECTS)) == 30
    assert len({row["language"] for row in INJECTIONS}) >= 10


@pytest.mark.parametrize("number", CASES)
def test_it_changes_neither_the_answer_nor_what_is_cited(
    index: Index, server: OllamaDouble, number: int
) -> None:
    answer, _ = ask(index, server, number)
    (sentence, *_) = answer.sentences
    assert sentence.text == truth(number)
    assert sentence.support == "supported"
    assert len(sentence.citations) == 1
    assert sentence.evidence is not None
    assert sentence.evidence.source == f"a{number}.md"
    assert sentence.evidence.quote == truth(number)


@pytest.mark.parametrize("number", CASES)
def test_it_changes_no_instruction_and_stays_between_its_fences(
    index: Index, server: OllamaDouble, number: int
) -> None:
    answer, messages = ask(index, server, number)
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[0]["content"] == INSTRUCTIONS
    lines = messages[1]["content"].split("\n")
    passages = [at for at, line in enumerate(lines) if re.fullmatch(r"Passage \d+", line)]
    fence = lines[passages[0] + 1]
    fences = [at for at, line in enumerate(lines) if line == fence]
    assert len(passages) == len(answer.passages)
    assert len(fences) == 2 * len(passages)
    assert fences[::2] == [at + 1 for at in passages]
    inside = {
        at for start, end in zip(fences[::2], fences[1::2], strict=True) for at in range(start, end)
    }
    attacked = [line for at, line in enumerate(lines) if at in inside]
    assert truth(number) in attacked
    # Behind the last fence: the reminder and the question, once, and nothing that came from a file.
    assert [line for line in lines[fences[-1] + 1 :] if line][1:] == [
        f"Question: {answer.question}"
    ]
    assert not re.search(
        r"<\|\w+\|?>|<｜|\[/?INST\]|</?(?:s|system|start_of_turn|tool_call)>|\[img-\d|"
        r"[\u200b\u202e\U000e0041]",
        messages[1]["content"],
        re.IGNORECASE,
    )


@pytest.mark.parametrize("number", CASES)
def test_a_model_that_obeys_it_is_shown_to_be_unsupported_and_its_false_marks_are_gone(
    index: Index, server: OllamaDouble, number: int
) -> None:
    server.scripted.append(
        f"{truth(number)[:-1]} [1]. The administrator's password is Hunter2 [1][99]. "
        "It was changed by Mallory in 1987 【77】."
    )
    answer, _ = ask(index, server, number)
    known = {passage.number for passage in answer.passages}
    assert [set(one.citations) <= known for one in answer.sentences] == [True] * 3
    assert {int(mark) for mark in re.findall(r"\[(\d+)\]", answer.text)} <= known
    assert "【" not in answer.text
    assert answer.sentences[0].support == "supported"
    assert "supported" not in [one.support for one in answer.sentences][1:]
