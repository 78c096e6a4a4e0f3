"""The numbers a text names, in digits or in words, with their units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from ragkit.query.dates import find_dates
from ragkit.query.words import FUNCTION_TERMS, fold, stem


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number at `start:end` of a text, with its unit ("" when none follows).

    `values` holds every reading as a plain decimal: "1.234" is 1.234 in English and 1234 in
    German. `spelled` numbers were written as words.
    """

    start: int
    end: int
    values: frozenset[str]
    unit: str = ""
    spelled: bool = False

    def agrees(self, other: Quantity) -> bool:
        """Equal in value, and not of two units of measure."""
        if not self.values & other.values:
            return False
        return self.unit == other.unit or not {self.unit, other.unit} <= _MEASURES


def find_quantities(text: str) -> list[Quantity]:
    """The numbers outside of dates, in order, in digits or in words."""
    taken = {position for date in find_dates(text) for position in range(date.start, date.end)}
    found = chain(_find_digits(text), _find_spelled(text), _find_chinese(text))
    return sorted((q for q in found if q.start not in taken), key=lambda quantity: quantity.start)


# ---------------------------------------------------------------- units and scales

_UNIT_NAMES = {
    "%": "% ％ percent percentage prozent pct",
    "second": "second seconds sec secs s sekunde sekunden 秒",
    "minute": "minute minutes min mins minuten 分钟",
    "hour": "hour hours hr hrs h stunde stunden 小时",
    "day": "day days tag tage tagen 天 日",
    "week": "week weeks woche wochen 周 星期",
    "month": "month months monat monate monaten 个月",
    "year": "year years yr yrs jahr jahre jahren 年",
    "metre": "m metre metres meter meters metern 米",
    "kilometre": "km kilometre kilometres kilometer kilometers kilometern 公里",
    "centimetre": "cm centimetre centimetres centimeter centimeters zentimeter 厘米",
    "millimetre": "mm millimetre millimetres millimeter millimeters 毫米",
    "mile": "mile miles mi meile meilen 英里",
    "foot": "foot feet ft fuß 英尺",
    "inch": "inch inches zoll 英寸",
    "kilogram": "kg kilogram kilograms kilogramm 公斤 千克",
    "gram": "g gram grams gramm 克",
    "ton": "t ton tons tonne tonnes tonnen 吨",
    "pound": "lb lbs pound pounds pfund £ gbp",
    "kilobyte": "kb kib kilobyte kilobytes",
    "megabyte": "mb mib megabyte megabytes",
    "gigabyte": "gb gib gigabyte gigabytes",
    "terabyte": "tb tib terabyte terabytes",
    "dollar": "$ us$ usd dollar dollars 美元",
    "euro": "€ eur euro euros 欧元",
    "yuan": "¥ yuan rmb 元",
}
_UNITS = {name: unit for unit, names in _UNIT_NAMES.items() for name in names.split()}
_MEASURES = frozenset(_UNIT_NAMES)
_SCALES = {
    name: zeros
    for zeros, names in {
        2: "hundred hundreds hundert 百",
        3: "thousand thousands tausend k 千",
        4: "万",
        6: "million millions millionen mio m",
        8: "亿",
        9: "billion billions milliarde milliarden mrd bn",
        12: "trillion trillions billionen",
    }.items()
    for name in names.split()
}
_SCALE_WORD = re.compile(
    r"[ \u00a0-]?(hundreds?|hundert|thousands?|tausend|millions?|millionen|mio|billions?"
    r"|milliarden?|mrd|trillions?|billionen)\b\.?| ?([百千万亿])",
    re.IGNORECASE,
)
_UNIT_WORD = re.compile(
    r"[ \u00a0-]?(?:(per cent)\b|([%％$€£]|"
    + "|".join(sorted((name for name in _UNITS if name[0] > "\u2e80"), key=len, reverse=True))
    + r")|((?![\u2e80-\U0003ffff])[^\W\d_]+))",
    re.IGNORECASE,
)


def _quantity(text: str, start: int, end: int, values: set[str], *, spelled: bool) -> Quantity:
    """The number at `start:end` with the scale and the unit that follow it."""
    scale = _SCALE_WORD.match(text, end)
    if scale is not None:
        zeros = _SCALES[(scale[1] or scale[2]).lower()]
        values = {_plain(float(value) * 10**zeros) for value in values}
        end = scale.end()
    before = text[max(0, start - 3) : start].strip()[-1:]
    unit = _UNITS.get(before, "") if before in "$€£¥" else ""
    follows = _UNIT_WORD.match(text, end)
    if not unit and follows is not None:
        unit = _unit_name("%" if follows[1] else follows[2] or follows[3])
    return Quantity(start, end, frozenset(values), unit, spelled)


def _unit_name(word: str) -> str:
    """The unit of measure, or the stem of whatever is counted; "" for a function word."""
    known = _UNITS.get(word) or _UNITS.get(word.lower())
    if known:
        return known
    term = stem(fold(word))
    return "" if term in FUNCTION_TERMS else term


# ---------------------------------------------------------------- numbers

_DIGITS = re.compile(
    r"(?<![0-9A-Za-z\u00c0-\u024f_])(?<!\d[.,'’])"
    r"(\d+(?:[.,'’\u00a0\u202f]\d+)*)([A-Za-z]{1,3}(?![A-Za-z]))?"
)


def _find_digits(text: str) -> Iterator[Quantity]:
    for found in _DIGITS.finditer(text):
        digits, attached = found[1], (found[2] or "").lower()
        values = _readings(digits)
        end = found.end(1)
        money = text[max(0, found.start() - 1) : found.start()] in tuple("$€£¥")
        if attached in ("st", "nd", "rd", "th") or (attached == "s" and digits.endswith("0")):
            end = found.end()  # 10th, 1990s
        elif money and attached in _SCALES:
            values = {_plain(float(value) * 10 ** _SCALES[attached]) for value in values}
            end = found.end()
        elif attached and found[2] not in _UNITS and (len(attached) < 2 or attached not in _UNITS):
            continue  # 3D, 5G: a name
        yield _quantity(text, found.start(), end, values, spelled=False)


def _readings(digits: str) -> set[str]:
    """Every number the digits may stand for; the digits themselves where they are none (3.11.2)."""
    plain = re.sub(r"['’\u00a0\u202f]", "", digits)
    first, *parts = re.split(r"[.,]", plain)
    marks = re.findall(r"[.,]", plain)
    readings: set[str] = set()
    if len(set(marks)) <= 1 and all(len(part) == 3 for part in parts):
        readings.add(first + "".join(parts))  # 12, 1,234,567
    if len(marks) == 1 or (len(set(marks)) == 2 and marks.count(marks[-1]) == 1):
        readings.add(first + "".join(parts[:-1]) + "." + parts[-1])  # 3.14, 1,234.5
    return {_plain(float(reading)) for reading in readings} or {digits}


def _plain(value: float) -> str:
    return f"{value:.12g}"


_ONES = {
    "two zwei": 2,
    "three drei": 3,
    "four vier": 4,
    "five fünf": 5,
    "six sechs": 6,
    "seven sieben": 7,
    "eight acht": 8,
    "nine neun": 9,
}
_TENS = {
    "twenty zwanzig": 20,
    "thirty dreißig": 30,
    "forty vierzig": 40,
    "fifty fünfzig": 50,
    "sixty sechzig": 60,
    "seventy siebzig": 70,
    "eighty achtzig": 80,
    "ninety neunzig": 90,
}
_WORDS = {word: value for words, value in (_ONES | _TENS).items() for word in words.split()}
_WORDS |= {
    "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "ten": 10, "zehn": 10, "tenth": 10, "eleven": 11, "elf": 11, "eleventh": 11,
    "twelve": 12, "zwölf": 12, "twelfth": 12, "dozen": 12, "dutzend": 12,
    "thirteen": 13, "dreizehn": 13, "fourteen": 14, "vierzehn": 14, "fifteen": 15, "fünfzehn": 15,
    "sixteen": 16, "sechzehn": 16, "seventeen": 17, "siebzehn": 17, "eighteen": 18,
    "achtzehn": 18, "nineteen": 19, "neunzehn": 19,
}  # fmt: skip
_WORDS |= {word + "th": value for word, value in _WORDS.items() if word.endswith("teen")}
for _ten, _tens in _TENS.items():
    for _one, _value in (*_ONES.items(), ("one ein", 1)):
        _english, _german = _one.split()
        _WORDS[f"{_ten.split()[0]}-{_english}"] = _tens + _value
        _WORDS[f"{_german}und{_ten.split()[1]}"] = _tens + _value
_SPELLED = re.compile(r"(?<![\w-])[^\W\d_]{3,}(?:-[a-z]{3,5})?(?![\w])", re.IGNORECASE)
_ALONE = re.compile(
    r"\b(?:a|an|ein|eine|one|einer) (hundred|thousand|million|billion|hundert|tausend|million"
    r"|milliarde)\b",
    re.IGNORECASE,
)


def _find_spelled(text: str) -> Iterator[Quantity]:
    for found in _SPELLED.finditer(text):
        word = found[0].lower()
        value = _WORDS.get(word)
        end = found.end()
        if value is None and "-" in word:  # three-legged, ten-year
            value = _WORDS.get(word.split("-")[0])
            end = found.start() + word.index("-")
        if value is not None:
            yield _quantity(text, found.start(), end, {_plain(value)}, spelled=True)
    for found in _ALONE.finditer(text):
        value = 10 ** _SCALES[found[1].lower()]
        yield _quantity(text, found.start(), found.end(), {_plain(value)}, spelled=True)


_CHINESE = re.compile(
    r"(?<![一二两三四五六七八九十百千万亿])[一二两三四五六七八九十百千万亿]++"
    r"(?=个?(?:月|天|年|日|号|周|小时|分钟|岁|人|元|次|名|位|种|米|公里|吨|倍))"
)
_CHINESE_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}


def _find_chinese(text: str) -> Iterator[Quantity]:
    for found in _CHINESE.finditer(text):
        if text[found.start() - 1 : found.start()].isdigit() or found[0] == "一":
            continue  # the scale of a number in digits; "one", which often only means "a"
        value = _read_chinese(found[0])
        yield _quantity(text, found.start(), found.end(), {_plain(value)}, spelled=True)


def _read_chinese(signs: str) -> float:
    total, section, digit = 0.0, 0.0, 0.0
    for sign in signs:
        if sign in _CHINESE_DIGITS:
            digit = _CHINESE_DIGITS[sign]
        elif sign in "万亿":
            total += (section + digit or 1) * 10 ** _SCALES[sign]
            section = digit = 0
        else:
            section += (digit or 1) * (10 if sign == "十" else 10 ** _SCALES[sign])
            digit = 0
    return total + section + digit
