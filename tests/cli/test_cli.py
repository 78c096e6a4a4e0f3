"""The command line as a person meets it: what is printed where, and the exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Write = Callable[..., Path]


def ragkit(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAGKIT_", "OLLAMA_"))}
    environment = kept | {
        "HOME": str(cwd),
        "PYTHONPATH": str(ROOT),
        "OLLAMA_HOST": "127.0.0.1:9",  # nothing listens there
        "PYTHONWARNINGS": "error",
    }
    return subprocess.run(
        [sys.executable, "-m", "ragkit", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_and_version_load_no_heavy_module(tmp_path: Path) -> None:
    for option in ("--help", "--version"):
        program = (
            "import sys\nfrom ragkit.cli import main\n"
            f"try:\n    main([{option!r}])\nexcept SystemExit as end:\n    assert not end.code\n"
            "heavy = {'lancedb', 'numpy', 'ollama', 'pyarrow', 'pypdf', 'httpx', 'tokenizers'}\n"
            "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stderr.strip() == "[]"


def test_import_ragkit_is_light() -> None:
    program = "import sys, ragkit; ragkit.Hit; sys.exit('lancedb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_help_shows_every_command_with_an_example(tmp_path: Path) -> None:
    text = ragkit("--help", cwd=tmp_path).stdout
    for name in ("index", "search", "ask", "status"):
        assert f"$ ragkit {name}" in text
        own = ragkit(name, "--help", cwd=tmp_path).stdout
        assert "Examples:" in own
        assert "--json" in own


def test_index_search_ask_status_from_one_folder(tmp_path: Path, write: Write) -> None:
    write("backup.md", "# Backups\n\nOne server is restored every quarter.\n")
    done = ragkit("index", "docs", cwd=tmp_path)
    assert (done.returncode, done.stdout.split(";")[0]) == (0, "1 added")
    assert "wordllama/l2_supercat_256" in done.stderr
    done = ragkit("search", "restore", cwd=tmp_path / "docs")
    assert "docs/backup.md:1-3" in done.stdout
    done = ragkit("ask", "How often is a server restored?", cwd=tmp_path)
    assert "every quarter [1]." in done.stdout
    assert "[1] docs/backup.md:3" in done.stdout
    assert "ragkit models pull" in done.stderr
    done = ragkit("status", cwd=tmp_path)
    assert "1 of 1" in done.stdout


CONTRACTS: list[Any] = [
    pytest.param(["index", "docs"], {"added", "updated", "problems", "embedded"}, id="index"),
    pytest.param(["search", "restore"], {"query", "hits"}, id="search"),
    pytest.param(
        ["ask", "What is restored?"],
        {
            "question",
            "answer",
            "sentences",
            "citations",
            "passages",
            "omitted_passages",
            "model",
            "context",
            "coverage",
        },
        id="ask",
    ),
    pytest.param(["status"], {"files", "problems", "indexed_paths"}, id="status"),
]


@pytest.mark.parametrize(("arguments", "fields"), CONTRACTS)
def test_json_is_one_document_with_the_promised_fields(
    tmp_path: Path, write: Write, arguments: list[str], fields: set[str]
) -> None:
    write("backup.md", "One server is restored every quarter.")
    ragkit("index", "docs", cwd=tmp_path)
    done = ragkit(*arguments, "--json", cwd=tmp_path)
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert fields <= set(result)
    if arguments[0] == "search":
        promised = {"source", "page", "lines", "span", "heading", "score", "similarity", "keyword"}
        assert promised | {"text"} <= set(result["hits"][0])


BAD: list[Any] = [
    pytest.param(["index", "nowhere"], 1, "no such file or folder", id="missing folder"),
    pytest.param(["index"], 1, "ragkit index FOLDER", id="nothing named"),
    pytest.param(["search", "x", "-k", "0"], 2, "0 is not in the range", id="limit 0"),
    pytest.param(["search", "  "], 2, "it is empty", id="empty query"),
    pytest.param(["ask", ""], 2, "it is empty", id="empty question"),
    pytest.param(["search", "x"], 1, "no index at", id="no index"),
    pytest.param(["status", "--db", "typo"], 1, "no index at", id="typo in --db"),
    pytest.param(["serach", "x"], 2, "Did you mean 'search'?", id="misspelt command"),
    pytest.param(
        ["ask", "x", "--model-option", "color=red"], 2, "temperature", id="unknown option"
    ),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD)
def test_wrong_use_is_one_clear_message(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    done = ragkit(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_shows_the_plan_and_makes_no_index(tmp_path: Path, write: Write) -> None:
    write("good.txt", "Words.")
    done = ragkit("index", "docs", "--dry-run", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "new: docs/good.txt\n1 new\n")
    assert not (tmp_path / ".ragkit").exists()
    ragkit("index", "docs", cwd=tmp_path)
    done = ragkit("index", "--dry-run", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == {"schema": 1, "unchanged": ["docs/good.txt"]}


def test_an_empty_folder_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    done = ragkit("index", "docs", cwd=tmp_path)
    assert (done.returncode, done.stdout[:8]) == (0, "no files")


def test_failed_files_exit_1_and_skipped_ones_only_when_strict(
    tmp_path: Path, write: Write
) -> None:
    write("good.txt", "Words.")
    write("empty.txt", "")
    assert ragkit("index", "docs", cwd=tmp_path).returncode == 0
    assert ragkit("index", "docs", "--strict", cwd=tmp_path).returncode == 1
    write("cut.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Cat")
    done = ragkit("index", "docs", cwd=tmp_path)
    assert done.returncode == 1
    assert "docs/cut.pdf" in done.stderr
    assert "good" in ragkit("search", "words", cwd=tmp_path).stdout


def test_names_and_passages_cannot_drive_the_terminal(tmp_path: Path, write: Write) -> None:
    write("evil\x1b[2J\n.txt", "Red \x1b[31malert\x07 \u202etxet\u202c walrus")
    indexed = ragkit("index", "docs", cwd=tmp_path)
    for done in (
        indexed,
        ragkit("search", "walrus", cwd=tmp_path),
        ragkit("ask", "What is the walrus?", cwd=tmp_path),
        ragkit("status", cwd=tmp_path),
    ):
        assert done.returncode == 0, done.stderr
        for character in "\x1b\x07\u202e":
            assert character not in done.stdout + done.stderr
    assert "evil\\x1b[2J\\n.txt" in ragkit("search", "walrus", cwd=tmp_path).stdout


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path, write: Write) -> None:
    for n in range(50):
        write(f"{n}.txt", "walrus " * 400)
    ragkit("index", "docs", cwd=tmp_path)
    done = subprocess.run(
        f"{sys.executable} -m ragkit search walrus -k 50 | head -n 1",
        shell=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr


def test_a_search_does_not_load_what_writes_an_index(tmp_path: Path, write: Write) -> None:
    write("a.md", "Backups are tested every quarter.")
    ragkit("index", "docs", cwd=tmp_path)
    code = (
        "import sys; from ragkit.index import Index; Index.open().search('backups');"
        "print([name for name in sys.modules if name.startswith('ragkit.ingest')"
        " or name == 'ragkit.answering.answer'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
