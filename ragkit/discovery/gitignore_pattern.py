"""One line of gitignore syntax as a regular expression that agrees with git byte for byte.

For that, texts hold one character per byte (latin-1). Matching is linear in the path: every `*`
but the last of a segment, and every `**` but the last of a pattern, takes its shortest fit and
keeps it (an atomic group). That loses no match, because what follows fits any later place as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits, hexdigits, punctuation
from typing import TypeVar

T = TypeVar("T")

_STAR, _DEEP, _SLASH = "*", "**", "/"
_ANY = "[^/]"
_GRAPH = ascii_letters + digits + punctuation
_CLASSES = {
    "alnum": ascii_letters + digits,
    "alpha": ascii_letters,
    "blank": " \t",
    "cntrl": "".join(map(chr, (*range(32), 127))),
    "digit": digits,
    "graph": _GRAPH,
    "lower": ascii_lowercase,
    "print": _GRAPH + " ",
    "punct": punctuation,
    "space": " \t\n\r",
    "upper": ascii_uppercase,
    "xdigit": hexdigits,
}
_NAMED_CLASS = re.compile(r"\[:([^\]]*):\]")
_SPECIAL = re.compile(r"[*?\[\\]")


@dataclass(frozen=True, slots=True)
class GitignorePattern:
    """A pattern taken apart: `regex` must match the whole name when `bare`, else the whole path
    below the folder of the pattern.

    `plain` is the one name it matches or, when `ending`, what such names end with; None where
    only `regex` will do. `depth` is how many folders a matching path has, None for any number.
    """

    negated: bool
    folders_only: bool
    bare: bool
    regex: str
    plain: str | None = None
    ending: bool = False
    depth: int | None = None


def parse_pattern(line: str) -> GitignorePattern | None:
    """The pattern in one line without its line end; None for comments and what matches nothing."""
    if line.startswith("#"):
        return None
    text = _without_trailing_spaces(line)
    negated = text.startswith("!")
    text = text[negated:]
    folders_only = text.endswith("/")
    text = text.removesuffix("/")
    bare = "/" not in text
    text = text.removeprefix("/")
    # Git compares what stands before the first special character as it is and matches the rest
    # as a pattern of its own: in "foo**/bar", unlike in "fo?**/bar", the stars cross folders.
    literal = _SPECIAL.split(text, maxsplit=1)[0]
    parts = _parts(text[len(literal) :])
    if not text or parts is None:
        return None
    if not bare:
        regex = re.escape(literal) + _path_regex(parts)
        depth = None if _DEEP in parts else literal.count("/") + parts.count(_SLASH)
        return GitignorePattern(negated, folders_only, bare, regex, depth=depth)
    regex = re.escape(literal) + _segment_regex([_STAR if p == _DEEP else p for p in parts])
    ending = text[0] == "*" and not _SPECIAL.search(text, 1)
    plain = text[1:] if ending else text if literal == text else None
    return GitignorePattern(negated, folders_only, bare, regex, plain, ending)


def _without_trailing_spaces(text: str) -> str:
    """Git drops spaces at the end of a line unless a backslash stands before them."""
    match = re.match(r"(?:[^\\ ]|\\.?| +(?! |\Z))*", text, re.DOTALL)
    return match[0] if match else ""


def _parts(text: str) -> list[str] | None:
    """A pattern as stars, slashes and regular expressions of one character each; None when it
    can never match: a bracket that is not closed, a backslash at its end."""
    parts: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "*":
            end = position + 1
            while text.startswith("*", end):
                end += 1
            starts_segment = position == 0 or text[position - 1] == "/"
            if end - position == 1 or not starts_segment:
                parts.append(_STAR)
            elif text.startswith("\\/", end):
                parts += [_STAR, _SLASH, _DEEP]  # git wants at least one folder here
            else:
                parts.append(_DEEP if end == len(text) or text[end] == "/" else _STAR)
            position = end
        elif character == "[":
            bracket = _bracket(text, position + 1)
            if bracket is None:
                return None
            accepted, position = bracket
            parts.append(accepted)
        elif character == "?":
            parts.append(_ANY)
            position += 1
        else:
            position += character == "\\"
            if position == len(text):
                return None
            parts.append(re.escape(text[position]))
            position += 1
    return parts


def _bracket(text: str, position: int) -> tuple[str, int] | None:
    """What a bracket accepts, as a regular expression, and where it ends; `position` is behind
    its "[". None when it is not closed."""
    negated = text[position : position + 1] in ("!", "^")
    position += negated
    accepted: set[str] = set()
    low = ""  # the character that a range may start from
    first = True
    while first or text[position : position + 1] != "]":
        first = False
        if position >= len(text):
            return None
        named = _NAMED_CLASS.match(text, position)
        if named:
            if named[1] not in _CLASSES:
                return None
            accepted.update(_CLASSES[named[1]])
            position, low = named.end(), ""
            continue
        is_range = low and text[position] == "-" and text[position + 1 : position + 2] not in "]"
        position += 1 if is_range else 0
        position += text[position] == "\\"
        if position == len(text):
            return None
        high = text[position]
        accepted.update(map(chr, range(ord(low if is_range else high), ord(high) + 1)))
        low = "" if is_range else high
        position += 1
    characters = "".join(map(re.escape, sorted(accepted - {"/"})))
    if negated:
        return f"[^/{characters}]", position + 1
    return f"[{characters}]" if characters else r"(?!)", position + 1


def _segment_regex(parts: Iterable[str]) -> str:
    """What lies between two slashes."""
    first, *others = _split(parts, _STAR)
    if not others:
        return "".join(first)
    middle = "".join(f"(?>[^/]*?{''.join(piece)})" for piece in others[:-1] if piece)
    return "".join(first) + middle + "[^/]*" + "".join(others[-1])


def _path_regex(parts: Iterable[str]) -> str:
    """Segments with a slash between them; a segment "**" is any number of folders."""
    first, *others = _split(_split(parts, _SLASH), [_DEEP])
    runs = ["/".join(map(_segment_regex, run)) for run in (first, *others)]
    if not others:
        return runs[0]
    start = runs[0] + "/" if first else ""
    middle = "".join(f"(?>(?:[^/]*/)*?{run}/)" for run in runs[1:-1] if run)
    return start + middle + (f"(?:[^/]*/)*{runs[-1]}" if others[-1] else ".*")


def _split(items: Iterable[T], separator: T) -> list[list[T]]:
    found: list[list[T]] = [[]]
    for item in items:
        if item == separator:
            found.append([])
        else:
            found[-1].append(item)
    return found
