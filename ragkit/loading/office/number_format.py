"""Numbers and dates as a spreadsheet displays them, by their number format ("0.0%", "dd.mm.yyyy").

The common formats: decimals, thousands, percent, currency, scientific, dates, times, durations,
sections for negative numbers and zero. What is not understood is shown without its format.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from typing import NamedTuple

_GENERAL = ("", "general", "@")
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
    r"|\[(?P<elapsed>h+|m+|s+)\]|\[(?P<compare>[<>=]{1,2})(?P<limit>-?[\d.]+)\]|\[[^\]]*\]"
    r"|(?P<general>general)|(?P<noon>am/pm|a/p)|(?P<date>y+|m+|d+|h+|s+)"
    r"|(?P<power>e[+-])|(?P<place>[0#?.,])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "<>": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}
# Excel shows these as the system of the person does.
_SYSTEM_FORMATS = {
    "mm-dd-yy": "yyyy-mm-dd",
    "m/d/yy h:mm": "yyyy-mm-dd hh:mm",
    "[$-f800]dddd, mmmm dd, yyyy": "yyyy-mm-dd",
    "[$-f400]h:mm:ss am/pm": "h:mm:ss",
}
_MONTHS = "January February March April May June July August September October November December"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_SECOND_PARTS = re.compile(r"(?<=s)\.0+")
_MIDNIGHT = re.compile(r"[ T]0?0:00(?::00)?$")
_Date = datetime.datetime | datetime.date | datetime.time | datetime.timedelta
_DATES = (datetime.date, datetime.time, datetime.timedelta)
_EPOCH = datetime.datetime(1899, 12, 30)
_DIGITS = 400


class _Token(NamedTuple):
    """A part of a format: `kind` is literal, place, date, elapsed, noon, power or general."""

    kind: str
    text: str


class _Section(NamedTuple):
    """A format for one range of numbers."""

    tokens: tuple[_Token, ...]
    compare: str
    limit: float

    @property
    def is_date(self) -> bool:
        return any(token.kind in ("date", "elapsed") for token in self.tokens)

    @property
    def shows_value(self) -> bool:
        return any(token.kind in ("place", "general") for token in self.tokens)


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
    plain = str(value) if isinstance(value, int) else f"{value:.15g}"
    if pattern.lower() in _GENERAL or value != value or value in (float("inf"), float("-inf")):
        return plain
    sections = _sections(pattern)
    chosen = _choose(sections, value)
    section = sections[chosen]
    if section.is_date:
        try:
            return _format_date(_EPOCH + datetime.timedelta(days=value), pattern)
        except OverflowError:
            return plain
    if not section.shows_value:
        return "".join(token.text for token in section.tokens).strip() or plain
    # The section for negative numbers shows them in its own way.
    negative = value < 0 and (chosen == 0 or any(one.compare for one in sections))
    with localcontext() as context:
        context.prec = _DIGITS
        digits = _digits(abs(Decimal(repr(value))), section.tokens)
    if digits is None:
        return plain
    return f"-{digits}" if negative and re.search(r"[1-9]", digits) else digits


@lru_cache(maxsize=1000)
def _sections(pattern: str) -> tuple[_Section, ...]:
    """The sections of a format, at least one."""
    sections: list[_Section] = []
    tokens: list[_Token] = []
    compare, limit = "", 0.0
    pattern = _SECOND_PARTS.sub("", _SYSTEM_FORMATS.get(pattern.lower(), pattern)[:500])
    for match in _TOKEN.finditer(pattern):
        kind, text = match.lastgroup or "", match[0]
        if kind == "other" and text == ";":
            sections.append(_Section(_with_minutes(tokens), compare, limit))
            tokens, compare = [], ""
        elif kind == "limit":
            compare, limit = match["compare"], _float(text.strip("[]<>="))
        elif kind in ("quoted", "escaped", "currency", "other"):
            tokens.append(_Token("literal", match[kind]))
        elif kind in ("elapsed", "date"):
            tokens.append(_Token(kind, match[kind].lower()))
        elif kind:
            tokens.append(_Token(kind, text))
        elif text[0] == "_":
            tokens.append(_Token("literal", " "))
    return (*sections, _Section(_with_minutes(tokens), compare, limit))


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _with_minutes(tokens: Sequence[_Token]) -> tuple[_Token, ...]:
    """The tokens, "m" behind hours or before seconds as minutes ("n")."""
    found = list(tokens)
    times = [i for i, token in enumerate(found) if token.kind in ("date", "elapsed")]
    for place, index in enumerate(times):
        before = found[times[place - 1]].text[0] if place else ""
        after = found[times[place + 1]].text[0] if place + 1 < len(times) else ""
        if found[index].text[0] == "m" and (before == "h" or after == "s"):
            found[index] = _Token(found[index].kind, "n" * len(found[index].text))
    return tuple(found)


def _choose(sections: Sequence[_Section], value: float) -> int:
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


def _digits(value: Decimal, tokens: Sequence[_Token]) -> str | None:
    """A number without its sign in the places of a format; None for a fraction."""
    if any(token == _Token("literal", "/") for token in tokens):
        return None
    if any(token.kind == "general" for token in tokens):
        shown = f"{float(value):.15g}"
        return "".join(shown if t.kind == "general" else t.text for t in tokens).strip()
    places = [index for index, token in enumerate(tokens) if token.kind == "place"]
    pattern = "".join(tokens[index].text for index in places)
    whole, _, decimals = pattern.partition(".")
    scale = len(pattern) - len(pattern.rstrip(","))
    percent = sum(token == _Token("literal", "%") for token in tokens)
    value = value * 100**percent / Decimal(1000) ** scale
    power = next((i for i, token in enumerate(tokens) if token.kind == "power"), None)
    if power is not None:
        decimals = decimals[: sum(index < power for index in places) - len(whole) - 1]
        mantissa, _, exponent = f"{value:.{len(decimals)}E}".partition("E")
        digits = exponent[1:].zfill(sum(index > power for index in places))
        return f"{mantissa}E{exponent[0]}{digits}"
    decimals = decimals.strip(",")[:30]
    rounded = value.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    integer, _, fraction = f"{rounded:f}".partition(".")
    optional = len(decimals) - len(decimals.rstrip("#?"))
    fraction = fraction[: len(fraction) - optional] + fraction[len(fraction) - optional :].rstrip(
        "0"
    )
    return _fill(tokens, places, whole, integer, fraction)


def _fill(
    tokens: Sequence[_Token], places: Sequence[int], whole: str, integer: str, fraction: str
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
    section = _sections(pattern)[0]
    kinds = {token.text[0] for token in section.tokens if token.kind == "date"}
    if isinstance(value, datetime.timedelta):
        elapsed, moment = value, _EPOCH + value
    elif isinstance(value, datetime.time):
        moment = datetime.datetime.combine(_EPOCH, value)
        elapsed = moment - _EPOCH
    else:
        moment = datetime.datetime(*value.timetuple()[:6])
        elapsed = moment - _EPOCH
    if not section.is_date or (isinstance(value, datetime.time) and kinds & {"y", "d"}):
        return _MIDNIGHT.sub("", str(value))
    noon = any(token.kind == "noon" for token in section.tokens)
    shown = "".join(_date_part(token, moment, elapsed, noon) for token in section.tokens).strip()
    return _MIDNIGHT.sub("", shown) if kinds & {"y", "d"} else shown


def _date_part(
    token: _Token, moment: datetime.datetime, elapsed: datetime.timedelta, noon: bool
) -> str:
    length = len(token.text)
    if token.kind == "noon":
        return ("AM", "PM")[moment.hour >= 12] if length > 3 else "AP"[moment.hour >= 12]
    if token.kind == "elapsed":
        seconds = int(elapsed.total_seconds())
        return str(seconds // {"h": 3600, "n": 60, "m": 60, "s": 1}[token.text[0]]).zfill(length)
    if token.kind != "date":
        return "" if token.text in ("0", "#", "?") else token.text
    letter = token.text[0]
    if letter == "y":
        return str(moment.year).zfill(4)[0 if length > 2 else 2 :]
    names = {"m": _MONTHS.split()[moment.month - 1], "d": _DAYS.split()[moment.weekday()]}
    if letter in names and length > 2:
        name = names[letter]
        return {3: name[:3], 5: name[:1]}.get(length, name)
    hour = (moment.hour - 1) % 12 + 1 if noon else moment.hour
    number = {"m": moment.month, "d": moment.day, "h": hour, "n": moment.minute, "s": moment.second}
    return str(number[letter]).zfill(min(length, 2))
