from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragkit.errors import RagkitError
from ragkit.evaluation import read_questions, take_questions
from ragkit.index import Index

Write = Callable[..., Path]
QUERIES = [{"id": "q1", "text": "What is a cat?"}, {"id": 2, "text": "Was ist ein Hund?"}]
QRELS = [
    {"query_id": "q1", "doc_id": "cat.md", "score": 2, "span": [3, 9]},
    {"query_id": "q1", "doc_id": "sub/dog.md", "score": 0},
    {"query_id": "2", "doc_id": "sub/dog.md", "score": 1, "spans": [[0, 2], [5, 9]]},
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Index:
    docs = tmp_path_factory.mktemp("filled") / "docs"
    (docs / "sub").mkdir(parents=True)
    texts = {
        "cat.md": "A cat is an animal that purrs.",
        "sub/dog.md": "Ein Hund ist ein Tier, das bellt.",
        "sub/index.md": "The index of the folder called sub.",
        "index.md": "The index of everything.",
        "caf\u00e9.md": "Coffee is served at noon.",
        "empty.md": "",
    }
    for name, text in texts.items():
        (docs / name).write_text(text, encoding="utf-8")
    index = Index.create(docs.parent / ".ragkit")
    index.update(docs)
    return index


def lines(path: Path, rows: list[Any]) -> Path:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    def write_files(queries: list[Any], qrels: list[Any]) -> tuple[Path, Path]:
        return lines(tmp_path / "queries.jsonl", queries), lines(tmp_path / "qrels.jsonl", qrels)

    return write_files


Files = Callable[..., tuple[Path, Path]]


def test_judgments_become_gains_and_spans_of_the_sources(filled: Index, files: Files) -> None:
    found = read_questions(filled, *files(QUERIES, QRELS))
    cat, dog = found.questions
    assert (cat.id, cat.text) == ("q1", "What is a cat?")
    assert cat.judged == {"docs/cat.md": 2.0, "docs/sub/dog.md": 0.0}
    assert cat.spans == {"docs/cat.md": ((3, 9),)}
    assert dog.spans == {"docs/sub/dog.md": ((0, 2), (5, 9))}
    assert (found.origin, found.notes) == ("judged", ())


@pytest.mark.parametrize(
    ("document", "source"),
    [
        pytest.param("index.md", "docs/index.md", id="below the indexed folder"),
        pytest.param("sub/index.md", "docs/sub/index.md", id="a folder deeper"),
        pytest.param("./cat.md", "docs/cat.md", id="a dot in front"),
        pytest.param("docs/cat.md", "docs/cat.md", id="more than the path below the root"),
        pytest.param("dog.md", "docs/sub/dog.md", id="the end of a path"),
        pytest.param("cafe\u0301.md", "docs/caf\u00e9.md", id="composed in another way"),
    ],
)
def test_a_document_is_found_by_the_end_of_its_path(
    filled: Index, files: Files, document: str, source: str
) -> None:
    qrels = [{"query_id": "q1", "doc_id": document, "score": 1}]
    found = read_questions(filled, *files(QUERIES[:1], qrels))
    assert list(found.questions[0].judged) == [source]


def test_a_document_is_found_from_an_index_that_lies_elsewhere(
    write: Write, files: Files, tmp_path: Path
) -> None:
    write("en/cat.md", "A cat is an animal that purrs.")
    outside = Index.create(tmp_path / "elsewhere" / "index")
    outside.update(tmp_path / "docs" / "en")
    qrels = [{"query_id": "q1", "doc_id": "en/cat.md", "score": 1}]
    found = read_questions(outside, *files(QUERIES[:1], qrels))
    assert found.questions[0].judged == {str(tmp_path / "docs/en/cat.md"): 1.0}


def test_a_name_that_fits_several_files_means_the_highest_and_is_noted(
    index: Index, write: Write, files: Files, tmp_path: Path
) -> None:
    for name in ("a/b/x.md", "a/x.md", "c/x.md"):
        write(name, f"The file called {name} is about cats.")
    index.update(tmp_path / "docs")
    qrels = [{"query_id": "q1", "doc_id": "x.md", "score": 1}]
    found = read_questions(index, *files(QUERIES[:1], qrels))
    assert list(found.questions[0].judged) == ["docs/a/x.md"]
    assert "fit several files, such as x.md" in found.notes[0]


def test_a_file_that_could_not_be_indexed_counts_as_not_found(filled: Index, files: Files) -> None:
    qrels = [{"query_id": "q1", "doc_id": "empty.md", "score": 1}]
    found = read_questions(filled, *files(QUERIES[:1], qrels))
    assert found.questions[0].judged == {"docs/empty.md": 1.0}
    assert "count as not found, such as docs/empty.md" in found.notes[0]


def test_a_question_about_files_never_seen_is_left_out_with_a_note(
    filled: Index, files: Files
) -> None:
    qrels = [*QRELS[:1], {"query_id": "2", "doc_id": "other.md", "score": 1}]
    found = read_questions(filled, *files(QUERIES, qrels))
    assert [question.id for question in found.questions] == ["q1"]
    assert found.notes[0].startswith("1 questions have no relevant document in this index")


def test_judgments_of_other_documents_alone_are_refused(filled: Index, files: Files) -> None:
    qrels = [{"query_id": "q1", "doc_id": "other.md", "score": 1}]
    with pytest.raises(RagkitError, match="names no document of this index"):
        read_questions(filled, *files(QUERIES, qrels))


@pytest.mark.parametrize(
    ("queries", "qrels", "message"),
    [
        pytest.param(["{"], QRELS, r"queries.jsonl:1: not JSON", id="no JSON"),
        pytest.param(["[" * 100_000], QRELS, r"queries.jsonl:1: not JSON", id="JSON too deep"),
        pytest.param(["", "[1]"], QRELS, r"queries.jsonl:2: not a JSON object", id="no object"),
        pytest.param([{"text": "x"}], QRELS, 'there is no "id"', id="no id"),
        pytest.param([{"id": "a"}], QRELS, 'needs a "text"', id="no text"),
        pytest.param([{"id": "a", "text": " "}], QRELS, 'needs a "text"', id="blank text"),
        pytest.param([QUERIES[0]] * 2, QRELS, "two questions with the id q1", id="an id twice"),
        pytest.param(QUERIES, [{"doc_id": "a", "score": 1}], 'no "query_id"', id="no question"),
        pytest.param(QUERIES, [{"query_id": "q1", "score": 1}], 'no "doc_id"', id="no document"),
        pytest.param(QUERIES, [{"query_id": "q1", "doc_id": "a"}], "a number", id="no score"),
        pytest.param(QUERIES, [{**QRELS[0], "score": "2"}], "a number", id="score a string"),
        pytest.param(
            QUERIES, ['{"query_id": "q1", "doc_id": "a", "score": NaN}'], "a number", id="NaN"
        ),
        pytest.param(QUERIES, [{**QRELS[0], "span": [9, 3]}], "a span is", id="span backwards"),
        pytest.param(QUERIES, [{**QRELS[0], "span": [0.5, 3]}], "a span is", id="span of halves"),
        pytest.param(QUERIES, [{**QRELS[0], "span": 7}], "a span is", id="span a number"),
        pytest.param(QUERIES, [{**QRELS[0], "spans": 7}], "a span is", id="spans a number"),
        pytest.param(QUERIES, [{**QRELS[0], "spans": [[1]]}], "a span is", id="spans of one edge"),
    ],
)
def test_a_bad_line_is_named(
    filled: Index, files: Files, queries: list[Any], qrels: list[Any], message: str
) -> None:
    with pytest.raises(RagkitError, match=message):
        read_questions(filled, *files(queries, qrels))


def test_files_that_cannot_be_read_are_named(filled: Index, files: Files, tmp_path: Path) -> None:
    _, qrels = files(QUERIES, QRELS)
    with pytest.raises(RagkitError, match=r"none.jsonl cannot be read: No such file"):
        read_questions(filled, tmp_path / "none.jsonl", qrels)
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}')
    with pytest.raises(RagkitError, match="not UTF-8"):
        read_questions(filled, tmp_path / "latin.jsonl", qrels)


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(filled: Index, files: Files) -> None:
    queries, qrels = files(QUERIES, QRELS)
    queries.write_bytes(b"\xef\xbb\xbf" + queries.read_bytes().replace(b"\n", b"\r\n"))
    assert len(read_questions(filled, queries, qrels).questions) == 2


def test_the_questions_taken_are_always_the_same_and_in_their_order(
    filled: Index, files: Files
) -> None:
    queries = [{"id": f"q{number}", "text": f"Question {number}?"} for number in range(40)]
    qrels = [{"query_id": row["id"], "doc_id": "cat.md", "score": 1} for row in queries]
    found = read_questions(filled, *files(queries, qrels))
    ten, twelve = (take_questions(found, count).questions for count in (10, 12))
    assert len(ten) == 10
    assert {q.id for q in ten} < {q.id for q in twelve}
    assert [q.id for q in ten] == [q.id for q in found.questions if q in ten]
    assert ten != found.questions[:10]
    assert take_questions(found, 100).questions == found.questions
