"""The numbers of a list of several levels: counted, and spelled as they are displayed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LEVELS = 10
_PLACE = re.compile(r"%(10|[1-9])")
_ROMAN = {"m": 1000, "cm": 900, "d": 500, "cd": 400, "c": 100, "xc": 90, "l": 50, "xl": 40}
_ROMAN |= {"x": 10, "ix": 9, "v": 5, "iv": 4, "i": 1}
_LARGEST = 100_000


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered. In `text` "%1" is the number of the first level; a
    level counts anew behind one above it, with `restart` only behind the levels below that number
    (0: never); `legal` shows all numbers in digits; `style` is of the paragraphs that stand on it.
    """

    start: int = 1
    form: str = "decimal"
    text: str = ""
    restart: int | None = None
    legal: bool = False
    style: str = ""


class ListNumbers:
    """The numbers that the levels of a list have reached; the first level is 0."""

    def __init__(self) -> None:
        self._reached: dict[int, int] = {}

    def count(self, levels: Mapping[int, Level], level: int, start: int | None = None) -> str:
        """The number of the next paragraph on a level, "" for a bullet; `start` is where it
        begins anew."""
        one = levels.get(level, Level(text=f"%{level + 1}."))
        self._reached[level] = self._reached.get(level, one.start - 1) + 1
        if start is not None:
            self._reached[level] = start
        for deeper in [other for other in self._reached if other > level]:
            restart = levels.get(deeper, Level()).restart
            if restart is None or level < restart:
                del self._reached[deeper]

        def spelled(match: re.Match[str]) -> str:
            other = levels.get(int(match[1]) - 1, Level())
            form = "decimal" if one.legal else other.form
            number = self._reached.get(int(match[1]) - 1, other.start)
            return "" if form in ("bullet", "none") else spelled_number(number, form)

        return "" if one.form == "bullet" else " ".join(_PLACE.sub(spelled, one.text).split())


def spelled_number(number: int, form: str) -> str:
    """A number as "decimal", "upperRoman", "lowerLetter", ...; in an unknown form in digits."""
    if not 0 < number < _LARGEST:
        return str(number)
    if form in ("lowerRoman", "upperRoman"):
        text, left = "", min(number, 4999)
        for digits, value in _ROMAN.items():
            text += digits * (left // value)
            left %= value
        return text.upper() if form == "upperRoman" else text
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 50)
        return letter.upper() if form == "upperLetter" else letter
    if form == "ordinal":
        last = number % 10 if number % 100 not in (11, 12, 13) else 0
        return str(number) + {1: "st", 2: "nd", 3: "rd"}.get(last, "th")
    return f"{number:02}" if form == "decimalZero" else str(number)
