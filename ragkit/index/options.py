"""The parameters of the public methods as data, each checked where it enters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, TypeVar

from ragkit.answering.request import REPLY_TOKENS, OnText
from ragkit.retrieval.filters import FilterOptions
from ragkit.retrieval.passages import PER_DOCUMENT
from ragkit.types import Chat, Engine, Message, Progress, Reranker

MAX_FILE_BYTES = 200 * 1000 * 1000

_FLAG, _COUNT, _NUMBER, _TEXT, _TEXTS = "a bool", "an int", "a number", "a str", "a list of str"
_KINDS: dict[str, str] = {
    **dict.fromkeys(("hidden", "ocr", "allow_empty", "exact", "supported_only", "repair"), _FLAG),
    **dict.fromkeys(("drop_previous", "create", "vectors"), _FLAG),
    **dict.fromkeys(("limit", "per_document", "reply_tokens", "max_file_bytes"), _COUNT),
    **dict.fromkeys(("files_per_task", "chunk_tokens", "overlap", "concurrency", "lines"), _COUNT),
    **dict.fromkeys(("keyword_weight", "min_score", "wait_seconds"), _NUMBER),
    **dict.fromkeys(("question", "where", "standalone", "text", "source", "expect"), _TEXT),
    **dict.fromkeys(("include", "exclude", "passwords", "types"), _TEXTS),
    **dict.fromkeys(("on_progress", "on_wait", "on_text", "on_restart", "on_note"), "a function"),
}
_LEAST = {"limit": 1, "per_document": 1, "reply_tokens": 1, "files_per_task": 1, "concurrency": 1}
_LEAST |= {"max_file_bytes": 1, "chunk_tokens": 1, "overlap": 0, "lines": 0}


def check_parameters(given: Mapping[str, Any]) -> None:
    """Refuses values that a public method cannot take; None stands for "left out".

    Raises `TypeError` for a wrong type, `ValueError` for a number below the least.
    """
    for name, value in given.items():
        kind = _KINDS.get(name)
        if value is None or kind is None:
            continue
        if not _fits(kind, value):
            raise TypeError(f"{name} must be {kind}, got {type(value).__name__}: {value!r:.60}")
        if name in _LEAST and value < _LEAST[name]:
            raise ValueError(f"{name} must be at least {_LEAST[name]}, got {value}")


def _fits(kind: str, value: Any) -> bool:
    if kind == _FLAG:
        return isinstance(value, bool)
    if kind in (_COUNT, _NUMBER):
        is_number = isinstance(value, int) or (kind == _NUMBER and isinstance(value, float))
        return is_number and not isinstance(value, bool)
    if kind == _TEXT:
        return isinstance(value, str)
    if kind == _TEXTS:
        return isinstance(value, Collection) and all(isinstance(one, str) for one in _items(value))
    return callable(value)


def _items(value: Collection[Any]) -> Collection[Any]:
    """The items of a collection; of a text, which is none, something that is no text."""
    return (None,) if isinstance(value, str | bytes) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitOptions:
    """What to do while another process writes the index."""

    wait_seconds: float = 0.0
    on_wait: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions(WaitOptions):
    """How files are read, cut and embedded."""

    passwords: Sequence[str] = ()
    max_file_bytes: int = MAX_FILE_BYTES
    ocr: bool | None = None
    engine: Engine | None = None
    files_per_task: int | None = None
    on_progress: Callable[[Progress], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """How passages are searched for."""

    limit: int | None = None
    keyword_weight: float | None = None
    exact: bool = False
    rerank: str | Reranker | None = None
    on_note: Callable[[str], object] | None = None
    path: str | None = None
    types: Collection[str] = ()
    since: str | date | None = None
    until: str | date | None = None
    where: str | None = None

    @property
    def filters(self) -> FilterOptions:
        """The filters among them."""
        return FilterOptions(
            path=self.path,
            types=self.types,
            since=self.since,
            until=self.until,
            where=self.where,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions(SearchOptions):
    """How a question is answered."""

    model: str | Chat | None = None
    model_options: Mapping[str, object] | None = None
    per_document: int = PER_DOCUMENT
    min_score: float | None = None
    supported_only: bool = False
    reply_tokens: int | None = None
    history: Sequence[Message] = ()
    standalone: str = ""
    on_text: OnText | None = None
    on_restart: Callable[[], object] | None = None

    @property
    def answer_tokens(self) -> int:
        """The longest answer: kept free in the window, and what the model is told."""
        if self.reply_tokens is not None:
            return self.reply_tokens
        wanted = (self.model_options or {}).get("num_predict", REPLY_TOKENS)
        return wanted if isinstance(wanted, int) else REPLY_TOKENS


Options = TypeVar("Options", bound=WaitOptions | SearchOptions)


def options_of(kind: type[Options], given: Mapping[str, Any]) -> Options:
    """The options among the parameters of a method, given as its `locals()`, checked.

    Public methods name every parameter, so that a typo is a `TypeError` and tools can show them;
    this spares them a second list of the names.

    Raises `TypeError` and `ValueError` as `check_parameters` does.
    """
    check_parameters(given)
    return kind(**{field.name: given[field.name] for field in fields(kind) if field.name in given})
