#!/usr/bin/env python
"""Rows of tables in the chunks of filings, found by the word boxes of a second library.

    .venv/bin/python scripts/bench/tables_rows.py --words words.jsonl [--docs FOLDER] [--show N]

A row of a table is a line with a label on the left and two or more figures to its right, at
columns that other lines of the page have, too. Of each row is asked
- whether a chunk of its page has a line with its label followed by its first figure;
- whether that chunk, with its `table_header`, names the periods of the columns: the years, months,
  quarters and lengths ("Three Months Ended") that stand above the figures at the head of the table.
  Asked where the head names any.
Prints the share of both by company and overall; --show prints N rows that fail.

The word boxes are written in an environment of their own, which is no part of the project:

    python3 -m venv /tmp/boxes && /tmp/boxes/bin/pip install pymupdf
    /tmp/boxes/bin/python - FOLDER > words.jsonl <<'END'
    import json, pathlib, sys, pymupdf
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.pdf")):
        for number, page in enumerate(pymupdf.open(path), 1):
            words = [[*(round(x, 1) for x in w[:4]), w[4]] for w in page.get_text("words")]
            print(json.dumps({"file": path.name, "page": number, "words": words}))
    END
"""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data import folder, rows

from ragkit.ingest.chunking import chunk
from ragkit.loading import load
from ragkit.models import DEFAULT_EMBEDDER, resolve_embedder
from ragkit.types import Chunk, ChunkSettings

LINE_POINTS = 3.0  # words whose middles differ by less stand on one line
GAP_POINTS = 5.0  # a wider gap parts two cells
ALIGNED_POINTS = 7.0  # ends of figures in one column; "(12)" ends later than "12"
HEAD_POINTS = 90.0  # how far a header reaches to the left of the first figure
PARTED_POINTS = 40.0  # a wider gap between lines ends a table
_FIGURE = re.compile(r"\(?-?\d[\d,]*(?:\.\d+)?\)?%?")
_DASH = re.compile(r"[—–-]%?")
_YEAR = re.compile(r"(?:19|20)\d\d")
# A footnote mark: raised, glued to a word, or behind a label.
_MARK = re.compile(r"[¹²³⁴⁵⁶⁷⁸⁹]|(?<=[a-z]{3})\d\b")
_LAST_MARK = re.compile(r"(?:\s*\(\w\):?|\s+\d)+$")
_WORD = re.compile(r"\d[\d,.]*\d|[^\W_]+")
_PERIOD = re.compile(
    r"\b(?:(?:19|20)\d\d|q[1-4]|ytd|(?:one|three|six|nine|twelve)(?=\s+(?:months|weeks))"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)


@dataclass(slots=True)
class Cell:
    left: float
    right: float
    text: str

    @property
    def is_figure(self) -> bool:
        return _FIGURE.fullmatch(self.text) is not None


@dataclass(slots=True)
class Line:
    middle: float
    cells: list[Cell]

    @property
    def figures(self) -> list[Cell]:
        return [cell for cell in self.cells[1:] if cell.is_figure]


@dataclass(slots=True)
class Row:
    """A row of a table: its label, its first figure, the periods of the columns above it."""

    label: str
    figure: str
    periods: set[str]


def page_lines(words: list[list]) -> list[Line]:
    """The lines of a page from the top, each cut into cells where a gap is wide."""
    groups: list[tuple[float, list]] = []
    for word in sorted(words, key=lambda w: (w[1] + w[3]) / 2):
        middle = (word[1] + word[3]) / 2
        if not groups or middle - groups[-1][0] > LINE_POINTS:
            groups.append((middle, []))
        groups[-1][1].append(word)
    lines = []
    for middle, group in groups:
        cells: list[Cell] = []
        for left, _, right, _, text in sorted(group):
            text = text.replace("$", "").replace("−", "-")
            if not text or text in (")", "%", ")%"):
                continue
            if cells and left - cells[-1].right < GAP_POINTS:
                cells[-1] = Cell(cells[-1].left, right, f"{cells[-1].text} {text}")
            else:
                cells.append(Cell(left, right, text))
        lines.append(Line(middle, cells))
    return [line for line in lines if line.cells]


def looks_like_row(line: Line) -> bool:
    """Whether a line is a label and two or more figures that are not all years."""
    figures = line.figures
    return (
        sum(map(str.isalpha, line.cells[0].text)) >= 2
        and len(figures) >= 2
        and all(cell.is_figure or _DASH.fullmatch(cell.text) for cell in line.cells[1:])
        and holds_figures(figures)
    )


def holds_figures(cells: list[Cell]) -> bool:
    """Whether a line of such cells belongs to the body of a table, not to its head."""
    return any(
        (cell.is_figure and not _YEAR.fullmatch(cell.text)) or _DASH.fullmatch(cell.text)
        for cell in cells
    )


def is_aligned(line: Line, others: list[Line]) -> bool:
    """Whether two figures of a line end where figures of one and the same other line end."""
    return any(
        sum(
            any(abs(cell.right - there.right) < ALIGNED_POINTS for there in other.figures)
            for cell in line.figures
        )
        >= 2
        for other in others
        if other is not line
    )


def periods_above(lines: list[Line], at: int) -> set[str]:
    """What the head of the table names of periods, for its row `lines[at]`."""
    first = lines[at].cells[1].left
    head: list[str] = []
    for n in range(at - 1, -1, -1):
        line = lines[n]
        if lines[n + 1].middle - line.middle > PARTED_POINTS:
            break
        above = [cell for cell in line.cells if cell.left >= first - HEAD_POINTS]
        if holds_figures(above):
            if head:
                break
            continue
        if any(cell.left < first - HEAD_POINTS and cell.right > first for cell in line.cells):
            break  # prose, or a title
        head += [cell.text for cell in above]
    return set(_PERIOD.findall(" ".join(reversed(head)).casefold()))


def page_rows(words: list[list]) -> Iterator[Row]:
    lines = page_lines(words)
    candidates = [line for line in lines if looks_like_row(line)]
    table = [line for line in candidates if is_aligned(line, candidates)]
    for at, line in enumerate(lines):
        if line in table:
            periods = periods_above(lines, at)
            yield Row(line.cells[0].text, line.figures[0].text, periods)


def plain_words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", _MARK.sub(" ", text)).casefold())


def stands_on_line(row: Row, line: str) -> bool:
    """Whether a line has the label and behind it, with no other figure between, the figure."""
    words, label = plain_words(line), plain_words(_LAST_MARK.sub("", row.label))
    [figure] = plain_words(row.figure)
    for at in range(len(words) - len(label)):
        if words[at : at + len(label)] == label:
            for word in words[at + len(label) :]:
                if word == figure:
                    return True
                if word[0].isdigit() and len(word) > 1:  # one digit may be a footnote's
                    break
    return False


def judge(row: Row, chunks: list[Chunk]) -> tuple[bool, bool]:
    """Whether label and figure stand on one line, and whether their chunk names the periods."""
    holding = [
        one for one in chunks if any(stands_on_line(row, line) for line in one.text.splitlines())
    ]
    wanted = {*plain_words(row.label), *plain_words(row.figure)}
    near = holding or [one for one in chunks if wanted <= set(plain_words(one.text))]
    named = any(row.periods <= set(plain_words(f"{one.table_header}\n{one.text}")) for one in near)
    return bool(holding), named


def chunks_by_page(path: Path) -> dict[int, list[Chunk]]:
    count_tokens = resolve_embedder(DEFAULT_EMBEDDER).token_counter
    pages: dict[int, list[Chunk]] = defaultdict(list)
    for one in chunk(load(path.read_bytes(), path.name), ChunkSettings(), count_tokens):
        pages[one.page or 1].append(one)
    return pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--words", type=Path, required=True, help="the word boxes, see above")
    parser.add_argument("--docs", type=Path, help="default: sec10q/docs of the data sets")
    parser.add_argument("--only", default="", help="files whose name holds this text")
    parser.add_argument("--show", type=int, default=0, help="print so many failing rows")
    arguments = parser.parse_args()
    docs = arguments.docs or folder("sec10q") / "docs"
    found: dict[str, dict[int, list[Row]]] = defaultdict(dict)
    for page in rows(arguments.words):
        if arguments.only in page["file"]:
            found[page["file"]][page["page"]] = list(page_rows(page["words"]))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    left = arguments.show
    for name, by_page in sorted(found.items()):
        pages = chunks_by_page(docs / name)
        count = counts[Path(name).stem.split()[-1]]
        for number, page_of_rows in by_page.items():
            for row in page_of_rows:
                on_line, named = judge(row, pages.get(number, []))
                dated = bool(row.periods)
                count.update({"rows": 1, "on line": on_line})
                count.update({"dated": dated, "named": dated and named})
                if left > 0 and not (on_line and (named or not dated)):
                    left -= 1
                    why = "periods not named" if on_line else "not on one line"
                    said = " ".join(sorted(row.periods))
                    print(f"{name}, p. {number}: {why}: {row.label} | {row.figure} [{said}]")
    everything = sum(counts.values(), Counter())
    print(f"{'':8}{'rows':>8}{'on one line':>13}{'with periods':>14}{'named':>8}")
    for company, count in [*sorted(counts.items()), ("all", everything)]:
        line = count["on line"] / max(count["rows"], 1)
        named = count["named"] / max(count["dated"], 1)
        print(f"{company:8}{count['rows']:8}{line:13.1%}{count['dated']:14}{named:8.1%}")


if __name__ == "__main__":
    main()
