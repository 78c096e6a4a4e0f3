"""Every error a caller may want to catch. The command line prints each as one line and exits 1.

RagkitError
├── FilterError (also a ValueError)     a filter that cannot be read
├── IndexNotFoundError                  no index at the place named
├── IndexDamagedError                   it is there and cannot be read
├── IndexChangedError                   written again and again while it was searched
├── IndexMismatchError                  built with another model, settings or format
├── IndexLockedError                    another process is writing it
├── IndexReadOnlyError                  it may not be written here
├── LoadError                           a file that is no text (engines and loaders; not `Index`)
├── StorageError                        an object store that cannot be reached, or refuses
└── ModelError                          a model did not do what was asked of it
    ├── ModelUnavailableError           its server cannot be reached, or is busy
    ├── ModelNotFoundError              the server does not have it
    ├── ContextOverflowError            the prompt does not fit its window
    ├── EmbeddingError                  some texts have no vector
    └── AnswerCutError                  it broke off in the middle of an answer

AnswerStoppedError (a KeyboardInterrupt): Ctrl-C in the middle of an answer.
A mistake in a call is a `TypeError` or a `ValueError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


__all__ = [
    "AnswerCutError",
    "AnswerStoppedError",
    "ContextOverflowError",
    "EmbeddingError",
    "FilterError",
    "IndexChangedError",
    "IndexDamagedError",
    "IndexLockedError",
    "IndexMismatchError",
    "IndexNotFoundError",
    "IndexReadOnlyError",
    "LoadError",
    "ModelError",
    "ModelNotFoundError",
    "ModelUnavailableError",
    "RagkitError",
    "StorageError",
]


class RagkitError(Exception):
    """The root of all errors ragkit raises on purpose; its text is meant for the person."""


class FilterError(RagkitError, ValueError):
    """A filter that cannot be read: why, and at which of its characters, counted from 1."""

    def __init__(self, reason: str, text: str, position: int) -> None:
        super().__init__(f"{reason}, at character {position} of: {text}")
        self.reason = reason
        self.text = text
        self.position = position

    def __reduce__(self) -> tuple[object, ...]:
        return (FilterError, (self.reason, self.text, self.position))


class LoadError(RagkitError):
    """A file could not be turned into text. `outcome` is the one of its record.

    "skipped": nothing is wrong with ragkit or the file, there is just no text to be had (a
    picture, an encrypted file, a format whose library is not installed).
    "failed": the file should have been readable (damaged, unreadable, timed out).
    """

    def __init__(self, message: str, *, outcome: str = "failed") -> None:
        super().__init__(message)
        self.outcome = outcome

    def __reduce__(self) -> tuple[object, ...]:
        return (_load_error, (str(self), self.outcome))


def _load_error(message: str, outcome: str) -> LoadError:
    return LoadError(message, outcome=outcome)


class IndexNotFoundError(RagkitError):
    """There is no index at the place named."""


class IndexDamagedError(RagkitError):
    """The index is there but cannot be read; the text says how to rebuild it."""


class IndexChangedError(RagkitError):
    """The index was written while it was searched, again and again."""


class IndexMismatchError(RagkitError):
    """The index was built with another embedder, other settings or another format version."""


class IndexLockedError(RagkitError):
    """Another process is writing this index."""


class IndexReadOnlyError(RagkitError):
    """The index may not be written, by this person or on this disk. Reading works."""


class StorageError(RagkitError):
    """An object store cannot be reached, refuses, or does not keep what tables rest on."""


class ModelError(RagkitError):
    """An embedding or chat model did not do what was asked of it."""


class ModelUnavailableError(ModelError):
    """The server that holds the model cannot be reached, or refuses to work now."""


class ModelNotFoundError(ModelError):
    """The server is there, the model is not."""


class ContextOverflowError(ModelError):
    """The prompt does not fit the model's context window.

    `prompt_tokens` and `window` are the server's own figures, None where it gave none.
    """

    def __init__(
        self, message: str, *, prompt_tokens: int | None = None, window: int | None = None
    ) -> None:
        super().__init__(message)
        self.prompt_tokens = prompt_tokens
        self.window = window


class AnswerCutError(ModelError):
    """The chat model broke off in the middle of an answer.

    `answer` is the `Answer` made of what had come, checked like a whole one.
    """

    def __init__(self, message: str, *, answer: Any) -> None:
        super().__init__(message)
        self.answer = answer


class AnswerStoppedError(KeyboardInterrupt):
    """Ctrl-C in the middle of an answer. Like every interrupt it is no `RagkitError`.

    `answer` is the `Answer` made of what had come, checked as far as that takes no model.
    """

    def __init__(self, *, answer: Any) -> None:
        super().__init__("stopped in the middle of the answer")
        self.answer = answer


class EmbeddingError(ModelError):
    """Some texts of a batch have no usable vector; the others do.

    `vectors`: (n, d) float32, one row a text as asked; rows of refused texts are zero.
    `too_long`: positions of texts beyond the model's limit; split them and ask again.
    `refused`: position -> reason, for texts that cannot be embedded at all.
    """

    def __init__(
        self,
        message: str,
        *,
        vectors: npt.NDArray[np.float32],
        too_long: frozenset[int] = frozenset(),
        refused: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.vectors = vectors
        self.too_long = too_long
        self.refused: Mapping[int, str] = refused or {}

    def __reduce__(self) -> tuple[object, ...]:
        # A worker's error travels pickled; keyword arguments do not by themselves.
        return _embedding_error, (str(self), self.vectors, self.too_long, dict(self.refused))


def _embedding_error(
    message: str,
    vectors: npt.NDArray[np.float32],
    too_long: frozenset[int],
    refused: Mapping[int, str],
) -> EmbeddingError:
    return EmbeddingError(message, vectors=vectors, too_long=too_long, refused=refused)


def missing_library(purpose: str, *packages: str) -> str:
    """The message for a task whose libraries are not installed: names them and the command."""
    quoted = " ".join(f'"{name}"' if set(name) & set("<>=,") else name for name in packages)
    return f"{purpose} needs a library that is not installed: pip install {quoted}"
