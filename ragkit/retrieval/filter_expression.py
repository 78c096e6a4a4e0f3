"""Conditions on the metadata of files, such as `author = "Kim" and date >= 2024` (pure).

    expression  = alternative { "or" alternative }
    alternative = condition { "and" condition }
    condition   = "not" condition | "(" expression ")" | field operator value
    operator    = "=" | "!=" | "<" | "<=" | ">" | ">=" | "has" | "like"

A field or a value is a word, or anything in single or double quotes, in which a backslash stands
before a quote or a backslash. `and`, `or`, `not`, `has` and `like` may be written in capitals.
"""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from ragkit.errors import FilterError
from ragkit.language.dates import PartialDateTime, compare_dates, parse_date, parse_iso_date


@dataclass(frozen=True, slots=True)
class LiteralValue:
    """A value of an expression: as it was written, in the form in which text is compared (see
    `casefold_value`), and as a number and a date, None where it is none."""

    source_text: str
    text: str
    number: Decimal | None
    date: PartialDateTime | None


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """True when one of the values that a file has for `field` compares so with `value`."""

    field: str
    operator: str
    value: LiteralValue


@dataclass(frozen=True, slots=True)
class Not:
    inner: Condition


@dataclass(frozen=True, slots=True)
class And:
    """True when every part is."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when at least one part is."""

    parts: tuple[Condition, ...]


Condition = FieldComparison | Not | And | Or


def parse_where(text: str) -> Condition:
    """The condition that an expression states, field names in lower case.

    Raises `FilterError` for a text that is no expression.
    """
    if len(text) > _MAX_CHARACTERS:
        reason = f"the expression is longer than {_MAX_CHARACTERS:,} characters"
        raise FilterError(reason, text[:_MAX_CHARACTERS], _MAX_CHARACTERS)
    parser = _Parser(text)
    condition = parser.expression(0)
    if parser.token.kind != "end":
        raise parser.refusal('expected "and", "or" or the end')
    return condition


def referenced_fields(condition: Condition) -> frozenset[str]:
    """The names of the fields that a condition needs."""
    if isinstance(condition, FieldComparison):
        return frozenset([condition.field])
    if isinstance(condition, Not):
        return referenced_fields(condition.inner)
    return frozenset().union(*map(referenced_fields, condition.parts))


def compare(text: str, operator: str, value: LiteralValue) -> bool:
    """Whether `text operator value` holds.

    Two numbers compare as numbers, else two dates as dates (only as far as the value says: the
    whole of 2024-03 is equal to 2024-03), else `=` compares text, letter case aside. Before and
    after (`<`, `<=`, `>`, `>=`) hold of text only where the value is neither number nor date.
    `has`: the text is a list ("a, b; c") with that item; `like`: it fits the glob.
    """
    if operator == "like":
        normalized = unicodedata.normalize("NFC", text.strip())
        return like_pattern(value.source_text).match(normalized) is not None
    if operator == "has":
        return compare(text, "=", value) or _holds_item(text, value)
    sign = _order(text, value, equality=operator == "=")
    if sign is None:
        return False
    return {"=": sign == 0, "<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[
        operator
    ]


@lru_cache(maxsize=64)
def like_pattern(glob: str) -> re.Pattern[str]:
    """What matches the texts that are like a glob, letter case aside: `*` any characters, `?` any
    one, `[a-z]` one of these."""
    glob = unicodedata.normalize("NFC", glob.strip())
    return re.compile(fnmatch.translate(glob), re.IGNORECASE)


def casefold_value(text: str) -> str:
    """Text for comparison: casefolded, in Unicode form NFC, with single blanks."""
    return unicodedata.normalize("NFC", " ".join(text.split()).casefold())


def read_value(text: str) -> LiteralValue:
    return LiteralValue(text, casefold_value(text), _number(text), parse_iso_date(text))


_NUMBER = re.compile(r"[+-]?\d{1,1000}(?:\.\d{1,1000})?", re.ASCII)
_SEPARATOR = re.compile(r"[,;\n]")


def _order(text: str, value: LiteralValue, *, equality: bool) -> int | None:
    """-1, 0 or 1; None where the two cannot be compared."""
    if value.number is not None and (number := _number(text)) is not None:
        return (number > value.number) - (number < value.number)
    if value.date is not None and (date := parse_date(text)) is not None:
        return compare_dates(date, value.date)
    if not equality and (value.number is not None or value.date is not None):
        return None
    text = casefold_value(text)
    return (text > value.text) - (text < value.text)


def _holds_item(text: str, value: LiteralValue) -> bool:
    """Whether the list has the items of `value` ("Kim", or "Smith, John"), side by side."""
    items = _SEPARATOR.split(text)
    values = [read_value(item) for item in _SEPARATOR.split(value.source_text)]
    return any(
        all(compare(item, "=", one) for item, one in zip(items[at:], values, strict=False))
        for at in range(len(items) - len(values) + 1)
    )


def _number(text: str) -> Decimal | None:
    text = text.strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else None


_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "has", "like")
_KEYWORDS = ("and", "or", "not", "has", "like")
_TOKEN = re.compile(
    r"""(?P<bare>[^\s()"'=!<>]+) | (?P<mark>[()]) | (?P<sign>[=!<>]+)
    | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*') | (?P<wrong>.)""",
    re.VERBOSE | re.DOTALL,
)
_MAX_DEPTH = 50  # parentheses and "not"s within each other
_MAX_CHARACTERS = 10_000  # characters


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # bare, quoted, mark, sign, wrong or end
    text: str
    start: int

    def is_word(self, word: str) -> bool:
        return self.kind == "bare" and self.text.lower() == word


class _Parser:
    """Recursive descent; `token` is the next one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._matches = _TOKEN.finditer(text)
        self.token = _Token("end", "", 0)
        self._advance()

    def expression(self, depth: int) -> Condition:
        return self._chain("or", depth)

    def _chain(self, word: str, depth: int) -> Condition:
        part = self._condition if word == "and" else lambda deep: self._chain("and", deep)
        parts = [part(depth)]
        while self.token.is_word(word):
            self._advance()
            parts.append(part(depth))
        if len(parts) == 1:
            return parts[0]
        return And(tuple(parts)) if word == "and" else Or(tuple(parts))

    def _condition(self, depth: int) -> Condition:
        if depth > _MAX_DEPTH:
            raise self.refusal(f"more than {_MAX_DEPTH} parentheses and nots within each other")
        if self.token.is_word("not"):
            self._advance()
            return Not(self._condition(depth + 1))
        if (self.token.kind, self.token.text) == ("mark", "("):
            self._advance()
            inner = self.expression(depth + 1)
            if (self.token.kind, self.token.text) != ("mark", ")"):
                raise self.refusal('expected ")", "and" or "or"')
            self._advance()
            return inner
        field = self._word("the name of a field").lower()
        operator = self.token.text.lower()
        if self.token.kind not in ("sign", "bare") or operator not in _OPERATORS:
            raise self.refusal("expected one of " + " ".join(_OPERATORS))
        self._advance()
        value = read_value(self._word("a value"))
        if operator == "!=":  # also true of a file without the field
            return Not(FieldComparison(field, "=", value))
        return FieldComparison(field, operator, value)

    def _word(self, what: str) -> str:
        token = self.token
        if token.kind == "bare" and token.text.lower() not in _KEYWORDS:
            self._advance()
            return token.text
        if token.kind == "quoted":
            self._advance()
            return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        hint = "; put it in quotes" if token.kind == "bare" else ""
        raise self.refusal(f"expected {what}{hint}")

    def _advance(self) -> None:
        for match in self._matches:
            kind = match.lastgroup or "wrong"
            if kind == "wrong" and match[0].isspace():
                continue
            self.token = _Token(kind, match[0], match.start())
            return
        self.token = _Token("end", "", len(self._text))

    def refusal(self, message: str) -> FilterError:
        """What is wrong with the next token."""
        token = self.token
        found = f", found {token.text}" if token.text else ", found the end"
        if token.kind == "wrong":
            message, found = f"the quote {token.text} is not closed", ""
        return FilterError(f"{message}{found}", self._text, token.start + 1)
