"""How things are printed: safely, to the right stream, as text or as JSON."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from dataclasses import asdict, is_dataclass
from typing import Any

import click

_SCHEMA = 1
# Control characters would let a document drive the terminal; bidi controls would let it lie.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_UNSAFE_IN_LINE = re.compile(_UNSAFE.pattern[:-1] + r"\t\n\u2028\u2029]")


def safe(text: str) -> str:
    """Text of any origin, harmless in a terminal: controls are shown as escapes."""
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n"))


def safe_line(text: str) -> str:
    """As `safe`, and on one line: for file names and messages."""
    return _UNSAFE_IN_LINE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def print_line(text: str = "", *, end: str = "\n", **style: Any) -> None:
    """A line of result, to stdout."""
    text = click.style(_printable(text), **style) if style else _printable(text)
    click.echo(text + end, nl=False)


def print_status(text: str, **style: Any) -> None:
    """A line beside the result (progress, hints, problems), to stderr."""
    text = _printable(text)
    click.echo(click.style(text, **style) if style else text, err=True)


def print_note(text: str) -> None:
    """A remark of the library's, to stderr."""
    print_status(f"note: {safe_line(text)}", dim=True)


def print_error(message: str) -> None:
    """The one line that says what went wrong and what to do."""
    print_status(f"ragkit: {safe_line(message)}")


def print_json(value: Any) -> None:
    """One JSON document, to stdout. Dataclasses become objects, in the order of their fields.
    `schema` is the version of ragkit/docs/json.md, which describes every document."""
    text = json.dumps({"schema": _SCHEMA} | plain(value), ensure_ascii=False, indent=2)
    click.echo(text.encode("utf-8", "backslashreplace"))


def plain(value: Any) -> Any:
    """A value of dataclasses, tuples and dicts as what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def _printable(text: str) -> str:
    """Characters that the terminal's encoding lacks as escapes, so that printing never fails."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def file_size(count: int) -> str:
    """A number of bytes as people read it: `274 MB`, `1.5 GB`, in powers of 1,000."""
    size, units = float(count), ["B", "KB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.1f} {units[0]}" if size < 9.95 and units[0] != "B" else f"{size:.0f} {units[0]}"


def shorten(text: str, width: int) -> str:
    """One line of at most `width` columns; wide characters count two."""
    line = " ".join(text.split())
    used = 0
    for at, character in enumerate(line):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > width - 1:
            return line[:at].rstrip() + "…"
    return line
