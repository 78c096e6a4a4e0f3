"""A model's text as it is shown: marks that point nowhere are taken out as it streams (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection

from ragkit.verification.citation_marks import MARK, read_numbers

# What may become a mark, a link or a run of backticks when more comes.
_WAITING = re.compile(r"[ \t]*[\[【][^\]】\n`]{0,80}[\]】]?$|`+$|[ \t]+$")


class CitationStream:
    """Feed it the pieces of a reply; it gives back what may be shown, marks made `[1][3]`.

    Numbers not in `known` are dropped, with the blank before the mark when none is left. Code in
    backticks is left as it is. Law: the pieces given back, joined, do not depend on how the
    reply was cut into pieces.
    """

    def __init__(self, known: Collection[int]) -> None:
        self._known = frozenset(known)
        self._held = ""
        self._in_code = False

    def feed(self, piece: str) -> str:
        """What can be shown now; what might become a mark waits."""
        self._held += piece
        waiting = _WAITING.search(self._held)
        cut = waiting.start() if waiting else len(self._held)
        ready, self._held = self._held[:cut], self._held[cut:]
        return self._resolve(ready)

    def finish(self) -> str:
        """The rest, when the reply has ended."""
        ready, self._held = self._held, ""
        return self._resolve(ready)

    def _resolve(self, text: str) -> str:
        shown: list[str] = []
        for at, part in enumerate(re.split(r"(`+)", text)):
            if at % 2:
                self._in_code = not self._in_code
                shown.append(part)
            else:
                shown.append(part if self._in_code else self._outside_code(part))
        return "".join(shown)

    def _outside_code(self, text: str) -> str:
        done = ""
        at = 0
        for mark in MARK.finditer(text):
            numbers = [n for n in read_numbers(mark[1] or mark[2]) if n in self._known]
            done += text[at : mark.start()]
            at = mark.end()
            if numbers:
                done += "".join(f"[{number}]" for number in dict.fromkeys(numbers))
            else:
                done = done.rstrip(" \t")
        return done + text[at:]
