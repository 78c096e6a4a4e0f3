"""An answer as an iterator of its text."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from ragkit.answering.request import OnText
from ragkit.types import Answer

OnRestart = Callable[[], None]


class _ClosedError(BaseException):
    """Raised in the thread that writes an answer when nobody wants it any more."""


class _Stream:
    restarts = 0
    _answer: Answer | None = None

    @property
    def answer(self) -> Answer:
        """The checked answer. Raises `ValueError` before the iteration has ended."""
        if self._answer is None:
            raise ValueError("the answer is there when the iteration has ended")
        return self._answer

    def _restart(self) -> None:
        self.restarts += 1


class AnswerStream(_Stream):
    """The text of an answer, piece by piece, while it is written.

    `answer` is the checked answer once the iteration has ended. `restarts` counts how often the
    text began anew, because the prompt had to be made shorter: what came before is then void.
    Iterate once. `close` (or leaving a `with` block) stops the model.
    """

    def __init__(self, ask: Callable[[OnText, OnRestart], Answer]) -> None:
        """`ask` is called when the iteration begins, in a thread of its own."""
        self._ask = ask
        self._closed = threading.Event()
        self._pieces = self._run()

    def __iter__(self) -> Iterator[str]:
        return self._pieces

    def __enter__(self) -> AnswerStream:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the iteration, and the model's work at its next piece of text."""
        self._closed.set()

    def _run(self) -> Iterator[str]:
        pieces: queue.SimpleQueue[str | Answer | BaseException] = queue.SimpleQueue()

        def put(piece: str) -> None:
            if self._closed.is_set():
                raise _ClosedError
            pieces.put(piece)

        def work() -> None:
            try:
                pieces.put(self._ask(put, self._restart))
            except BaseException as error:  # noqa: BLE001 - raised where the text is read
                pieces.put(error)

        threading.Thread(target=work, name="ragkit-answer", daemon=True).start()
        is_empty = True
        try:
            while not self._closed.is_set():
                piece = pieces.get()
                if isinstance(piece, BaseException):
                    raise piece
                if isinstance(piece, Answer):
                    self._answer = piece
                    if is_empty:  # quoted: no model wrote it piece by piece
                        yield piece.text
                    return
                is_empty = False
                yield piece
        finally:
            self.close()


class AsyncAnswerStream(_Stream):
    """As `AnswerStream`, inside an event loop: `async for piece in stream`."""

    def __init__(self, ask: Callable[[OnText, OnRestart], Awaitable[Answer]]) -> None:
        self._ask = ask

    async def __aiter__(self) -> AsyncIterator[str]:
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(piece: str) -> None:  # an answer without a model is made in another thread
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        async def work() -> Answer:
            try:
                return await self._ask(put, self._restart)
            finally:
                loop.call_soon(pieces.put_nowait, None)

        task = asyncio.create_task(work())
        try:
            is_empty = True
            while (piece := await pieces.get()) is not None:
                is_empty = False
                yield piece
            self._answer = await task
            if is_empty:  # quoted: no model wrote it piece by piece
                yield self._answer.text
        finally:
            task.cancel()
