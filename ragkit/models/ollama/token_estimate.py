"""How many tokens a text has at most, reckoned without the model's tokenizer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKENS_A_MESSAGE = 16
_TOKENS_A_PROMPT = 64
_LEAST_A_MESSAGE = 2
_STEP = 1.25


# What small vocabularies make one token of: three letters and a capital before them, two
# capitals, any other visible sign, a run of line ends or of blanks.
_PIECE = re.compile(r"[A-Z]?[a-z]{1,3}|[A-Z]{1,2}|[^\sA-Za-z\x80-\U0010ffff]|\n+|[ \t]{2,16}")


def estimate_tokens(text: str) -> int:
    """Tokens of `text`, too many rather than too few.

    Pieces of ASCII, and one token for every two bytes of anything else. On windows of 1,000
    characters against the Llama 2 tokenizer, which has a small vocabulary, English prose, code,
    web pages and tables come out 1.25 to 1.5 times too high on average and almost never too low,
    Chinese 1.0 times (scripts/bench/token_estimate.py). No tokenizer that these models use makes
    more tokens than bytes.
    """
    pieces = len(_PIECE.findall(text))
    if text.isascii():
        return pieces
    total = len(text.encode("utf-8", "surrogatepass"))
    return pieces + -(-(total - len(text.encode("ascii", "ignore"))) // 2)


@dataclass(frozen=True, slots=True)
class EstimatedTokenCounter:
    """A `TokenCounter` that estimates."""

    def __call__(self, texts: Sequence[str]) -> list[int]:
        return [estimate_tokens(text) for text in texts]


class Calibration:
    """A token estimate that a server's counts correct, upwards only.

    `factor` is the largest ratio of counted to estimated tokens seen so far, at least 1.
    """

    def __init__(self) -> None:
        self.factor = 1.0

    def estimate(self, text: str) -> int:
        """At least the tokens of `text`, as far as earlier counts have taught."""
        # No tokenizer these models use makes more tokens than bytes.
        most = len(text.encode("utf-8", "surrogatepass"))
        return min(most, math.ceil(estimate_tokens(text) * self.factor))

    def estimate_messages(self, texts: Sequence[str]) -> int:
        """As `count`, of a prompt made of messages, with what the template puts around them."""
        around = _TOKENS_A_PROMPT + _TOKENS_A_MESSAGE * len(texts)
        return sum(self.estimate(text) for text in texts) + around

    def observe(self, texts: Sequence[str], counted: int) -> None:
        """Takes in how many tokens a server counted in a prompt made of these messages."""
        estimate = sum(estimate_tokens(text) for text in texts)
        if estimate:
            self.factor = max(self.factor, (counted - _LEAST_A_MESSAGE * len(texts)) / estimate)

    def observe_overflow(self, texts: Sequence[str], counted: int | None) -> None:
        """Takes in that a prompt was too long, with the server's count if it gave one."""
        before = self.factor
        if counted is not None:
            self.observe(texts, counted)
        if self.factor == before:
            self.factor *= _STEP
