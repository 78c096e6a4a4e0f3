"""Points in time as documents and people write them (pure)."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime

from ragkit.query.dates import find_dates

# Year, month, day, hour, minute, second: as many of them as were said, the year at least.
Moment = tuple[int, ...]

_ISO = re.compile(
    r"([12]\d{3})(?:([-/])(\d\d?)(?:\2(\d\d?)(?:(?:[T ]|, )(\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?"
    r" ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_FIRST = (1, 1, 1, 0, 0, 0)
_LONGEST = 60  # characters of a text that is nothing but a date
# What may stand around a date that is written in words.
_TIME_WORDS = frozenset(
    re.findall(
        r"\w+",
        "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday "
        "montag dienstag mittwoch donnerstag freitag samstag sonntag am pm utc gmt z t uhr den the",
    )
)


def read_moment(text: str) -> Moment | None:
    """The moment that a date in ISO order names: "2024", "2024-03", "2024-03-05",
    "2024-03-05T10:00:00+02:00"; None for anything else and for impossible dates. What is said
    counts as written: a time zone is left out."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    parts = tuple(int(part) for at, part in enumerate(match.groups()) if at != 1 and part)
    return parts if _is_possible(parts) else None


def find_moment(text: str) -> Moment | None:
    """As `read_moment`, and for dates in words as well ("5 March 2024", "Tue, 5 Mar 2024 10:00"),
    where they are all that the text says."""
    moment = read_moment(text)
    if moment is not None or len(text) > _LONGEST:
        return moment
    dates = find_dates(text)
    if len(dates) != 1 or dates[0].year is None or dates[0].month is None:
        return None
    found = dates[0]
    around = text[: found.start] + " " + text[found.end :]
    if set(re.findall(r"[^\W\d_]+", around.casefold())) - _TIME_WORDS:
        return None
    parts = (dates[0].year, dates[0].month, *((found.day,) if found.day else ()))
    return parts if _is_possible(parts) else None


def moment_of(value: date) -> Moment:
    """A date of Python as a moment: of its day, or of its second when it has a time."""
    return tuple(value.timetuple()[: 6 if isinstance(value, datetime) else 3])


def moment_of_file(mtime_ns: int) -> Moment | None:
    """The moment of a file's time, in the time zone of this machine, as file managers show it."""
    try:
        return tuple(time.localtime(mtime_ns // 10**9)[:6])
    except (OverflowError, OSError, ValueError):  # a clock that was never set
        return None


def shown_moment(moment: Moment) -> str:
    """A moment in ISO order: "2024-03", "2024-03-05", "2024-03-05 10:00:00"."""
    day = "-".join(f"{part:02d}" for part in moment[:3])
    return day + " " * (len(moment) > 3) + ":".join(f"{part:02d}" for part in moment[3:])


def order(moment: Moment, bound: Moment) -> int:
    """-1, 0 or 1: whether a moment lies before, in or after the year, month, day ... that
    `bound` names. What `moment` leaves open counts as its first: a month is its first day."""
    full = (*moment, *_FIRST[len(moment) :])[: len(bound)]
    return (full > bound) - (full < bound)


def _is_possible(parts: Moment) -> bool:
    try:
        year, month, day, hour, minute, second = (*parts, *_FIRST[len(parts) :])
        datetime(year, month, day, hour, minute, second - (second == 60), tzinfo=UTC)
    except ValueError:
        return False
    return True
