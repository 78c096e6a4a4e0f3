"""The header of a table: which rows name its columns, and which column their words stand over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ragkit.loading.pdf.columns import Column, column_of
from ragkit.loading.pdf.page import around
from ragkit.loading.pdf.segments import Row, Segment

YEAR = re.compile(r"(?:FY|Q[1-4])?\s?'?(?:19|20)\d\d[*)]?(?:\s?\([\w ]{1,4}\))?", re.IGNORECASE)
_DATE = re.compile(rf"{YEAR.pattern}|\d{{1,2}},", re.IGNORECASE)
_UNIT = re.compile(
    r"\(?\$?\s?\(?(?:amounts?|dollars?|figures?|shares?|in|as of|for the|year|quarter|three|six"
    r"|nine|twelve|fiscal|unaudited|€|£)\b.*",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"\b(?:(?:19|20)\d\d|ended|ending|months?|weeks?|years?|quarters?|jan|feb|mar|apr|may|jun|jul|aug|sep"
    r"|oct|nov|dec|jahre?|monate?|exercice|ejercicio)",
    re.IGNORECASE,
)
_CUT_WORD = re.compile(r"(?<=\w)- (?=\w)")
_NEXT_LINE = 0.6  # how far two lines of one head are apart at most, in heights of a line
_UNCOVERED = 0.3  # what a column with nothing above it costs, in heights of a line
_MOST_LABELS = 3


def is_header(row: Row, columns: Sequence[Column]) -> bool:
    """Whether a row names columns: years and words, and no label of its own."""
    label = [segment for segment in row if column_of(segment, columns) == 0]
    others = [segment for segment in row if column_of(segment, columns) > 0]
    if not others or any(map(is_value, others)):
        return False
    if len(others) <= 0.5 * (len(columns) - 1) and not any(_PERIOD.search(s.text) for s in others):
        return False
    return not label or all(_UNIT.match(segment.text) for segment in label)


def is_value(segment: Segment) -> bool:
    return segment.is_figure and not YEAR.fullmatch(segment.text)


def label_rows(above: list[Row], columns: Sequence[Column]) -> list[Row]:
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


def header_rows(above: list[Row], columns: Sequence[Column], height: float) -> list[Row]:
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
            and not _is_title(row, label_end, first)
            and len(beside) <= 1
            and all(s.box.right < first + height for s in beside)
            and over[-1].box.right <= last + 4 * height
            and sum(s.is_figure and not _DATE.fullmatch(s.text) for s in over) <= len(over) / 3
        )
        if not fits:
            break
        found.insert(0, row)
    return found


def _is_title(row: Row, label_end: float, first: float) -> bool:
    """Whether words stand over the labels and the figures alike: the title of the table."""
    box = row[0].box
    return len(row) == 1 and box.left < label_end and box.right > first


def column_names(rows: Sequence[Row], columns: Sequence[Column], height: float) -> list[str]:
    """For each column the words above it, from the top down. Words over several columns stand in
    each of them."""
    lines: list[list[str]] = []
    heads = list(columns)  # the columns, as wide as the words right above their figures
    by_right_end = _are_right_aligned(rows, columns)
    for row in reversed(_with_wrapped_lines(rows, height)):
        line = [""] * len(columns)
        label = [s for s in row if s.box.right < columns[1].left and column_of(s, heads) == 0]
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
                heads[end] = Column(min(head.left, left), max(head.right, right))
        lines.insert(0, line)
    return [put_below(words) for words in zip(*lines, strict=True)] or [""] * len(columns)


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
            Segment(put_below((s.text, lower[s].text)), around(s.box, lower[s].box))
            if s in lower
            else s
            for s in above
        ]
    return merged


def _wraps(above: Segment, below: Segment, height: float) -> bool:
    near = above.box.bottom - below.box.top < _NEXT_LINE * height
    return near and abs(above.middle - below.middle) < _NEXT_LINE * height


def _spans(
    segments: Sequence[Segment], columns: Sequence[Column], height: float, by_right_end: bool
) -> list[tuple[int, int]]:
    """For each segment the half-open range of columns it stands over.

    The ranges are in order and disjoint; the middle or the right end of each is as near as can be
    to that of its words; columns over which nothing stands are few. By dynamic programming over
    the columns.
    """
    count = len(columns)
    if len(segments) > count:
        nearest = [column_of(segment, columns) for segment in segments]
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
    return spans if spans else [(i, i + 1) for i in (column_of(s, columns) for s in segments)]


def _distance(segment: Segment, left: float, right: float, by_right_end: bool) -> float:
    to_right = abs(segment.box.right - right)
    return to_right if by_right_end else min(to_right, abs(segment.middle - (left + right) / 2))


def _are_right_aligned(rows: Sequence[Row], columns: Sequence[Column]) -> bool:
    """Whether the lowest row that names each column ends where the columns end, and does not
    stand over their middle."""
    for row in reversed(rows):
        over = [s for s in row if s.box.left >= columns[0].right][1 - len(columns) :]
        if len(over) == len(columns) - 1:
            pairs = list(zip(over, columns[1:], strict=True))
            ends = sum(abs(s.box.right - column.right) for s, column in pairs)
            return ends < 0.5 * sum(abs(s.middle - column.middle) for s, column in pairs)
    return False


def _stacked_on(segment: Segment, columns: Sequence[Column]) -> int | None:
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


def put_below(lines: Iterable[str]) -> str:
    """Lines of one cell; a word that is cut by a hyphen goes on without a blank."""
    return _CUT_WORD.sub("-", " ".join(filter(None, lines)))
