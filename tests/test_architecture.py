"""Imports go down only: a room may import what its line names, inside functions, too."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ragkit"

# What every room may import.
GROUND = "types errors concurrency allocator programs _version"
# Rooms from the top down, and the rooms that each may import beside the ground.
BELOW = (
    "explain answering retrieval verification ingest discovery loading engines models"
    " store language"
)
FLOOR = "paths lock object_store"
ROOMS = {
    "__main__": "cli",
    "ragkit": "index answering retrieval models engines paths",
    "cli": f"evaluation doctor map index {BELOW} {FLOOR}",
    "evaluation": f"index {BELOW}",
    "doctor": f"index {BELOW} {FLOOR}",
    "map": "index retrieval",
    "index": f"{BELOW} {FLOOR}",
    "explain": "answering retrieval ingest discovery store language",
    "answering": "retrieval verification language models store",
    "ingest": f"discovery loading engines models store language {FLOOR}",
    "retrieval": "store language discovery.gitignore_pattern verification.sanitize",
    "verification": "language",
    "store": FLOOR,
    "discovery": "object_store",
    "loading": "engines.isolated",
    "engines": "",
    "models": "",
    "language": "",
    "lock": "",
    "paths": "object_store",
    "object_store": "",
    **dict.fromkeys(GROUND.split(), ""),
}
# Vendor -> where alone it may be imported.
VENDORS = {
    "sentencex": r"ragkit\.language\.sentence_ends",
    "snowballstemmer": r"ragkit\.language\.stemming",
    "click": r"ragkit\.cli(\..+)?",
    "lancedb": r"ragkit\.store(\..+)?|ragkit\.models\.lancedb_embedder",
    "ollama": r"ragkit\.models\.ollama(\..+)?",
    "httpx": r"ragkit\.models\.ollama(\..+)?",
    "tokenizers": r"ragkit\.models\.wordllama",
    "pypdf": r"ragkit\.loading\.pdf\..+",
    "pypdfium2": r"ragkit\.loading\.pdf\..+",
    "python_calamine": r"ragkit\.loading\.office\.xlsb_process",
    "xlrd": r"ragkit\.loading\.office\.xls",
    "olefile": r"ragkit\.loading\.compound_file",
    "compressed_rtf": r"ragkit\.loading\.mail\.outlook",
    "rapidocr": r"ragkit\.loading\.ocr\.recognize",
    "cv2": r"ragkit\.loading\.ocr\.recognize",
    "PIL": r"ragkit\.loading\.picture",
    "obstore": r"ragkit\.object_store",
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


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


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


def test_the_rooms_go_down_only() -> None:
    order = list(ROOMS)
    for room, line in ROOMS.items():
        for below in line.split():
            assert order.index(below.partition(".")[0]) > order.index(room), f"{room} -> {below}"


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_a_room_imports_what_its_line_names(module: str, path: Path) -> None:
    room = room_of(module)
    allowed = [room, *GROUND.split(), *ROOMS[room].split()]
    for name in imported(path):
        if name.startswith("ragkit."):
            inner = name.removeprefix("ragkit.")
            assert any(inner == one or inner.startswith(f"{one}.") for one in allowed), (
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
