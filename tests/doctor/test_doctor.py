"""`ragkit doctor` and its checks: each trouble is found, with its fix; nothing is found that is
no trouble."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import CommandLine, Done

from ragkit.doctor.checks import check_disk, check_links, check_processor, nearest_folder
from ragkit.doctor.models import find_vector_fault
from ragkit.index import Index
from ragkit.models import OllamaSettings
from tests.ollama_double import DoubleModel, OllamaDouble

ROOT = Path(__file__).parents[2]
Write = Callable[..., Path]
CHAT = DoubleModel("gemma3:latest", ("completion", "vision"), "gemma3", 131072)
EMBED = DoubleModel("embeddinggemma:latest", ("embedding",), "gemma3", 2048)


@pytest.fixture
def server() -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
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


@pytest.fixture
def indexed(home: Path, server: OllamaDouble, write: Write) -> Path:
    """An index of one file, built with a model of the server."""
    write("a.md", "Backups are tested every quarter.")
    servers = OllamaSettings(embed_host=server.url)
    index = Index.create(home / ".ragkit", embedder="ollama/embeddinggemma", ollama=servers)
    index.update(home / "docs")
    return home / ".ragkit"


def checks(done: Done) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in done.json["checks"]}


def outcomes(done: Done) -> dict[str, str]:
    return {name: check["outcome"] for name, check in checks(done).items()}


# ---------------------------------------------------------------- a healthy machine


def test_without_ollama_nothing_is_wrong_unless_it_was_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ragkit = CommandLine(capsys)
    # Nothing was named, so what happens to listen on this machine may answer or not.
    assert ragkit("doctor", "--json").code == 0
    named = ragkit("doctor", "--embed-host", "127.0.0.1:9", "--json")
    assert named.code == 1
    found = checks(named)["Ollama for embeddings"]
    assert found["outcome"] == "trouble"
    assert "ollama serve" in found["fix"]
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    assert ragkit("doctor").code == 1


def test_all_is_well_with_an_index_and_its_model(
    ragkit: CommandLine, server: OllamaDouble, indexed: Path
) -> None:
    done = ragkit("doctor", "--json")
    assert done.code == 0
    assert done.json["healthy"] is True
    assert set(outcomes(done).values()) == {"ok"}
    found = checks(done)
    assert "1 of 1 files, 1 chunks" in found["index"]["finding"]
    assert server.models["embeddinggemma:latest"].digest[:12] in found["embedder"]["finding"]
    assert "window of 2,048 tokens" in found["loaded context"]["finding"]
    assert "ollama/gemma3" in found["chat model"]["finding"]
    assert "8,192 tokens" in found["chat model"]["finding"]


def test_the_report_holds_servers_versions_models_and_digests(
    ragkit: CommandLine, server: OllamaDouble
) -> None:
    (report,) = ragkit("doctor", "--json").json["servers"]
    assert report["url"] == server.url
    assert report["version"] == "0.33.0"
    assert report["serves"] == ["embeddings", "chat"]
    models = {model["name"]: model for model in report["models"]}
    assert models["qwen3:latest"]["capabilities"] == ["completion", "tools", "thinking"]
    assert models["qwen3:latest"]["digest"] == server.models["qwen3:latest"].digest
    assert models["all-minilm:latest"]["context_tokens"] == 512


def test_without_json_it_is_read_by_people(ragkit: CommandLine, server: OllamaDouble) -> None:
    done = ragkit("doctor")
    assert done.code == 0
    assert "-> make one with: ragkit index FOLDER" in done.out
    assert f"models at {server.url}" in done.out
    assert "embeddinggemma:latest: 274 MB" in done.out


def test_nothing_is_changed_and_nothing_downloaded(
    ragkit: CommandLine, server: OllamaDouble, home: Path
) -> None:
    server.models.pop("embeddinggemma:latest")
    server.models.pop("all-minilm:latest")
    assert ragkit("doctor").code == 0
    assert not server.bodies("/api/pull")
    assert list(home.iterdir()) == []


def test_two_servers_are_told_apart(
    ragkit: CommandLine, server: OllamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OllamaDouble([CHAT]) as other:
        done = ragkit("doctor", "--chat-host", other.url, "--json")
        assert [report["serves"] for report in done.json["servers"]] == [["embeddings"], ["chat"]]
        assert other.url in checks(done)["chat model"]["finding"]


# ---------------------------------------------------------------- troubles of servers and models


def zeros(server: OllamaDouble) -> None:
    server.mangle_vectors(lambda vectors: [[0.0] * len(vector) for vector in vectors])


def all_the_same(server: OllamaDouble) -> None:
    server.mangle_vectors(lambda vectors: [[1.0] + [0.0] * 255 for _ in vectors])


def by_the_batch(server: OllamaDouble) -> None:
    """Other vectors in a batch than alone, as servers of 2024 gave."""

    def turn(vectors: list[list[float]]) -> list[list[float]]:
        return [vector[::-1] for vector in vectors] if len(vectors) > 1 else vectors

    server.mangle_vectors(turn)


def little_memory(server: OllamaDouble) -> None:
    server.exchange_model("embeddinggemma:latest", loaded_limit=512)
    server.models["embeddinggemma:latest"] = DoubleModel(
        "embeddinggemma:latest", ("embedding",), "gemma3", 2048, loaded_limit=512
    )


TROUBLES = [
    pytest.param(zeros, "embedder", "vector", "update Ollama", id="zero vectors"),
    pytest.param(all_the_same, "embedder", "no nearer", "update Ollama", id="equal vectors"),
    pytest.param(by_the_batch, "embedder", "in a batch", "update Ollama", id="mixed-up batch"),
    pytest.param(little_memory, "loaded context", "512", "memory", id="loaded with less"),
    pytest.param(
        lambda server: server.exchange_model("embeddinggemma:latest"),
        "embedder",
        "another version",
        "--embedder ollama/embeddinggemma",
        id="another digest",
    ),
    pytest.param(
        lambda server: server.models.pop("embeddinggemma:latest"),
        "embedder",
        "no model embeddinggemma",
        "ragkit models pull embeddinggemma",
        id="model gone",
    ),
    pytest.param(
        lambda server: server.crash_on("Backups"), "embedder", "EOF", "", id="runner crashes"
    ),
]


@pytest.mark.parametrize(("breaks", "name", "finding", "fix"), TROUBLES)
def test_a_broken_model_is_found_with_its_fix(
    ragkit: CommandLine,
    server: OllamaDouble,
    indexed: Path,
    breaks: Callable[[OllamaDouble], object],
    name: str,
    finding: str,
    fix: str,
) -> None:
    server.loaded.clear()
    breaks(server)
    done = ragkit("doctor", "--json")
    assert done.code == 1
    assert done.json["healthy"] is False
    found = checks(done)[name]
    assert found["outcome"] == "trouble"
    assert finding in found["finding"]
    assert fix in found["fix"]
    assert found["fix"]
    human = ragkit("doctor")
    assert human.code == 1
    assert f"trouble  {name}: " in human.out


@pytest.mark.parametrize(
    ("version", "outcome"),
    [
        pytest.param("0.3.0", "trouble", id="no batches"),
        pytest.param("0.11.0", "note", id="cuts prompts silently"),
        pytest.param("0.33.0", "ok", id="today"),
        pytest.param("0.0.0", "ok", id="built from source"),
    ],
)
def test_an_old_server_is_told_to_be_updated(
    ragkit: CommandLine, server: OllamaDouble, version: str, outcome: str
) -> None:
    server.models = {"gemma3:latest": CHAT}  # 0.3.0 could not embed a probe
    server.version = version
    found = checks(ragkit("doctor", "--json"))["Ollama for embeddings and chat"]
    assert found["outcome"] == outcome
    assert ("update Ollama" in found["fix"]) == (outcome != "ok")


def test_a_chat_model_that_was_named_and_is_missing_is_a_trouble(
    ragkit: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGKIT_CHAT_MODEL", "llama9")
    done = ragkit("doctor", "--json")
    assert done.code == 1
    assert checks(done)["chat model"]["fix"] == "get it with: ragkit models pull llama9"


def test_no_chat_model_is_a_note(ragkit: CommandLine, server: OllamaDouble) -> None:
    server.models = {"embeddinggemma:latest": EMBED}
    done = ragkit("doctor", "--json")
    assert done.code == 0
    assert checks(done)["chat model"]["outcome"] == "note"
    assert "ragkit models pull gemma3" in checks(done)["chat model"]["fix"]


def test_a_model_that_runs_in_the_cloud_is_noted(
    ragkit: CommandLine, server: OllamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.models["big:cloud"] = DoubleModel("big:cloud")
    monkeypatch.setenv("RAGKIT_CHAT_MODEL", "big:cloud")
    assert "leave this machine" in checks(ragkit("doctor", "--json"))["chat model"]["finding"]


def test_a_key_that_is_not_sent_is_noted_and_never_shown(
    ragkit: CommandLine, server: OllamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "sesame-open")
    done = ragkit("doctor", "--json")
    assert checks(done)["key"]["outcome"] == "note"
    assert "sesame" not in done.out + done.err
    assert not any("authorization" in call.headers for call in server.calls)


def test_an_address_that_is_none_is_a_trouble_and_no_traceback(
    ragkit: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "ftp://box")
    done = ragkit("doctor", "--json")
    assert done.code == 1
    assert checks(done)["Ollama"]["fix"] == "correct or unset OLLAMA_HOST"
    assert ragkit("doctor", "--chat-host", "ftp://box").code == 2


# ---------------------------------------------------------------- troubles of the machine


def test_a_damaged_index_is_a_trouble_that_says_how_to_rebuild(
    ragkit: CommandLine, indexed: Path
) -> None:
    for manifest in (indexed / "files.lance" / "_versions").iterdir():
        manifest.write_bytes(b"")
    done = ragkit("doctor", "--json")
    assert done.code == 1
    assert "ragkit index" in checks(done)["index"]["fix"]


FLAGS = "processor\t: 0\nflags\t\t: fpu sse4_2 {}\nbugs\t\t: none avx2\n"


@pytest.mark.parametrize(
    ("machine", "cpuinfo", "outcome"),
    [
        pytest.param("x86_64", FLAGS.format("fma avx avx2"), "ok", id="modern"),
        pytest.param("x86_64", FLAGS.format("avx"), "trouble", id="neither"),
        pytest.param("x86_64", FLAGS.format("avx2"), "trouble", id="no FMA"),
        pytest.param("x86_64", FLAGS.format("fma avx2_vnni"), "trouble", id="another flag"),
        pytest.param("AMD64", "", "note", id="Windows"),
        pytest.param("aarch64", "Features: asimd", "ok", id="ARM"),
    ],
)
def test_a_processor_is_judged_before_lancedb_could_crash_on_it(
    machine: str, cpuinfo: str, outcome: str
) -> None:
    check = check_processor(machine, cpuinfo)
    assert check.outcome == outcome
    assert bool(check.fix) == (outcome == "trouble")


def test_the_checks_of_the_machine_load_no_lancedb() -> None:
    program = (
        "import sys\nfrom ragkit.doctor import checks\n"
        "print(checks.check_processor(*checks.processor_info()).outcome)\n"
        "sys.exit('lancedb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_the_probe_for_links_leaves_nothing_behind(tmp_path: Path) -> None:
    assert check_links(tmp_path).outcome == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_links_is_a_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    # No such file system can be mounted by a test.
    monkeypatch.setattr("os.link", refuse)
    check = check_links(tmp_path)
    assert check.outcome == "trouble"
    assert "--db" in check.fix
    assert list(tmp_path.iterdir()) == []


def test_room_is_looked_for_where_the_index_will_be(tmp_path: Path) -> None:
    assert nearest_folder(tmp_path / "not" / "yet") == tmp_path
    check = check_disk(tmp_path)
    assert str(tmp_path) in check.finding
    assert "GB free" in check.finding


UP, RIGHT, LONG = np.array([[1, 0], [0, 1], [2, 0]], dtype=np.float32)


@pytest.mark.parametrize(
    ("batch", "alone", "question", "words"),
    [
        pytest.param([UP, RIGHT, UP], UP, UP, "", id="well"),
        pytest.param([LONG, RIGHT, UP], UP, UP, "lengths", id="length 2"),
        pytest.param([UP, RIGHT, UP], UP * np.nan, UP, "lengths", id="NaN"),
        pytest.param([UP, RIGHT, UP], RIGHT, UP, "in a batch", id="another vector alone"),
        pytest.param([UP, RIGHT, UP], UP, RIGHT, "no nearer", id="far is near"),
        pytest.param([UP, UP, UP], UP, UP, "no nearer", id="all the same"),
    ],
)
def test_vectors_are_judged_by_what_they_must_be(
    batch: list[np.ndarray], alone: np.ndarray, question: np.ndarray, words: str
) -> None:
    found = find_vector_fault(np.vstack(batch), alone, question)
    assert words in found
    assert bool(found) == bool(words)
