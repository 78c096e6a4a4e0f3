"""Text as a terminal would show it: without colour codes, overstrike and progress bars (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

# ECMA-48: ESC [ ... letter; ESC ] ... BEL or ESC \, such as links; ESC and one or two characters.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)([0-?]{0,64})[ -/]{0,4}([@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,4}[0-~]"
)
_JUMPS = "BCEGHaefd"  # the cursor goes elsewhere: what follows is another word
_MOST_BLANKS = 200
_RETURNS = re.compile(r"\r+(?=\n)")
_LETTERS = re.compile(r"[^\W\d_]+")
_SAME_LETTERS = 6
_MEASURE = re.compile(r"%|\d ?/ ?\d|[=#>.*█▌━-]{3}|\d ?[kKMG]?i?B\b")


@dataclass(frozen=True, slots=True)
class TerminalText:
    """Text whose lines end in "\\n". `file_lines[i]` is the line of the file that line i + 1 stands
    for, empty where that is the same; `overwritten` counts states of progress bars left out."""

    text: str
    file_lines: tuple[int, ...] = ()
    overwritten: int = 0


def terminal_text(text: str) -> TerminalText:
    """What is left to read of text that was written for a terminal. Costs next to nothing where
    there are no control characters."""
    if "\x1b" in text or "\x9b" in text:
        text = _SEQUENCE.sub(_shown, text)
    if "\b" in text:
        text = "\n".join(_overstruck(line) if "\b" in line else line for line in text.split("\n"))
    if "\r" not in text:
        return TerminalText(text)
    text = _RETURNS.sub("", text)
    if "\r" in text and "\n" in text:
        return _without_progress(text)
    return TerminalText(text.replace("\r", "\n"))


def _shown(sequence: re.Match[str]) -> str:
    if sequence[2] == "C":  # programs write columns so
        count = int(sequence[1]) if sequence[1].isdecimal() else 1
        return " " * min(max(count, 1), _MOST_BLANKS)
    return " " if sequence[2] and sequence[2] in _JUMPS else ""


def _overstruck(line: str) -> str:
    """A line in which a letter on itself is bold, one on "_" is underlined, as manual pages are
    printed; else the last one counts."""
    kept: list[str] = []
    struck = ""
    for mark in line:
        if mark == "\b":
            struck = kept.pop() if kept else ""
            continue
        kept.append(struck if mark == "_" and struck else mark)
        struck = ""
    return "".join(kept)


def _without_progress(text: str) -> TerminalText:
    """Of the states of a line that were written over each other, those that say something else
    than the next one. Where there are none, a return ends a line, as on old Macs."""
    lines: list[str] = []
    numbers: list[int] = []
    overwritten = 0
    for number, line in enumerate(text.split("\n"), 1):
        states = [state for state in line.split("\r") if state.strip()] if "\r" in line else [line]
        kept = [
            state
            for at, state in enumerate(states)
            if at + 1 == len(states) or not _is_same(state, states[at + 1])
        ]
        overwritten += len(states) - len(kept)
        lines += kept or [""]
        numbers += [number] * max(1, len(kept))
    if not overwritten:
        return TerminalText(text.replace("\r", "\n"))
    return TerminalText("\n".join(lines), tuple(numbers), overwritten)


def _is_same(state: str, following: str) -> bool:
    """Whether two states differ in how far they are only, as "Reading 5 %" and "Reading 6 %"."""
    if state == following:
        return True
    letters, others = ("".join(_LETTERS.findall(one)) for one in (state, following))
    return bool(_MEASURE.search(state)) and letters[:_SAME_LETTERS] == others[:_SAME_LETTERS]
