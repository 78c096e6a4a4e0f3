#!/usr/bin/env python
"""What becomes of real and odd files: every row of a manifest against what it expects.

    .venv/bin/python scripts/bench/messy.py [--docs FOLDER] [--manifest FILE] [--top 5]

Indexes the folder with the default settings (and --hidden, so that every file has a row in the
ledger). A row is as expected when
- its outcome is the one of `expect`, and says why the file is not indexed, if it is not;
- its `excerpt` stands in the extracted text, blanks and control characters normalised;
- its `needle`, asked as a plain question, has the file among the first hits (five by default).
The last two where the file is indexed, or should have been. Beside that are counted: excerpts
whose letters and digits alone stand in the text in the same order (a table written with pipes
instead of commas), and excerpts that find their file when they are asked.

Prints a line for each difference, a table by category, and the totals.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import unicodedata
from collections import defaultdict
from pathlib import Path
from time import perf_counter

from data import folder, rows

from ragkit import Index
from ragkit.errors import LoadError
from ragkit.loading import load
from ragkit.types import FileRecord

# expect -> the outcomes that fulfil it. A file that is not indexed must say why.
FULFILLED = {
    "text": {"indexed"},
    "no-text": {"skipped"},
    "empty": {"skipped"},
    "refuse": {"skipped", "failed"},
    "either": {"indexed", "skipped", "failed"},
}
COLUMNS = (
    "rows",
    "outcome",
    "excerpts",
    "in text",
    "letters",
    "found",
    "needles",
    "found",
    "first",
)
_BLANK = re.compile(r"[\s\0-\x1f\x7f]+")
_NO_LETTER = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    return _BLANK.sub(" ", unicodedata.normalize("NFKC", text)).strip()


def letters(text: str) -> str:
    return _NO_LETTER.sub("", unicodedata.normalize("NFKC", text))


def outcome_problem(row: dict, record: FileRecord | None) -> str:
    """Why the ledger does not hold what the row expects, "" when it does."""
    if record is None:
        return "has no row in the ledger"
    if record.outcome not in FULFILLED[row["expect"]]:
        return f"expected {row['expect']}, is {record.outcome}: {record.reason}"
    if record.outcome != "indexed" and not record.reason:
        return f"{record.outcome} without a reason"
    return ""


def extracted(path: Path) -> str:
    try:
        return load(path.read_bytes(), path.name).text
    except LoadError:
        return ""


def rank(index: Index, question: str, row: dict, top: int) -> int:
    """The place of the file among the hits for a question, 0 when it is not among the first."""
    sources = [hit.chunk.source for hit in index.search(question, limit=top)]
    places = (n for n, source in enumerate(sources, 1) if source.endswith("/" + row["path"]))
    return next(places, 0)


def examine(
    index: Index, row: dict, record: FileRecord | None, docs: Path, top: int
) -> tuple[list[int], list[str]]:
    """The row's counts in the order of COLUMNS, and what differs."""
    problem = outcome_problem(row, record)
    problems = [problem] if problem else []
    counts = [1, int(not problem), *[0] * 7]
    if row["expect"] == "text" or (record is not None and record.outcome == "indexed"):
        if excerpt := row["excerpt"]:
            text = extracted(docs / row["path"])
            verbatim = plain(excerpt) in plain(text)
            by_letters = letters(excerpt) in letters(text)
            found = rank(index, excerpt, row, top) > 0
            counts[2:6] = 1, int(verbatim), int(by_letters), int(found)
            if not verbatim:
                how = "its letters are there" if by_letters else "nor its letters"
                problems.append(f"excerpt not in the text, {how}: {excerpt[:60]!r}")
        if row["needle"]:
            place = rank(index, row["needle"], row, top)
            counts[6:9] = 1, int(place > 0), int(place == 1)
            problems += [] if place else [f"needle not in the first {top}: {row['needle'][:60]!r}"]
    return counts, problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", type=Path, help="default: messy/docs of the data sets")
    parser.add_argument("--manifest", type=Path, help="default: manifest.jsonl beside the folder")
    parser.add_argument("--top", type=int, default=5)
    arguments = parser.parse_args()
    docs = arguments.docs or folder("messy") / "docs"
    manifest = rows(arguments.manifest or docs.parent / "manifest.jsonl")
    with tempfile.TemporaryDirectory() as home:
        index = Index.create(Path(home, "index"), embedder="wordllama/l2_supercat_256")
        started = perf_counter()
        report = index.update(docs, hidden=True)
        seconds = perf_counter() - started
        prefix = str(docs.resolve()) + "/"
        ledger = {record.source.removeprefix(prefix): record for record in index.files()}
        by_category: dict[str, list[list[int]]] = defaultdict(list)
        differing = 0
        for row in manifest:
            counts, problems = examine(index, row, ledger.get(row["path"]), docs, arguments.top)
            by_category[row["category"]].append(counts)
            differing += bool(problems)
            for problem in problems:
                print(f"{json.dumps(row['path'], ensure_ascii=False)}: {problem}")
    print(f"\n{'category':16}" + "".join(f"{name:>9}" for name in COLUMNS))
    everything = [counts for group in by_category.values() for counts in group]
    for category, group in [*sorted(by_category.items()), ("all", everything)]:
        print(f"{category:16}" + "".join(f"{sum(column):9}" for column in zip(*group, strict=True)))
    print(
        f"\n{len(manifest) - differing} of {len(manifest)} rows as expected; indexed in"
        f" {seconds:.1f} s: {report.added} added, {report.skipped} skipped, {report.failed} failed,"
        f" {report.chunks} chunks"
    )


if __name__ == "__main__":
    main()
