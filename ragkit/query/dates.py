"""The dates a text names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Date:
    """A date at `start:end` of a text; None for the parts it does not say."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None

    def within(self, other: Date) -> bool:
        """Whether the other date says all that this one says."""
        return (
            self.year in (None, other.year)
            and self.month in (None, other.month)
            and self.day in (None, other.day)
        )


def find_dates(text: str) -> list[Date]:
    """The dates that name a month or are written in full, in order and disjoint. A year that
    stands alone is a quantity."""
    matches = chain.from_iterable(pattern.finditer(text) for pattern in _DATES)
    dates = [date for match in matches if (date := _read_date(match)) is not None]
    found: list[Date] = []
    for date in sorted(dates, key=lambda date: (date.start, -date.end)):
        if not found or date.start >= found[-1].end:
            found.append(date)
    return found


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar jan",
            "february februar feb",
            "march märz mar",
            "april apr",
            "may mai",
            "june juni jun",
            "july juli jul",
            "august aug",
            "september sept sep",
            "october oktober oct okt",
            "november nov",
            "december dezember dec dez",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = r"(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(?<!\d)(?P<day>\d{1,2})(?!\d)(?:st|nd|rd|th|\.)?"
_YEAR = r"(?P<year>1\d{3}|20\d\d)(?!\d)"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)",
        r"(?<!\d)(?P<year>\d{4}) ?年 ?(?P<month>\d{1,2}) ?月(?: ?(?P<day>\d{1,2}) ?[日号])?",
        r"(?<!\d)(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]",
        r"(?<![\d.])(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})(?!\d)",
        rf"{_DAY} (?:of )?\b{_MONTH}(?:\s?,? {_YEAR})?",
        rf"\b{_MONTH} {_DAY}(?:\s?,? {_YEAR})?",
        rf"\b{_MONTH}(?: of)? {_YEAR}",
        # Without a number only where it cannot be the verb (may, march) or a name.
        rf"\b(?:in|of|by|from|until|since|early|mid|late|im|bis|seit|anfang|ende|mitte) {_MONTH}",
    )
)


def _read_date(match: re.Match[str]) -> Date | None:
    parts = match.groupdict()
    month = _MONTHS.get(parts["month"].lower()) or int(parts["month"])
    day = int(parts["day"]) if parts.get("day") else None
    year = int(parts["year"]) if parts.get("year") else None
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    first = min(match.start(part) for part, value in parts.items() if value)
    return Date(first, match.end(), year, month, day)
