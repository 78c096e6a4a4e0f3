#!/usr/bin/env python
"""How well tables of PDF files are read: hand-checked cells, and prose that became a table.

    .venv/bin/python scripts/bench/tables.py [--half dev|check] [--only TEXT] [--show]

tables.jsonl holds pages of the data sets, judged by looking at them: some cells of every table of
a page (its value, the words of its row's label, the words of all header lines above it), or
"prose" for a page without a table. A reader is tuned on the half "dev" and reported on "check".
A cell is
- right: a pipe table of the page has its value in a row whose label (its first cell that is not
  empty) holds all words of the row in their order, under a header that holds all words of the
  column;
- row only: the same under another header;
- other row: the value stands in tables of the page, but in no such row;
- no table: the value is in no cell of a table.
Blanks, "$", "%", raised footnote marks and case do not count. A false table is a prose page with
a pipe table. Prints these by data set and half; with --show every wrong cell and false table.
"""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from data import DATA, folder, rows

from ragkit.errors import LoadError
from ragkit.loading import load

OUTCOMES = ("right", "row only", "other row", "no table")
_CELLS = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[|\s:-]+")
_RAISED = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]|(?<=[^\s$€£])\s*[(\[]\w[)\]](?=:?\s*$)")


class Cell(NamedTuple):
    """A cell of a pipe table, with the first filled cell of its row and the header above it."""

    value: str
    label: str
    header: str


def words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", _RAISED.sub("", text)).casefold()
    return re.findall(r"[^\W_]+", plain)


def in_order(wanted: list[str], found: list[str]) -> bool:
    rest = iter(found)
    return all(word in rest for word in wanted)


def figure(text: str) -> str:
    """A value without what does not count: dots that lead to the next column, too."""
    plain = unicodedata.normalize("NFKC", _RAISED.sub("", text)).replace("−", "-")
    return re.sub(r"[\s$€£%*†‡]+", "", plain).rstrip(".").casefold()


def tables(text: str) -> list[list[list[str]]]:
    """The pipe tables of a text: runs of lines between pipes, each as the cells of its rows."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        line = line.strip()
        if len(line) > 2 and line.startswith("|") and line.endswith("|"):
            cells = [cell.replace(r"\|", "|").strip() for cell in _CELLS.split(line[1:-1])]
            found[-1].append(cells)
        elif found[-1]:
            found.append([])
    return [table for table in found if len(table) > 1]


def cells(table: list[list[str]]) -> Iterator[Cell]:
    """The cells of a table below its header, which is the row above the rule."""
    rule = next((n for n, row in enumerate(table) if _RULE.fullmatch("|".join(row))), -1)
    header = table[rule - 1] if rule > 0 else []
    for row in table[rule + 1 :]:
        label = next(filter(None, row), "")
        for column, value in enumerate(row):
            yield Cell(value, label, header[column] if column < len(header) else "")


def judge(wanted: dict, found: list[Cell]) -> str:
    """The outcome of one judged cell on the cells of its page."""
    same = [cell for cell in found if figure(cell.value) == figure(wanted["value"])]
    if not same:
        return "no table"
    row, column = words(wanted["row"]), set(words(" ".join(wanted["column"])))
    named = [cell for cell in same if in_order(row, words(cell.label))]
    if any(column <= set(words(cell.header)) for cell in named):
        return "right"
    return "row only" if named else "other row"


def page_texts(path: Path) -> list[str]:
    """The texts of a file's pages; none when it can't be read."""
    try:
        document = load(path.read_bytes(), path.name)
    except LoadError as error:
        print(f"{path.name}: {error}")
        return []
    return [document.text[a:b] for a, b in pairwise((*document.page_starts, len(document.text)))]


def measure(judgments: list[dict], *, show: bool) -> dict[tuple[str, str], Counter[str]]:
    """Counts of outcomes, prose pages and false tables by data set and half."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    texts: dict[str, list[str]] = {}
    for page in judgments:
        name, number = page["file"], page["page"]
        if name not in texts:
            texts[name] = page_texts(DATA / name)
        text = texts[name][number - 1] if number <= len(texts[name]) else ""
        count = counts.setdefault((name.split("/")[0], page["half"]), Counter())
        held = tables(text)
        if page["kind"] == "prose":
            count.update({"prose pages": 1, "false tables": bool(held)})
            if held and show:
                print(f"{name}, p. {number}: false table {' | '.join(held[0][0])[:90]!r}")
            continue
        found = [cell for table in held for cell in cells(table)]
        for wanted in page["cells"]:
            outcome = judge(wanted, found)
            count.update({"cells": 1, outcome: 1})
            if show and outcome != "right":
                place = f"{wanted['row']!r} under {' / '.join(wanted['column'])!r}"
                print(f"{name}, p. {number}: {outcome}: {wanted['value']} in {place}")
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=("dev", "check"))
    parser.add_argument("--only", default="", help="files whose name holds this text")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    judged = [
        page
        for page in rows(Path(__file__).with_suffix(".jsonl"))
        if arguments.half in (None, page["half"]) and arguments.only in page["file"]
    ]
    for name in sorted({page["file"].split("/")[0] for page in judged}):
        folder(name)
    counts = measure(judged, show=arguments.show)
    everything = sum(counts.values(), Counter())
    titles = ("cells", *OUTCOMES, "prose pages", "false tables")
    print(f"{'set':8} {'half':6}" + "".join(f"{title:>13}" for title in titles) + f"{'right':>9}")
    for (name, half), count in [*sorted(counts.items()), (("all", ""), everything)]:
        share = count["right"] / max(count["cells"], 1)
        numbers = "".join(f"{count[title]:13}" for title in titles)
        print(f"{name:8} {half:6}{numbers}{share:9.1%}")
    false = everything["false tables"] / max(everything["prose pages"], 1)
    print(f"\nfalse tables on {false:.1%} of the prose pages")


if __name__ == "__main__":
    main()
