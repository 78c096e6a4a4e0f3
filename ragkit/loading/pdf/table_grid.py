"""Rows of segments -> the cells of a table: its columns, header, row labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from ragkit.loading.pdf.page import around
from ragkit.loading.pdf.segments import Row, Segment, is_figure

# Columns are apart where at most this share of the rows has something.
_CROSSING_SHARE = 0.06
_RIVER = 0.15  # the least width of what is between two columns, in heights of a line
_FIGURE_SHARE = 0.45  # of the cells right of the labels
_LABELLED_SHARE = 0.5
_NAMED_SHARE = 0.6
_MANY, _FULL_SHARE = 5, 0.9  # so large and full, rows need no names
_FILLED_SHARE = 0.3
_TEXT_FILLED_SHARE = 0.6  # of a table whose cells are words
_CELL_WORDS = 4  # in the mean
_YEAR = re.compile(r"(?:FY|Q[1-4])?\s?'?(?:19|20)\d\d[*)]?(?:\s?\([\w ]{1,4}\))?", re.IGNORECASE)
_DATE = re.compile(rf"{_YEAR.pattern}|\d{{1,2}},", re.IGNORECASE)
_UNIT = re.compile(
    r"\(?\$?\s?\(?(?:amounts?|dollars?|figures?|shares?|in|as of|for the|year|quarter|three|six"
    r"|nine|twelve|fiscal|unaudited|€|£)\b.*",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"(?:[ .·…_]*[.·…_]){4,}\s*$")
_GOES_ON = re.compile(
    r"(?:,|[-–—]|\b(?:and|or|of|to|for|in|the|from|by|on|with|a|under|und|et|de))$"
)
_PERIOD = re.compile(
    r"\b(?:(?:19|20)\d\d|ended|ending|months?|weeks?|years?|quarters?|jan|feb|mar|apr|may|jun|jul|aug|sep"
    r"|oct|nov|dec|jahre?|monate?|exercice|ejercicio)",
    re.IGNORECASE,
)
_CUT_WORD = re.compile(r"(?<=\w)- (?=\w)")
_NEXT_LINE = 0.6  # how far two lines of one head are apart at most, in heights of a line
_UNCOVERED = 0.3  # what a column with nothing above it costs, in heights of a line
_MOST_COLUMNS = 40
_MOST_LABELS = 3


class Grid(NamedTuple):
    """`cells[0]` is the header; all rows are equally long. `rows_above` are those of the rows
    above that went into it. `lost_characters` counts the dots that lead to a column."""

    cells: list[list[str]]
    rows_above: list[Row]
    lost_characters: int


class _Column(NamedTuple):
    left: float
    right: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def find_grids(above: list[Row], rows: list[Row], height: float) -> list[Grid]:
    """The tables that these rows are: another one begins at each header. The rows right above are
    the header of the first. Empty where they are none."""
    with_figures = [row for row in rows if any(_is_value(s) for s in row[1:])]
    columns = _columns(with_figures or [row for row in rows if len(row) > 1], height)
    if not 2 <= len(columns) <= _MOST_COLUMNS:
        return []
    labels = [] if _is_header(rows[0], columns) else _label_rows(above, columns)
    header = _header_rows(above[: len(above) - len(labels)], columns, height)
    if not header:
        labels = []
    grids: list[Grid] = []
    used = [*header, *labels]
    for head, body in _parts([*labels, *rows], columns):
        cells = [_cells(row, columns) for row in body]
        names = _header([*header, *head], columns, height)
        if not _is_table(names, cells):
            return []
        cells = _joined_labels(cells, body, columns, height)
        lost = sum(_leader_length(row[0]) for row in cells)
        cells = [[_LEADERS.sub("", row[0]).strip(), *row[1:]] for row in cells]
        grids.append(Grid([names, *cells], used, lost))
        header, used = [], []
    return grids


def _parts(rows: list[Row], columns: Sequence[_Column]) -> Iterator[tuple[list[Row], list[Row]]]:
    """(header, body) of every table among the rows."""
    head: list[Row] = []
    body: list[Row] = []
    for row in rows:
        if not _is_header(row, columns):
            body.append(row)
            continue
        if body:
            yield head, body
            head, body = [], []
        head.append(row)
    if body:
        yield head, body


def _columns(rows: list[Row], height: float) -> list[_Column]:
    """The stretches of the width where cells are. Blank stretches that hardly a row crosses lie
    between them."""
    edges = [
        (edge, step)
        for row in rows
        for segment in row
        for edge, step in ((segment.box.left, 1), (segment.box.right, -1))
    ]
    edges.sort()
    allowed = int(_CROSSING_SHARE * len(rows))
    columns: list[_Column] = []
    covered, left = 0, 0.0
    for edge, step in edges:
        before, covered = covered, covered + step
        if before <= allowed < covered:
            left = edge
        elif covered <= allowed < before:
            if columns and left - columns[-1].right < _RIVER * height:
                left = columns.pop().left
            columns.append(_Column(left, edge))
    return columns


def _is_header(row: Row, columns: Sequence[_Column]) -> bool:
    """Whether a row names columns: years and words, and no label of its own."""
    label = [segment for segment in row if _column_of(segment, columns) == 0]
    others = [segment for segment in row if _column_of(segment, columns) > 0]
    if not others or any(map(_is_value, others)):
        return False
    if len(others) <= 0.5 * (len(columns) - 1) and not any(_PERIOD.search(s.text) for s in others):
        return False
    return not label or all(_UNIT.match(segment.text) for segment in label)


def _is_value(segment: Segment) -> bool:
    return segment.is_figure and not _YEAR.fullmatch(segment.text)


def _column_of(segment: Segment, columns: Sequence[_Column]) -> int:
    """The column that a segment shares most of its width with, else the nearest."""

    left, right = segment.box.left, segment.box.right
    best, most = 0, -inf
    for index, column in enumerate(columns):
        shared = min(right, column.right) - max(left, column.left)
        if shared > most:
            best, most = index, shared
    return best


def _cells(row: Row, columns: Sequence[_Column]) -> list[str]:
    cells = [""] * len(columns)
    if len(row) == 1 and not row[0].is_figure:
        return [row[0].text, *cells[1:]]  # the heading of a group, wherever it stands
    for segment in row:
        index = _column_of(segment, columns)
        cells[index] = f"{cells[index]} {segment.text}".strip()
    return cells


def _is_table(names: list[str], body: list[list[str]]) -> bool:
    """Whether the cells are those of a table and no prose, axis, formula or table of contents."""
    full = [row for row in body if any(row[1:])]
    values = [cell for row in full for cell in row[1:] if cell]
    filled = len(values) / max(1, len(full) * (len(body[0]) - 1))
    if not full or sum(any(map(_LEADERS.search, row)) for row in full) >= 0.5 * len(full):
        return False
    if sum(map(is_figure, values)) < _FIGURE_SHARE * len(values):
        words = sum(len(cell.split()) for row in full for cell in row)
        short = words <= _CELL_WORDS * (len(values) + len(full))
        return short and filled >= _TEXT_FILLED_SHARE and len(full) >= 3 and len(body[0]) >= 3
    named = len(names) > 2 and sum(map(bool, names)) >= _NAMED_SHARE * len(names)
    if len(full) == 1:
        return named and len(values) >= 3 and all(map(is_figure, values))
    labelled = sum(any(map(str.isalpha, row[0])) or bool(_YEAR.match(row[0])) for row in full)
    if len(full) >= _MANY and len(body[0]) >= _MANY and filled >= _FULL_SHARE:
        return True
    return (labelled >= _LABELLED_SHARE * len(full) or named) and filled >= _FILLED_SHARE


# ---------------------------------------------------------------- header


def _label_rows(above: list[Row], columns: Sequence[_Column]) -> list[Row]:
    """The rows right above that are the label of a group: "Net sales:"."""
    count = 0
    while count < min(len(above), _MOST_LABELS):
        row = above[-1 - count]
        if row[-1].box.right > columns[1].left or row[0].is_figure:
            break
        if abs(row[0].box.left - columns[0].left) > 0.5 * (columns[1].left - columns[0].left):
            break
        count += 1
    return above[len(above) - count :]


def _header_rows(above: list[Row], columns: Sequence[_Column], height: float) -> list[Row]:
    """The rows right above that stand over columns of figures."""
    first, last = columns[1].left, columns[-1].right
    label_end = min(columns[0].right, first) - height
    reach = columns[0].left + 0.3 * (first - columns[0].left)
    found: list[Row] = []
    for row in reversed(above):
        over = [
            s
            for s in row
            if s.box.left > label_end or (s.middle > first - height and s.box.left >= reach)
        ]
        beside = [s for s in row if s not in over]
        fits = (
            bool(over)
            and len(beside) <= 1
            and all(s.box.right < first + height for s in beside)
            and over[-1].box.right <= last + 4 * height
            and sum(s.is_figure and not _DATE.fullmatch(s.text) for s in over) <= len(over) / 3
        )
        if not fits:
            break
        found.insert(0, row)
    return found


def _header(rows: Sequence[Row], columns: Sequence[_Column], height: float) -> list[str]:
    """For each column the words above it, from the top down. Words over several columns stand in
    each of them."""
    lines: list[list[str]] = []
    heads = list(columns)  # the columns, as wide as the words right above their figures
    by_right_end = _are_right_aligned(rows, columns)
    for row in reversed(_with_wrapped_lines(rows, height)):
        line = [""] * len(columns)
        label = [s for s in row if s.box.right < columns[1].left and _column_of(s, heads) == 0]
        over = [s for s in row if s not in label]
        line[0] = " ".join(segment.text for segment in label)
        for segment, (begin, end) in zip(
            over, _spans(over, heads[1:], height, by_right_end), strict=True
        ):
            for index in range(begin + 1, end + 1):
                line[index] = f"{line[index]} {segment.text}".strip()
            if end == begin + 1:
                head = heads[end]
                left, right = segment.box.left, segment.box.right
                heads[end] = _Column(min(head.left, left), max(head.right, right))
        lines.insert(0, line)
    return [_put_below(words) for words in zip(*lines, strict=True)] or [""] * len(columns)


def _with_wrapped_lines(rows: Sequence[Row], height: float) -> list[Row]:
    """The rows of a header, those that are the second line of the words right above put to them."""
    merged: list[Row] = []
    for row in rows:
        above = merged[-1] if merged else []
        pairs = [next((s for s in above if _wraps(s, segment, height)), None) for segment in row]
        if not above or None in pairs or len(set(pairs)) < len(row):
            merged.append(row)
            continue
        lower = dict(zip(pairs, row, strict=True))
        merged[-1] = [
            Segment(_put_below((s.text, lower[s].text)), around(s.box, lower[s].box))
            if s in lower
            else s
            for s in above
        ]
    return merged


def _wraps(above: Segment, below: Segment, height: float) -> bool:
    near = above.box.bottom - below.box.top < _NEXT_LINE * height
    return near and abs(above.middle - below.middle) < _NEXT_LINE * height


def _put_below(lines: Iterable[str]) -> str:
    """Lines of one cell; a word that is cut by a hyphen goes on without a blank."""
    return _CUT_WORD.sub("-", " ".join(filter(None, lines)))


def _spans(
    segments: Sequence[Segment], columns: Sequence[_Column], height: float, by_right_end: bool
) -> list[tuple[int, int]]:
    """For each segment the half-open range of columns it stands over.

    The ranges are in order and disjoint; the middle or the right end of each is as near as can be
    to that of its words; columns over which nothing stands are few. By dynamic programming over
    the columns.
    """
    count = len(columns)
    if len(segments) > count:
        nearest = [_column_of(segment, columns) for segment in segments]
        return [(index, index + 1) for index in nearest]
    free = _UNCOVERED * height
    best: list[tuple[float, list[tuple[int, int]]]] = [
        (free * used, []) for used in range(count + 1)
    ]
    for number, segment in enumerate(segments):
        only = _stacked_on(segment, columns) if len(segments) < count else None
        following = [(float("inf"), list[tuple[int, int]]())] * (count + 1)
        for end in range(number + 1, count - (len(segments) - number - 1) + 1):
            begins = range(number, end) if only is None else [only] if end == only + 1 else []
            for begin in begins:
                cost, spans = best[begin]
                left, right = columns[begin].left, columns[end - 1].right
                cost += _distance(segment, left, right, by_right_end)
                if cost < following[end][0]:
                    following[end] = (cost, [*spans, (begin, end)])
            skipped = following[end - 1][0] + free
            if skipped < following[end][0]:
                following[end] = (skipped, following[end - 1][1])
        best = following
    cost, spans = best[count]
    return spans if spans else [(i, i + 1) for i in (_column_of(s, columns) for s in segments)]


def _distance(segment: Segment, left: float, right: float, by_right_end: bool) -> float:
    to_right = abs(segment.box.right - right)
    return to_right if by_right_end else min(to_right, abs(segment.middle - (left + right) / 2))


def _are_right_aligned(rows: Sequence[Row], columns: Sequence[_Column]) -> bool:
    """Whether the lowest row that names each column ends where the columns end, and does not
    stand over their middle."""
    for row in reversed(rows):
        over = [s for s in row if s.box.left >= columns[0].right][1 - len(columns) :]
        if len(over) == len(columns) - 1:
            pairs = list(zip(over, columns[1:], strict=True))
            ends = sum(abs(s.box.right - column.right) for s, column in pairs)
            return ends < 0.5 * sum(abs(s.middle - column.middle) for s, column in pairs)
    return False


def _stacked_on(segment: Segment, columns: Sequence[_Column]) -> int | None:
    """The one column that a line of its many-line head stands over; None for a head that may stand
    over several: a period, or words that reach beyond a column."""
    if _PERIOD.search(segment.text):
        return None
    width = segment.box.right - segment.box.left
    shared = [
        min(segment.box.right, column.right) - max(segment.box.left, column.left)
        for column in columns
    ]
    index = max(range(len(columns)), key=shared.__getitem__)
    others = sum(max(0.0, part) for at, part in enumerate(shared) if at != index)
    return index if shared[index] >= 0.5 * width and others <= 0.1 * width else None


# ---------------------------------------------------------------- labels


def _joined_labels(
    body: list[list[str]], rows: list[Row], columns: Sequence[_Column], height: float
) -> list[list[str]]:
    """Rows whose label goes on over several lines as one."""
    labels = [row[0].box for row in rows if row and _column_of(row[0], columns) == 0]
    widest = max((box.right for box in labels), default=0.0)
    joined: list[list[str]] = []
    is_open = False  # whether the last row may be but the beginning of a label
    right = 0.0  # where the last line of that ends
    for cells, row in zip(body, rows, strict=True):
        label, alone = cells[0], not any(cells[1:])
        last = joined[-1] if joined else None
        goes_on = bool(label) and (label[0].islower() or label[0] in "(&")
        if last is None or (label and not (is_open or (goes_on and alone))):
            belongs = False
        elif label:
            belongs = goes_on or _did_not_fit(last[0], label, right, widest, height)
        else:
            belongs = not any(last[1:])
        if last is not None and belongs:
            last[0] = _put_below((last[0], label))
            if not alone:
                last[1:] = cells[1:]
            is_open = is_open and alone
        else:
            joined.append(cells)
            is_open = alone and bool(label) and not label.endswith(":")
        right = row[0].box.right if row else 0.0
    return joined


def _did_not_fit(first: str, second: str, right: float, widest: float, height: float) -> bool:
    """Whether a label goes on: its first line ends inside a phrase, or had no room left for the
    first word of the second."""
    word = 0.45 * height * (len(second.split()[0]) + 1)
    return bool(_GOES_ON.search(first)) or right + word > widest + 0.5 * height


def _leader_length(label: str) -> int:
    match = _LEADERS.search(label)
    return sum(map(len, match[0].split())) if match else 0
