"""`ragkit models`, over a server that answers on a real socket."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine

from ragkit.cli.output import file_size
from ragkit.cli.progress import PullBar
from ragkit.models.ollama import PullProgress
from tests.ollama_double import DoubleModel, OllamaDouble

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[OllamaDouble]:
    with OllamaDouble(library=[DoubleModel("tiny:latest", size=1_500_000_000)]) as double:
        yield double


@pytest.fixture
def ragkit(
    home: Path,
    server: OllamaDouble,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    return CommandLine(capsys)


def test_list_shows_each_model_with_its_size(ragkit: CommandLine) -> None:
    done = ragkit("models", "list")
    assert done.code == 0
    head, *rows = done.out.splitlines()
    assert head.split() == ["NAME", "SIZE", "PARAMETERS", "MODIFIED", "LOADED"]
    assert rows[0].split() == ["embeddinggemma:latest", "274", "MB", "300M", "F16", "2026-11-20"]
    assert len(rows) == 4


def test_list_tells_what_is_loaded_and_with_which_window(
    ragkit: CommandLine, server: OllamaDouble
) -> None:
    server.loaded["gemma3:latest"] = (("num_ctx", 8192),)
    assert "8,192 tokens" in ragkit("models", "list").out
    models = {m["name"]: m for m in ragkit("models", "list", "--json").json["models"]}
    assert models["gemma3:latest"]["loaded_context"] == 8192
    assert models["qwen3:latest"]["loaded"] is False
    assert models["qwen3:latest"]["digest"] == server.models["qwen3:latest"].digest
    assert models["qwen3:latest"]["size"] == 274_290_656


def test_an_empty_list_says_how_to_get_a_model(ragkit: CommandLine, server: OllamaDouble) -> None:
    server.models.clear()
    done = ragkit("models", "list")
    assert (done.code, done.out) == (0, "")
    assert "ragkit models pull embeddinggemma" in done.err


def test_show_tells_what_a_model_can_do(ragkit: CommandLine, server: OllamaDouble) -> None:
    shown = ragkit("models", "show", "ollama/embeddinggemma:latest").out
    assert "embedding" in shown
    assert "2,048 tokens" in shown
    assert "begin with 'task: search result | query: '" in shown
    details = ragkit("models", "show", "qwen3", "--json").json
    assert details["capabilities"] == ["completion", "tools", "thinking"]
    assert details["context_tokens"] == 40960
    assert details["digest"] == server.models["qwen3:latest"].digest


def test_pull_tells_each_stage_on_stderr_and_the_outcome_on_stdout(
    ragkit: CommandLine, server: OllamaDouble
) -> None:
    done = ragkit("models", "pull", "tiny")
    assert done.code == 0
    assert done.out == f"tiny (1.5 GB) is ready at {server.url}\n"
    stages = done.err.splitlines()
    assert stages[0] == "pulling manifest"
    assert stages[1].endswith("(1.5 GB)")  # said once, not with every step
    assert stages[-1] == "success"
    assert len(stages) == 5


def test_pull_with_json_leaves_one_document_on_stdout(
    ragkit: CommandLine, server: OllamaDouble
) -> None:
    pulled = ragkit("models", "pull", "tiny", "--json").json
    assert pulled["name"] == "tiny:latest"
    assert pulled["size"] == 1_500_000_000
    assert pulled["digest"] == server.models["tiny:latest"].digest


def test_pull_of_what_there_is_not_says_where_to_look(ragkit: CommandLine) -> None:
    done = ragkit("models", "pull", "nothing")
    assert (done.code, done.out) == (1, "")
    assert "https://ollama.com/library" in done.err


def test_a_download_that_breaks_off_is_a_failure(ragkit: CommandLine, server: OllamaDouble) -> None:
    server.drop_next(path="/api/pull")
    done = ragkit("models", "pull", "tiny")
    assert (done.code, done.out) == (1, "")
    assert "broke" in done.err
    assert "tiny:latest" not in server.models


def test_create_makes_a_model_with_rules_of_its_own(
    ragkit: CommandLine, server: OllamaDouble
) -> None:
    rules = ("--from", "gemma3", "--system", "Be brief.", "--option", "num_ctx=2048")
    done = ragkit("models", "create", "brief", *rules)
    assert done.code == 0
    assert "brief" in done.out
    assert server.models["brief:latest"].system == "Be brief."
    assert server.models["brief:latest"].num_ctx == 2048


def test_create_names_the_base_that_is_missing(ragkit: CommandLine) -> None:
    done = ragkit("models", "create", "brief", "--from", "nothing", "--system", "Be brief.")
    assert done.code == 1
    assert "ragkit models pull nothing" in done.err


def test_delete_removes_a_model_and_says_so(ragkit: CommandLine, server: OllamaDouble) -> None:
    assert ragkit("models", "delete", "gemma3").out == f"deleted gemma3 from {server.url}\n"
    assert "gemma3:latest" not in server.models
    again = ragkit("models", "delete", "gemma3", "--json")
    assert (again.code, again.out) == (1, "")
    assert "no model gemma3" in again.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["show", "two words"], "no name of a model", id="no name"),
        pytest.param(["create", "x", "--from", "y"], "--system", id="no system message"),
        pytest.param(["list", "--host", "ftp://box"], "http or https", id="no address"),
        pytest.param(["list", "--header", "Authorization"], "NAME=VALUE", id="no header"),
        pytest.param(["list", "--timeout", "0"], "--timeout", id="no time"),
        pytest.param(
            ["create", "x", "--from", "y", "--system", "z", "--option", "speed=9"],
            "temperature",
            id="no option",
        ),
    ],
)
def test_wrong_use_exits_2_with_what_is_right(
    ragkit: CommandLine, server: OllamaDouble, arguments: list[str], words: str
) -> None:
    done = ragkit("models", *arguments)
    assert done.code == 2
    assert words in done.err
    assert not server.calls


def test_nothing_that_listens_is_one_line_with_what_to_do(ragkit: CommandLine) -> None:
    done = ragkit("models", "list", "--host", "127.0.0.1:9")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "ollama serve" in done.err


def test_a_key_in_a_header_opens_a_server_that_wants_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ragkit = CommandLine(capsys)
    with OllamaDouble(key="secret") as locked:
        closed = ragkit("models", "list", "--host", locked.url)
        assert closed.code == 1
        assert "--header" in closed.err
        key = "Authorization=Bearer secret"
        assert ragkit("models", "list", "--host", locked.url, "--header", key).code == 0


def test_help_of_models_and_doctor_loads_no_heavy_module() -> None:
    program = (
        "import sys\nfrom ragkit.cli import main\n"
        "for name in ('models', 'doctor'):\n"
        "    try:\n        main([name, '--help'])\n"
        "    except SystemExit as end:\n        assert not end.code\n"
        "heavy = {'lancedb', 'numpy', 'ollama', 'pyarrow', 'httpx', 'tokenizers'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


# ---------------------------------------------------------------- the bar in a terminal


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_in_a_terminal_each_layer_has_a_bar_with_its_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = PullBar()
    for digest in ("aaa", "bbb"):
        for completed in (0, 1_000_000, 2_000_000, 2_000_000):
            bar(PullProgress(f"pulling {digest}", digest, completed, 2_000_000))
    bar(PullProgress("success"))
    text = terminal.getvalue()
    assert "1.0 MB of 2.0 MB" in text
    assert text.count("\x1b[?25h") == 2  # each bar ended once, the cursor is back
    assert text.endswith("success\n")


def test_a_bar_that_is_given_up_brings_the_cursor_back(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = PullBar()
    bar(PullProgress("pulling aaa", "aaa", 10, 100))
    bar.close()
    assert terminal.getvalue().rstrip().endswith("\x1b[?25h")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        pytest.param(0, "0 B", id="nothing"),
        pytest.param(999, "999 B", id="bytes"),
        pytest.param(1000, "1.0 KB", id="one over"),
        pytest.param(9_960, "10 KB", id="ten"),
        pytest.param(274_290_656, "274 MB", id="megabytes"),
        pytest.param(999_600_000, "1.0 GB", id="rounded up a unit"),
        pytest.param(5 * 10**15, "5000 TB", id="more than there are units"),
    ],
)
def test_sizes_are_read_at_a_glance(count: int, text: str) -> None:
    assert file_size(count) == text
