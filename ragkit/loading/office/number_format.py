"""Numbers and dates as a spreadsheet displays them, by their number format ("0.0%", "dd.mm.yyyy").

The common formats: decimals, thousands, percent, currency, scientific, dates, times, durations,
sections for negative numbers and zero. What is not understood is shown without its format.
"""

from __future__ import annotations

import datetime
import math
import operator
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import NamedTuple

from ragkit.loading.office.format_code import Section, Token, format_sections

_GENERAL = ("", "general", "@")
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "<>": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September"]
_MONTHS += ["October", "November", "December"]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MIDNIGHT = re.compile(r"[ T]0?0:00(?::00)?$")
_Date = datetime.datetime | datetime.date | datetime.time | datetime.timedelta
_DATES = (datetime.date, datetime.time, datetime.timedelta)
_EPOCH = datetime.datetime(1899, 12, 30)
_CONTEXT = Context(prec=1000, rounding=ROUND_HALF_UP)
_FRACTION = Token("literal", "/")


def format_cell(value: object, pattern: str) -> str:
    """A cell's value as it is displayed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return format_number(value, pattern)
    if isinstance(value, _DATES):
        try:
            return _format_date(value, pattern)
        except OverflowError:  # a duration of thousands of years
            return str(value)
    return str(value)


def format_number(value: float, pattern: str) -> str:
    """A number as it is displayed. A format that hides it does not."""
    plain = str(value) if isinstance(value, int) else f"{value:.15G}"
    if pattern.lower() in _GENERAL or (isinstance(value, float) and not math.isfinite(value)):
        return plain
    sections = format_sections(pattern)
    chosen = _choose(sections, value)
    section = sections[chosen]
    if section.template:
        try:
            return _format_date(_EPOCH + datetime.timedelta(days=value), pattern)
        except OverflowError:
            return plain
    if not section.shows_value:
        return "".join(token.text for token in section.tokens).strip() or plain
    # The section for negative numbers shows them in its own way.
    negative = value < 0 and (chosen == 0 or any(one.compare for one in sections))
    digits = _digits(abs(Decimal(repr(value))), section.tokens)
    if digits is None:
        return plain
    return f"-{digits}" if negative and digits.strip("0., ") else digits


def _choose(sections: Sequence[Section], value: float) -> int:
    """Which section shows a number."""
    for index, section in enumerate(sections[:3]):
        compare = _COMPARE.get(section.compare)
        if compare is not None and compare(value, section.limit):
            return index
    free = [i for i, section in enumerate(sections[:3]) if not section.compare]
    if len(free) < min(len(sections), 3):
        return free[-1] if free else 0
    if value < 0 and len(sections) > 1:
        return 1
    return 2 if value == 0 and len(sections) > 2 else 0


class _Places(NamedTuple):
    """The places of digits in a format of numbers. `after` are the decimals, `needed` those that
    are shown even when they are 0; `factor` is what the number is multiplied with."""

    indexes: tuple[int, ...]
    whole: str
    after: int
    needed: int
    factor: Decimal
    power: int | None


@lru_cache(maxsize=1000)
def _places(tokens: tuple[Token, ...]) -> _Places:
    indexes = tuple(index for index, token in enumerate(tokens) if token.kind == "place")
    pattern = "".join(tokens[index].text for index in indexes)
    whole, _, decimals = pattern.partition(".")
    scale = len(pattern) - len(pattern.rstrip(","))
    percent = sum(token == Token("literal", "%") for token in tokens)
    power = next((i for i, token in enumerate(tokens) if token.kind == "power"), None)
    if power is not None:
        decimals = decimals[: max(sum(index < power for index in indexes) - len(whole) - 1, 0)]
    decimals = decimals.strip(",")[:30]
    factor = Decimal(1).scaleb(2 * percent - 3 * scale)
    needed = len(decimals.rstrip("#?"))
    return _Places(indexes, whole, len(decimals), needed, factor, power)


def _digits(value: Decimal, tokens: tuple[Token, ...]) -> str | None:
    """A number without its sign in the places of a format; None for a fraction."""
    if _FRACTION in tokens:
        return None
    if any(token.kind == "general" for token in tokens):
        shown = f"{float(value):.15G}"
        return "".join(shown if t.kind == "general" else t.text for t in tokens).strip()
    places = _places(tokens)
    value = _CONTEXT.multiply(value, places.factor)
    if places.power is not None:
        mantissa, _, exponent = f"{value:.{places.after}E}".partition("E")
        digits = exponent[1:].zfill(sum(index > places.power for index in places.indexes))
        return f"{mantissa}E{exponent[0]}{digits}"
    rounded = _CONTEXT.quantize(value, Decimal(1).scaleb(-places.after))
    integer, _, fraction = f"{rounded:f}".partition(".")
    fraction = fraction[: places.needed] + fraction[places.needed :].rstrip("0")
    return _fill(tokens, places.indexes, places.whole, integer, fraction)


def _fill(
    tokens: Sequence[Token], places: Sequence[int], whole: str, integer: str, fraction: str
) -> str:
    """The digits among the literals of a format, the integer part filled from its last place."""
    needed = whole.count("0")
    integer = integer.lstrip("0").rjust(needed, "0")
    if "," in whole.strip(","):
        integer = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", integer)
    point = next((i for i in places if tokens[i].text == "."), len(tokens))
    slots = [i for i in places if i < point and tokens[i].text != ","]
    pieces = ["" if token.kind == "place" else token.text for token in tokens]
    split = any(i not in places for i in range(slots[0], slots[-1])) if slots else False
    for index in reversed(slots) if split else ():
        pieces[index], integer = integer[-1:], integer[:-1]
    first = slots[0] if slots else min(point, len(tokens) - 1)
    pieces[first] = integer + pieces[first]
    if fraction:
        pieces[point] = f"{pieces[point]}.{fraction}"
    return "".join(pieces).strip()


def _format_date(value: _Date, pattern: str) -> str:
    section = format_sections(pattern)[0]
    if isinstance(value, datetime.timedelta):
        moment = _EPOCH + value
    elif isinstance(value, datetime.time):
        moment = datetime.datetime.combine(_EPOCH, value)
    else:
        moment = datetime.datetime(*value.timetuple()[:6])
    has_day = "{0.year" in section.template or "day" in section.template
    if not section.template or (isinstance(value, datetime.time) and has_day):
        return _MIDNIGHT.sub("", str(value))
    seconds = round((moment - _EPOCH).total_seconds())
    shown = section.template.format(
        moment,
        short_year=moment.year % 100,
        month=_MONTHS[moment.month - 1],
        day=_DAYS[moment.weekday()],
        hour=(moment.hour - 1) % 12 + 1,
        noon="PM" if moment.hour >= 12 else "AM",
        h=seconds // 3600,
        n=seconds // 60,
        m=seconds // 60,
        s=seconds,
    )
    return _MIDNIGHT.sub("", shown) if has_day else shown
