"""Written values and how they compare: as numbers, as dates, else as text (pure)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from ragkit.query.globs import text_pattern
from ragkit.query.moments import Moment, find_moment, order, read_moment

_NUMBER = re.compile(r"[+-]?\d{1,1000}(?:\.\d{1,1000})?", re.ASCII)
_SEPARATOR = re.compile(r"[,;\n]")


@dataclass(frozen=True, slots=True)
class Value:
    """A value as a person wrote it into an expression, and what it may be read as. `text` is
    folded: letter case, Unicode form and runs of blanks do not count."""

    written: str
    text: str
    number: Decimal | None
    moment: Moment | None


def read_value(written: str) -> Value:
    return Value(written, fold(written), _number(written), read_moment(written))


def compare(text: str, operator: str, value: Value) -> bool:
    """Whether `text operator value` holds.

    Two numbers compare as numbers, else two dates as dates (only as far as the value says: the
    whole of 2024-03 is equal to 2024-03), else `=` compares text, letter case aside. Before and
    after (`<`, `<=`, `>`, `>=`) hold of text only where the value is neither number nor date.
    `has`: the text is a list ("a, b; c") with that item; `like`: it fits the glob.
    """
    if operator == "like":
        return pattern_of(value).fullmatch(unicodedata.normalize("NFC", text.strip())) is not None
    if operator == "has":
        return compare(text, "=", value) or _holds_item(text, value)
    sign = _order(text, value, equality=operator == "=")
    if sign is None:
        return False
    return {"=": sign == 0, "<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[
        operator
    ]


def pattern_of(value: Value) -> re.Pattern[str]:
    """Raises `ValueError` for a bad glob."""
    return _pattern(value.written)


@lru_cache(maxsize=64)
def _pattern(glob: str) -> re.Pattern[str]:
    return text_pattern(unicodedata.normalize("NFC", glob.strip()))


def fold(text: str) -> str:
    """Text without what does not count when values are compared."""
    return unicodedata.normalize("NFC", " ".join(text.split()).casefold())


def _order(text: str, value: Value, *, equality: bool) -> int | None:
    """-1, 0 or 1; None where the two cannot be compared."""
    if value.number is not None and (number := _number(text)) is not None:
        return (number > value.number) - (number < value.number)
    if value.moment is not None and (moment := find_moment(text)) is not None:
        return order(moment, value.moment)
    if not equality and (value.number is not None or value.moment is not None):
        return None
    folded = fold(text)
    return (folded > value.text) - (folded < value.text)


def _holds_item(text: str, value: Value) -> bool:
    """Whether the items of `value` ("Kim", or "Smith, John") stand in the list, side by side."""
    items = _SEPARATOR.split(text)
    wanted = [read_value(item) for item in _SEPARATOR.split(value.written)]
    return any(
        all(compare(item, "=", one) for item, one in zip(items[at:], wanted, strict=False))
        for at in range(len(items) - len(wanted) + 1)
    )


def _number(text: str) -> Decimal | None:
    text = text.strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else None
