"""ragkit reindex by command line, and killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import CommandLine

from ragkit.index import Index
from ragkit.models import resolve_embedder
from tests.ollama_double import OllamaDouble

ROOT = Path(__file__).parents[2]
Write = Callable[..., Path]
EMBEDDED, BETTER = "wordllama/l2_supercat_256", "ollama/embeddinggemma"


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        monkeypatch.setenv("OLLAMA_HOST", double.url)
        yield double


@pytest.fixture
def ragkit(capsys: pytest.CaptureFixture[str], server: OllamaDouble, write: Write) -> CommandLine:
    """An index of two files in the current folder."""
    write("backup.md", "# Backups\n\nOne server is restored every quarter.")
    write("walrus.txt", "The walrus eats clams.")
    run = CommandLine(capsys)
    assert run("index", "docs", "--embedder", EMBEDDED).code == 0
    return run


def test_reindex_puts_another_model_in_force(ragkit: CommandLine) -> None:
    refused = ragkit("index", "--embedder", BETTER)
    assert refused.code == 1
    assert refused.err.rstrip().endswith(f"ragkit reindex --embedder {BETTER}")
    done = ragkit("reindex", "--embedder", BETTER)
    assert done.code == 0
    assert f"answers with {BETTER}" in done.out
    assert "--drop-previous" in done.err
    assert ragkit("search", "walrus", "--json").json["hits"][0]["source"] == "docs/walrus.txt"
    assert ragkit("index").out.startswith("2 unchanged")
    assert "is dropped" in ragkit("reindex", "--drop-previous").out
    assert "no previous version" in ragkit("reindex", "--drop-previous").out
    assert ragkit("search", "walrus", "--json").json["hits"][0]["source"] == "docs/walrus.txt"


@pytest.fixture
def was_interrupted(ragkit: CommandLine, home: Path) -> CommandLine:
    """A rebuild with the better model that was cut off when it had just begun."""
    store = Index.open()._connection.store
    identity = resolve_embedder(BETTER).identity
    store.versions.begin(replace(store.manifest, embedder=identity))
    return ragkit


def test_a_rebuild_that_was_cut_off_leaves_the_old_model_and_something_to_go_on_with(
    was_interrupted: CommandLine,
) -> None:
    ragkit = was_interrupted
    assert ragkit("search", "walrus", "--json").json["hits"][0]["source"] == "docs/walrus.txt"
    other = ragkit("reindex", "--embedder", EMBEDDED)
    assert (other.code, "--drop-unfinished" in other.err) == (1, True)
    done = ragkit("reindex", "--json")
    assert (done.code, done.json["added"]) == (0, 2)
    assert ragkit("status", "--json").json["manifest"]["embedder"]["name"] == BETTER


def test_an_unfinished_rebuild_can_be_given_up(was_interrupted: CommandLine) -> None:
    ragkit = was_interrupted
    assert ragkit("reindex", "--drop-unfinished", "--json").json["dropped_unfinished"] is True
    assert ragkit("reindex", "--drop-unfinished", "--json").json["dropped_unfinished"] is False
    assert ragkit("reindex", "--chunk-tokens", "50").code == 0


def test_a_model_exchanged_under_its_name_is_rebuilt_with(
    ragkit: CommandLine, server: OllamaDouble
) -> None:
    ragkit("reindex", "--embedder", BETTER, "--drop-previous")
    assert ragkit("index").code == ragkit("index").code == 0
    server.exchange_model("embeddinggemma:latest")
    for command in (["search", "walrus"], ["index"]):
        refused = ragkit(*command)
        assert (refused.code, f"ragkit reindex --embedder {BETTER}" in refused.err) == (1, True)
    assert ragkit("reindex").code == 0
    assert ragkit("search", "walrus").code == 0


def test_without_an_index_there_is_nothing_to_rebuild(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    done = CommandLine(capsys)("reindex", "--embedder", EMBEDDED)
    assert (done.code, "no index at" in done.err) == (1, True)


KILLED = """
import os, signal, sys
sys.path[:0] = [sys.argv[2], sys.argv[2] + '/tests']
from tests.index.test_reindex import Stronger
from ragkit.index import Index
from ragkit.models import resolve_embedder
from ragkit.store.catalog import IndexVersions

at = sys.argv[3]

class Deadly(Stronger):
    def embed_documents(self, texts):
        if at.isdigit() and len(self.asked) >= int(at):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed_documents(texts)

def watch(progress):
    if progress.stage == at:
        os.kill(os.getpid(), signal.SIGKILL)

def die(self):
    os.kill(os.getpid(), signal.SIGKILL)

if at == "flip":
    IndexVersions.activate = die
Index.open(sys.argv[1]).maintenance.reindex(Deadly(), on_progress=watch)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("at", ["0", "64", "optimize", "flip"])
def test_killed_at_any_moment_one_whole_generation_answers(
    index: Index, write: Write, tmp_path: Path, at: str
) -> None:
    from tests.index.test_reindex import Stronger, rows

    for n in range(150):
        write(f"{n}.md", f"The walrus number {n} eats clams.")
    index.update(tmp_path / "docs")
    before = rows(index)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, index.uri, str(ROOT), at],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    again = Index.open(index.uri)
    assert rows(again) == before
    assert again.search("walrus number 77")[0].chunk.source == "docs/77.md"
    again.maintenance.reindex(Stronger())
    fresh = Index.create(tmp_path / "fresh", embedder=Stronger())
    fresh.update(tmp_path / "docs")
    assert rows(again) == rows(fresh)
