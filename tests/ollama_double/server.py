"""The server of the double: its switches, and the log of what it was asked."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.ollama_double.endpoints import answer
from tests.ollama_double.loopback import Dropped, Fault, LoopbackServer
from tests.ollama_double.models import DoubleModel, default_models
from tests.ollama_double.models import tokens as count_tokens


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]


class OllamaDouble:
    """The server. Its switches may be thrown at any time; see the methods.

    `calls` logs every request; `most_at_once[path]` is the most that were under way together;
    `loads` names each model as often as it was loaded, also because its options changed;
    `prompts` holds what reached the chat models, after any cut. Texts put into `scripted` are the
    next replies.
    """

    def __init__(
        self,
        models: list[DoubleModel] | None = None,
        *,
        version: str = "0.33.0",
        bytes_per_token: float = 4,
        key: str | None = None,
        library: list[DoubleModel] | None = None,
        fixed_vectors: bool = False,
    ) -> None:
        self.version = version
        self.bytes_per_token = bytes_per_token
        self.models = {m.name.lower(): m for m in (default_models() if models is None else models)}
        self.library = {m.name.lower(): m for m in library or []}
        self.calls: list[Call] = []
        self.most_at_once: Counter[str] = Counter()
        self.loads: list[str] = []
        self.scripted: deque[str] = deque()
        self.key = key
        self.fixed_vectors = fixed_vectors
        self.crashing: set[str] = set()
        self.nan: set[str] = set()
        self.zeros: dict[str, bool] = {}
        self.mangle: Callable[[list[list[float]]], Any] | None = None
        self.slow_texts: int | None = None
        self.stream_fault: str | None = None
        self.pause_after: int | None = None
        self.flowing = threading.Event()
        self.ignores_truncate = False
        self.overflow_text: str | None = None
        self.prompts: list[str] = []
        self.loaded: dict[str, tuple[tuple[str, Any], ...]] = {}
        self.runner = threading.Lock()  # a real server works on one batch of texts at a time
        self.closing = threading.Event()
        self._planned: list[tuple[str | None, Fault | Dropped]] = []
        self._free = threading.Event()
        self._free.set()
        self._at_once: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._server: LoopbackServer | None = None

    def __enter__(self) -> OllamaDouble:
        self._server = LoopbackServer(self._serve)
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._free.set()
        self.flowing.set()
        if self._server is not None:
            self._server.close()

    @property
    def url(self) -> str:
        assert self._server is not None, "the double serves inside its with block only"
        return self._server.url

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """The bodies of all requests to `path`, in order."""
        return [call.body for call in self.calls if call.path == path]

    def tokens(self, *texts: str) -> int:
        """How many tokens a prompt of these messages has."""
        return sum(count_tokens(self, text) for text in texts)

    def embedded_texts(self) -> list[str]:
        """Every text that was asked to be embedded, in order, failed requests included."""
        return [text for body in self.bodies("/api/embed") for text in body["input"]]

    # ------------------------------------------------------------ switches

    def fail_next(
        self,
        count: int = 1,
        status: int = 500,
        text: str = "",
        *,
        path: str | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """The next `count` requests (to `path`) get `status` and `{"error": text}`, or `body`."""
        fault = Fault(status, text, body, headers or {})
        self._planned += [(path, fault)] * count

    def drop_next(self, count: int = 1, *, path: str | None = None) -> None:
        """The next `count` requests are read and the connection closed without a reply."""
        self._planned += [(path, Dropped())] * count

    def crash_on(self, words: str) -> None:
        """The runner dies on every request with a text that holds `words`."""
        self.crashing.add(words)

    def nan_for(self, words: str) -> None:
        """Requests with a text that holds `words` fail for a vector with NaN."""
        self.nan.add(words)

    def zero_vector_for(self, words: str, *, until_unload: bool = False) -> None:
        """Texts that hold `words` get a vector of zeros with status 200."""
        self.zeros[words] = until_unload

    def mangle_vectors(self, change: Callable[[list[list[float]]], Any] | None) -> None:
        """`change` makes of all vectors of a reply what is sent instead."""
        self.mangle = change

    def slow_over(self, texts: int | None) -> None:
        """Requests to embed more than `texts` texts get no reply before the server is closed."""
        self.slow_texts = texts

    def hold(self) -> None:
        """No request is answered before `release`."""
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def break_streams(self, how: str | None) -> None:
        """ "drop" or "error" after the first part of a stream; "no done" leaves out the last."""
        self.stream_fault = how

    def pause_streams(self, after: int | None) -> None:
        """Streams stop after so many parts, until the server is closed or this is called again;
        None lets them flow."""
        self.flowing.set()
        self.flowing = threading.Event()
        self.pause_after = after

    def exchange_model(self, name: str, **changes: Any) -> None:
        """The model of this name becomes another, with another digest, as after a new pull."""
        model = self.models[name.lower()]
        self.models[name.lower()] = model.changed(**changes)

    def wait_for_calls(self, path: str, count: int) -> None:
        """Returns when `count` requests to `path` have arrived, after ten seconds at most."""
        with self._arrived:
            arrived = self._arrived.wait_for(lambda: len(self.bodies(path)) >= count, timeout=10)
        assert arrived, f"{len(self.bodies(path))} requests to {path}, not {count}"

    # ------------------------------------------------------------ serving

    def _serve(self, method: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
        with self._lock:
            self.calls.append(Call(method, path, body, headers))
            self._at_once[path] += 1
            self.most_at_once[path] = max(self.most_at_once[path], self._at_once[path])
            self._arrived.notify_all()
        try:
            self._free.wait()
            planned = self._take_planned(path)
            if planned is not None:
                raise planned
            if self.key is not None and headers.get("authorization") != f"Bearer {self.key}":
                raise Fault(
                    401,
                    body=b'{"error":"unauthorized","signin_url":"https://ollama.com/connect"}',
                )
            return answer(self, method, path, body)
        finally:
            with self._lock:
                self._at_once[path] -= 1

    def _take_planned(self, path: str) -> Fault | Dropped | None:
        with self._lock:
            for place, (wanted, fault) in enumerate(self._planned):
                if wanted in (None, path):
                    del self._planned[place]
                    return fault
        return None
