"""Index: a store paired with the embedder that built it; the object people hold."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from ragkit.answering.abstention import load_threshold
from ragkit.answering.request import AskRequest, replace_surrogates
from ragkit.errors import IndexMismatchError, RagkitError
from ragkit.index.ask_options import (
    AskOptions,
    chat_from_options,
    checked_question,
    reply_tokens,
    resolve_chat_model,
    save_calibration,
)
from ragkit.index.compatibility import check_embedder, chunk_settings_for
from ragkit.index.last_run import load_last_run, save_last_run
from ragkit.index.rerankers import resolve_reranker
from ragkit.ingest.loader_version import CHUNKER_VERSION, loaders_version
from ragkit.models import NO_CHAT, OllamaSettings, choose_embedder, resolve_embedder
from ragkit.paths import base_folder, index_location
from ragkit.retrieval.context_lines import ContextLines
from ragkit.retrieval.filters import FilterOptions, filter_options, read_filters
from ragkit.retrieval.hybrid_search import KEYWORD_WEIGHT, hybrid_search
from ragkit.retrieval.passages import PER_DOCUMENT
from ragkit.retrieval.rerank import RERANKED, RerankStep
from ragkit.store import Store, index_exists
from ragkit.store.catalog import IndexVersions
from ragkit.store.chunks import Sample
from ragkit.store.connection import table_sizes
from ragkit.store.distributed import LEAST_ROWS as DISTRIBUTED_CHUNKS
from ragkit.store.schema import FORMAT
from ragkit.types import (
    Answer,
    Chat,
    Chunk,
    Embedder,
    Engine,
    FileRecord,
    Hit,
    IndexReport,
    IntegrityReport,
    LastRun,
    Manifest,
    ModelIdentity,
    Reranker,
    StorageLocation,
    VectorIndex,
)

if TYPE_CHECKING:
    from ragkit.answering.conversation import Conversation
    from ragkit.explain.report import Explanation
    from ragkit.index.reindex import ReindexOptions
    from ragkit.index.update import (
        ReadOptions,
        UpdateOptions,
        WaitOptions,
    )
    from ragkit.ingest.roots import SelectionOptions

logger = logging.getLogger(__name__)

SEARCH_LIMIT = 5
ASK_LIMIT = 8
_SETTINGS = "settings"


class Index:
    """A searchable index of folders. Make one with `Index.create`, or open one with `Index.open`.

    Reading methods may be called from several threads and beside one writing process.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder | None = None,
        servers: OllamaSettings | None = None,
    ) -> None:
        self._store = store
        self._servers = servers or OllamaSettings()
        self._embedders: dict[ModelIdentity, Embedder] = {}
        self._rerankers: dict[str, Reranker] = {}
        if embedder is not None:
            check_embedder(store.manifest, embedder, store.uri)
            self._embedders[embedder.identity] = embedder

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str] | StorageLocation,
        *,
        embedder: str | Embedder | None = None,
        servers: OllamaSettings | None = None,
        chunk_tokens: int | None = None,
        overlap: int = 0,
    ) -> Index:
        """A new, empty index in the folder `path` (or at an s3://, gs:// or az:// address).

        A `Location` says how an object store is spoken to, for the index and for documents that
        lie in one. `embedder` is a name such as "ollama/embeddinggemma" or an object that fulfils
        `Embedder`; None means a known embedding model of Ollama if it answers, else the embedded
        one. `chunk_tokens` and `overlap` count tokens of that embedder. `servers` says how
        models are reached, then and later.

        Raises `RagkitError` when there is already an index, `ModelError` when the embedder
        cannot be used, `ValueError` for impossible sizes.
        """
        place = index_location(path)
        if index_exists(place):
            raise RagkitError(f"there is already an index at {place.uri}; open it instead")
        if embedder is None:
            embedder = choose_embedder(servers).name
        model = resolve_embedder(embedder, servers) if isinstance(embedder, str) else embedder
        chunking = chunk_settings_for(model, chunk_tokens, overlap)
        versions = (CHUNKER_VERSION, loaders_version())
        manifest = Manifest(model.identity, chunking, FORMAT, *versions)
        return cls(Store.create(place, manifest), model, servers)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | StorageLocation | None = None,
        *,
        embedder: Embedder | None = None,
        servers: OllamaSettings | None = None,
    ) -> Index:
        """The index at `path`; None means the one `find_index` finds.

        `embedder` is needed only where the index was built with an object of your own.

        Raises `IndexNotFoundError`, `IndexDamagedError`, `IndexMismatchError`.
        """
        store = Store.open(index_location(path or ""))
        if store.manifest.format != FORMAT:
            raise IndexMismatchError(
                f"{store.uri} has format {store.manifest.format}, this ragkit writes {FORMAT}; "
                "delete that folder and run `ragkit index` again"
            )
        return cls(store, embedder, servers)

    def with_embedder(self, embedder: Embedder) -> Index:
        """The same index, with an object that embeds as its own model does."""
        return Index(self._store, embedder, self._servers)

    # ------------------------------------------------------------ what it is

    @property
    def uri(self) -> str:
        """Where the index is."""
        return self._store.uri

    @property
    def manifest(self) -> Manifest:
        """What the index was built with."""
        return self._store.manifest

    @property
    def embedder(self) -> Embedder:
        """The model that built the index, loaded when first needed.

        Raises `IndexMismatchError` when the model under that name is no longer the same.
        """
        return self._reading()[1]

    def _reading(self) -> tuple[Store, Embedder]:
        """The store and the model of its vectors: one pair, whatever other threads put in force
        meanwhile."""
        store = self._store
        wanted = store.manifest.embedder
        if wanted not in self._embedders:
            # Nobody named the model now: a search must not begin with a download.
            model = resolve_embedder(wanted.name, replace(self._servers, pull=False))
            check_embedder(store.manifest, model, store.uri)
            self._embedders[wanted] = model
        return store, self._embedders[wanted]

    @property
    def base(self) -> Path:
        """Sources below this folder are named relative to it, so that both can be moved."""
        return base_folder(self._store.location)

    def files(self) -> list[FileRecord]:
        """The ledger: a row for every file ever discovered, in ascending order of source."""
        return self._store.files.records()

    @property
    def last_run(self) -> LastRun | None:
        """What the last `update` or `reindex` did, None when none has ended yet."""
        return load_last_run(self._store)

    @property
    def generations(self) -> IndexVersions:
        """The names of the generation in force, the previous and the unfinished one."""
        return self._store.versions

    def sizes(self) -> dict[str, int]:
        """Bytes on disk by table: `chunks...` and `files...` of each generation, `catalog`."""
        return table_sizes(self._store.location)

    def find_records(
        self, path: str | os.PathLike[str], records: Sequence[FileRecord] | None = None
    ) -> tuple[str, list[FileRecord]]:
        """What a file or folder is called as a source, and the ledger rows of the file or of all
        below the folder: of `records`, else of the whole ledger."""
        from ragkit.ingest.roots import files_below, parse_root, source_of

        root = parse_root(os.fspath(path))
        known = {r.source: r for r in (self.files() if records is None else records)}
        return source_of(root, self.base), [known[s] for s in files_below(known, root, self.base)]

    def explain_not_indexed(self, source: str) -> str:
        """Why the ledger has no row of a file: it does not exist, is hidden or ignored, ..."""
        from ragkit.explain.expected_file import explain_not_indexed

        return explain_not_indexed(source, self.base, self.roots(), self.plan)

    @property
    def vector_index(self) -> VectorIndex | None:
        """How the nearest chunks are found, and how well; None where there are so few that each
        search compares all of them."""
        return self._store.chunks.vector_index

    def roots(self) -> list[str]:
        """The folders and files that were indexed, as sources are named."""
        from ragkit.index.update import indexed_roots

        return indexed_roots(self._store)

    @property
    def floor(self) -> float | None:
        """The evidence, 0 to 1, below which `ask` gives no answer: found at the end of `update`,
        and anew when much has changed. None for an empty index."""
        floor = load_threshold(self._store)
        return None if floor is None else floor.score

    @property
    def settings(self) -> dict[str, float | int]:
        """The defaults in force for `search` in this index: `keyword_weight` and `limit`. What
        was saved for the index holds for `ask`, too. Read when first needed."""
        return {"keyword_weight": KEYWORD_WEIGHT, "limit": SEARCH_LIMIT, **self._settings}

    @cached_property
    def _settings(self) -> dict[str, float | int]:
        return dict(self._store.catalog.get(_SETTINGS) or {})

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
        self._store.catalog.set(_SETTINGS, merged)
        self.__dict__["_settings"] = merged

    # ------------------------------------------------------------ writing

    def plan(
        self, *paths: str | os.PathLike[str], **options: Unpack[SelectionOptions]
    ) -> dict[str, list[str]]:
        """What `update` would look at: kind ("new", "changed", "gone", "unchanged", ...) ->
        sources. Nothing is read but folders, nothing is written. A changed file may turn out to
        hold what it held."""
        from ragkit.index.update import group_by_kind, plan_changes
        from ragkit.ingest.roots import resolve_roots, selection_of

        roots = resolve_roots(paths, self.roots(), self.base)
        known = self._store.files.fingerprints
        selection = selection_of(options)
        return group_by_kind(plan_changes(roots, known, self.base, self._store.location, selection))

    def update(
        self, *paths: str | os.PathLike[str], **options: Unpack[UpdateOptions]
    ) -> IndexReport:
        """Makes the index true to folders or files: new, changed, moved and vanished ones.

        Without `paths` all that was indexed before is looked at again. Cheap when nothing
        changed: files of unchanged size and time are not read, no text is embedded twice.
        A file that cannot be read is reported and keeps nothing else from being indexed.
        `options` are those of `UpdateOptions`.

        Raises `IndexLockedError` when another process writes and does not finish within
        `wait_seconds`; `RagkitError` when a path does not exist, or would empty the index
        without `allow_empty`; `ModelError` when the embedder fails for good. What was committed
        by then stays, and the next call goes on from there.
        """
        from ragkit.index.update import update

        with self._writing(options):
            return update(*self._reading(), self._servers, self.base, paths, options)

    def reindex(
        self, embedder: str | Embedder | None = None, **options: Unpack[ReindexOptions]
    ) -> IndexReport:
        """Builds the index anew beside itself and then puts that in force, in one commit.

        Until then, and after a crash at any moment, the old generation answers. The call goes on
        with a rebuild that was cut off; it embeds no text twice. All files of the ledger are read
        again; of those that are not on disk by now the old chunks are taken over, and `problems`
        says so. What is new on disk is left to `update`. The old generation is kept until
        `drop_old`.

        `embedder` None means the model of the unfinished rebuild, else the one the index has.
        `options` are those of `ReindexOptions`.

        Raises `RagkitError` when another rebuild is unfinished; `IndexLockedError`, `ModelError`
        and `ValueError` as `create` and `update` do.
        """
        from ragkit.index.reindex import default_reindex_model, reindex

        with self._writing(options):
            model = embedder or default_reindex_model(self._store)
            if isinstance(model, str):
                model = resolve_embedder(model, self._servers)
            self._embedders[model.identity] = model
            self._store, report = reindex(self._store, model, self._servers, self.base, options)
            save_last_run(self._store, "reindex", report)
            return report

    def drop_old(self, **options: Unpack[WaitOptions]) -> bool:
        """Drops the generation that the last `reindex` replaced; whether there was one."""
        with self._writing(options):
            return self._store.versions.drop_previous()

    def drop_unfinished(self, **options: Unpack[WaitOptions]) -> bool:
        """Gives up a `reindex` that was cut off; whether there was one."""
        with self._writing(options):
            return self._store.versions.drop_unfinished()

    def remove(self, *paths: str | os.PathLike[str], **options: Unpack[WaitOptions]) -> list[str]:
        """Takes files, or all below folders, out of the index: their sources, in order. A folder
        that was indexed is not looked at by `update` any more; a file below one that still is
        will be taken in again, unless it is gone or an ignore file names it.

        Raises `RagkitError` when there is nothing of a path in the index, and does nothing then;
        `IndexLockedError`.
        """
        from ragkit.index.remove import remove

        with self._writing(options):
            return remove(self._store, self.base, paths)

    def verify(self, *, repair: bool = False, **options: Unpack[ReadOptions]) -> IntegrityReport:
        """Looks at every row: texts against their hashes, vectors for length 1, the chunks of
        each file for number, order and place, chunks and ledger against each other. Reads the
        index a batch at a time, under the write lock.

        `repair` reads exactly the files that have flaws again and looks once more.
        `options` are those of `ReadOptions`.

        Raises `IndexDamagedError` when the index cannot be read at all; `IndexLockedError`.
        """
        from ragkit.index.verify import repair as repair_files
        from ragkit.index.verify import verify

        with self._writing(options):
            report = verify(self._store)
            if not repair or not report.issues:
                return report
            store, embedder = self._reading()
            return repair_files(store, embedder, self._servers, self.base, report, options)

    @contextmanager
    def _writing(self, options: WaitOptions) -> Iterator[None]:
        """Holds the write lock, with the generation that is in force by then."""
        wait_seconds, on_wait = options.get("wait_seconds", 0.0), options.get("on_wait")
        with self._store.lock(wait_seconds=wait_seconds, on_wait=on_wait):
            self._store = self._store.reload()
            yield

    def optimize(
        self,
        *,
        engine: Engine | None = None,
        least_chunks: int = DISTRIBUTED_CHUNKS,
        wait_seconds: float = 0.0,
    ) -> bool:
        """Folds what updates left in pieces, builds indices that are due, drops old versions. An
        update does so by itself when it is worth the rewrite.

        An index of `least_chunks` or more has its indices built by a Ray `engine`, whatever the
        state they are in; whether that was so is given back.

        Raises `IndexLockedError` as `update` does; `RagkitError` when lance-ray is missing.
        """
        with self._store.lock(wait_seconds=wait_seconds):
            self._store.refresh()
            spread = engine is not None and self._store.chunks.count() >= least_chunks
            self._store.optimize(workers=engine.slots if engine is not None and spread else 0)
            return spread

    def watch(
        self,
        *paths: str | os.PathLike[str],
        stop: threading.Event | None = None,
        **options: Unpack[UpdateOptions],
    ) -> Iterator[IndexReport]:
        """Updates now and again after every change, until `stop`: a report each time.

        `options` are those of `update`. Raises what `update` raises, and `RagkitError` when the
        library watchfiles is not installed.
        """
        from ragkit.ingest.roots import resolve_roots
        from ragkit.ingest.watch import changes

        roots = resolve_roots(paths, self.roots(), self.base)
        watched = [root for root in roots if isinstance(root, Path)]
        if len(watched) < len(roots):
            raise RagkitError("an object store cannot be watched; run `ragkit index` by a timer")
        for _ in changes(watched, Path(self.uri), stop):
            yield self.update(*paths, **options)

    # ------------------------------------------------------------ reading

    def search(
        self,
        question: str,
        *,
        limit: int | None = None,
        keyword_weight: float | None = None,
        exact: bool = False,
        rerank: str | Reranker | None = None,
        on_note: Callable[[str], object] | None = None,
        **filters: Unpack[FilterOptions],
    ) -> list[Hit]:
        """The `limit` chunks that fit best, best first; empty when the index is.

        Left out, `limit` and `keyword_weight` are those of `settings`, else 5 and 0.5.

        score = cosine similarity + `keyword_weight` x BM25 scaled to 0..1 over the candidates;
        0 is pure cosine similarity. `filters` are those of `FilterOptions`; only files that pass
        them all are searched. A large index has an index of its vectors (`vector_index`), which
        may miss a neighbour; `exact` compares every vector. `rerank`, a name for `reranker` or an
        object that fulfils `Reranker`, orders the first 20 hits anew; if it fails, the order stays
        as it was and `on_note` is told why (else the log).

        Raises `ValueError` for a blank question, a limit below 1 or a bad filter.
        """
        limit = self._limit(limit, SEARCH_LIMIT)
        question = checked_question(question, limit)
        reranking = self._reranking(rerank, on_note)
        hits = hybrid_search(
            *self._reading(),
            question,
            limit=limit if reranking is None else max(limit, RERANKED),
            keyword_weight=self._weight(keyword_weight),
            sources=self._sources(**filters),
            exact=exact,
        )
        return hits if reranking is None else reranking(question, hits)[:limit]

    def reranker(self, name: str) -> Reranker:
        """The reranker called `ollama/NAME`, a chat model that grades passages; made once.

        Raises `ModelNotFoundError` for a vendor ragkit does not know.
        """
        if name not in self._rerankers:
            self._rerankers[name] = resolve_reranker(name, self._servers)
        return self._rerankers[name]

    def surroundings(self, hits: Sequence[Hit], lines: int) -> list[ContextLines]:
        """The `lines` lines before and after each hit in its file, as they were indexed: the file
        itself is not read. Fewer at the ends of a page or a file.

        Raises `ValueError` when `lines` is negative.
        """
        from ragkit.retrieval.context_lines import find_context_lines

        return find_context_lines(self._store, hits, lines)

    def sample(
        self, limit: int, *, always: Sequence[Chunk] = (), **filters: Unpack[FilterOptions]
    ) -> Sample:
        """At most `limit` chunks spread evenly over the files that pass `filters`, with their
        vectors; those in `always` are added."""
        return self._store.chunks.sample(limit, always=always, sources=self._sources(**filters))

    def explain(
        self,
        question: str,
        *,
        expect: str | None = None,
        limit: int | None = None,
        keyword_weight: float | None = None,
        rerank: str | Reranker | None = None,
        on_note: Callable[[str], object] | None = None,
        **filters: Unpack[FilterOptions],
    ) -> Explanation:
        """Why `search` finds what it finds, and what became of the file `expect` on the way: a
        source, a path or the end of one. Costs a ranking of all chunks. `rerank` and `on_note`
        are those of `search`.

        Raises what `search` raises, and `RagkitError` when `expect` means several files.
        """
        from ragkit.explain.expected_file import resolve_expected_file
        from ragkit.explain.report import explain
        from ragkit.explain.trace import trace_search

        limit = self._limit(limit, SEARCH_LIMIT)
        question = checked_question(question, limit)
        expected = None
        if expect is not None:
            expected = resolve_expected_file(
                expect,
                self.files(),
                filters,
                base=self.base,
                explain_not_indexed=self.explain_not_indexed,
            )
        traced = trace_search(
            *self._reading(),
            question,
            limit=limit,
            ask_limit=self._limit(None, ASK_LIMIT),
            keyword_weight=self._weight(keyword_weight),
            sources=self._sources(**filters),
            expected=expected,
            reranking=self._reranking(rerank, on_note),
        )
        return explain(traced)

    def ask(self, question: str, **options: Unpack[AskOptions]) -> Answer:
        """An answer from the best passages, each sentence checked against what it cites.

        `options` are those of `AskOptions`. Without a chat model the best sentences of the
        documents are the answer.

        Raises `ValueError` for a blank question, a limit below 1 or an unknown option of the
        model; `ModelError` when the model cannot be used.
        """
        from ragkit.answering.answer import answer

        chat = chat_from_options(self._store, self._servers, options)
        result = answer(*self._reading(), chat, self._asked(question, options))
        save_calibration(self._store, chat)
        return result

    async def ask_async(self, question: str, **options: Unpack[AskOptions]) -> Answer:
        """As `ask`, inside an event loop."""
        from ragkit.answering.answer import answer_async

        chat = await asyncio.to_thread(chat_from_options, self._store, self._servers, options)
        store, embedder = await asyncio.to_thread(self._reading)
        asked = await asyncio.to_thread(self._asked, question, options)
        result = await answer_async(store, embedder, chat, asked)
        await asyncio.to_thread(save_calibration, self._store, chat)
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
        options["reply_tokens"] = reply_tokens(options)
        options["model"] = (
            await asyncio.to_thread(chat_from_options, self._store, self._servers, options)
            or NO_CHAT
        )
        options.pop("model_options", None)
        await asyncio.to_thread(self._reading)
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

    def conversation(
        self,
        *,
        on_standalone: Callable[[str], object] | None = None,
        **options: Unpack[AskOptions],
    ) -> Conversation:
        """Questions that may lean on earlier ones; `options` hold for each of them.

        `on_standalone` is told a follow-up in the words that are searched and answered, before
        its answer begins.
        """
        from ragkit.answering.conversation import Conversation

        return Conversation(
            partial(self.ask, **options),
            partial(self.ask_async, **options),
            lambda: chat_from_options(self._store, self._servers, options),
            reply_tokens=reply_tokens(options),
            on_standalone=on_standalone,
        )

    async def search_async(self, question: str, **options: Any) -> list[Hit]:
        """As `search`, inside an event loop."""
        return await asyncio.to_thread(partial(self.search, question, **options))

    def chat_model(
        self, model: str | None = None, model_options: Mapping[str, object] | None = None
    ) -> Chat | None:
        """The chat model that `ask` takes: the one named, else what RAGKIT_CHAT_MODEL names, else
        one that Ollama has installed, else None, which means extractive answers."""
        return resolve_chat_model(self._store, self._servers, model, model_options)

    def _limit(self, given: int | None, default: int) -> int:
        return int(self._settings.get("limit", default)) if given is None else given

    def _weight(self, given: float | None) -> float:
        return self._settings.get("keyword_weight", KEYWORD_WEIGHT) if given is None else given

    def _asked(self, question: str, options: AskOptions) -> AskRequest:
        limit = self._limit(options.get("limit"), ASK_LIMIT)
        per_document = options.get("per_document", PER_DOCUMENT)
        return AskRequest(
            question=checked_question(question, limit, per_document),
            limit=limit,
            keyword_weight=self._weight(options.get("keyword_weight")),
            sources=self._sources(**filter_options(options)),
            exact=options.get("exact", False),
            strict=options.get("strict", False),
            per_document=per_document,
            min_score=options.get("min_score"),
            reply_tokens=reply_tokens(options),
            on_text=options.get("on_text"),
            on_restart=options.get("on_restart"),
            history=options.get("history", ()),
            standalone=replace_surrogates(options.get("standalone", "")),
            rerank_step=self._reranking(options.get("rerank"), options.get("on_note")),
        )

    def _reranking(
        self, rerank: str | Reranker | None, on_note: Callable[[str], object] | None
    ) -> RerankStep | None:
        if rerank is None:
            return None
        if isinstance(rerank, str):
            reranker = self.reranker(rerank)
        else:
            reranker = resolve_reranker(rerank, self._servers)
        return RerankStep(reranker, on_note or logger.warning)

    def _sources(self, **options: Unpack[FilterOptions]) -> list[str] | None:
        filters = read_filters(**options)
        if filters is None:
            return None
        if filters.columns == ("source",):
            return filters.filter_sources(self._store.files.sources())
        records = self._store.files.records(filters.columns)
        return [record.source for record in records if filters.matches(record)]
