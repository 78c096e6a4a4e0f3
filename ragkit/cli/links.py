"""Locations as links to click on, in terminals that know them (OSC 8)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ragkit.cli.output import safe_line

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
