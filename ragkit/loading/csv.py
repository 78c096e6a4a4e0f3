"""Comma-, tab- and otherwise separated values -> one Markdown table."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import chain, repeat

from ragkit.loading.content import LoadedContent, LoadOptions, pipe_row
from ragkit.loading.text_encoding import decode

_SAMPLE_CHARACTERS = 65536
_SAMPLE_ROWS = 200
# A row of more columns is no longer read as a row, and its header fills a chunk by itself.
_WIDE = 60
_DELIMITERS = "\t;,|"
# Of the rows, the share that must have equally many cells.
_EVEN = 0.7


def load_csv(data: bytes, _options: LoadOptions) -> LoadedContent:
    """A table whose first row is its header, each row with the line of the file it begins on. What
    is no table after all stays as it is."""
    decoded = decode(data)
    notes = (decoded.note,) if decoded.note else ()
    text = decoded.text
    first, _, rest = text.partition("\n")
    declared = first[4:5] if first.lower().startswith("sep=") and len(first) == 5 else ""
    delimiter = declared or find_delimiter(text)
    if delimiter:
        try:
            lines = list(_lines(rest if declared else text, delimiter, 2 if declared else 1))
        except csv.Error:  # a cell beyond the limit of the csv module, or one never closed
            lines = []
        if lines:
            return LoadedContent(
                "\n".join(line for _, line in lines),
                media_type="text/markdown",
                notes=notes,
                file_lines=tuple(number for number, _ in lines),
            )
    return LoadedContent(text, notes=notes)


def find_delimiter(text: str) -> str:
    """The character that cuts most rows into equally many cells, two at least; "" for none."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1 or None]
    best, best_score = "", (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in _rows(sample, delimiter) if row][:_SAMPLE_ROWS]
        except csv.Error:
            continue
        if not rows:
            continue
        width, count = Counter(map(len, rows)).most_common(1)[0]
        score = (count / len(rows), width)
        if width >= 2 and score[0] >= _EVEN and score > best_score:
            best, best_score = delimiter, score
    return best


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, skipinitialspace=True)


def _lines(text: str, delimiter: str, first_line: int) -> Iterator[tuple[int, str]]:
    """(line of the file, line of the table). Rows longer than the header keep their further
    cells. Of a table too wide for a reader each row is a record: "name: value; name: value"."""
    header: list[str] | None = None
    lines = io.StringIO(text, newline="\n")
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    begins = first_line
    for row in reader:
        if header is not None and len(header) > _WIDE:
            yield begins, _record(header, row)
        elif any(row):
            yield begins, pipe_row(row) if len(row) <= _WIDE else "; ".join(row)
            if header is None:
                header = row
            if header is row and len(row) <= _WIDE:
                yield begins, "|" + " --- |" * len(row)
        begins = first_line + reader.line_num


def _record(header: list[str], row: list[str]) -> str:
    names = chain(header, repeat(""))
    cells = ((name, " ".join(cell.split())) for name, cell in zip(names, row, strict=False))
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in cells if cell)
