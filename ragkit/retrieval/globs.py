"""Globs as regular expressions that take no more than quadratic time (pure).

A pattern with many stars must not be slow on a long name, whoever wrote it: every star but the
last takes its shortest fit and keeps it (an atomic group). That loses no match, because what
follows fits any later place as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_STAR, _DEEP, _FOLDERS = "*", "**", "**/"


def path_pattern(glob: str) -> re.Pattern[str]:
    """What `fullmatch`es the sources a glob names: `*` within a folder, `**` across folders, `?`,
    `[a-z]`, `[!a-z]`; a bracket that is not closed stands for itself.

    A glob without a slash is matched against the file name ("*.pdf"), one with a slash against
    the whole source; a glob that ends in a slash, or names a folder, means all below it.

    Raises `ValueError` for an empty glob and for a range that ends before it begins.
    """
    text = glob.removeprefix("./").rstrip("/")
    if not text:
        raise ValueError(f"the glob {glob!r} names nothing; write '**' for all files")
    tokens = _tokens(text, single="[^/]")
    if "/" not in glob.removeprefix("./"):
        tokens.insert(0, _FOLDERS)
    if glob.endswith("/"):
        tokens += ["/", _DEEP]
    return re.compile(_path_regex(tokens), re.DOTALL)


def text_pattern(glob: str) -> re.Pattern[str]:
    """What `fullmatch`es the texts that are like a glob, in upper or lower case: `*` any
    characters, `?` any one, `[a-z]` one of these.

    Raises `ValueError` for a range that ends before it begins.
    """
    tokens = [_STAR if token in (_DEEP, _FOLDERS) else token for token in _tokens(glob, single=".")]
    first, *others = _split(tokens, (_STAR,))
    regex = "".join(first)
    if others:
        regex += "".join(f"(?>.*?{''.join(piece)})" for piece in others[:-1])
        regex += ".*" + "".join(others[-1])
    return re.compile(regex, re.DOTALL | re.IGNORECASE)


def _tokens(glob: str, *, single: str) -> list[str]:
    """A glob as stars and regular expressions of one character each; `single` stands for `?`."""
    tokens: list[str] = []
    at = 0
    while at < len(glob):
        character = glob[at]
        if character == "*":
            deep = glob.startswith("**", at)
            starts_segment = at == 0 or glob[at - 1] == "/"
            if single == "." or not deep:
                tokens.append(_STAR)
            elif starts_segment and glob.startswith("**/", at):
                tokens.append(_FOLDERS)
            else:
                tokens.append(_DEEP)
            at += 3 if tokens[-1] == _FOLDERS else 1 + deep
        elif character == "[" and (bracket := _bracket(glob, at, single)) is not None:
            tokens.append(bracket[0])
            at = bracket[1]
        else:
            tokens.append(single if character == "?" else re.escape(character))
            at += 1
    return tokens


def _bracket(glob: str, at: int, single: str) -> tuple[str, int] | None:
    """The characters that the bracket at `at` accepts, and where it ends; None when it is not
    closed. A "]" directly behind the opening stands for itself."""
    start = at + 1
    negated = glob[start : start + 1] in ("!", "^")
    start += negated
    end = glob.find("]", start + 1)
    if end < 0:
        return None
    accepted = ""
    while start < end:
        low, dash, high = glob[start], glob[start + 1 : start + 2], glob[start + 2 : start + 3]
        if dash == "-" and start + 2 < end:
            if high < low:
                raise ValueError(f"the range {low}-{high} in the glob {glob!r} is the wrong way")
            accepted += f"{re.escape(low)}-{re.escape(high)}"
            start += 3
        else:
            accepted += re.escape(low)
            start += 1
    slash = "(?!/)" if single != "." else ""
    return f"{slash}[{'^' * negated}{accepted}]", end + 1


def _path_regex(tokens: Sequence[str]) -> str:
    """Runs of tokens between gaps that cross folders; then nothing, or all below."""
    runs = _split(tokens, (_DEEP, _FOLDERS))
    gaps = [token for token in tokens if token in (_DEEP, _FOLDERS)]
    fits = ["", *(".*?" if gap == _DEEP else "(?:[^/]*/)*?" for gap in gaps)]
    parts = [f"(?>{fit}{_run_regex(run)})" for fit, run in zip(fits[:-1], runs[:-1], strict=True)]
    return "".join(parts) + rf"(?>{fits[-1]}{_run_regex(runs[-1], last=True)}(?=/|\Z))(?:/.*)?"


def _run_regex(run: Sequence[str], *, last: bool = False) -> str:
    first, *others = _split(run, (_STAR,))
    middle = "".join(f"(?>[^/]*?{''.join(piece)})" for piece in (others[:-1] if last else others))
    final = "[^/]*" + "".join(others[-1]) if last and others else ""
    return "".join(first) + middle + final


def _split(tokens: Sequence[str], separators: tuple[str, ...]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for token in tokens:
        if token in separators:
            found.append([])
        else:
            found[-1].append(token)
    return found
