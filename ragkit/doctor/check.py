"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "note", "trouble"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `fix` says what to do; a trouble always has one, a note may.

    "note": nothing is broken, but a person may want to know.
    """

    name: str
    outcome: Outcome
    finding: str
    fix: str = ""


def trouble(name: str, error: Exception, fix: str) -> Check:
    """A trouble in the words of an error, whose own advice comes before `fix`."""
    finding, _, advice = str(error).partition("; ")
    return Check(name, "trouble", finding or type(error).__name__, advice or fix)
