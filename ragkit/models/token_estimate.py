"""Upper estimates of the tokens of a text, without the model's tokenizer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKENS_PER_MESSAGE = 16
_TOKENS_PER_PROMPT = 64
_LEAST_TOKENS_PER_MESSAGE = 2
_OVERFLOW_FACTOR = 1.25

# What small vocabularies make one token of: three letters with a capital before them, two
# capitals, any other visible character, a run of line ends or of blanks.
_PIECE = re.compile(r"[A-Z]?[a-z]{1,3}|[A-Z]{1,2}|[^\sA-Za-z\x80-\U0010ffff]|\n+|[ \t]{2,16}")


def estimate_tokens(text: str) -> int:
    """Tokens of `text`, too many rather than too few: pieces of ASCII, and one token for every
    two bytes of anything else.

    On windows of 1,000 characters against the tokenizer of Llama 2, which has a small vocabulary,
    English prose, code, web pages and tables come out 1.25 to 1.5 times too high on average and
    almost never too low, Chinese 1.0 times (scripts/bench/token_estimate.py).
    """
    pieces = len(_PIECE.findall(text))
    if text.isascii():
        return pieces
    other_bytes = _count_bytes(text) - len(text.encode("ascii", "ignore"))
    return pieces + -(-other_bytes // 2)


@dataclass(frozen=True, slots=True)
class EstimatedTokenCounter:
    """A `TokenCounter` that estimates."""

    def __call__(self, texts: Sequence[str]) -> list[int]:
        return [estimate_tokens(text) for text in texts]


class Calibration:
    """A token estimate that the counts of a server correct, upwards only.

    `factor` is the largest ratio of counted to estimated tokens so far, at least 1.
    """

    def __init__(self) -> None:
        self.factor = 1.0

    def estimate(self, text: str) -> int:
        """An upper estimate of the tokens of `text`, corrected by the counts so far."""
        # No tokenizer in use makes more tokens than bytes.
        return min(_count_bytes(text), math.ceil(estimate_tokens(text) * self.factor))

    def estimate_messages(self, texts: Sequence[str]) -> int:
        """As `estimate`, for a prompt of these messages, the model's template included."""
        template = _TOKENS_PER_PROMPT + _TOKENS_PER_MESSAGE * len(texts)
        return sum(self.estimate(text) for text in texts) + template

    def observe(self, texts: Sequence[str], counted: int) -> None:
        """Corrects the factor by the server's count for a prompt of these messages."""
        estimate = sum(estimate_tokens(text) for text in texts)
        if estimate:
            least = counted - _LEAST_TOKENS_PER_MESSAGE * len(texts)
            self.factor = max(self.factor, least / estimate)

    def observe_overflow(self, texts: Sequence[str], counted: int | None) -> None:
        """Corrects the factor after a prompt that was too long, by the server's count if known."""
        before = self.factor
        if counted is not None:
            self.observe(texts, counted)
        if self.factor == before:
            self.factor *= _OVERFLOW_FACTOR


def _count_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
