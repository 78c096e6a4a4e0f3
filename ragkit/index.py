"""Index: a store paired with the embedder that built it; the object people hold."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Unpack

from ragkit import store as tables
from ragkit.engines.local import LocalEngine
from ragkit.errors import IndexMismatchError, RagkitError
from ragkit.ingest.discover import source_of
from ragkit.ingest.load import LoadOptions
from ragkit.ingest.pipeline import OnProgress, Run
from ragkit.ingest.prepare import Recipe
from ragkit.ingest.reconcile import Decision
from ragkit.ingest.roots import Selection, decide, resolve_roots
from ragkit.ingest.watch import changes
from ragkit.models import (
    NO_CHAT,
    Servers,
    choose_chat,
    choose_embedder,
    resolve_chat,
    resolve_embedder,
)
from ragkit.query.answer import REPLY_TOKENS, Asked, OnText, answer, answer_async
from ragkit.query.calibrate import keep_floor
from ragkit.query.filters import FilterOptions, filter_options, read_filters
from ragkit.query.retrieve import KEYWORD_WEIGHT, retrieve
from ragkit.schema import FORMAT
from ragkit.types import (
    Answer,
    Chat,
    ChunkSettings,
    Embedder,
    Engine,
    FileRecord,
    Hit,
    IndexReport,
    Manifest,
)

logger = logging.getLogger(__name__)

DEFAULT_FOLDER = ".ragkit"
MAX_FILE_BYTES = 200 * 1000 * 1000
SEARCH_LIMIT = 5
ASK_LIMIT = 8
_ROOTS = "roots"
_SETTINGS = "settings"
_CALIBRATION = "calibration:"
_LEAST_HEADROOM = 32  # tokens a chunk leaves for prefixes and table headers in a small window


def find_index(start: Path | None = None) -> str:
    """The index a command means when it names none: env RAGKIT_DB, else the nearest `.ragkit`
    folder from `start` (the current folder) upward, else `.ragkit` in `start`."""
    named = os.environ.get("RAGKIT_DB")
    if named:
        return named
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if tables.exists(str(folder / DEFAULT_FOLDER)):
            return str(folder / DEFAULT_FOLDER)
    return str(here / DEFAULT_FOLDER)


class AskOptions(FilterOptions, total=False):
    """How a question is asked; every field may be left out.

    model: a chat model's name ("ollama/gemma3"), or an object that fulfils `Chat`; "none" takes
    the best sentences of the documents; left out or None, what `Index.chat_model` finds.
    model_options: temperature, top_p, top_k, num_predict, stop, seed, num_ctx of that model.
    limit: how many passages to take. keyword_weight, and the filters path, types, since, until
    and where: as for `Index.search`.
    min_score: the evidence, 0 to 1, below which there is no answer; None: the index's own floor.
    strict: leave sentences out that their passages do not carry. reply_tokens: the longest answer.
    on_text: told the answer piece by piece while it is written. on_restart: told that it begins
    anew, because the prompt had to be made shorter.
    """

    model: str | Chat | None
    model_options: Mapping[str, object] | None
    limit: int
    keyword_weight: float
    min_score: float | None
    strict: bool
    reply_tokens: int
    on_text: OnText | None
    on_restart: Callable[[], None] | None


class Index:
    """A searchable index of folders. Make one with `Index.create`, or open one with `Index.open`.

    Reading methods may be called from several threads and beside one writing process.
    """

    def __init__(
        self,
        store: tables.Store,
        embedder: Embedder | None = None,
        servers: Servers | None = None,
    ) -> None:
        self._store = store
        self._servers = servers or Servers()
        if embedder is not None:
            _check(store.manifest, embedder, store.uri)
            self.__dict__["embedder"] = embedder

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        embedder: str | Embedder | None = None,
        servers: Servers | None = None,
        chunk_tokens: int | None = None,
        overlap: int = 0,
    ) -> Index:
        """A new, empty index in the folder `path` (or at an s3://, gs:// or az:// address).

        `embedder` is a name such as "ollama/embeddinggemma" or an object that fulfils
        `Embedder`; None means a known embedding model of Ollama if it answers, else the embedded
        one. `chunk_tokens` and `overlap` count tokens of that embedder. `servers` says how
        models are reached, then and later.

        Raises `RagkitError` when there is already an index, `ModelError` when the embedder
        cannot be used, `ValueError` for impossible sizes.
        """
        uri = _uri(path)
        if tables.exists(uri):
            raise RagkitError(f"there is already an index at {uri}; open it instead")
        if embedder is None:
            embedder = choose_embedder(servers).name
        model = resolve_embedder(embedder, servers) if isinstance(embedder, str) else embedder
        chunking = _chunking(model, chunk_tokens, overlap)
        manifest = Manifest(model.identity, chunking, FORMAT)
        return cls(tables.Store.create(uri, manifest), model, servers)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        embedder: Embedder | None = None,
        servers: Servers | None = None,
    ) -> Index:
        """The index at `path`; None means the one `find_index` finds.

        `embedder` is needed only where the index was built with an object of your own.

        Raises `IndexNotFoundError`, `IndexDamagedError`, `IndexMismatchError`.
        """
        store = tables.Store.open(_uri(path) if path is not None else find_index())
        if store.manifest.format != FORMAT:
            raise IndexMismatchError(
                f"{store.uri} has format {store.manifest.format}, this ragkit writes {FORMAT}; "
                "delete that folder and run `ragkit index` again"
            )
        return cls(store, embedder, servers)

    # ------------------------------------------------------------ what it is

    @property
    def uri(self) -> str:
        """Where the index is."""
        return self._store.uri

    @property
    def manifest(self) -> Manifest:
        """What the index was built with."""
        return self._store.manifest

    @cached_property
    def embedder(self) -> Embedder:
        """The model that built the index, loaded when first needed.

        Raises `IndexMismatchError` when the model under that name is no longer the same.
        """
        # Nobody named the model now: a search must not begin with a download.
        servers = replace(self._servers, pull=False)
        model = resolve_embedder(self.manifest.embedder.name, servers)
        _check(self.manifest, model, self.uri)
        return model

    @property
    def base(self) -> Path:
        """Sources below this folder are named relative to it, so that both can be moved."""
        return Path(self.uri).parent if "://" not in self.uri else Path("/")

    def files(self) -> list[FileRecord]:
        """The ledger: a row for every file ever discovered, in ascending order of source."""
        return self._store.records()

    def roots(self) -> list[str]:
        """The folders and files that were indexed, as sources are named."""
        return list(self._store.get(_ROOTS) or [])

    @property
    def settings(self) -> dict[str, float | int]:
        """The defaults in force for `search` in this index: `keyword_weight` and `limit`. What
        was saved for the index holds for `ask`, too. Read when first needed."""
        return {"keyword_weight": KEYWORD_WEIGHT, "limit": SEARCH_LIMIT, **self._settings}

    @cached_property
    def _settings(self) -> dict[str, float | int]:
        return dict(self._store.get(_SETTINGS) or {})

    def save_settings(self, settings: Mapping[str, float | int]) -> None:
        """Makes these the defaults of `search` and `ask` for this index.

        Raises `ValueError` for a setting there is not, or an impossible value.
        """
        unknown = set(settings) - {"keyword_weight", "limit"}
        if unknown:
            raise ValueError(f"no setting {', '.join(sorted(unknown))}")
        if settings.get("keyword_weight", 0) < 0 or settings.get("limit", 1) < 1:
            raise ValueError("keyword_weight must be at least 0, limit at least 1")
        merged = {**self._settings, **settings}
        self._store.set(_SETTINGS, merged)
        self.__dict__["_settings"] = merged

    # ------------------------------------------------------------ writing

    def plan(
        self,
        *paths: str | os.PathLike[str],
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        hidden: bool = False,
        allow_empty: bool = False,
    ) -> dict[str, list[str]]:
        """What `update` would look at: kind ("new", "changed", "gone", "unchanged", ...) ->
        sources. Nothing is read but folders, nothing is written. A changed file may turn out to
        hold what it held."""
        selection = Selection(tuple(include), tuple(exclude), hidden, allow_empty)
        roots = resolve_roots(paths, self.roots(), self.base)
        return _by_kind(self._decisions(roots, selection))

    def watch(
        self,
        *paths: str | os.PathLike[str],
        stop: threading.Event | None = None,
        **options: Any,
    ) -> Iterator[IndexReport]:
        """Updates now and again after every change, until `stop`: a report each time.

        `options` are those of `update`. Raises what `update` raises, and `RagkitError` when the
        extra `watch` is not installed.
        """
        roots = resolve_roots(paths, self.roots(), self.base)
        for _ in changes(roots, Path(self.uri), stop):
            yield self.update(*paths, **options)

    def _decisions(self, roots: Sequence[Path], selection: Selection) -> list[Decision]:
        return _decide_all(roots, self._store.records(), self.base, self.uri, selection)

    def update(
        self,
        *paths: str | os.PathLike[str],
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        hidden: bool = False,
        passwords: Sequence[str] = (),
        max_file_bytes: int = MAX_FILE_BYTES,
        allow_empty: bool = False,
        engine: Engine | None = None,
        wait_seconds: float = 0.0,
        on_progress: OnProgress | None = None,
        on_wait: Callable[[str], None] | None = None,
    ) -> IndexReport:
        """Makes the index true to folders or files: new, changed, moved and vanished ones.

        Without `paths` all that was indexed before is looked at again. Cheap when nothing
        changed: files of unchanged size and time are not read, no text is embedded twice.
        `include` and `exclude` are globs in the manner of .gitignore, relative to each path.
        A file that cannot be read is reported and keeps nothing else from being indexed.

        Raises `IndexLockedError` when another process writes and does not finish within
        `wait_seconds`; `RagkitError` when a path does not exist, or would empty the index
        without `allow_empty`; `ModelError` when the embedder fails for good. What was committed
        by then stays, and the next call goes on from there.
        """
        selection = Selection(tuple(include), tuple(exclude), hidden, allow_empty)
        with self._store.lock(wait_seconds=wait_seconds, on_wait=on_wait):
            self._store.refresh()
            kept = self.roots()
            roots = resolve_roots(paths, kept, self.base)
            decisions = self._decisions(roots, selection)
            recipe = Recipe(
                self.manifest.chunking,
                self.embedder.token_counter,
                LoadOptions(passwords=tuple(passwords)),
                max_file_bytes,
            )
            run = Run(self._store, self.embedder, engine or LocalEngine(), recipe, on_progress)
            report = run(decisions)
            changed = bool(report.added + report.updated + report.moved + report.removed)
            keep_floor(self._store, self.embedder, changed=changed)
            names = [source_of(root, self.base) for root in roots]
            if set(names) - set(kept):
                self._store.set(_ROOTS, list(dict.fromkeys([*kept, *names])))
            return report

    # ------------------------------------------------------------ reading

    def search(
        self,
        question: str,
        *,
        limit: int | None = None,
        keyword_weight: float | None = None,
        **filters: Unpack[FilterOptions],
    ) -> list[Hit]:
        """The `limit` chunks that fit best, best first; empty when the index is.

        Left out, `limit` and `keyword_weight` are those of `settings`, else 5 and 0.5.

        score = cosine similarity + `keyword_weight` x BM25 scaled to 0..1 over the candidates;
        0 is pure cosine similarity. `filters` are those of `FilterOptions`; only files that pass
        them all are searched.

        Raises `ValueError` for a blank question, a limit below 1 or a bad filter.
        """
        limit = self._limit(limit, SEARCH_LIMIT)
        return retrieve(
            self._store,
            self.embedder,
            _checked(question, limit),
            limit=limit,
            keyword_weight=self._weight(keyword_weight),
            sources=self._sources(**filters),
        )

    def ask(self, question: str, **options: Unpack[AskOptions]) -> Answer:
        """An answer from the best passages, each sentence checked against what it cites.

        `options` are those of `AskOptions`. Without a chat model the best sentences of the
        documents are the answer.

        Raises `ValueError` for a blank question, a limit below 1 or an unknown option of the
        model; `ModelError` when the model cannot be used.
        """
        chat = self._chat(options)
        result = answer(self._store, self.embedder, chat, self._asked(question, options))
        self._keep_calibration(chat)
        return result

    async def ask_async(self, question: str, **options: Unpack[AskOptions]) -> Answer:
        """As `ask`, inside an event loop."""
        chat = await asyncio.to_thread(self._chat, options)
        embedder = await asyncio.to_thread(lambda: self.embedder)
        asked = await asyncio.to_thread(self._asked, question, options)
        result = await answer_async(self._store, embedder, chat, asked)
        await asyncio.to_thread(self._keep_calibration, chat)
        return result

    async def ask_many(
        self, questions: Iterable[str], *, concurrency: int = 4, **options: Unpack[AskOptions]
    ) -> list[Answer]:
        """The answers to many questions in their order, `concurrency` of them asked at a time.

        Raises the first error; the questions that still wait are then given up.
        """
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        # One model object for all, so that its window and calibration are learnt once.
        options["reply_tokens"] = _reply_tokens(options)
        options["model"] = await asyncio.to_thread(self._chat, options) or NO_CHAT
        options.pop("model_options", None)
        await asyncio.to_thread(lambda: self.embedder)
        free = asyncio.Semaphore(concurrency)

        async def one(question: str) -> Answer:
            async with free:
                return await self.ask_async(question, **options)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(question)) for question in questions]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def search_async(self, question: str, **options: Any) -> list[Hit]:
        """As `search`, inside an event loop."""
        return await asyncio.to_thread(partial(self.search, question, **options))

    def chat_model(
        self, model: str | None = None, model_options: Mapping[str, object] | None = None
    ) -> Chat | None:
        """The chat model that `ask` takes: the one named, else what RAGKIT_CHAT_MODEL names, else
        one that Ollama has installed, else None, which means extractive answers."""
        name = model or choose_chat(self._servers).name
        if not name or name == NO_CHAT:
            return None
        chat = resolve_chat(name, self._servers, model_options)
        learnt = self._store.get(_CALIBRATION + chat.name)
        if learnt is not None and hasattr(chat, "calibration"):
            chat.calibration = float(learnt)
        return chat

    def _chat(self, options: AskOptions) -> Chat | None:
        model = options.get("model")
        if model is None or isinstance(model, str):
            return self.chat_model(model, options.get("model_options"))
        return model

    def _keep_calibration(self, chat: Chat | None) -> None:
        """Keeps what the model's replies taught about its tokens, for the next process."""
        factor = getattr(chat, "calibration", None)
        if chat is None or factor is None:
            return
        key = _CALIBRATION + chat.name
        if factor > (self._store.get(key) or 1.0) * 1.01:
            try:
                self._store.set(key, factor)
            except RagkitError as error:  # an index on a read-only disk still answers
                logger.info("calibration of %s not kept: %s", chat.name, error)

    def _limit(self, given: int | None, default: int) -> int:
        return int(self._settings.get("limit", default)) if given is None else given

    def _weight(self, given: float | None) -> float:
        return self._settings.get("keyword_weight", KEYWORD_WEIGHT) if given is None else given

    def _asked(self, question: str, options: AskOptions) -> Asked:
        limit = self._limit(options.get("limit"), ASK_LIMIT)
        return Asked(
            question=_checked(question, limit),
            limit=limit,
            keyword_weight=self._weight(options.get("keyword_weight")),
            sources=self._sources(**filter_options(options)),
            strict=options.get("strict", False),
            min_score=options.get("min_score"),
            reply_tokens=_reply_tokens(options),
            on_text=options.get("on_text"),
            on_restart=options.get("on_restart"),
        )

    def _sources(self, **options: Unpack[FilterOptions]) -> list[str] | None:
        filters = read_filters(**options)
        if filters is None:
            return None
        if filters.columns == ("source",):
            return filters.names(self._store.sources())
        records = self._store.records(filters.columns)
        return [record.source for record in records if filters.accepts(record)]


def _reply_tokens(options: AskOptions) -> int:
    """The longest answer: what is kept free for it and what the model is told are one figure."""
    wanted = (options.get("model_options") or {}).get("num_predict", REPLY_TOKENS)
    return options.get("reply_tokens", wanted if isinstance(wanted, int) else REPLY_TOKENS)


def plan_new(
    path: str | os.PathLike[str],
    *paths: str | os.PathLike[str],
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    hidden: bool = False,
    allow_empty: bool = False,
) -> dict[str, list[str]]:
    """As `Index.plan`, for an index that is not there yet at `path`."""
    uri = _uri(path)
    base = Path(uri).parent
    selection = Selection(tuple(include), tuple(exclude), hidden, allow_empty)
    return _by_kind(_decide_all(resolve_roots(paths, (), base), (), base, uri, selection))


def _decide_all(
    roots: Sequence[Path],
    records: Sequence[FileRecord],
    base: Path,
    uri: str,
    selection: Selection,
) -> list[Decision]:
    return [decision for root in roots for decision in decide(root, records, base, uri, selection)]


def _by_kind(decisions: Iterable[Decision]) -> dict[str, list[str]]:
    planned: dict[str, list[str]] = {}
    for decision in decisions:
        one = decision.found or decision.record
        if one is not None:
            planned.setdefault(decision.kind, []).append(one.source)
    return planned


def _uri(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    return text if "://" in text else os.path.abspath(Path(text).expanduser())


def _chunking(model: Embedder, tokens: int | None, overlap: int) -> ChunkSettings:
    """The settings asked for, made smaller where the model reads less."""
    default = ChunkSettings()
    size = tokens or default.tokens
    whole = max(size, default.whole_tokens) if tokens is None else size
    if model.max_tokens is not None:
        room = max(1, model.max_tokens - max(_LEAST_HEADROOM, model.max_tokens // 8))
        size, whole = min(size, room), min(whole, room)
    if size < 1 or not 0 <= overlap < size:
        raise ValueError(f"overlap must be at least 0 and below the chunk size {size}")
    return ChunkSettings(size, overlap, whole)


def _check(manifest: Manifest, model: Embedder, uri: str) -> None:
    built, now = manifest.embedder, model.identity
    if built == now:
        return
    if built.name != now.name:
        what = f"was built with {built.name}, not {now.name}"
    elif built.digest != now.digest:
        what = f"was built with another version of {built.name} ({built.digest}, now {now.digest})"
    else:
        what = f"was built with other settings of {built.name}"
    raise IndexMismatchError(
        f"the index at {uri} {what}; build a new one with it: "
        f"ragkit index FOLDER --db NEW --embedder {now.name}"
    )


def _checked(question: str, limit: int) -> str:
    """The question as text that can be stored and sent; lone surrogates become "?"."""
    if not question.strip():
        raise ValueError("the question is empty")
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    return question.encode("utf-8", "replace").decode("utf-8")
