"""Where the benchmarks find their documents, questions and judgments."""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("RAGKIT_TEST_DATA", ROOT.parent / "shared" / "data"))


def folder(name: str) -> Path:
    """The folder of a data set; ends the program with a word when it is not there."""
    path = DATA / name
    if not path.is_dir():
        sys.exit(f"no data set {name} in {DATA}; name its parent folder in RAGKIT_TEST_DATA")
    return path


def rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def questions(path: Path) -> dict[str, str]:
    """Question texts by id, from queries.jsonl."""
    return {row["id"]: row["text"] for row in rows(path)}


def judgments(path: Path) -> dict[str, dict[str, float]]:
    """Question id -> document -> gain, from qrels.jsonl."""
    judged: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows(path):
        held = judged[row["query_id"]]
        held[row["doc_id"]] = max(held.get(row["doc_id"], 0.0), float(row["score"]))
    return judged
