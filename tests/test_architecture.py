"""Imports go down only. The rows stand here once; every file is walked, functions included."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ragkit"

# From the ground up. A module may import modules of lower rows, and those of its own room.
ROWS = (
    r"ragkit\.(types(\..+)?|errors|_version|objects|place|lock|memory)",
    r"ragkit\.(models|engines|store)(\..+)?"
    r"|ragkit\.ingest\.(discover|walk|ignore|globs|read|reconcile|load(\..+)?|chunk|background|known|spool|watch|find_objects|refind)"
    r"|ragkit\.query\.(?!retrieve|calibrate|finding|writing|answer|conversation|trace)\w+",
    r"ragkit\.ingest\.(prepare|roots|again|spread)|ragkit\.query\.retrieve",
    r"ragkit\.ingest\.groups",
    r"ragkit\.ingest\.(embed|scan|seal)|ragkit\.query\.(calibrate|finding|writing|answer|conversation|trace)",
    r"ragkit\.ingest\.commit",
    r"ragkit\.ingest\.pipeline",
    r"ragkit\.index(\..+)?",
    r"ragkit\.(evaluate|doctor|map)(\..+)?",
    r"ragkit\.cli(\..+)?|ragkit",
    r"ragkit\.__main__",
)
# Within row 1: what belongs to one room and may lean on each other.
ROOMS = (
    r"ragkit\.(types(\..+)?|errors|objects|place|lock|memory)",
    r"ragkit\.models(\..+)?",
    r"ragkit\.engines(\..+)?",
    r"ragkit\.store(\..+)?",
    r"ragkit\.ingest\.load(\..+)?",
    r"ragkit\.ingest\.(discover|walk|ignore|globs|read|find_objects|refind)",
    r"ragkit\.query\.\w+",
    r"ragkit\.index(\..+)?",
    r"ragkit\.cli(\..+)?",
    r"ragkit\.evaluate(\..+)?",
    r"ragkit\.doctor(\..+)?",
    r"ragkit\.map(\..+)?",
)
# Vendor -> where alone it may be imported.
VENDORS = {
    "click": r"ragkit\.cli(\..+)?",
    "lancedb": r"ragkit\.store(\..+)?|ragkit\.models\.registry",
    "ollama": r"ragkit\.models\.ollama(\..+)?",
    "httpx": r"ragkit\.models\.ollama(\..+)?",
    "tokenizers": r"ragkit\.models\.wordllama",
    "pypdf": r"ragkit\.ingest\.load\..+",
    "obstore": r"ragkit\.objects",
    "lance_ray": r"ragkit\.store\.distributed",
    "ray": r"ragkit\.engines\.ray",
    "pickle": r"ragkit\.engines\..+",
}


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append((".".join(p for p in parts if p != "__init__"), path))
    return found


def row_of(module: str) -> int:
    rows = [at for at, pattern in enumerate(ROWS) if re.fullmatch(pattern, module)]
    assert rows, f"{module} stands in no row"
    return rows[0]


def imported(path: Path) -> list[str]:
    """Every module a file imports, at its top or inside functions; types-only imports too."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            base = node.module or ""
            below = PACKAGE.parent.joinpath(*base.split("."))
            names += [
                f"{base}.{alias.name}"
                if (below / alias.name).is_dir() or (below / f"{alias.name}.py").is_file()
                else base
                for alias in node.names
            ]
    return names


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_imports_go_down_only(module: str, path: Path) -> None:
    for name in imported(path):
        if name != "ragkit" and not name.startswith("ragkit."):
            continue
        same_room = any(re.fullmatch(r, module) and re.fullmatch(r, name) for r in ROOMS)
        lower = row_of(name) < row_of(module)
        assert lower or same_room or name in ("ragkit.ingest", "ragkit.query"), (
            f"{module} must not import {name}"
        )


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_a_vendor_is_imported_in_its_own_file_only(module: str, path: Path) -> None:
    for name in imported(path):
        allowed = VENDORS.get(name.partition(".")[0])
        assert allowed is None or re.fullmatch(allowed, module), f"{module} imports {name}"


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_only_the_command_line_prints(module: str, path: Path) -> None:
    if module.startswith("ragkit.cli"):
        return
    calls = (n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call))
    names = {n.func.id for n in calls if isinstance(n.func, ast.Name)}
    assert not names & {"print", "eval", "exec"}


def test_the_top_level_holds_what_it_should() -> None:
    tops = {p.name for p in ROOT.iterdir() if not p.name.startswith(".")}
    assert tops - {"ragkit.egg-info", "build", "dist"} == {
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "ragkit",
        "sample_corpus",
        "scripts",
        "tests",
    }
