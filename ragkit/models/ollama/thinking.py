"""Keeps a model's inline thinking out of its reply."""

from __future__ import annotations

import re

_OPEN = re.compile(r"\s*<(think|thinking|thought)>")
_TAGS = ("<think>", "<thinking>", "<thought>")
_LONGEST_TAG = len("</thinking>")
_CLOSE = re.compile(r"</(think|thinking|thought)>\s*")


class ThinkingFilter:
    """Takes a reply in pieces and gives back the pieces that are meant to be read.

    Only thinking at the beginning is left out: further on, the tag may be what the reply is
    about. `began` says that the model was already thinking before its first piece, as some
    prompt templates have it; if the end tag then never comes, it was not, and `finish` gives
    all the text back. `thought` tells whether anything was left out.

    Law: how a reply is cut into pieces makes no difference to the pieces put together.
    """

    def __init__(self, *, began: bool = False) -> None:
        self._held = ""
        self._state = "thinking" if began else "beginning"
        self._began = began
        self.thought = False

    def feed(self, piece: str) -> str:
        """What of the text so far can be shown now."""
        if self._state == "reply":
            return piece
        self._held += piece
        while True:
            if self._state == "thinking":
                end = _CLOSE.search(self._held)
                if end is None:
                    # Long thoughts are not searched again and again from their beginning.
                    self._held = self._held if self._began else self._held[-_LONGEST_TAG:]
                    return ""
                if end.end() == len(self._held):  # blanks after the tag may still be coming
                    return ""
                self._held = self._held[end.end() :]
                self._state, self._began, self.thought = "beginning", False, True
            begin = _OPEN.match(self._held)
            if begin is None:
                if self._may_still_open():
                    return ""
                self._state = "reply"
                shown, self._held = self._held, ""
                return shown
            self._held = self._held[begin.end() :]
            self._state = "thinking"

    def finish(self) -> str:
        """The rest, once the reply has ended."""
        held, self._held = self._held, ""
        if self._state == "thinking":
            end = _CLOSE.search(held)
            if end is None and self._began:
                return held
            self.thought = True
            return held[end.end() :] if end else ""
        return held

    def _may_still_open(self) -> bool:
        start = self._held.lstrip()
        return any(tag.startswith(start) for tag in _TAGS)
