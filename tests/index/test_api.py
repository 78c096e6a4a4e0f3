"""Promises of the public API as people meet it: signatures, types, notebooks, streams, texts."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import ragkit
from ragkit import Index

Write = Callable[..., Path]
QUESTION = "How often is a server restored?"


@pytest.fixture
def filled(index: Index, write: Write, home: Path) -> Index:
    write("backup.md", "# Backups\n\nEvery quarter one server is restored from tape.")
    write("<b>walrus</b>.md", "The walrus eats <script>alert(1)</script> clams | and more.")
    index.update("docs")
    return index


def public_methods() -> Iterator[tuple[str, Any]]:
    from ragkit.index.maintenance import Maintenance

    for kind in (Index, Maintenance, ragkit.Conversation):
        for name, member in inspect.getmembers(kind):
            if not name.startswith("_") and callable(member):
                yield f"{kind.__name__}.{name}", member


METHODS = list(public_methods())


@pytest.mark.parametrize(("name", "method"), METHODS, ids=[name for name, _ in METHODS])
def test_every_parameter_of_a_public_method_is_named(name: str, method: Any) -> None:
    kinds = {p.kind for p in inspect.signature(method).parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds, name
    assert inspect.getdoc(method), name


def test_a_typo_is_an_error_and_no_setting(filled: Index) -> None:
    call: Any = filled.update
    with pytest.raises(TypeError, match="exclud"):
        call("docs", exclud=["secret.md"])


@pytest.mark.parametrize(
    ("method", "wrong", "message"),
    [
        ("update", {"exclude": "secret.md"}, "exclude must be a list of str, got str"),
        ("update", {"hidden": 1}, "hidden must be a bool, got int"),
        ("update", {"on_progress": "bar"}, "on_progress must be a function, got str"),
        ("search", {"limit": "5"}, "limit must be an int, got str"),
        ("search", {"limit": True}, "limit must be an int, got bool"),
        ("search", {"types": "pdf"}, "types must be a list of str, got str"),
        ("search", {"keyword_weight": "x"}, "keyword_weight must be a number, got str"),
        ("ask", {"supported_only": "yes"}, "supported_only must be a bool, got str"),
        ("ask", {"reply_tokens": 2.5}, "reply_tokens must be an int, got float"),
    ],
)
def test_a_wrong_type_is_one_clear_line(
    filled: Index, method: str, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message) as raised:
        getattr(filled, method)("docs", **wrong)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"per_document": 0}, {"reply_tokens": 0}])
def test_a_number_below_the_least_is_refused(filled: Index, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be at least 1, got 0"):
        filled.ask("x", **wrong)


def test_what_the_package_shows_is_what_it_exports() -> None:
    assert dir(ragkit) == ragkit.__all__
    assert all(hasattr(ragkit, name) for name in ragkit.__all__)
    assert 20 <= len(ragkit.__all__) <= 30
    shown = subprocess.run(
        [sys.executable, "-c", "import ragkit; help(ragkit)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "class Index" in shown


def test_open_makes_an_index_when_told_to(tmp_path: Path) -> None:
    with pytest.raises(ragkit.errors.IndexNotFoundError):
        Index.open(tmp_path / "i")
    with Index.open(tmp_path / "i", create=True, embedder="wordllama/l2_supercat_256") as made:
        assert made.search("anything") == []
    with Index.open(tmp_path / "i", create=True) as again:
        assert again.manifest == made.manifest
    with pytest.raises(ragkit.errors.IndexMismatchError, match="ragkit reindex"):
        Index.open(tmp_path / "i", create=True, embedder="ollama/embeddinggemma")


def test_a_closed_index_can_be_used_again(filled: Index) -> None:
    before = filled.search(QUESTION)
    filled.close()
    filled.close()
    assert filled.search(QUESTION) == before


def test_an_index_says_what_it_is(filled: Index) -> None:
    assert repr(filled) == "Index('.ragkit', 2 files, 2 chunks, wordllama/l2_supercat_256)"
    assert "2 chunks" in filled._repr_html_()
    assert "2 chunks" in filled._repr_markdown_()


def test_hits_have_their_text_source_and_location_at_hand(filled: Index) -> None:
    hit = filled.search(QUESTION)[0]
    assert (hit.text, hit.source) == (hit.chunk.text, "docs/backup.md")
    assert hit.location == hit.chunk.location


@pytest.mark.parametrize("kind", ["hits", "hit", "answer"])
def test_notebooks_show_documents_as_text_never_as_markup(filled: Index, kind: str) -> None:
    hits = filled.search("walrus clams")
    shown: Any = {"hits": hits, "hit": hits[0], "answer": filled.ask("What does the walrus eat?")}
    html, markdown = shown[kind]._repr_html_(), shown[kind]._repr_markdown_()
    assert "clams" in html
    assert "<script" not in html
    assert "<b>" not in html
    assert "<script" not in markdown.replace("\\<", "")
    assert all(line.count("|") - line.count("\\|") in (0, 4) for line in markdown.splitlines())


def test_an_answer_prints_as_its_text_and_is_short_as_a_value(filled: Index) -> None:
    answer = filled.ask(QUESTION)
    assert str(answer) == answer.text != ""
    assert len(repr(answer)) < 300


def test_the_text_of_an_answer_can_be_iterated(filled: Index) -> None:
    with filled.ask_stream(QUESTION, model="none") as stream:
        with pytest.raises(ValueError, match="ended"):
            _ = stream.answer
        assert "".join(stream) == stream.answer.text != ""


def test_an_error_of_a_stream_is_raised_where_it_is_read(filled: Index) -> None:
    stream = filled.ask_stream(" ")
    with pytest.raises(ValueError, match="empty"):
        list(stream)


def test_async_twins_give_what_the_others_give(filled: Index) -> None:
    async def everything() -> tuple[Any, ...]:
        stream = filled.ask_stream_async(QUESTION, model="none")
        text = "".join([piece async for piece in stream])
        answer = await filled.ask_async(QUESTION, model="none")
        return (
            text,
            stream.answer.text,
            answer.text,
            await filled.search_async(QUESTION),
            (await filled.update_async()).unchanged,
        )

    text, streamed, answered, hits, unchanged = asyncio.run(everything())
    assert text == streamed == answered == filled.ask(QUESTION, model="none").text
    assert hits == filled.search(QUESTION)
    assert unchanged == 2


def test_a_pickled_index_is_opened_anew(filled: Index) -> None:
    other = pickle.loads(pickle.dumps(filled))
    assert other.search(QUESTION) == filled.search(QUESTION)


def test_a_pickled_index_does_not_carry_its_model(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "i", embedder="wordllama/l2_supercat_256")
    assert len(index.embedder.embed_query("x")) == 256
    assert len(pickle.dumps(index)) < 2000


def test_tables_can_be_taken_out(filled: Index) -> None:
    chunks = filled.to_arrow(vectors=True)
    assert chunks.num_rows == 2
    assert len(chunks["vector"][0]) == 256
    assert "vector" not in filled.to_arrow().schema.names
    assert filled.to_arrow("files")["source"].to_pylist() == [f.source for f in filled.files()]
    if find_spec("pandas"):
        assert filled.to_pandas().shape == (2, 11)
    with pytest.raises(ValueError, match="no table 'x'"):
        filled.to_arrow("x")  # type: ignore[arg-type]


def test_status_is_one_object(filled: Index) -> None:
    status = filled.status()
    assert (status.files.indexed, status.files.chunks, status.problems) == (2, 2, ())
    assert status.indexed_paths == ("docs",)
    assert status.last_run is not None
    assert status.last_run.counts["added"] == 2


class TestTexts:
    def test_a_text_is_found_like_a_file(self, filled: Index) -> None:
        record = filled.add_text(
            "# Ticket\n\nThe printer burns paper.", source="ticket-17", metadata={"author": "Kim"}
        )
        assert (record.source, record.outcome, record.chunks) == ("ticket-17", "indexed", 1)
        assert filled.search("burning printer")[0].source == "ticket-17"
        assert [h.source for h in filled.search("printer", where="author = Kim")] == ["ticket-17"]

    def test_an_update_leaves_it_alone(self, filled: Index) -> None:
        filled.add_text("The printer burns paper.", source="docs/ticket.md")
        report = filled.update()
        assert (report.removed, report.unchanged) == (0, 2)
        filled.maintenance.reindex("wordllama/l2_supercat_256")
        assert filled.search("burning printer")[0].source == "docs/ticket.md"
        assert filled.update().removed == 0

    def test_the_same_source_replaces_it(self, filled: Index) -> None:
        filled.add_text("The printer burns paper.", source="t")
        filled.add_text("The printer eats ink.", source="t")
        assert [h.text for h in filled.search("printer") if h.source == "t"] == [
            "The printer eats ink."
        ]

    def test_it_can_be_removed(self, filled: Index) -> None:
        filled.add_text("The printer burns paper.", source="t")
        assert filled.remove("t") == ["t"]
        assert len(filled.files()) == 2

    def test_it_never_replaces_a_file(self, filled: Index) -> None:
        with pytest.raises(ragkit.RagkitError, match="is a file of this index"):
            filled.add_text("x", source="docs/backup.md")

    @pytest.mark.parametrize(("text", "source"), [(" ", "t"), ("x", " ")])
    def test_blanks_are_refused(self, filled: Index, text: str, source: str) -> None:
        with pytest.raises(ValueError, match="is empty"):
            filled.add_text(text, source=source)
