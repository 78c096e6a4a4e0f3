"""How many tokens a text has at most, reckoned without the model's tokenizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_TOKENS_A_MESSAGE = 16
_TOKENS_A_PROMPT = 64
_LEAST_A_MESSAGE = 2
_STEP = 1.25


def estimate_tokens(text: str) -> int:
    """Tokens of `text`, meant to be too many rather than too few.

    One for every two and a half bytes of ASCII and every two bytes of anything else.
    """
    total = len(text.encode("utf-8", "surrogatepass"))
    ascii_bytes = total if text.isascii() else sum(character < "\x80" for character in text)
    return -(-ascii_bytes * 2 // 5) + -(-(total - ascii_bytes) // 2)


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """A `TokenCounter` that estimates; `factor` scales it."""

    factor: float = 1.0

    def __call__(self, texts: Sequence[str]) -> list[int]:
        return [math.ceil(estimate_tokens(text) * self.factor) for text in texts]


class Calibration:
    """A token estimate that a server's counts correct, upwards only.

    `factor` is the largest ratio of counted to estimated tokens seen so far, at least 1.
    """

    def __init__(self) -> None:
        self.factor = 1.0

    def count(self, text: str) -> int:
        """At least the tokens of `text`, as far as earlier counts have taught."""
        # No tokenizer these models use makes more tokens than bytes.
        most = len(text.encode("utf-8", "surrogatepass"))
        return min(most, math.ceil(estimate_tokens(text) * self.factor))

    def count_messages(self, texts: Sequence[str]) -> int:
        """As `count`, of a prompt made of messages, with what the template puts around them."""
        around = _TOKENS_A_PROMPT + _TOKENS_A_MESSAGE * len(texts)
        return sum(self.count(text) for text in texts) + around

    def learn(self, texts: Sequence[str], counted: int) -> None:
        """Takes in how many tokens a server counted in a prompt made of these messages."""
        estimate = sum(estimate_tokens(text) for text in texts)
        if estimate:
            self.factor = max(self.factor, (counted - _LEAST_A_MESSAGE * len(texts)) / estimate)

    def learn_overflow(self, texts: Sequence[str], counted: int | None) -> None:
        """Takes in that a prompt was too long, with the server's count if it gave one."""
        before = self.factor
        if counted is not None:
            self.learn(texts, counted)
        if self.factor == before:
            self.factor *= _STEP
