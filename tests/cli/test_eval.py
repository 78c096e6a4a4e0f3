from __future__ import annotations

import json
import shutil
import sys
from itertools import permutations
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ragkit.cli.commands.eval import command
from ragkit.errors import IndexNotFoundError, RagkitError
from ragkit.index import Index
from tests.ollama_double import OllamaDouble

# The embedded model reads digit by digit and knows no order: it cannot tell these apart, while
# exact search can.
CODES = ["".join(digits) for digits in permutations("13579")]
FILLER = (
    "The store keeps paper, ink, glue, lamps and chairs for the whole house. Ask at the desk "
    "before noon, sign the list and bring back what is left over on the same day. "
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-four files that are alike but for a line of five numbers each, indexed."""
    home = tmp_path_factory.mktemp("built")
    (home / "docs").mkdir()
    for at in range(0, 120, 5):
        line = f"On a shelf: {' '.join(CODES[at : at + 5])}."
        (home / "docs" / f"{at}.md").write_text(f"{FILLER * 4}\n\n{line}\n", encoding="utf-8")
    Index.create(home / ".ragkit").update(home / "docs")
    return home


@pytest.fixture
def db(built: Path, tmp_path: Path) -> Path:
    """An index of this test's own."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return tmp_path / ".ragkit"


@pytest.fixture
def judged(tmp_path: Path) -> list[str]:
    """--queries and --qrels: a question for each file, by one of its numbers."""
    files = range(0, 120, 5)
    queries = [{"id": at, "text": f"Which shelf is {CODES[at]} kept on?"} for at in files]
    qrels = [{"query_id": at, "doc_id": f"{at}.md", "score": 1, "span": [0, 9]} for at in files]
    for name, rows in (("queries", queries), ("qrels", qrels)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return [f"--queries={tmp_path}/queries.jsonl", f"--qrels={tmp_path}/qrels.jsonl"]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server of this machine is asked for a model."""
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.delenv("RAGKIT_CHAT_MODEL", raising=False)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments], standalone_mode=True)


def run_json(*arguments: str | Path) -> dict:  # type: ignore[type-arg]
    result = run("--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_judged_questions_are_measured(db: Path, judged: list[str]) -> None:
    result = run("--db", db, *judged)
    assert result.exit_code == 0, result.output
    head, _, names, figures = result.stdout.rstrip("\n").split("\n")
    assert head == "24 questions"
    assert names.split() == [
        *("recall@1", "recall@5", "recall@10", "nDCG@10", "MRR"),
        *("spans@1", "spans@5", "spans@10", "ms", "p50", "ms", "p95"),
    ]
    assert figures.startswith("current settings")


def test_json_holds_every_figure(db: Path, judged: list[str]) -> None:
    found = run_json("--db", db, *judged)
    assert (found["questions"], found["origin"], found["compared"]) == (24, "judged", [])
    assert found["recall@1"] <= found["recall@5"] <= found["recall@10"] <= 1
    assert 0 < found["ndcg@10"] <= 1
    assert 0 < found["mrr"] <= 1
    assert found["span_recall@10"] == found["recall@10"]
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p95"]


@pytest.mark.parametrize("model", [(), ("--model=none",)])
def test_without_labels_and_without_a_model_it_says_what_to_name(
    db: Path, model: tuple[str, ...]
) -> None:
    result = run("--db", db, *model)
    assert isinstance(result.exception, RagkitError)
    assert "--queries and --qrels" in str(result.exception)
    assert "--model" in str(result.exception)


def test_settings_are_laid_side_by_side(db: Path, judged: list[str]) -> None:
    found = run_json("--db", db, *judged, "--compare", "keyword-weight=0,0.5", "-k", "10")
    [other] = found["compared"]
    assert found["settings"] == {"keyword_weight": 0.5, "limit": 10}
    assert other["settings"] == {"keyword_weight": 0.0, "limit": 10}
    gain = other["difference"]
    assert gain["low"] <= gain["mean"] <= gain["high"]
    assert gain["mean"] == pytest.approx(other["ndcg@10"] - found["ndcg@10"])


def test_the_limit_is_compared_with_the_one_in_force(db: Path, judged: list[str]) -> None:
    found = run_json("--db", db, *judged, "--compare", "limit=1,5")
    assert found["settings"] == {"limit": 5}
    assert [one["settings"] for one in found["compared"]] == [{"limit": 1}]
    assert any("higher limit" in note for note in found["notes"])


def test_the_text_says_which_differences_are_real(db: Path, judged: list[str]) -> None:
    Index.open(db).maintenance.save_settings({"keyword_weight": 0.0})
    result = run("--db", db, *judged, "--compare", "keyword-weight=0.5,0.5001")
    assert result.exit_code == 0, result.output
    assert "keyword-weight 0 *" in result.stdout
    assert result.stdout.count("better") == 2
    assert "Best: keyword-weight 0.5" in result.stdout


def test_the_winner_is_saved_if_it_is_shown_to_be_better(db: Path, judged: list[str]) -> None:
    Index.open(db).maintenance.save_settings({"keyword_weight": 0.0, "limit": 7})
    found = run_json("--db", db, *judged, "--compare", "keyword-weight=0.5", "--save")
    assert found["compared"][0]["verdict"] == "better"
    assert found["winner"] == found["saved"] == {"keyword_weight": 0.5}
    settings = Index.open(db).maintenance.settings
    assert (settings["keyword_weight"], settings["limit"]) == (0.5, 7)


def test_nothing_is_saved_without_a_clear_winner(db: Path, judged: list[str]) -> None:
    before = Index.open(db).maintenance.settings
    result = run("--db", db, *judged, "--compare", "keyword-weight=0,0.5001", "--save")
    assert result.exit_code == 0, result.output
    assert "Not saved: no difference" in result.stdout
    assert Index.open(db).maintenance.settings == before


def test_nothing_is_saved_unless_asked(db: Path, judged: list[str]) -> None:
    Index.open(db).maintenance.save_settings({"keyword_weight": 0.0})
    assert run_json("--db", db, *judged, "--compare", "keyword-weight=0.5")["winner"]
    assert Index.open(db).maintenance.settings["keyword_weight"] == 0.0


@pytest.mark.parametrize(
    ("name", "start"),
    [("p.SVG", b"<?xml "), ("p.png", b"\x89PNG\r\n"), ("p.pdf", b"%PDF-")],
)
def test_a_picture_is_drawn(
    db: Path, judged: list[str], tmp_path: Path, name: str, start: bytes
) -> None:
    path = tmp_path / name
    limit = "--limit-questions=3"
    result = run("--db", db, *judged, limit, "--compare=keyword-weight=0", "--out", path)
    assert result.exit_code == 0, result.output
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--queries=a"], "belong together", id="queries alone"),
        pytest.param(["--qrels=a"], "belong together", id="qrels alone"),
        pytest.param(["--save"], "needs --compare", id="save without compare"),
        pytest.param(["--compare=size=1"], "no setting 'size'", id="no such setting"),
        pytest.param(["--compare=limit"], "whole numbers", id="no values"),
        pytest.param(["--compare=limit=1,,2"], "whole numbers", id="an empty value"),
        pytest.param(["--compare=limit=1.5"], "whole numbers", id="half a passage"),
        pytest.param(["--compare=limit=0"], "at least 1", id="no passages"),
        pytest.param(["--compare=keyword-weight=-1"], "at least 0", id="negative"),
        pytest.param(["--compare=keyword-weight=nan"], "at least 0", id="not a number"),
        pytest.param(["--compare=keyword-weight=inf"], "at least 0", id="without end"),
        pytest.param(["--out=a.gif"], ".svg, .png or .pdf", id="a picture it cannot draw"),
        pytest.param(["--compare=rerank="], "write models", id="no reranker"),
        pytest.param(["--compare=rerank=none,gemma3", "--save"], "not one of them", id="not kept"),
        pytest.param(["--out=none/a.svg"], "there is no folder none", id="no such folder"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_measured(
    db: Path, arguments: list[str], message: str
) -> None:
    result = run("--db", db, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_questions_are_written_by_a_model_where_there_is_one(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OllamaDouble() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        server.scripted.extend(f"Where is the box of number {CODES[at]} kept?" for at in range(9))
        result = run("--db", db, "--limit-questions=3", "--json")
        told = json.loads(result.stdout)
        assert (told["origin"], told["questions"]) == ("model", 3)
        assert "writes 3 questions" in result.stderr
        assert "easier than those of a person" in " ".join(told["notes"])


def test_a_model_that_writes_no_questions_is_given_up(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OllamaDouble() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        server.scripted.extend(["NONE"] * 50)
        result = run("--db", db, "--limit-questions=2", "--model=gemma3")
        assert isinstance(result.exception, RagkitError)
        assert len(server.bodies("/api/chat")) == 6


def test_rerankers_are_laid_side_by_side(
    db: Path, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with OllamaDouble() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        found = ["--db", str(db), *judged, "--compare=rerank=none,gemma3", "--limit-questions=2"]
        result = run(*found, "--json")
        told = json.loads(result.stdout)
        assert told["settings"]["rerank"] == "none"
        assert [one["settings"]["rerank"] for one in told["compared"]] == ["gemma3"]
        assert server.bodies("/api/chat")
        # The double's replies are no grades: the order stays, and that is said once.
        assert told["compared"][0]["ndcg@10"] == told["ndcg@10"]
        assert result.stderr.count("not reranked") == 1
        assert "rerank gemma3" in run(*found).stdout


def test_a_missing_matplotlib_is_named_before_anything_is_measured(
    db: Path, judged: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run("--db", db, *judged, "--out", tmp_path / "a.svg")
    assert isinstance(result.exception, RagkitError)
    assert str(result.exception).endswith("pip install matplotlib")
    assert result.stdout == ""


def test_failures_are_errors_of_ours(db: Path, judged: list[str], tmp_path: Path) -> None:
    assert isinstance(run("--db", tmp_path / "none").exception, IndexNotFoundError)
    (tmp_path / "dir.svg").mkdir()
    result = run("--db", db, *judged, "--limit-questions=1", "--out", tmp_path / "dir.svg")
    assert isinstance(result.exception, RagkitError)
    assert "cannot be written" in str(result.exception)
