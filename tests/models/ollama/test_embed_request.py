"""Promises of `ragkit.models.ollama.embed_request`, on any mixture of failures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.models.ollama.embed_request import BatchRecovery
from ragkit.models.ollama.errors import FailureKind, OllamaError, OllamaOverflowError

# What a text does to a request it is in. ONCE and TIRED are cured by a second try or an unload.
FINE, LONG, CRASH, NAN, ZERO, SICK = "fine", "long", "crash", "nan", "zero", "sick"
ONCE, TIRED = "once", "tired"
CURABLE = (FINE, ONCE, TIRED)


class Server:
    """A server whose texts say what they do to it; a vector holds the number of its text."""

    def __init__(self, most_texts: int = 1000) -> None:
        self.most_texts = most_texts
        self.crashed: set[str] = set()
        self.unloaded = False
        self.requests: list[int] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.requests.append(len(texts))
        if len(texts) > self.most_texts:
            raise OllamaError("too slow", FailureKind.TIMED_OUT)
        kinds = [text.partition(" ")[0] for text in texts]
        if LONG in kinds:
            raise OllamaOverflowError("too long")
        for text, kind in zip(texts, kinds, strict=True):
            if kind == CRASH or (kind == ONCE and text not in self.crashed):
                self.crashed.add(text)
                raise OllamaError("EOF", FailureKind.CRASHED)
        if NAN in kinds or (SICK in kinds and self.unloaded):
            raise OllamaError("NaN", FailureKind.BROKEN_VECTOR)
        return np.stack([self.vector(text) for text in texts])

    def vector(self, text: str) -> np.ndarray:
        kind, _, number = text.partition(" ")
        if kind in (ZERO, SICK) or (kind == TIRED and not self.unloaded):
            return np.zeros(2, dtype=np.float32)
        angle = float(number) if number.isdigit() else 0.0
        return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)

    def unload(self) -> None:
        self.unloaded = True


@given(
    kinds=st.lists(
        st.sampled_from([FINE] * 6 + [LONG, CRASH, NAN, ZERO, SICK, ONCE, TIRED]),
        min_size=1,
        max_size=40,
    ),
    most_texts=st.integers(1, 50),
)
def test_every_text_that_has_a_vector_gets_it_and_every_other_is_named(
    kinds: list[str], most_texts: int
) -> None:
    texts = [f"{kind} {number}" for number, kind in enumerate(kinds)]
    server = Server(most_texts)
    batch = BatchRecovery(server, "tiny", 2, 64).embed(texts)
    assert batch.too_long == {n for n, kind in enumerate(kinds) if kind == LONG}
    assert set(batch.refused) == {
        n for n, kind in enumerate(kinds) if kind in (CRASH, NAN, ZERO, SICK)
    }
    for number, kind in enumerate(kinds):
        wanted = [np.cos(number), np.sin(number)] if kind in CURABLE else [0, 0]
        np.testing.assert_allclose(batch.vectors[number], wanted, atol=1e-6)


def test_one_bad_text_in_64_costs_at_most_28_requests() -> None:
    server = Server()
    BatchRecovery(server, "tiny", 2, 64).embed(
        [f"{CRASH if n == 37 else FINE} {n}" for n in range(64)]
    )
    assert len(server.requests) <= 28


def test_the_smaller_batch_is_remembered() -> None:
    server = Server(most_texts=16)
    recovery = BatchRecovery(server, "tiny", 2, 64)
    for _ in range(3):
        recovery.embed([f"{FINE} {n}" for n in range(64)])
    assert recovery.batch_limit == 16
    assert server.requests == [64, 32] + [16] * 12


@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.UNREACHABLE,
        FailureKind.BUSY,
        FailureKind.DENIED,
        FailureKind.MEMORY,
        FailureKind.MISSING,
    ],
)
def test_what_ails_the_server_ends_the_work_at_once(kind: FailureKind) -> None:
    class Ailing(Server):
        def embed(self, texts: Sequence[str]) -> np.ndarray:
            self.requests.append(len(texts))
            raise OllamaError("ill", kind)

    server = Ailing()
    with pytest.raises(OllamaError, match="ill"):
        BatchRecovery(server, "tiny", 2, 64).embed([f"{FINE} {n}" for n in range(64)])
    assert server.requests == [64]
