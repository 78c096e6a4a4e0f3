"""What vendors and engines fulfil."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from ragkit.types.manifest import ModelIdentity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]


class TokenCounter(Protocol):
    """Counts tokens for one model, cheaply. Picklable, so that worker processes can hold it."""

    def __call__(self, texts: Sequence[str]) -> list[int]: ...


class Embedder(Protocol):
    """Turns texts into vectors of length 1.

    An object with `embed_documents` and `embed_query` alone can be used, too: ragkit completes
    it. An attribute `is_remote` = True tells that texts leave this machine.

    `max_tokens` is the longest text the model reads whole, None when there is no limit.
    `token_counter` is exact where the tokenizer is at hand, else never below the true count
    by design.
    """

    @property
    def name(self) -> str: ...
    @property
    def identity(self) -> ModelIdentity: ...
    @property
    def max_tokens(self) -> int | None: ...
    @property
    def token_counter(self) -> TokenCounter: ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32, rows in the order of `texts`. No text may be blank.

        Raises `EmbeddingError` when some texts have no vector, other `ModelError`s when none has.
        """
        ...

    def embed_query(self, text: str) -> Vectors:
        """(d,) float32."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation with a chat model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What the server counted for one reply. None: it did not say.

    `finish` is "stop" (the model ended by itself) or "length" (the reply was cut).
    """

    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    finish: str = "stop"


class Reply(Protocol):
    """A reply as it arrives: iterate for its pieces; `usage` is set when the iteration ends."""

    usage: Usage | None

    def __iter__(self) -> Iterator[str]: ...


class AsyncReply(Protocol):
    """As `Reply`, inside an event loop."""

    usage: Usage | None

    def __aiter__(self) -> AsyncIterator[str]: ...


class Chat(Protocol):
    """Writes replies.

    `context_tokens` is the window every call asks for; `count_tokens` a pessimistic estimate of
    the tokens of a text, calibrated by the usage of earlier replies where the vendor gives it.
    An attribute `is_remote` = True tells that messages leave this machine.
    Replies raise `ContextOverflowError` when the prompt does not fit, other `ModelError`s else.
    """

    @property
    def name(self) -> str: ...
    @property
    def context_tokens(self) -> int: ...

    def count_tokens(self, text: str) -> int: ...
    def reply(self, messages: Sequence[Message], *, reply_tokens: int) -> Reply: ...
    def reply_async(self, messages: Sequence[Message], *, reply_tokens: int) -> AsyncReply: ...


def is_remote(model: object) -> bool:
    """Whether texts sent to an embedder, a chat model or a reranker leave this machine: what its
    attribute `is_remote` says, False without one."""
    return bool(getattr(model, "is_remote", False))


class Reranker(Protocol):
    """Judges passages by reading each beside the question."""

    @property
    def name(self) -> str: ...

    def score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """How well each text answers the question, higher is better; raises `ModelError`."""
        ...


Task = TypeVar("Task")
Result = TypeVar("Result")


class Engine(Protocol):
    """Where the work of the write path runs.

    `imap` yields (index, result or the exception that task raised), each index of `tasks` exactly
    once, in any order, with a bounded number in flight; `fn` must be picklable. A worker that
    dies or outlives its limit fails its own task only. `tasks` is pulled lazily. `slots` is
    how many tasks it works on at a time, 1 at least; `embeds` says that models run there, too.
    """

    @property
    def embeds(self) -> bool: ...
    @property
    def slots(self) -> int: ...

    def imap(
        self, fn: Callable[[Any], Any], tasks: Iterable[Any]
    ) -> Iterator[tuple[int, Any | Exception]]: ...

    def stop(self) -> None:
        """Ends every `imap` in progress, from any thread, without waiting for its tasks."""
        ...
