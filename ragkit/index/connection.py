"""An open index: its store, the models that go with it, and what a question is made of."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ragkit.answering.request import AskRequest, replace_surrogates
from ragkit.errors import ModelNotFoundError, RagkitError
from ragkit.index.compatibility import check_embedder
from ragkit.index.options import AskOptions, SearchOptions
from ragkit.models import NO_CHAT, OllamaSettings, choose_chat, resolve_chat, resolve_embedder
from ragkit.paths import base_folder
from ragkit.retrieval.filters import FilterOptions, read_filters
from ragkit.retrieval.hybrid_search import KEYWORD_WEIGHT
from ragkit.retrieval.rerank import ChatReranker, RerankStep
from ragkit.store import Store
from ragkit.types import Chat, Embedder, ModelIdentity, Reranker

logger = logging.getLogger(__name__)

SEARCH_LIMIT = 5
ASK_LIMIT = 8
_SETTINGS = "settings"
_CALIBRATION = "calibration:"


class IndexConnection:
    """What `Index` and its `maintenance` share. `store` is the version that answers; writing
    puts another in its place when there is a newer one."""

    def __init__(
        self, store: Store, ollama: OllamaSettings | None = None, embedder: Embedder | None = None
    ) -> None:
        self.store = store
        self.ollama = ollama or OllamaSettings()
        self.given_embedder = embedder
        self._embedders: dict[ModelIdentity, Embedder] = {}
        self._rerankers: dict[str, Reranker] = {}
        self._settings: dict[str, float | int] | None = None
        if embedder is not None:
            self.add_embedder(embedder, check=True)

    @property
    def base_folder(self) -> Path:
        """Sources below this folder are named relative to it, so that both can be moved."""
        return base_folder(self.store.location)

    def add_embedder(self, embedder: Embedder, *, check: bool = False) -> None:
        """Uses this object for vectors of its identity.

        Raises `IndexMismatchError` with `check`, when it is not the model of the index.
        """
        model = resolve_embedder(embedder)
        if check:
            check_embedder(self.store.manifest, model, self.store.uri)
        self._embedders[model.identity] = model

    def store_and_embedder(self) -> tuple[Store, Embedder]:
        """The store and the model of its vectors: one pair, whatever version other threads
        activate meanwhile.

        Raises `IndexMismatchError` when the model under that name is no longer the same.
        """
        store = self.store
        identity = store.manifest.embedder
        if identity not in self._embedders:
            # Nobody named the model now: a search must not begin with a download.
            model = resolve_embedder(identity.name, replace(self.ollama, pull=False))
            check_embedder(store.manifest, model, store.uri)
            self._embedders[identity] = model
        return store, self._embedders[identity]

    def counts(self) -> tuple[int, int]:
        """How many files are indexed, and how many chunks they have."""
        return self.store.files.outcomes().get("indexed", 0), self.store.chunks.count()

    def close(self) -> None:
        """Frees what searching holds in memory."""
        self.store.close()
        self._embedders = {}
        self._rerankers = {}
        if self.given_embedder is not None:
            self.add_embedder(self.given_embedder)

    @contextmanager
    def write_lock(
        self, wait_seconds: float = 0.0, on_wait: Callable[[str], object] | None = None
    ) -> Iterator[None]:
        """Holds the write lock, with the version that is current by then."""
        with self.store.lock(wait_seconds=wait_seconds, on_wait=on_wait):
            self.store = self.store.reload()
            yield

    # ------------------------------------------------------------ settings

    @property
    def search_settings(self) -> dict[str, float | int]:
        """The defaults that hold for `search`: `keyword_weight` and `limit`."""
        return {"keyword_weight": KEYWORD_WEIGHT, "limit": SEARCH_LIMIT, **self._saved_settings()}

    def _saved_settings(self) -> dict[str, float | int]:
        if self._settings is None:
            self._settings = dict(self.store.catalog.get(_SETTINGS) or {})
        return self._settings

    def save_settings(self, settings: Mapping[str, float | int]) -> None:
        """As `Maintenance.save_settings`."""
        unknown = set(settings) - {"keyword_weight", "limit"}
        if unknown:
            raise ValueError(f"no setting {', '.join(sorted(unknown))}")
        if settings.get("keyword_weight", 0) < 0 or settings.get("limit", 1) < 1:
            raise ValueError("keyword_weight must be at least 0, limit at least 1")
        merged = {**self._saved_settings(), **settings}
        self.store.catalog.set(_SETTINGS, merged)
        self._settings = merged

    def limit(self, given: int | None, default: int) -> int:
        """How many passages to take."""
        return int(self._saved_settings().get("limit", default)) if given is None else given

    def keyword_weight(self, given: float | None) -> float:
        """The weight of exact words."""
        saved = self._saved_settings().get("keyword_weight", KEYWORD_WEIGHT)
        return saved if given is None else given

    # ------------------------------------------------------------ what a question needs

    def ask_request(self, question: str, options: AskOptions) -> AskRequest:
        """A question with what is left out filled in.

        Raises `ValueError` for a blank question or a bad filter.
        """
        return AskRequest(
            question=check_question(question),
            limit=self.limit(options.limit, ASK_LIMIT),
            keyword_weight=self.keyword_weight(options.keyword_weight),
            sources=self.filter_sources(options.filters),
            exact=options.exact,
            supported_only=options.supported_only,
            per_document=options.per_document,
            min_score=options.min_score,
            reply_tokens=options.answer_tokens,
            on_text=options.on_text,
            on_restart=options.on_restart,
            history=options.history,
            standalone=replace_surrogates(options.standalone),
            rerank_step=self.rerank_step(options),
        )

    def filter_sources(self, filters: FilterOptions) -> list[str] | None:
        """The files that pass the filters, None when there is no filter."""
        parsed = read_filters(**filters)
        if parsed is None:
            return None
        if parsed.columns == ("source",):
            return parsed.filter_sources(self.store.files.sources())
        records = self.store.files.records(parsed.columns)
        parsed = parsed.for_sources(record.source for record in records)
        return [record.source for record in records if parsed.matches(record)]

    def rerank_step(self, options: SearchOptions) -> RerankStep | None:
        """The step that orders hits anew, None when nobody asked for one."""
        if options.rerank is None:
            return None
        return RerankStep(self.reranker(options.rerank), options.on_note or logger.warning)

    def reranker(self, named: str | Reranker) -> Reranker:
        """The reranker called `ollama/NAME`, a chat model that grades passages, made once; an
        object with `score` as it is.

        Raises `ModelNotFoundError` for a vendor ragkit does not know, `ValueError` for another
        object.
        """
        if not isinstance(named, str):
            if not hasattr(named, "score"):
                kind = type(named).__name__
                raise ValueError(f"{kind} is no reranker: it has no score(question, texts)")
            return named
        if named.partition(":")[0].partition("/")[0] == "lancedb":
            raise ModelNotFoundError(
                f"no reranker {named!r}: those of LanceDB are no longer adapted; use ollama/NAME, "
                "or pass any object with score(question, texts) as rerank= from Python"
            )
        if named not in self._rerankers:
            chat = resolve_chat(named, self.ollama, {"temperature": 0})
            self._rerankers[named] = ChatReranker(chat)
        return self._rerankers[named]

    def chat_model(
        self, model: str | Chat | None, model_options: Mapping[str, object] | None
    ) -> Chat | None:
        """As `Index.chat_model`; an object that fulfils `Chat` as it is."""
        if model is not None and not isinstance(model, str):
            return model
        name = model or choose_chat(self.ollama).name
        if not name or name == NO_CHAT:
            return None
        chat: Any = resolve_chat(name, self.ollama, model_options)
        saved = self.store.catalog.get(_CALIBRATION + chat.name)
        if saved is not None and hasattr(chat, "calibration"):
            chat.calibration = float(saved)
        found: Chat = chat
        return found

    def save_calibration(self, chat: Chat | None) -> None:
        """Keeps what the model's replies showed about its tokens, for the next process."""
        factor = getattr(chat, "calibration", None)
        if chat is None or factor is None:
            return
        key = _CALIBRATION + chat.name
        if factor > (self.store.catalog.get(key) or 1.0) * 1.01:
            try:
                self.store.catalog.set(key, factor)
            except RagkitError as error:  # an index on a read-only disk still answers
                logger.info("calibration of %s not kept: %s", chat.name, error)


def check_question(question: str) -> str:
    """The question as text that can be stored and sent. Raises `ValueError` when it is blank."""
    if not question.strip():
        raise ValueError("the question is empty")
    return replace_surrogates(question)
