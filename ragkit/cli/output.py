"""How things are printed: safely, to the right stream, as text or as JSON."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from dataclasses import asdict, is_dataclass
from pathlib import Path
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


def print_line(
    text: str = "",
    *,
    end: str = "\n",
    bold: bool = False,
    dim: bool = False,
    fg: str | None = None,
) -> None:
    """A line of result, to stdout."""
    click.echo(_styled(text, bold, dim, fg) + end, nl=False)


def print_status(
    text: str, *, bold: bool = False, dim: bool = False, fg: str | None = None
) -> None:
    """A line beside the result (progress, hints, problems), to stderr."""
    click.echo(_styled(text, bold, dim, fg), err=True)


def _styled(text: str, bold: bool, dim: bool, fg: str | None) -> str:
    text = _printable(text)
    if not (bold or dim or fg):
        return text
    return click.style(text, bold=bold or None, dim=dim or None, fg=fg)


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


_LONGEST_URI = 2000  # terminals take no more than about 2,083 bytes


def linked(location: str, path: Path | None) -> str:
    """`location`, harmless; where the terminal knows links and the file is there, a link to it.

    Everything in a name but letters, digits and `/_.-~` is percent-encoded: it cannot end the
    link or drive the terminal.
    """
    text = safe_line(location)
    if path is None or not wants_links():
        return text
    if not os.path.isfile(path):  # noqa: PTH113 - the other one raises where one may not look
        return text
    uri = path.absolute().as_uri()
    return f"\x1b]8;;{uri}\x1b\\{text}\x1b]8;;\x1b\\" if len(uri) <= _LONGEST_URI else text


def wants_links() -> bool:
    """Whether stdout is a terminal that is not known to be dumb. NO_COLOR turns links off, too;
    FORCE_HYPERLINK says yes whatever the rest says, or no when it is 0."""
    forced = os.environ.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced.strip() not in ("", "0", "false")
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def path_of(source: str, base: Path | None) -> Path | None:
    """Where the file named `source` is; None for an object in a store."""
    return None if base is None or "://" in source else base / source
