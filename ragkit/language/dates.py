"""Dates in text, and dates of which only some parts are known.

Read are numbers in ISO, German and East Asian order, and month names in the twelve languages of
`data/months.json`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

from ragkit.language.word_lists import load_words

# Year, month, day, hour, minute, second: as many of them as were said, the year at least.
PartialDateTime = tuple[int, ...]

_ISO = re.compile(
    r"([12]\d{3})(?:([-/])(\d\d?)(?:\2(\d\d?)(?:(?:[T ]|, )(\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?"
    r" ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_FIRST = (1, 1, 1, 0, 0, 0)
_LONGEST_CHARACTERS = 60  # of a text that is nothing but a date


@dataclass(frozen=True, slots=True)
class Date:
    """A date at `start:end` of a text; None for the parts it does not say."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None

    def is_refined_by(self, other: Date) -> bool:
        """Whether the other date says all that this one says."""
        return (
            self.year in (None, other.year)
            and self.month in (None, other.month)
            and self.day in (None, other.day)
        )


# ---------------------------------------------------------------- dates in a text

_DAY = r"(?<!\d)(?P<day>\d{1,2})(?!\d)(?:st|nd|rd|th|er|[.ºª°])?"
_YEAR = r"(?P<year>(?:[1١]\d|[2٢][0٠])\d\d)(?!\d)"
_NAME = r"(?P<month>[^\W\d_]{3,12}(?: (?:الثاني|الأول))?)"
_OF = r"(?:(?:of|de|del|do)[ \u00a0]|d[’'])?"
_NUMBERED = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)",
        r"(?<!\d)(?P<year>\d{4})[ \u00a0]?[年년][ \u00a0]?(?P<month>\d{1,2})[ \u00a0]?[月월]"
        r"(?:[ \u00a0]?(?P<day>\d{1,2})[ \u00a0]?[日号일])?",
        r"(?<!\d)(?P<month>\d{1,2})[ \u00a0]?[月월][ \u00a0]?(?P<day>\d{1,2})[ \u00a0]?[日号일]",
        r"(?<![\d.])(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})(?!\d)",
    )
)
# Words after which a month stands alone ("in March"), and their languages. Without such a word it
# may be a verb (may, march) or a name (April).
_BEFORE_MONTH = {
    "en": "in of by from until since early mid late",
    "de": "in im bis seit anfang mitte ende",
    "fr": "en dès depuis début mi fin",
    "es": "en desde hasta",
    "it": "in a da dal di fino",
    "pt": "em desde até",
    "nl": "in sinds vanaf tot begin eind",
    "ru": "в с до",
    "ar": "في منذ حتى",
}
_BEFORE = "|".join(dict.fromkeys(" ".join(_BEFORE_MONTH.values()).split()))
_DAY_MONTH = re.compile(rf"{_DAY}[ \u00a0]{_OF}{_NAME}\b\.?(?:\s?,?[ \u00a0]{_OF}{_YEAR})?", re.I)
_MONTH_DAY = re.compile(rf"\b{_NAME}\.?[ \u00a0]{_DAY}(?:\s?,?[ \u00a0]{_YEAR})?", re.I)
_MONTH_YEAR = re.compile(rf"\b{_NAME}\.?[ \u00a0]{_OF}{_YEAR}", re.I)
_MONTH_ALONE = re.compile(rf"\b(?P<before>{_BEFORE}) (?={_NAME}\b)", re.I)


def find_dates(text: str) -> list[Date]:
    """The dates that name a month or are written in full, in order and disjoint. A year that
    stands alone is a quantity."""
    found: list[Date] = []
    for one in sorted(_all_dates(text), key=lambda one: (one.start, -one.end)):
        if not found or one.start >= found[-1].end:
            found.append(one)
    return found


def _all_dates(text: str) -> Iterator[Date]:
    for pattern in _NUMBERED:
        for match in pattern.finditer(text):
            yield from _valid_date(match, int(match["month"]))
    months = _months()
    for pattern in (_DAY_MONTH, _MONTH_DAY, _MONTH_YEAR, _MONTH_ALONE):
        for match in pattern.finditer(text):
            month, languages = months.get(match["month"].lower(), (0, frozenset()))
            if month and _is_month(pattern, match, languages):
                yield from _valid_date(match, month)


def _valid_date(match: re.Match[str], month: int) -> Iterator[Date]:
    parts = {name: match[name] for name in match.groupdict() if name != "before" and match[name]}
    day = int(parts["day"]) if "day" in parts else None
    year = int(parts["year"]) if "year" in parts else None
    if 1 <= month <= 12 and (day is None or 1 <= day <= 31):
        start, end = min(map(match.start, parts)), max(match.end(), *map(match.end, parts))
        yield Date(start, end, year, month, day)


def _is_month(pattern: re.Pattern[str], match: re.Match[str], languages: frozenset[str]) -> bool:
    """Whether a name is that of a month where it stands: "Augustus 14" names no day in Dutch, nor
    does "of Augustus", and "5 out" is Portuguese for October only with a year."""
    if pattern is _MONTH_ALONE:
        return any(match["before"].lower() in _BEFORE_MONTH[code].split() for code in languages)
    if pattern is _MONTH_DAY:
        return "en" in languages
    return bool(languages) or (pattern is _DAY_MONTH and match["year"] is not None)


@cache
def _months() -> dict[str, tuple[int, frozenset[str]]]:
    """Name -> the month, and the languages in which it names nothing else. Abbreviations but those
    of English and German are words elsewhere: "set", "ago", "out", "mar"."""
    months: dict[str, tuple[int, frozenset[str]]] = {}
    for language, names in load_words("months").items():
        for number, words in names.items():
            full, *short = (word.replace("_", " ") for word in words.split())
            for word in (full, *short):
                _, languages = months.get(word, (0, frozenset()))
                if word == full or language in ("en", "de") or not word.isascii():
                    languages |= {language}
                months[word] = (int(number), languages)
    return months


# ---------------------------------------------------------------- dates by themselves


def parse_iso_date(text: str) -> PartialDateTime | None:
    """The moment that a date in ISO order names: "2024", "2024-03", "2024-03-05",
    "2024-03-05T10:00:00+02:00"; None for anything else and for impossible dates. What is said
    counts as written: a time zone is left out."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    parts = tuple(int(part) for at, part in enumerate(match.groups()) if at != 1 and part)
    return parts if _is_possible(parts) else None


def parse_date(text: str) -> PartialDateTime | None:
    """As `parse_iso_date`, and for dates in words as well ("5 March 2024", "Tue, 5 Mar 2024
    10:00"), where they are all that the text says."""
    parsed = parse_iso_date(text)
    if parsed is not None or len(text) > _LONGEST_CHARACTERS:
        return parsed
    dates = find_dates(text)
    if len(dates) != 1 or dates[0].year is None or dates[0].month is None:
        return None
    found = dates[0]
    around = text[: found.start] + " " + text[found.end :]
    if set(re.findall(r"[^\W\d_]+", around.lower())) - _words_around():
        return None
    parts = (dates[0].year, dates[0].month, *((found.day,) if found.day else ()))
    return parts if _is_possible(parts) else None


@cache
def _words_around() -> frozenset[str]:
    """What may stand around a date that is written in words."""
    days = (names for widths in load_words("weekdays").values() for names in widths.values())
    words = "am pm utc gmt z t uhr h den der the of de le el la il den г года عام 年 日 号 年 월 일"
    return frozenset(f"{' '.join(days)} {words}".replace("_", " ").replace("-", " ").split())


def from_datetime(value: date) -> PartialDateTime:
    """A date of Python: to its day, or to its second when it has a time."""
    return tuple(value.timetuple()[: 6 if isinstance(value, datetime) else 3])


def from_mtime(mtime_ns: int) -> PartialDateTime | None:
    """A file's time, in the time zone of this machine, as file managers show it; None for one
    that no calendar has."""
    try:
        return tuple(time.localtime(mtime_ns // 10**9)[:6])
    except (OverflowError, OSError, ValueError):  # a clock that was never set
        return None


def format_date(value: PartialDateTime) -> str:
    """In ISO order: "2024-03", "2024-03-05", "2024-03-05 10:00:00"."""
    day = "-".join(f"{part:02d}" for part in value[:3])
    return day + " " * (len(value) > 3) + ":".join(f"{part:02d}" for part in value[3:])


def compare_dates(value: PartialDateTime, bound: PartialDateTime) -> int:
    """-1, 0 or 1: whether `value` lies before, in or after the year, month, day ... that `bound`
    names. What `value` leaves open counts as its first: a month is its first day."""
    full = (*value, *_FIRST[len(value) :])[: len(bound)]
    return (full > bound) - (full < bound)


def _is_possible(parts: PartialDateTime) -> bool:
    try:
        year, month, day, hour, minute, second = (*parts, *_FIRST[len(parts) :])
        datetime(year, month, day, hour, minute, second - (second == 60), tzinfo=UTC)
    except ValueError:
        return False
    return True
