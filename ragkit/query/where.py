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
from dataclasses import dataclass

from ragkit.query.values import Value, pattern_of, read_value

_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "has", "like")
_KEYWORDS = ("and", "or", "not", "has", "like")
_TOKEN = re.compile(
    r"""(?P<bare>[^\s()"'=!<>]+) | (?P<mark>[()]) | (?P<sign>[=!<>]+)
    | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*') | (?P<wrong>.)""",
    re.VERBOSE | re.DOTALL,
)
_DEEPEST = 50  # parentheses and "not"s within each other
_LONGEST = 10_000  # characters


class WhereError(ValueError):
    """An expression that cannot be read: why, and at which of its characters, counted from 1."""

    def __init__(self, reason: str, text: str, position: int) -> None:
        super().__init__(f"{reason}, at character {position} of: {text}")
        self.reason = reason
        self.text = text
        self.position = position


@dataclass(frozen=True, slots=True)
class Comparison:
    """Holds when any value that a file has for `field` stands in this relation to `value`."""

    field: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    inner: Condition


@dataclass(frozen=True, slots=True)
class Every:
    """Holds when every part does."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Holds when a part does."""

    parts: tuple[Condition, ...]


Condition = Comparison | Not | Every | Some


def parse_where(text: str) -> Condition:
    """The condition that an expression states. Field names are in lower case.

    Raises `WhereError` for anything that is no expression.
    """
    if len(text) > _LONGEST:
        reason = f"the expression is longer than {_LONGEST:,} characters"
        raise WhereError(reason, text[:_LONGEST], _LONGEST)
    parser = _Parser(text)
    condition = parser.expression(0)
    if parser.token.kind != "end":
        raise parser.refusal('expected "and", "or" or the end')
    return condition


def fields_of(condition: Condition) -> frozenset[str]:
    """The names of the fields it looks at."""
    if isinstance(condition, Comparison):
        return frozenset([condition.field])
    if isinstance(condition, Not):
        return fields_of(condition.inner)
    return frozenset().union(*map(fields_of, condition.parts))


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
        return Every(tuple(parts)) if word == "and" else Some(tuple(parts))

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
                pattern_of(value)
            except ValueError as error:
                raise WhereError(str(error), self._text, start.start + 1) from error
        if operator == "!=":  # the very contrary of "=", also where a file says nothing
            return Not(Comparison(field, "=", value))
        return Comparison(field, operator, value)

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

    def refusal(self, message: str) -> WhereError:
        """What is wrong with the next token."""
        token = self.token
        found = f", found {token.text}" if token.text else ", found the end"
        if token.kind == "wrong":
            message, found = f"the quote {token.text} is not closed", ""
        return WhereError(f"{message}{found}", self._text, token.start + 1)
