"""`ragkit ask` as a person reads it: refusals, citations as links, verdicts, versions, coverage."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine

from tests.ollama_double import OllamaDouble

ROOT = Path(__file__).parents[2]
Write = Callable[..., Path]
TOPICS = ("otters", "tides", "granite", "violins", "orchards", "glaciers", "bridges", "pottery")
OTHER = "Which crew repairs the turbines of the reactor?"
QUESTION = "How often is the archive server restored?"


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def museum(run: CommandLine, write: Write) -> None:
    """Sixteen files about eight subjects, in an index with the embedded model."""
    for number in range(16):
        topic = TOPICS[number % 8]
        write(
            f"{topic}{number}.md",
            f"# {topic.title()} {number}\n\nThe museum shows {topic} in hall {number}. "
            f"Visitors who like {topic} may touch them on day {number * 3}.\n",
        )
    assert run("index", "docs", "--embedder", "wordllama/l2_supercat_256").code == 0


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        monkeypatch.setenv("OLLAMA_HOST", double.url)
        yield double


@pytest.fixture
def archive(server: OllamaDouble, run: CommandLine, write: Write) -> None:
    write("backup.md", "# Backups\n\nThe archive server is restored every quarter.\n")
    write("sea.md", "# Animals\n\nThe walrus eats 40 clams on the beach each day.\n")
    assert run("index", "docs", "--embedder", "ollama/embeddinggemma").code == 0


# ---------------------------------------------------------------- no answer


def test_a_question_beyond_the_files_is_refused_with_the_nearest_passages(
    museum: None, run: CommandLine
) -> None:
    done = run("ask", OTHER, "--model", "none")
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[0] == "Nothing in these 16 files answers this."
    assert lines[2] == "The nearest passages:"
    assert len(lines) == 6
    assert all(line.startswith("[") and "docs/" in line and '"' in line for line in lines[3:])


def test_the_refusal_in_json_quotes_the_nearest_passages_word_for_word(
    museum: None, run: CommandLine, tmp_path: Path
) -> None:
    result = run("ask", OTHER, "--model", "none", "--json").json
    assert result["is_abstention"] is True
    assert (result["answer"], result["sentences"], result["citations"]) == ("", [], [])
    assert 0 <= result["evidence_score"] < result["abstention_threshold"]
    assert len(result["nearest_quotes"]) == len(result["passages"])
    for one in result["nearest_quotes"]:
        text = (tmp_path / one["source"]).read_text()
        assert text[one["start"] : one["end"]] == one["quote"]


def test_a_refusal_calls_no_chat_model(
    archive: None, run: CommandLine, server: OllamaDouble
) -> None:
    done = run("ask", OTHER, "--model", "gemma3", "--min-score", "1")
    assert (done.code, done.out.splitlines()[0]) == (0, "Nothing in these 2 files answers this.")
    assert server.bodies("/api/chat") == []


def test_min_score_sets_another_floor(museum: None, run: CommandLine) -> None:
    assert "Nothing" not in run("ask", OTHER, "--min-score", "0").out
    assert "Nothing" in run("ask", "Who may touch the violins?", "--min-score", "1").out
    done = run("ask", OTHER, "--min-score", "1.5")
    assert (done.code, done.out) == (2, "")
    assert "--min-score" in done.err


def test_only_the_files_that_were_searched_are_counted(museum: None, run: CommandLine) -> None:
    done = run("ask", OTHER, "--model", "none", "--path", "*otters*")
    assert done.out.startswith("Nothing in these 2 files answers this.")
    assert "(from 2 of 16 indexed files)" in done.err
    done = run("ask", OTHER, "--model", "none", "--path", "*otters0*")
    assert done.out.startswith("Nothing in this file answers this.")
    assert run("ask", OTHER, "--model", "none", "--path", "*otters*", "--json").json[
        "coverage"
    ] == {
        "files_indexed": 16,
        "files_discovered": 16,
        "files_searched": 2,
    }


def test_status_shows_the_floor(museum: None, run: CommandLine) -> None:
    floor = run("status", "--json").json["abstention_threshold"]
    assert 0 < floor <= 0.5
    assert f"threshold {floor:.3f} evidence" in run("status").out


# ---------------------------------------------------------------- citations


def test_files_that_could_not_be_read_are_told(run: CommandLine, write: Write) -> None:
    write("backup.md", "The archive server is restored every quarter.")
    write("cut.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Cat")
    run("index", "docs")
    done = run("ask", QUESTION, "--model", "none")
    assert "every quarter [1]" in done.out
    assert "(from 1 of 2 files; 1 could not be read: ragkit status)" in done.err
    assert "the best sentences of your documents" in done.err


def test_locations_are_links_when_asked_for_and_plain_otherwise(
    archive: None, run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in run("ask", QUESTION, "--model", "none").out
    monkeypatch.setenv("FORCE_HYPERLINK", "0")
    assert "\x1b" not in run("ask", QUESTION, "--model", "none").out
    monkeypatch.setenv("FORCE_HYPERLINK", "1")
    uri = (tmp_path / "docs" / "backup.md").as_uri()
    link = f"\x1b]8;;{uri}\x1b\\docs/backup.md:3\x1b]8;;\x1b\\"
    assert link in run("ask", QUESTION, "--model", "none").out
    assert f"\x1b]8;;{uri}\x1b\\docs/backup.md:" in run("search", QUESTION).out
    assert "\x1b" not in run("ask", QUESTION, "--model", "none", "--json").out


def test_no_file_name_breaks_out_of_its_link(
    server: OllamaDouble, run: CommandLine, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a b;\x1b\\\x07%?#ü.md", "The archive server is restored every quarter.")
    run("index", "docs")
    monkeypatch.setenv("FORCE_HYPERLINK", "1")
    out = run("ask", QUESTION, "--model", "none").out
    assert (
        "/docs/a%20b%3B%1B%5C%07%25%3F%23%C3%BC.md\x1b\\docs/a b;\\x1b\\\\x07%?#ü.md:1\x1b]8;;"
        in out
    )
    assert "\x07" not in out
    assert "\x07" not in run("search", QUESTION).out


@pytest.mark.parametrize(
    ("settings", "linked"),
    [
        pytest.param({"TERM": "xterm-256color"}, True, id="a terminal"),
        pytest.param({"TERM": "dumb"}, False, id="a dumb one"),
        pytest.param({"TERM": "xterm", "NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param({"TERM": "xterm", "FORCE_HYPERLINK": "0"}, False, id="FORCE_HYPERLINK=0"),
    ],
)
def test_a_terminal_gets_links_by_itself(
    archive: None, home: Path, settings: dict[str, str], linked: bool
) -> None:
    ours, theirs = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_HYPERLINK")}
    done = subprocess.run(
        [sys.executable, "-m", "ragkit", "ask", QUESTION, "--model", "none"],
        cwd=home,
        env=kept | {"PYTHONPATH": str(ROOT)} | settings,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "docs/backup.md:3" in shown, done.stderr
    assert ("\x1b]8;;file://" in shown) is linked


# ---------------------------------------------------------------- checked answers


def test_a_stream_cut_in_the_middle_shows_what_came_and_exits_1(
    archive: None, run: CommandLine, server: OllamaDouble
) -> None:
    server.scripted.extend(["The archive server is restored."] * 2)
    server.break_streams("drop")
    done = run("ask", QUESTION, "--model", "gemma3")
    assert done.code == 1
    assert done.out.startswith("The")
    assert done.err.strip().splitlines()[-1].startswith("ragkit: ")
    done = run("ask", QUESTION, "--model", "gemma3", "--json")
    assert done.code == 1
    assert done.json["answer"] == "The"
    assert done.json["error"]


def test_strict_says_what_it_left_out_and_why(
    archive: None, run: CommandLine, server: OllamaDouble
) -> None:
    said = (
        "The archive server is restored every quarter [1]. The walrus eats 70 clams each day [2]."
    )
    server.scripted.extend([said] * 3)
    done = run("ask", QUESTION, "--model", "gemma3", "--supported-only")
    assert done.out.splitlines()[0] == "The archive server is restored every quarter [1]."
    assert 'left out as unsupported: "The walrus eats 70 clams each day."' in done.err
    assert "40 clams, not 70" in done.err
    result = run("ask", QUESTION, "--model", "gemma3", "--supported-only", "--json").json
    assert [one["text"] for one in result["removed_sentences"]] == [
        "The walrus eats 70 clams each day."
    ]
    assert 'unsupported: "The walrus eats 70 clams' in run("ask", QUESTION, "--model", "gemma3").err


def test_a_sentence_with_the_wrong_mark_is_cited_anew(
    archive: None, run: CommandLine, server: OllamaDouble
) -> None:
    server.scripted.extend(["The walrus eats 40 clams each day [1]."] * 2)
    result = run("ask", QUESTION, "--model", "gemma3", "--json").json
    assert result["answer"] == "The walrus eats 40 clams each day [2]."
    assert result["citations"][0]["source"] == "docs/sea.md"
    assert (
        'cited anew: "The walrus eats 40 clams each day."'
        in run("ask", QUESTION, "--model", "gemma3").err
    )


# ---------------------------------------------------------------- versions

POLICY = (
    "# Loans\n\nMembers may borrow items from the hall of tools, on weekdays and with a card that "
    "bears their name and that was stamped by the office. A loan from the hall of tools lasts {} "
    "days and may be renewed once by mail. Every item is cleaned before it is returned. "
    "Whoever loses an item tells the office on the same day, so that others need not look for it.\n"
)


def test_copies_are_one_passage_the_newest_speaks_and_the_others_are_named(
    run: CommandLine, write: Write
) -> None:
    for number in range(5):
        path = write(f"v{number}.md", POLICY.format(30 if number else 45))
        stamp = 1_700_000_000 + number * 86_400
        os.utime(path, (stamp, stamp))
    write("sea.md", "# Animals\n\nThe walrus eats 40 clams on the beach each day.\n")
    run("index", "docs")
    question = "How many days does a loan from the hall of tools last?"
    result: dict[str, Any] = run("ask", question, "--model", "none", "--json").json
    assert "30 days" in result["answer"]
    assert "45 days" not in result["answer"]
    (loans,) = [one for one in result["passages"] if one["source"] != "docs/sea.md"]
    assert loans["source"] == "docs/v4.md"
    assert [one.split(":")[0] for one in loans["duplicate_locations"]] == [
        f"docs/v{n}.md" for n in (3, 2, 1, 0)
    ]
    (other,) = result["conflicts"]
    assert other["other"]["source"] == "docs/v0.md"
    assert "45 days" in other["other"]["quote"]
    done = run("ask", question, "--model", "none")
    assert "([1] stands also in: docs/v3.md" in done.err
    assert "differs from [1]: docs/v0.md:3" in done.err


def test_a_passage_cut_to_fit_the_window_is_told(
    run: CommandLine, write: Write, server: OllamaDouble
) -> None:
    rows = "\n".join(
        f"The archive server {n} is restored in week {n} of the quarter." for n in range(90)
    )
    write("long.md", f"# Restores\n\n{rows}\n")
    run("index", "docs")
    result = run("ask", QUESTION, "--model", "gemma3", "--json", "--option", "num_ctx=1500").json
    (note,) = [one for one in result["notes"] if "no room" in one]
    (used, *_) = result["passages"]
    assert note == f"no room in the window for all of [1]: the model read {used['location']}"
    sent = server.bodies("/api/chat")[-1]["messages"][-1]["content"]
    assert used["text"] in sent
    assert set(used["text"].split("\n")) <= {"# Restores", "", *rows.split("\n")}
