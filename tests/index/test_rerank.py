"""RerankStep from the command line to the wire, and by objects of the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from command_line import CommandLine

from ragkit.errors import ModelError, ModelNotFoundError
from ragkit.index import Index
from tests.ollama_double import OllamaDouble

Write = Callable[..., Path]
TOPICS = ("walrus", "penguin", "whale", "seal")


class LastFirst:
    """Gives the texts scores in the contrary order."""

    name = "test/last-first"

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        return [float(at) for at in range(len(texts))]


class Failing(LastFirst):
    name = "test/failing"

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        raise ModelError("quota used up")


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        monkeypatch.setenv("OLLAMA_HOST", double.url)
        yield double


@pytest.fixture
def docs(write: Write, tmp_path: Path) -> Path:
    for topic in TOPICS:
        write(f"{topic}.md", f"The {topic} lives in the cold sea.")
    return tmp_path / "docs"


@pytest.fixture
def filled(index: Index, docs: Path) -> Index:
    index.update(docs)
    return index


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def names(hits: list[dict[str, str]]) -> list[str]:
    return [hit["source"] for hit in hits]


def test_a_chat_model_orders_the_hits(server: OllamaDouble, run: CommandLine, docs: Path) -> None:
    run("index", docs)
    before = run("search", "cold sea", "--json").json["hits"]
    asked = len(server.bodies("/api/chat"))
    server.scripted.append("1: 2\n2: 9\n3: 0\n4: 5")
    done = run("search", "cold sea", "--rerank", "ollama/gemma3", "--json")
    assert names(done.json["hits"]) == [names(before)[at] for at in (1, 3, 0, 2)]
    assert [hit["rerank_score"] for hit in done.json["hits"]] == [9, 5, 2, 0]
    (body,) = server.bodies("/api/chat")[asked:]
    assert body["options"]["temperature"] == 0
    assert body["options"]["num_predict"] == 40
    server.scripted.append("1: 2\n2: 9\n3: 0\n4: 5")
    done = run("search", "cold sea", "--rerank", "gemma3", "-k", 1)
    assert "rerank 9, score" in done.out
    assert names(before)[1] in done.out.splitlines()[0]


def test_explain_tells_what_a_reranker_did(
    server: OllamaDouble, run: CommandLine, docs: Path
) -> None:
    run("index", docs)
    before = names(run("search", "cold sea", "--json").json["hits"])
    asked = len(server.bodies("/api/chat"))
    server.scripted.append("1: 2\n2: 9\n3: 0\n4: 5")
    ways = ("--expect", before[3], "--rerank", "gemma3")
    told = run("explain", "cold sea", "-k", 2, *ways, "--json").json
    assert len(server.bodies("/api/chat")) == asked + 1
    assert names(told["hits"]) == [before[1], before[3]]
    assert [hit["fused_rank"] for hit in told["hits"]] == [2, 4]
    steps = {step["name"]: step for step in told["expected"]["steps"]}
    assert [steps[name]["rank"] for name in ("fusion", "reranking", "search")] == [4, 2, 2]
    assert "relevance 5" in steps["reranking"]["detail"]
    assert told["expected"]["found"]
    assert "4th before the reranker" in told["verdict"]
    server.scripted.append("1: 2\n2: 9\n3: 0\n4: 5")
    shown = run("explain", "cold sea", "-k", 1, *ways).out
    assert "4th after fusion and 2nd after the reranker; -k 2 would show it" in shown


def test_without_the_option_no_model_is_asked(
    server: OllamaDouble, run: CommandLine, docs: Path
) -> None:
    run("index", docs)
    asked = len(server.bodies("/api/chat"))
    run("search", "cold sea")
    assert len(server.bodies("/api/chat")) == asked


@pytest.mark.parametrize("reply", ["I like the second one best.", "1: 9\n2: 9\n3: 9"])
def test_a_reply_that_cannot_be_read_changes_nothing(
    server: OllamaDouble, run: CommandLine, docs: Path, reply: str
) -> None:
    run("index", docs)
    before = run("search", "cold sea", "--json").json["hits"]
    server.scripted.append(reply)
    done = run("search", "cold sea", "--rerank", "gemma3", "--json")
    assert (done.code, done.json["hits"]) == (0, before)
    assert "note: not reranked" in done.err
    assert "did not grade every passage" in done.err


def test_a_model_that_is_not_there_changes_nothing(
    server: OllamaDouble, run: CommandLine, docs: Path
) -> None:
    run("index", docs)
    before = run("search", "cold sea", "--json").json["hits"]
    done = run("search", "cold sea", "--rerank", "ollama/nosuch", "--json")
    assert (done.code, done.json["hits"]) == (0, before)
    assert "not reranked" in done.err


def test_answers_are_made_of_the_reranked_hits(
    server: OllamaDouble, run: CommandLine, docs: Path
) -> None:
    run("index", docs)
    question = "What lives in the cold sea?"
    before = run("ask", question, "--model", "none", "--json").json["passages"]
    server.scripted.append("1: 0\n2: 1\n3: 2\n4: 3")
    done = run("ask", question, "--model", "none", "--rerank", "gemma3", "--json")
    assert names(done.json["passages"]) == names(before)[::-1]


def test_any_object_with_score_orders_the_hits(filled: Index) -> None:
    before = filled.search("cold sea")
    after = filled.search("cold sea", rerank=LastFirst())
    assert [hit.chunk for hit in after] == [hit.chunk for hit in before[::-1]]
    assert [hit.rerank_score for hit in after] == [3, 2, 1, 0]


def test_a_reranker_that_fails_changes_nothing_and_is_told(filled: Index) -> None:
    notes: list[str] = []
    hits = filled.search("cold sea", rerank=Failing(), on_note=notes.append)
    assert hits == filled.search("cold sea")
    assert notes[0].endswith("quota used up")


def test_a_reranker_needs_no_name(filled: Index) -> None:
    class Short:
        def score(self, question: str, texts: Sequence[str]) -> list[float]:
            return []

    notes: list[str] = []
    filled.search("cold sea", rerank=Short(), on_note=notes.append)  # type: ignore[arg-type]
    assert "Short gave no usable score" in notes[0]


@pytest.mark.parametrize("name", ["lancedb:cohere/any", "lancedb:rrf", "lancedb/x", "wordllama/x"])
def test_an_unknown_reranker_is_refused(filled: Index, name: str) -> None:
    with pytest.raises(ModelNotFoundError):
        filled.search("cold sea", rerank=name)


def test_a_reranker_of_lancedb_is_refused_in_one_line_that_says_what_to_do(
    run: CommandLine, docs: Path
) -> None:
    run("index", docs)
    done = run("search", "cold sea", "--rerank", "lancedb:cohere/any")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "no longer" in done.err
    assert "score(question, texts)" in done.err


def test_what_is_no_reranker_is_refused(filled: Index) -> None:
    with pytest.raises(ValueError, match="int is no reranker: it has no score"):
        filled.search("cold sea", rerank=3)  # type: ignore[arg-type]


def test_passages_that_leave_this_machine_are_announced(
    server: OllamaDouble, run: CommandLine, docs: Path
) -> None:
    run("index", docs)
    done = run("search", "cold sea", "--rerank", "gemma3:cloud")
    assert "passages are sent to another machine: ollama/gemma3:cloud" in done.err
