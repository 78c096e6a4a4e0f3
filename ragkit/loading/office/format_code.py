"""The number formats of spreadsheets ("#,##0.00;[Red]-0%"), taken apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
    r"|\[(?P<elapsed>h+|m+|s+)\]|\[(?P<compare>[<>=]{1,2})(?P<limit>-?[\d.]+)\]|\[[^\]]*\]"
    r"|(?P<general>general)|(?P<noon>am/pm|a/p)|(?P<date>y+|m+|d+|h+|s+)"
    r"|(?P<power>e[+-])|(?P<place>[0#?.,])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
# Excel shows these as the system of the person does.
_SYSTEM_FORMATS = {
    "mm-dd-yy": "yyyy-mm-dd",
    "m/d/yy h:mm": "yyyy-mm-dd hh:mm",
    "[$-f800]dddd, mmmm dd, yyyy": "yyyy-mm-dd",
    "[$-f400]h:mm:ss am/pm": "h:mm:ss",
}
# Longest first; "n" are minutes. An hour before "AM" or "PM" is {hour}.
_DATE_PARTS = {
    "yyy": "{0.year:04}",
    "y": "{short_year:02}",
    "mmmmm": "{month:.1}",
    "mmmm": "{month}",
    "mmm": "{month:.3}",
    "mm": "{0.month:02}",
    "m": "{0.month}",
    "dddd": "{day}",
    "ddd": "{day:.3}",
    "dd": "{0.day:02}",
    "d": "{0.day}",
    "hh": "{0.hour:02}",
    "h": "{0.hour}",
    "nn": "{0.minute:02}",
    "n": "{0.minute}",
    "ss": "{0.second:02}",
    "s": "{0.second}",
}
_SECOND_PARTS = re.compile(r"(?<=s)\.0+")


class Token(NamedTuple):
    """A part of a format: `kind` is literal, place, date, elapsed, noon, power or general."""

    kind: str
    text: str


class Section(NamedTuple):
    """A format for one range of numbers. `template` writes a date, "" for other values."""

    tokens: tuple[Token, ...]
    compare: str
    limit: float
    template: str
    shows_value: bool


@lru_cache(maxsize=1000)
def format_sections(pattern: str) -> tuple[Section, ...]:
    """The sections of a format, at least one."""
    sections: list[Section] = []
    tokens: list[Token] = []
    compare, limit = "", 0.0
    pattern = _SECOND_PARTS.sub("", _SYSTEM_FORMATS.get(pattern.lower(), pattern)[:500])
    for match in _TOKEN.finditer(pattern):
        kind, text = match.lastgroup or "", match[0]
        if kind == "other" and text == ";":
            sections.append(_section(tokens, compare, limit))
            tokens, compare = [], ""
        elif kind == "limit":
            compare, limit = match["compare"], _float(text.strip("[]<>="))
        elif kind in ("quoted", "escaped", "currency", "other"):
            tokens.append(Token("literal", match[kind]))
        elif kind in ("elapsed", "date"):
            tokens.append(Token(kind, match[kind].lower()))
        elif kind:
            tokens.append(Token(kind, text))
        elif text[0] == "_":
            tokens.append(Token("literal", " "))
    return (*sections, _section(tokens, compare, limit))


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _section(tokens: Sequence[Token], compare: str, limit: float) -> Section:
    found = _with_minutes(tokens)
    shows_value = any(token.kind in ("place", "general") for token in found)
    return Section(found, compare, limit, _template(found), shows_value)


def _template(tokens: Sequence[Token]) -> str:
    """A date format as a string for `str.format`, "" for a format of numbers."""
    if not any(token.kind in ("date", "elapsed") for token in tokens):
        return ""
    pieces = []
    for token in tokens:
        if token.kind == "date":
            longest = next(part for part in _DATE_PARTS if token.text.startswith(part))
            pieces.append(_DATE_PARTS[longest])
        elif token.kind == "elapsed":
            pieces.append(f"{{{token.text[0]}:0{len(token.text)}}}")
        elif token.kind == "noon":
            pieces.append("{noon}" if len(token.text) > 3 else "{noon:.1}")
        elif token.text not in ("0", "#", "?"):
            pieces.append(token.text.replace("{", "{{").replace("}", "}}"))
    template = "".join(pieces).strip()
    has_noon = any(token.kind == "noon" for token in tokens)
    return template.replace("{0.hour", "{hour") if has_noon else template


def _with_minutes(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """The tokens, "m" behind hours or before seconds as minutes ("n")."""
    found = list(tokens)
    times = [i for i, token in enumerate(found) if token.kind in ("date", "elapsed")]
    for place, index in enumerate(times):
        before = found[times[place - 1]].text[0] if place else ""
        after = found[times[place + 1]].text[0] if place + 1 < len(times) else ""
        if found[index].text[0] == "m" and (before == "h" or after == "s"):
            found[index] = Token(found[index].kind, "n" * len(found[index].text))
    return tuple(found)
