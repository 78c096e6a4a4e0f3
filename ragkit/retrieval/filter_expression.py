"""Conditions on what files say about themselves: `author = "Kim" and date >= 2024` (pure).

    expression  = alternative { "or" alternative }
    alternative = condition { "and" condition }
    condition   = "not" condition | "(" expression ")" | field operator value
    operator    = "=" | "!=" | "<" | "<=" | ">" | ">=" | "has" | "like"

A field or a value is a word, or anything in single or double quotes, in which a backslash stands
before a quote or a backslash. `and`, `or`, `not`, `has` and `like` may be written in capitals.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from ragkit.query.moments import Moment, find_moment, order, read_moment
from ragkit.retrieval.globs import text_pattern

_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "has", "like")
_KEYWORDS = ("and", "or", "not", "has", "like")
_TOKEN = re.compile(
    r"""(?P<bare>[^\s()"'=!<>]+) | (?P<mark>[()]) | (?P<sign>[=!<>]+)
    | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*') | (?P<wrong>.)""",
    re.VERBOSE | re.DOTALL,
)
_DEEPEST = 50  # parentheses and "not"s within each other
_LONGEST = 10_000  # characters


class FilterError(ValueError):
    """An expression that cannot be read: why, and at which of its characters, counted from 1."""

    def __init__(self, reason: str, text: str, position: int) -> None:
        super().__init__(f"{reason}, at character {position} of: {text}")
        self.reason = reason
        self.text = text
        self.position = position


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """Holds when any value that a file has for `field` stands in this relation to `value`."""

    field: str
    operator: str
    value: LiteralValue


@dataclass(frozen=True, slots=True)
class Not:
    inner: Condition


@dataclass(frozen=True, slots=True)
class And:
    """Holds when every part does."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Holds when a part does."""

    parts: tuple[Condition, ...]


Condition = FieldComparison | Not | And | Or


def parse_where(text: str) -> Condition:
    """The condition that an expression states. Field names are in lower case.

    Raises `FilterError` for anything that is no expression.
    """
    if len(text) > _LONGEST:
        reason = f"the expression is longer than {_LONGEST:,} characters"
        raise FilterError(reason, text[:_LONGEST], _LONGEST)
    parser = _Parser(text)
    condition = parser.expression(0)
    if parser.token.kind != "end":
        raise parser.refusal('expected "and", "or" or the end')
    return condition


def referenced_fields(condition: Condition) -> frozenset[str]:
    """The names of the fields it looks at."""
    if isinstance(condition, FieldComparison):
        return frozenset([condition.field])
    if isinstance(condition, Not):
        return referenced_fields(condition.inner)
    return frozenset().union(*map(referenced_fields, condition.parts))


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
        return self._joined("or", depth)

    def _joined(self, word: str, depth: int) -> Condition:
        part = self._condition if word == "and" else lambda deep: self._joined("and", deep)
        parts = [part(depth)]
        while self.token.is_word(word):
            self._advance()
            parts.append(part(depth))
        if len(parts) == 1:
            return parts[0]
        return And(tuple(parts)) if word == "and" else Or(tuple(parts))

    def _condition(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise self.refusal(f"more than {_DEEPEST} parentheses and nots within each other")
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
        start = self.token
        value = read_value(self._word("a value"))
        if operator == "like":
            try:
                like_pattern(value)
            except ValueError as error:
                raise FilterError(str(error), self._text, start.start + 1) from error
        if operator == "!=":  # the very contrary of "=", also where a file says nothing
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


_NUMBER = re.compile(r"[+-]?\d{1,1000}(?:\.\d{1,1000})?", re.ASCII)
_SEPARATOR = re.compile(r"[,;\n]")


@dataclass(frozen=True, slots=True)
class LiteralValue:
    """A value as a person wrote it into an expression, and what it may be read as. `text` is
    folded: letter case, Unicode form and runs of blanks do not count."""

    source_text: str
    text: str
    number: Decimal | None
    moment: Moment | None


def read_value(written: str) -> LiteralValue:
    return LiteralValue(written, casefold_value(written), _number(written), read_moment(written))


def compare(text: str, operator: str, value: LiteralValue) -> bool:
    """Whether `text operator value` holds.

    Two numbers compare as numbers, else two dates as dates (only as far as the value says: the
    whole of 2024-03 is equal to 2024-03), else `=` compares text, letter case aside. Before and
    after (`<`, `<=`, `>`, `>=`) hold of text only where the value is neither number nor date.
    `has`: the text is a list ("a, b; c") with that item; `like`: it fits the glob.
    """
    if operator == "like":
        return like_pattern(value).fullmatch(unicodedata.normalize("NFC", text.strip())) is not None
    if operator == "has":
        return compare(text, "=", value) or _holds_item(text, value)
    sign = _order(text, value, equality=operator == "=")
    if sign is None:
        return False
    return {"=": sign == 0, "<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[
        operator
    ]


def like_pattern(value: LiteralValue) -> re.Pattern[str]:
    """Raises `ValueError` for a bad glob."""
    return _pattern(value.source_text)


@lru_cache(maxsize=64)
def _pattern(glob: str) -> re.Pattern[str]:
    return text_pattern(unicodedata.normalize("NFC", glob.strip()))


def casefold_value(text: str) -> str:
    """Text without what does not count when values are compared."""
    return unicodedata.normalize("NFC", " ".join(text.split()).casefold())


def _order(text: str, value: LiteralValue, *, equality: bool) -> int | None:
    """-1, 0 or 1; None where the two cannot be compared."""
    if value.number is not None and (number := _number(text)) is not None:
        return (number > value.number) - (number < value.number)
    if value.moment is not None and (moment := find_moment(text)) is not None:
        return order(moment, value.moment)
    if not equality and (value.number is not None or value.moment is not None):
        return None
    folded = casefold_value(text)
    return (folded > value.text) - (folded < value.text)


def _holds_item(text: str, value: LiteralValue) -> bool:
    """Whether the items of `value` ("Kim", or "Smith, John") stand in the list, side by side."""
    items = _SEPARATOR.split(text)
    wanted = [read_value(item) for item in _SEPARATOR.split(value.source_text)]
    return any(
        all(compare(item, "=", one) for item, one in zip(items[at:], wanted, strict=False))
        for at in range(len(items) - len(wanted) + 1)
    )


def _number(text: str) -> Decimal | None:
    text = text.strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else None
