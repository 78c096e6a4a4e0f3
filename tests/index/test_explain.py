"""ragkit explain: a real index, and what became of an expected file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine

from ragkit.errors import RagkitError
from ragkit.index import Index

Write = Callable[..., Path]
QUESTION = "how often is the blue whale counted"


@pytest.fixture
def docs(write: Write, tmp_path: Path) -> Path:
    """Whales in many files, one file about taxes, one that cannot be read, one left out."""
    for number in range(12):
        write(f"sea/{number}.md", f"# Trip {number}\n\nThe blue whale is counted, trip {number}.")
    write("tax.md", "# Taxes\n\nPay before the first of May. Pencils are deductible.")
    write("dry/copy.md", "Whales of all colours sing in the deep sea when nobody counts them.")
    write("wet/copy.md", "Whales of all colours sing in the deep sea when nobody counts them.")
    write("cut.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Cat")
    write(".ragkitignore", "secret.md\n")
    write("secret.md", "The blue whale is counted never.")
    return tmp_path / "docs"


@pytest.fixture
def filled(index: Index, docs: Path) -> Index:
    index.update(docs)
    return index


def test_ranks_agree_with_searches(filled: Index) -> None:
    explained = filled.explain(QUESTION, expect="tax.md", limit=3)
    file = explained.trace.expected
    assert file is not None
    everything = filled.search(QUESTION, limit=100)
    sources = [hit.chunk.source for hit in everything]
    assert file.fused_rank == sources.index("docs/tax.md") + 1
    by_meaning = filled.search(QUESTION, limit=100, keyword_weight=0)
    assert file.similarity_rank == [h.chunk.source for h in by_meaning].index("docs/tax.md") + 1
    assert [one.hit for one in explained.trace.hits] == everything[:3]
    assert not explained.found
    shown = f"-k {file.fused_rank} would show it"
    assert shown in explained.verdict
    again = filled.explain(QUESTION, expect="tax.md", limit=file.fused_rank)
    assert again.found


def test_the_score_of_the_expected_file_is_the_one_a_search_gives_it(filled: Index) -> None:
    explained = filled.explain(QUESTION, expect="sea/7.md")
    file = explained.trace.expected
    assert file is not None
    assert file.best is not None
    found = {hit.chunk.source: hit for hit in filled.search(QUESTION, limit=100)}
    assert file.best.score == pytest.approx(found["docs/sea/7.md"].score, abs=1e-5)
    assert file.best.keyword == pytest.approx(found["docs/sea/7.md"].keyword, abs=1e-5)


def test_a_file_outside_the_candidates_is_ranked_among_all(
    index: Index, write: Write, tmp_path: Path
) -> None:
    for number in range(120):
        write(f"{number}.md", f"The blue whale is counted on trip {number}.")
    write("far.md", "Taxes are paid in May, and counted twice.")
    index.update(tmp_path / "docs")
    explained = index.explain("blue whale trip", expect="far.md", limit=1)
    file = explained.trace.expected
    assert file is not None
    assert file.best is not None
    assert file.fused_rank is None
    assert "neither ranking has it among its 100 candidates" in explained.verdict
    found = {hit.chunk.source: hit for hit in index.search("blue whale trip", limit=121)}
    assert file.best.similarity == pytest.approx(found["docs/far.md"].similarity, abs=1e-5)
    assert file.best.keyword == found["docs/far.md"].keyword == 0
    assert file.similarity_rank == 121


def test_a_copy_is_found_in_the_passage_it_was_folded_into(filled: Index) -> None:
    traced = filled.explain("whales of all colours sing", expect="wet/copy.md").trace
    other = filled.explain("whales of all colours sing", expect="dry/copy.md").trace
    assert traced.expected is not None
    assert other.expected is not None
    folded = {traced.expected.folded_into, other.expected.folded_into}
    assert len(folded) == 2
    assert "" in folded


REASONS = [
    pytest.param("cut.pdf", "failed: ", id="failed"),
    pytest.param("docs/secret.md", "left out: named by .gitignore or .ragkitignore", id="left out"),
    pytest.param("docs/nowhere.md", "no such file", id="not there"),
    pytest.param("docs/sea", "name a file", id="a folder"),
    pytest.param("/", "name a file", id="the root"),
]


@pytest.mark.parametrize(("named", "reason"), REASONS)
def test_a_file_outside_the_index_is_told_why(
    filled: Index, home: Path, named: str, reason: str
) -> None:
    assert reason in filled.explain(QUESTION, expect=named).verdict


def test_a_file_that_is_newer_than_the_last_run_is_told_so(
    filled: Index, home: Path, write: Write
) -> None:
    write("new.md", "The blue whale.")
    assert "run: ragkit index" in filled.explain(QUESTION, expect="docs/new.md").verdict


def test_a_file_of_another_folder_is_told_so(filled: Index, home: Path) -> None:
    (home / "elsewhere.md").write_text("The blue whale.")
    verdict = filled.explain(QUESTION, expect="elsewhere.md").verdict
    assert "none of the indexed folders (docs); run: ragkit index elsewhere.md" in verdict


def test_a_name_that_several_files_have_is_asked_back(filled: Index) -> None:
    with pytest.raises(RagkitError, match="2 files are called"):
        filled.explain(QUESTION, expect="copy.md")


def test_a_filter_that_leaves_the_file_out_is_named(filled: Index) -> None:
    verdict = filled.explain(QUESTION, expect="tax.md", types=["pdf"], until="1999").verdict
    assert "does not pass types='pdf', until='1999'" in verdict


def test_a_phrase_decides(filled: Index) -> None:
    explained = filled.explain('"trip 5"', expect="sea/6.md")
    assert 'does not hold "trip 5" word for word' in explained.verdict
    assert filled.explain('"trip 5"', expect="sea/5.md").found


def test_an_empty_index_is_explained_too(index: Index) -> None:
    assert index.explain("whale").verdict.startswith("Nothing is found")
    assert "is not in the index" in index.explain("whale", expect="x.md").verdict


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def test_the_command_ends_in_one_sentence(run: CommandLine, docs: Path) -> None:
    run("index", docs)
    done = run("explain", QUESTION, "--expect", "tax.md", "-k", 3)
    assert done.code == 0
    assert "no  search" in done.out
    last = done.out.splitlines()[-1]
    assert last.startswith("docs/tax.md is not found, because its best chunk docs/tax.md:1-3 is ")
    done = run("explain", QUESTION)
    assert "comes first: " in done.out.splitlines()[-1]


def test_the_json_holds_every_rank(run: CommandLine, docs: Path) -> None:
    run("index", docs)
    told = run("explain", QUESTION, "--expect", "tax.md", "-k", 3, "--json").json
    assert len(told["hits"]) == 3
    assert {"similarity_rank", "keyword_rank", "fused_rank"} <= set(told["hits"][0])
    steps = {step["name"]: step for step in told["expected"]["steps"]}
    assert set(steps) >= {"indexed", "similarity", "keywords", "fusion", "search", "folding"}
    assert told["expected"]["found"] is False
    assert told["expected"]["best"]["source"] == "docs/tax.md"
    assert told["verdict"].endswith("would show it.")
    assert run("explain", QUESTION, "--json").json["expected"] is None
