"""Searches restricted by what files say about themselves: exact, from real files, by command."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import CommandLine
from docx import Document
from doubles import CountingEmbedder
from pypdf import PdfWriter

from ragkit.index import Index
from ragkit.ingest.prepare import embedding_input
from ragkit.retrieval.filters import FilterOptions
from ragkit.retrieval.hybrid_search import DocumentScores
from ragkit.types import Hit

Write = Callable[..., Path]


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def word_file(author: str, keywords: str) -> bytes:
    document = Document()
    document.core_properties.author = author
    document.core_properties.keywords = keywords
    document.add_paragraph("The walrus budget of the north.")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def pdf_file(author: str, keywords: str) -> bytes:
    """A PDF that says one sentence, and who wrote it."""
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    content = DecodedStreamObject()
    content.set_data(b"BT /F1 12 Tf 40 200 Td (The walrus budget of the south.) Tj ET")
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    names = DictionaryObject({NameObject(k): NameObject(v) for k, v in font.items()})
    fonts = DictionaryObject({NameObject("/F1"): names})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    page[NameObject("/Contents")] = writer._add_object(content)
    writer.add_metadata(
        {"/Author": author, "/Keywords": keywords, "/CreationDate": "D:20230401120000Z"}
    )
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


@pytest.fixture
def three(write: Write, tmp_path: Path) -> Path:
    """A Markdown, a Word and a PDF file that say who wrote them."""
    write("note.md", "---\nauthor: Kim Lee\ntags: [budget, sea]\ndate: 2024-05-01\n---\nWalrus.\n")
    write("plan.docx", word_file("Ann Ek", "budget; land"))
    write("report.pdf", pdf_file("Kim Lee", "sea, ice"))
    return tmp_path / "docs"


def sources(hits: list[Hit]) -> set[str]:
    return {hit.chunk.source.rpartition("/")[2] for hit in hits}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param({"where": "author = 'kim lee'"}, {"note.md", "report.pdf"}, id="author"),
        pytest.param({"where": "tags has budget"}, {"note.md", "plan.docx"}, id="tags"),
        pytest.param({"where": "tags has sea", "types": ["pdf"]}, {"report.pdf"}, id="and type"),
        pytest.param({"since": "2024-05", "until": "2024-05"}, {"note.md"}, id="stated date"),
        pytest.param({"until": "2023"}, {"report.pdf", "plan.docx"}, id="date of a property"),
        pytest.param({"where": "author = nobody"}, set(), id="none"),
    ],
)
def test_files_of_every_kind_are_found_by_what_they_state(
    three: Path, index: Index, filters: FilterOptions, expected: set[str]
) -> None:
    index.update(three)
    assert sources(index.search("walrus", **filters)) == expected


def test_a_filtered_search_is_the_exact_one_over_the_files_that_pass(
    index: Index, embedder: CountingEmbedder, write: Write, tmp_path: Path
) -> None:
    """The files that pass are far from the question: whoever filters what a search found, or
    takes too few candidates, finds other ones or none."""
    for number in range(240):
        write(f"near/{number}.md", f"# Whale {number}\n\nThe blue whale sings, song {number}.\n")
    for number in range(60):
        text = f"---\nauthor: Kim\n---\nInvoice {number} for {number * 7} pencils, a whale too.\n"
        write(f"far/{number}.md", text)
    index.update(tmp_path / "docs")
    question = "blue whale song"
    everything = index.search(question, limit=1000)
    assert len(everything) == sum(file.chunks for file in index.files())

    passing = [hit for hit in everything if "/far/" in hit.chunk.source]
    vectors = embedder.embed_documents([embedding_input(hit.chunk) for hit in passing])
    cosine = vectors @ embedder.embed_query(question)
    words = np.array([hit.keyword for hit in passing])
    # What the best document that passes adds to its only chunk; the others in proportion.
    documents = np.array([hit.document_score for hit in passing])
    documents *= DocumentScores({"best": 1.0}).of_chunks([("best", 0)])[0] / documents.max()
    for weight in (0.0, 0.5):
        found = index.search(question, limit=20, keyword_weight=weight, where="author = kim")
        score = cosine + weight * (words / words.max() + documents)
        best = np.sort(score)[::-1][:20]
        np.testing.assert_allclose([hit.score for hit in found], best, atol=1e-4)
        exact = {passing[at].chunk.source for at in np.flatnonzero(score > best[-1] + 1e-4)}
        assert exact <= {hit.chunk.source for hit in found}


def test_the_commands_take_every_filter(three: Path, run: CommandLine) -> None:
    run("index", three)
    done = run("search", "walrus", "--where", "author = 'Kim Lee'", "--types", "pdf,docx", "--json")
    assert [hit["source"] for hit in done.json["hits"]] == ["docs/report.pdf"]
    done = run("search", "walrus", "--types", "md", "--types", "docx", "--since", "2024", "--json")
    assert [hit["source"] for hit in done.json["hits"]] == ["docs/note.md"]
    done = run("ask", "What is the walrus budget?", "--until", "2023-04", "--path", "*.pdf")
    assert "docs/report.pdf" in done.out
    assert "docs/plan.docx" not in done.out


def test_a_filter_that_leaves_no_file_is_explained(three: Path, run: CommandLine) -> None:
    run("index", three)
    for command in ("search", "ask"):
        done = run(command, "walrus", "--where", "writer = Kim")
        assert done.code == 0
        assert "none of them says anything about writer" in done.err
        assert "author (3)" in done.err


BAD = [
    pytest.param(["--where", "author Kim"], "\n  author Kim\n         ^\n", id="no operator"),
    pytest.param(["--where", "作者 = "], "\n  作者 = \n         ^\n", id="wide characters"),
    pytest.param(
        ["--where", f"{'x' * 200} = 1 {'y' * 200}"], f"{'y' * 60}...\n  {' ' * 63}^\n", id="long"
    ),
    pytest.param(["--where", "a\x1b[2J"], "a\\x1b[2J\n", id="controls"),
    pytest.param(["--where", ""], "expected the name of a field", id="empty expression"),
    pytest.param(["--since", "soon"], "'--since': 'soon' is no date", id="date in words"),
    pytest.param(["--until", "2024-13"], "'--until': '2024-13' is no date", id="month 13"),
    pytest.param(["--types", "pdf,,md"], "'--types': a type is", id="blank type"),
    pytest.param(["--path", "/"], "'--path': the glob '/' names nothing", id="glob"),
    pytest.param(["--path", ""], "names nothing", id="empty glob"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_a_bad_filter_is_pointed_at(run: CommandLine, arguments: list[str], message: str) -> None:
    done = run("search", "walrus", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
