"""What the pages of the documentation show is what a reader gets."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

import pytest

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
