"""What the pages of the documentation show is what a reader gets."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ragkit.cli import cli
from tests.docs.pages import PAGES, ROOT, normalize, play, steps

NAMES = [page.stem for page in PAGES]
ALL = [*PAGES, *sorted((ROOT / ".github").glob("*.md"))]
_FENCES = re.compile(r"^```\w*\n.*?^```$", re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    wrong = []
    for step, printed, code in play(page, tmp_path):
        shown = f"{page.name}:{step.line}: {step.code.strip()}"
        if code:
            wrong.append(f"{shown}\nexit {code}\n{printed}")
        if step.expected is None:
            continue
        expected, got = (normalize(text, tmp_path) for text in (step.expected, printed))
        if expected != got:
            lines = difflib.unified_diff(expected.split("\n"), got.split("\n"), "page", "printed")
            wrong.append("\n".join([shown, *lines]))
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("page", ALL, ids=[page.stem for page in ALL])
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"\bscripts/[\w./]*\w", text):
        assert (ROOT / name).exists(), name
    for target in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target
    for name in re.findall(r"`((?:tests|ragkit)/[\w./]+\.\w+)`", text):
        assert (ROOT / name).exists(), name


def test_the_table_of_the_ollama_client_names_files_that_exist() -> None:
    text = (ROOT / "ragkit" / "docs" / "ollama.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .* \| `(.*)` \| `(.*)` \|$", text, re.M)
    assert len(rows) == 15
    for code, test in rows:
        if code.endswith(".py"):
            assert any((ROOT / "ragkit" / room / code).exists() for room in ("", "models/ollama"))
        assert any((ROOT / "tests" / room / test).exists() for room in ("", "models/ollama"))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_fits_a_terminal_of_80_columns(page: Path) -> None:
    text = _FENCES.sub("", page.read_text(encoding="utf-8"))
    assert [line for line in text.split("\n") if len(line) > 80] == []


@pytest.mark.parametrize("page", ALL, ids=[page.stem for page in ALL])
def test_no_page_installs_the_package_that_somebody_else_published(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?:pip|uv|uvx|pipx)\b[^`\n]*\bragkit(?![/\]])", text) == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_and_option_that_a_page_names_is_there(page: Path) -> None:
    """Also in sentences and in blocks that are not run; old names of options do not count."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    context = click.Context(cli)
    everywhere = {"--help", "--json"}
    for name in cli.list_commands(context):
        everywhere |= _options(cli.get_command(context, name))
    commands = re.findall(r"`ragkit ([a-z][^`]*)`", _FENCES.sub("", text))
    for block in _FENCES.findall(text):
        commands += re.findall(r"^(?:\$ )?ragkit (.*)", block, re.M)
    for words in commands:
        name, *rest = words.split()
        command = cli.get_command(context, name)
        assert command is not None, words
        assert {word for word in rest if word.startswith("--")} <= _options(command), words
    for option in re.findall(r"`(--[a-z-]+)", text):
        assert option in everywhere, option


def _options(command: click.Command | None) -> set[str]:
    """The options of a command and of its own commands, as its help shows them."""
    assert command is not None
    named = {
        option
        for one in command.params
        if isinstance(one, click.Option) and not one.hidden
        for option in (*one.opts, *one.secondary_opts)
    }
    if isinstance(command, click.Group):
        named |= {option for inner in command.commands.values() for option in _options(inner)}
    return named


def test_the_shell_completion_that_a_page_names_works() -> None:
    page = (ROOT / "ragkit" / "docs" / "automation.md").read_text(encoding="utf-8")
    shells = re.findall(r"_RAGKIT_COMPLETE=(\w+)_source ragkit", page)
    assert shells == ["bash", "zsh", "fish"]
    for shell in shells:
        done = subprocess.run(
            [sys.executable, "-c", "from ragkit.cli import main; main([])"],
            env=os.environ | {"PYTHONPATH": str(ROOT), "_RAGKIT_COMPLETE": f"{shell}_source"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "_ragkit_completion" in done.stdout, shell


def test_the_readme_is_short_and_names_the_two_commands_that_set_everything_up() -> None:
    readme = PAGES[0].read_text(encoding="utf-8")
    assert readme.count("\n") <= 150
    for name in ("scripts/demo", "scripts/test"):
        assert name in readme
        assert os.access(ROOT / name, os.X_OK)
    demo = (ROOT / "scripts" / "demo").read_text(encoding="utf-8")
    first = next(steps(readme)).code
    assert first.replace("ragkit", "show") in demo


def test_the_readme_links_every_other_page() -> None:
    readme = PAGES[0].read_text(encoding="utf-8")
    for page in PAGES[1:]:
        assert f"(ragkit/docs/{page.name})" in readme
