"""The numbers a text names, in digits or in words, with their units.

Units and scales ("million") are known in twelve languages, numbers in words in English, German
and Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain

from ragkit.language.dates import find_dates
from ragkit.language.tokens import crude_stem, function_terms, normalize
from ragkit.language.word_lists import load_words


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

    def matches(self, other: Quantity) -> bool:
        """Equal in value, and not of two units of measure."""
        if not self.values & other.values:
            return False
        return self.unit == other.unit or not {self.unit, other.unit} <= load_words("units").keys()


def find_quantities(text: str) -> list[Quantity]:
    """The numbers outside of dates, in order, in digits or in words."""
    taken = {position for date in find_dates(text) for position in range(date.start, date.end)}
    found = chain(_find_digits(text), _find_spelled(text), _find_chinese(text))
    return sorted((q for q in found if q.start not in taken), key=lambda quantity: quantity.start)


# ---------------------------------------------------------------- units and scales

# What follows a number: one or two words, or signs of a script without blanks.
_FOLLOWING = re.compile(
    r"[ \u00a0\u202f-]?(?:([%％$€£])|([\u2e80-\ud7ff]{1,8})"
    r"|((?![\u2e80-\ud7ff])[^\W\d_]+)(?:[ \u00a0]((?![\u2e80-\ud7ff])[^\W\d_]+))?)"
)


def _quantity(text: str, start: int, end: int, values: set[str], *, spelled: bool) -> Quantity:
    """The number at `start:end` with the scale and the unit that follow it."""
    scale = _match_words(text, end, "scales")
    if scale is not None:
        zeros = int(scale[0])
        values = {_plain(float(value) * 10**zeros) for value in values}
        end = scale[1] + (text[scale[1] : scale[1] + 1] == ".")
    before = text[max(0, start - 3) : start].strip()[-1:]
    unit = _names("units").get(before, "") if before in "$€£¥" else ""
    return Quantity(start, end, frozenset(values), unit or _unit_at(text, end), spelled)


def _unit_at(text: str, end: int) -> str:
    """The unit of measure that follows, or the stem of whatever is counted; "" for none and for a
    function word."""
    known = _match_words(text, end, "units")
    if known is not None:
        return known[0]
    follows = _FOLLOWING.match(text, end)
    term = crude_stem(normalize(follows[3])) if follows is not None and follows[3] else ""
    return "" if term in function_terms() else term


def _match_words(text: str, end: int, table: str) -> tuple[str, int] | None:
    """What the words after `end` stand for in a table, two words before one, and where they end;
    None when they are not in it."""
    follows = _FOLLOWING.match(text, end)
    if follows is None:
        return None
    names = _names(table)
    if follows[2]:  # a script without blanks: the longest name that it begins with
        for length in range(len(follows[2]), 0, -1):
            if follows[2][:length] in names:
                return names[follows[2][:length]], follows.start(2) + length
        return None
    word = follows[1] or follows[3]
    if follows[4] and (both := f"{word} {follows[4]}".lower()) in names:
        return names[both], follows.end()
    is_short_scale = table == "scales" and len(word) == 1
    name = None if is_short_scale else names.get(word) or names.get(word.lower())
    return None if name is None else (name, follows.end(1 if follows[1] else 3))


@cache
def _names(table: str) -> dict[str, str]:
    """Word -> the unit, or the zeros of the scale, that it names."""
    return {
        word.replace("_", " "): name
        for name, by_language in load_words(table).items()
        for words in by_language.values()
        for word in words.split()
    }


# ---------------------------------------------------------------- numbers in digits

_DIGITS = re.compile(
    r"(?<![0-9A-Za-z\u00c0-\u024f_])(?<!\d[.,'’])"
    r"(\d+(?:[.,'’\u00a0\u202f]\d+)*)([A-Za-z]{1,3}(?![A-Za-z]))?"
)


def _find_digits(text: str) -> Iterator[Quantity]:
    units, scales = _names("units"), _names("scales")
    for found in _DIGITS.finditer(text):
        digits, attached = found[1], (found[2] or "").lower()
        values = _readings(digits)
        end = found.end(1)
        money = text[max(0, found.start() - 1) : found.start()] in tuple("$€£¥")
        if attached in ("st", "nd", "rd", "th") or (attached == "s" and digits.endswith("0")):
            end = found.end()  # 10th, 1990s
        elif money and attached in scales:
            values = {_plain(float(value) * 10 ** int(scales[attached])) for value in values}
            end = found.end()
        elif attached and found[2] not in units and (len(attached) < 2 or attached not in units):
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


# ---------------------------------------------------------------- numbers in words

_SPELLED = re.compile(r"(?<![\w-])[^\W\d_]{3,}(?:-[a-z]{3,5})?(?![\w])", re.IGNORECASE)
_ALONE = re.compile(
    r"\b(?:a|an|ein|eine|one|einer) (hundred|thousand|million|billion|hundert|tausend|milliarde)\b",
    re.IGNORECASE,
)


@cache
def _spelled_numbers() -> dict[str, int]:
    """Number word of English or German -> its value, up to 99: "twenty-one", "einundzwanzig"."""
    numbers: dict[str, int] = {}
    for language, joined in (("en", "{tens}-{one}"), ("de", "{one}und{tens}")):
        words = load_words("numbers")[language]
        ones = {word: value for value, word in enumerate(words["ones"].split(), 2)}
        numbers |= ones
        ones["one" if language == "en" else "ein"] = 1
        for value, tens in enumerate(words["tens"].split(), 2):
            numbers[tens] = 10 * value
            numbers |= {joined.format(tens=tens, one=w): 10 * value + v for w, v in ones.items()}
        for value, others in words["others"].items():
            numbers |= dict.fromkeys(others.split(), int(value))
    return numbers


def _find_spelled(text: str) -> Iterator[Quantity]:
    numbers = _spelled_numbers()
    for found in _SPELLED.finditer(text):
        word = found[0].lower()
        value = numbers.get(word)
        end = found.end()
        if value is None and "-" in word:  # three-legged, ten-year
            value = numbers.get(word.split("-")[0])
            end = found.start() + word.index("-")
        if value is not None:
            yield _quantity(text, found.start(), end, {_plain(value)}, spelled=True)
    for found in _ALONE.finditer(text):
        value = 10 ** int(_names("scales")[found[1].lower()])
        yield _quantity(text, found.start(), found.end(), {_plain(value)}, spelled=True)


_CHINESE = re.compile(
    r"(?<![一二两三四五六七八九十百千万亿])[一二两三四五六七八九十百千万亿]++"
    r"(?=个?(?:月|天|年|日|号|周|小时|分钟|岁|人|元|次|名|位|种|米|公里|吨|倍))"
)


def _find_chinese(text: str) -> Iterator[Quantity]:
    for found in _CHINESE.finditer(text):
        if text[found.start() - 1 : found.start()].isdigit() or found[0] == "一":
            continue  # the scale of a number in digits; "one", which often only means "a"
        value = _parse_chinese(found[0])
        yield _quantity(text, found.start(), found.end(), {_plain(value)}, spelled=True)


@cache
def _chinese_digits() -> dict[str, int]:
    words = load_words("numbers")["zh"]
    ones = {sign: value for value, sign in enumerate(words["ones"].split(), 1)}
    return ones | {sign: int(value) for value, sign in words["others"].items()}


def _parse_chinese(signs: str) -> float:
    total, section, digit = 0.0, 0.0, 0.0
    for sign in signs:
        if sign in _chinese_digits():
            digit = _chinese_digits()[sign]
        elif sign in "万亿":
            total += (section + digit or 1) * 10 ** int(_names("scales")[sign])
            section = digit = 0
        else:
            section += (digit or 1) * (10 if sign == "十" else 10 ** int(_names("scales")[sign]))
            digit = 0
    return total + section + digit
