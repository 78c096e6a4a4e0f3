"""Index: what people hold. Each method is a docstring and a call into the room that does it."""

from __future__ import annotations

import asyncio
import html
import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from ragkit.errors import IndexMismatchError, RagkitError
from ragkit.index.compatibility import check_format, chunk_settings_for, reindex_command
from ragkit.index.connection import ASK_LIMIT, SEARCH_LIMIT, IndexConnection, check_question
from ragkit.index.options import (
    MAX_FILE_BYTES,
    AskOptions,
    ReadOptions,
    SearchOptions,
    check_parameters,
    options_of,
)
from ragkit.models import NO_CHAT, OllamaSettings, choose_embedder, resolve_embedder
from ragkit.paths import index_location
from ragkit.retrieval.context_lines import ContextLines
from ragkit.retrieval.hybrid_search import hybrid_search
from ragkit.retrieval.passages import PER_DOCUMENT
from ragkit.retrieval.rerank import RERANKED
from ragkit.store import Store, index_exists
from ragkit.store.schema import FORMAT
from ragkit.types import (
    Answer,
    Chat,
    Chunk,
    Embedder,
    Engine,
    FileRecord,
    Hit,
    Hits,
    IndexReport,
    IndexStatus,
    Manifest,
    Message,
    Progress,
    Reranker,
    StorageLocation,
)

if TYPE_CHECKING:
    from ragkit.answering.conversation import Conversation
    from ragkit.answering.stream import AnswerStream, AsyncAnswerStream
    from ragkit.explain.report import Explanation
    from ragkit.index.maintenance import Maintenance
    from ragkit.store.chunks import Sample

    AnyPath = str | os.PathLike[str]


class Index:
    """A searchable index of folders: `Index.open` or `Index.create` gives one.

    Use it as a context manager, or call `close` when you are done. Reading methods may be called
    from several threads, and beside one process that writes. A process that was forked from one
    that had opened an index gets a `RagkitError`, because LanceDB does not survive that: start
    workers by "spawn" or "forkserver", or open the index in the workers only.
    """

    def __init__(
        self,
        store: Store,
        *,
        embedder: Embedder | None = None,
        ollama: OllamaSettings | None = None,
    ) -> None:
        """Used by `open` and `create`."""
        self._connection = IndexConnection(store, ollama, embedder)

    @classmethod
    def create(
        cls,
        path: AnyPath | StorageLocation,
        *,
        embedder: str | Embedder | None = None,
        ollama: OllamaSettings | None = None,
        chunk_tokens: int | None = None,
        overlap: int = 0,
    ) -> Self:
        """A new, empty index in the folder `path`, or at an s3://, gs:// or az:// address.

        path: a `StorageLocation` says how an object store is reached, for the index and for
            documents in the same store.
        embedder: a name such as "ollama/embeddinggemma", or an object with `embed_documents` and
            `embed_query`, such as an `Embedder`.
            None: a known embedding model of Ollama if a server answers, else the embedded one.
        ollama: how models on servers are reached, now and later.
        chunk_tokens, overlap: sizes of chunks, in tokens of that embedder.

        Raises `RagkitError` when there is an index already, `ModelError` when the embedder cannot
        be used, `ValueError` for impossible sizes.
        """
        check_parameters(locals())
        location = index_location(path)
        if index_exists(location):
            raise RagkitError(f"there is already an index at {location.uri}; open it instead")
        chosen = embedder or choose_embedder(ollama).name
        model = resolve_embedder(chosen, ollama)
        chunking = chunk_settings_for(model, chunk_tokens, overlap)
        from ragkit.ingest.loader_version import CHUNKER_VERSION, loaders_version

        versions = (CHUNKER_VERSION, loaders_version())
        manifest = Manifest(model.identity, chunking, FORMAT, *versions)
        own = None if isinstance(chosen, str) else model
        index = cls(Store.create(location, manifest), embedder=own, ollama=ollama)
        index._connection.add_embedder(model)
        return index

    @classmethod
    def open(
        cls,
        path: AnyPath | StorageLocation | None = None,
        *,
        create: bool = False,
        embedder: str | Embedder | None = None,
        ollama: OllamaSettings | None = None,
    ) -> Self:
        """The index at `path`; None means the one that `find_index` finds.

        create: make an empty index where there is none, as `Index.create` does.
        embedder: needed where the index was built with an object of your own. A name, or an
            object, must be the model that the index was built with.
        ollama: how models on servers are reached.

        Raises `IndexNotFoundError`, `IndexDamagedError`, `IndexMismatchError`.
        """
        check_parameters(locals())
        location = index_location(path or "")
        if create and not index_exists(location):
            return cls.create(location, embedder=embedder, ollama=ollama)
        store = Store.open(location)
        check_format(store)
        if isinstance(embedder, str):
            built = store.manifest.embedder.name
            if embedder != built:
                raise IndexMismatchError(
                    f"the index at {store.uri} was built with {built}; rebuild it with the other "
                    f"model: {reindex_command(store.uri, embedder)}"
                )
            embedder = None
        return cls(store, embedder=embedder, ollama=ollama)

    def close(self) -> None:
        """Frees what searching holds in memory. A closed index may be used again."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled are the place and the settings; the other side opens the index anew.
        connection = self._connection
        ollama = replace(connection.ollama, on_pull=None)
        return _open, (type(self), self.location, connection.given_embedder, ollama)

    def __repr__(self) -> str:
        status = self._connection.counts()
        return (
            f"Index({Path(self.uri).name!r}, {status[0]:,} files, {status[1]:,} chunks, "
            f"{self.manifest.embedder.name})"
        )

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(repr(self))}</code>"

    def _repr_markdown_(self) -> str:
        return f"`{repr(self).replace('`', chr(39))}`"

    # ------------------------------------------------------------ what it is

    @property
    def uri(self) -> str:
        """Where the index is."""
        return self._connection.store.uri

    @property
    def location(self) -> StorageLocation:
        """Where the index is, and how its object store is reached."""
        return self._connection.store.location

    @property
    def ollama(self) -> OllamaSettings:
        """How models on servers are reached."""
        return self._connection.ollama

    @property
    def base_folder(self) -> Path:
        """Sources below this folder are named relative to it, so that both can be moved."""
        return self._connection.base_folder

    @property
    def manifest(self) -> Manifest:
        """What the index was built with."""
        return self._connection.store.manifest

    @property
    def embedder(self) -> Embedder:
        """The model that built the index, loaded when first needed.

        Raises `IndexMismatchError` when the model under that name is no longer the same.
        """
        return self._connection.store_and_embedder()[1]

    @cached_property
    def maintenance(self) -> Maintenance:
        """Rebuilding, checking and optimizing: `reindex`, `verify`, `optimize`, ..."""
        from ragkit.index.maintenance import Maintenance

        return Maintenance(self._connection)

    def status(self) -> IndexStatus:
        """What is in the index, what is not and why, and what the last run did."""
        from ragkit.index.status import index_status

        return index_status(self._connection)

    def files(self, path: AnyPath | None = None) -> list[FileRecord]:
        """A record for every file ever discovered, in ascending order of source; with `path` that
        of this file, or those below this folder. Empty when the index knows none."""
        records = self._connection.store.files.records()
        if path is None:
            return records
        from ragkit.ingest.roots import files_below, parse_root

        by_source = {record.source: record for record in records}
        root = parse_root(os.fspath(path))
        return [by_source[one] for one in files_below(by_source, root, self.base_folder)]

    def indexed_paths(self) -> list[str]:
        """The folders and files that were indexed, as sources are named."""
        from ragkit.index.update import indexed_roots

        return indexed_roots(self._connection.store)

    def explain_not_indexed(self, path: AnyPath) -> str:
        """Why the index knows nothing of a file: it does not exist, is hidden or ignored, ..."""
        from ragkit.ingest.roots import parse_root, source_of

        source = source_of(parse_root(os.fspath(path)), self.base_folder)
        return f"{source} is not in the index: {self._explain_source(source)}"

    def to_arrow(
        self, table: Literal["chunks", "files"] = "chunks", *, vectors: bool = False
    ) -> Any:
        """A table of the index as a `pyarrow.Table`: "chunks" has one row a chunk (the fields of
        `Chunk`, and with `vectors` its vector), "files" one row a file (those of `FileRecord`)."""
        check_parameters(locals())
        store = self._connection.store
        if table == "chunks":
            return store.chunks.to_arrow(vectors=vectors)
        if table == "files":
            return store.files.to_arrow()
        raise ValueError(f"there is no table {table!r}; name 'chunks' or 'files'")

    def to_pandas(
        self, table: Literal["chunks", "files"] = "chunks", *, vectors: bool = False
    ) -> Any:
        """As `to_arrow`, as a `pandas.DataFrame`; pandas must be installed."""
        return self.to_arrow(table, vectors=vectors).to_pandas()

    # ------------------------------------------------------------ writing

    def update(
        self,
        *paths: AnyPath,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        hidden: bool = False,
        allow_empty: bool = False,
        passwords: Sequence[str] = (),
        max_file_bytes: int = MAX_FILE_BYTES,
        ocr: bool | None = None,
        engine: Engine | None = None,
        files_per_task: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        wait_seconds: float = 0.0,
        on_wait: Callable[[str], object] | None = None,
    ) -> IndexReport:
        """Makes the index true to folders or files: new, changed, moved and deleted ones.

        Cheap when nothing changed: files of unchanged size and time are not read, and no text is
        embedded twice. A file that cannot be read is reported, and the others are indexed.

        paths: folders, files or addresses; without any, all that was indexed before.
        include, exclude: globs as in .gitignore, relative to each path. hidden: also files and
            folders whose name starts with a dot.
        allow_empty: go on even if that takes every file of a path out of the index.
        passwords: for encrypted files. max_file_bytes: larger files are skipped and reported.
        ocr: read pages without text, and pictures, by OCR; some seconds a page. What it is set to
            holds for later calls, too (None); a new index begins with False. What has been read
            is kept, and never read twice; turned off, its text stays until its file changes.
        engine: where files are read: `LocalEngine()` by default, or a `RayEngine`.
        files_per_task: how many files a worker gets at a time.
        on_progress: told how far the run is, several times a second at most.
        wait_seconds: how long to wait for another process that writes; on_wait is told who it is.

        Raises `IndexLockedError` when another process writes and does not finish in time;
        `RagkitError` when a path does not exist, or would empty the index without `allow_empty`,
        or with `ocr` when the libraries for it are not installed;
        `ModelError` when the embedder fails for good. What was committed by then stays, and the
        next call goes on from there.
        """
        from ragkit.index.update import update
        from ragkit.ingest.roots import FileSelection

        options = options_of(ReadOptions, locals())
        selection = FileSelection(tuple(include), tuple(exclude), hidden, allow_empty)
        with self._connection.write_lock(wait_seconds, on_wait):
            return update(self._connection, paths, selection, options)

    async def update_async(
        self,
        *paths: AnyPath,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        hidden: bool = False,
        allow_empty: bool = False,
        passwords: Sequence[str] = (),
        max_file_bytes: int = MAX_FILE_BYTES,
        ocr: bool | None = None,
        engine: Engine | None = None,
        files_per_task: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        wait_seconds: float = 0.0,
        on_wait: Callable[[str], object] | None = None,
    ) -> IndexReport:
        """As `update`, inside an event loop. Being cancelled does not stop the run."""
        given = {name: value for name, value in locals().items() if name not in ("self", "paths")}
        return await asyncio.to_thread(self.update, *paths, **given)

    def plan(
        self,
        *paths: AnyPath,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        hidden: bool = False,
    ) -> dict[str, list[str]]:
        """What `update` would do: kind ("new", "changed", "gone", "unchanged", ...) -> sources.
        Only folders are read, and nothing is written. The content of a changed file may turn out
        to be the same."""
        from ragkit.index.update import group_by_kind, plan_changes
        from ragkit.ingest.loader_version import has_outdated_files, needs_reload
        from ragkit.ingest.roots import FileSelection, resolve_roots

        check_parameters(locals())
        store, base = self._connection.store, self.base_folder
        roots = resolve_roots(paths, self.indexed_paths(), base)
        selection = FileSelection(tuple(include), tuple(exclude), hidden)
        outdated = has_outdated_files(store)
        read_again = needs_reload(None, {}, passwords=False, outdated=outdated)
        files = partial(store.files.fingerprints, with_versions=outdated)
        changes = plan_changes(roots, files, base, store.location, selection, read_again)
        return group_by_kind(changes)

    def watch(
        self,
        *paths: AnyPath,
        stop: threading.Event | None = None,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        hidden: bool = False,
        allow_empty: bool = False,
        passwords: Sequence[str] = (),
        max_file_bytes: int = MAX_FILE_BYTES,
        ocr: bool | None = None,
        engine: Engine | None = None,
        files_per_task: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        wait_seconds: float = 0.0,
        on_wait: Callable[[str], object] | None = None,
    ) -> Iterator[IndexReport]:
        """Updates now and again after every change, until `stop` is set: a report each time.

        The other parameters are those of `update`. Raises what `update` raises, and `RagkitError`
        when the library watchfiles is not installed.
        """
        from ragkit.ingest.roots import changes, resolve_roots

        given = {
            name: value
            for name, value in locals().items()
            if name not in ("self", "paths", "stop", "resolve_roots", "changes")
        }
        roots = resolve_roots(paths, self.indexed_paths(), self.base_folder)
        folders = [root for root in roots if isinstance(root, Path)]
        if len(folders) < len(roots):
            raise RagkitError("an object store cannot be watched; run `ragkit index` by a timer")
        for _ in changes(folders, Path(self.uri), stop):
            yield self.update(*paths, **given)

    def add_text(
        self,
        text: str,
        *,
        source: str,
        metadata: Mapping[str, str] | None = None,
        wait_seconds: float = 0.0,
        on_wait: Callable[[str], object] | None = None,
    ) -> FileRecord:
        """Indexes a text that is no file, read as Markdown, under the name `source`; a text of
        that name is replaced. `update` leaves it alone; `remove(source)` takes it out.

        Raises `ValueError` for a blank text or name, `RagkitError` when a file is indexed under
        that name, `IndexLockedError`, `ModelError`.
        """
        from ragkit.index.update import add_text

        check_parameters(locals())
        with self._connection.write_lock(wait_seconds, on_wait):
            return add_text(self._connection, text, source, metadata or {})

    def remove(
        self,
        *paths: AnyPath,
        wait_seconds: float = 0.0,
        on_wait: Callable[[str], object] | None = None,
    ) -> list[str]:
        """Takes files, all below folders, or texts out of the index: their sources, in order.

        `update` does not look at a removed folder any more. It takes a file in again that lies
        below a folder that is still indexed, unless the file is gone or an ignore file names it.

        Raises `RagkitError`, and does nothing, when the index holds nothing of a path;
        `IndexLockedError`.
        """
        from ragkit.index.remove import remove

        check_parameters(locals())
        with self._connection.write_lock(wait_seconds, on_wait):
            return remove(self._connection.store, self.base_folder, paths)

    # ------------------------------------------------------------ searching

    def search(
        self,
        question: str,
        *,
        limit: int | None = None,
        keyword_weight: float | None = None,
        exact: bool = False,
        rerank: str | Reranker | None = None,
        on_note: Callable[[str], object] | None = None,
        path: str | None = None,
        types: Collection[str] = (),
        since: str | date | None = None,
        until: str | date | None = None,
        where: str | None = None,
    ) -> Hits:
        """The `limit` chunks that fit best, best first; empty when the index is.

        score = cosine similarity + `keyword_weight` x (keyword + document score): BM25 of the
        chunk and of its document's name and opening, scaled to 0..1 over the candidates.

        limit, keyword_weight: None means what was saved for this index, else 5 and 0.5; weight 0
            is cosine similarity alone.
        exact: compare every vector; a large index otherwise uses an index of its vectors, which
            may miss a neighbour (`status().vector_index`).
        rerank: a chat model's name such as "ollama/gemma3", or an object that fulfils `Reranker`:
            it orders the first 20 hits anew. If it fails the order stays, and `on_note` is told
            why (else the log).
        path: a glob of sources: "docs/**", "*.pdf". types: formats or endings: ("pdf", "md").
        since, until: dates ("2024", "2024-03", "2024-03-05", or of `datetime`), both included,
            between which a document's date lies: the one it states, else the time of its file.
        where: a condition on metadata: 'author = "Kim" and tags has contract'.

        Raises `ValueError` for a blank question, a limit below 1 or a bad filter (`FilterError`).
        """
        options = options_of(SearchOptions, locals())
        connection = self._connection
        wanted = connection.limit(limit, SEARCH_LIMIT)
        step = connection.rerank_step(options)
        text = check_question(question)
        hits = hybrid_search(
            *connection.store_and_embedder(),
            text,
            limit=wanted if step is None else max(wanted, RERANKED),
            keyword_weight=connection.keyword_weight(keyword_weight),
            sources=connection.filter_sources(options.filters),
            exact=exact,
        )
        return Hits(hits if step is None else step(text, hits)[:wanted])

    async def search_async(
        self,
        question: str,
        *,
        limit: int | None = None,
        keyword_weight: float | None = None,
        exact: bool = False,
        rerank: str | Reranker | None = None,
        on_note: Callable[[str], object] | None = None,
        path: str | None = None,
        types: Collection[str] = (),
        since: str | date | None = None,
        until: str | date | None = None,
        where: str | None = None,
    ) -> Hits:
        """As `search`, inside an event loop."""
        given = {name: value for name, value in locals().items() if name != "self"}
        return await asyncio.to_thread(self.search, **given)

    def context_lines(self, hits: Sequence[Hit], lines: int) -> list[ContextLines]:
        """The `lines` lines before and after each hit in its document, as they were indexed: the
        file itself is not read. Fewer at the ends of a page or a document.

        Raises `ValueError` when `lines` is negative.
        """
        from ragkit.retrieval.context_lines import find_context_lines

        check_parameters(locals())
        return find_context_lines(self._connection.store, hits, lines)

    def sample_chunks(
        self,
        limit: int,
        *,
        always: Sequence[Chunk] = (),
        path: str | None = None,
        types: Collection[str] = (),
        since: str | date | None = None,
        until: str | date | None = None,
        where: str | None = None,
    ) -> Sample:
        """At most `limit` chunks spread evenly over the files that pass the filters of `search`,
        with their vectors; those in `always` are added."""
        options = options_of(SearchOptions, locals())
        sources = self._connection.filter_sources(options.filters)
        return self._connection.store.chunks.sample(limit, always=always, sources=sources)

    def reranker(self, name: str) -> Reranker:
        """The reranker called "ollama/NAME", a chat model that grades passages; made once.

        Raises `ModelNotFoundError` for a vendor ragkit does not know.
        """
        return self._connection.reranker(name)

    def explain(
        self,
        question: str,
        *,
        expect: str | None = None,
        limit: int | None = None,
        keyword_weight: float | None = None,
        rerank: str | Reranker | None = None,
        on_note: Callable[[str], object] | None = None,
        path: str | None = None,
        types: Collection[str] = (),
        since: str | date | None = None,
        until: str | date | None = None,
        where: str | None = None,
    ) -> Explanation:
        """Why `search` finds what it finds, and what became of the file `expect` on the way: a
        source, a path or the end of one. Ranks all chunks. The other parameters are those of
        `search`.

        Raises what `search` raises, and `RagkitError` when `expect` means several files.
        """
        from ragkit.explain.expected_file import resolve_expected_file
        from ragkit.explain.report import explain
        from ragkit.explain.trace import trace_search

        options = options_of(SearchOptions, locals())
        connection = self._connection
        text = check_question(question)
        expected = None
        if expect is not None:
            expected = resolve_expected_file(
                expect,
                self.files(),
                options.filters,
                base=self.base_folder,
                explain_not_indexed=self._explain_source,
            )
        trace = trace_search(
            *connection.store_and_embedder(),
            text,
            limit=connection.limit(limit, SEARCH_LIMIT),
            ask_limit=connection.limit(None, ASK_LIMIT),
            keyword_weight=connection.keyword_weight(keyword_weight),
            sources=connection.filter_sources(options.filters),
            expected=expected,
            reranking=connection.rerank_step(options),
        )
        return explain(trace)

    # ------------------------------------------------------------ asking

    def ask(
        self,
        question: str,
        *,
        model: str | Chat | None = None,
        model_options: Mapping[str, object] | None = None,
        limit: int | None = None,
        per_document: int = PER_DOCUMENT,
        keyword_weight: float | None = None,
        exact: bool = False,
        rerank: str | Reranker | None = None,
        path: str | None = None,
        types: Collection[str] = (),
        since: str | date | None = None,
        until: str | date | None = None,
        where: str | None = None,
        min_score: float | None = None,
        supported_only: bool = False,
        reply_tokens: int | None = None,
        history: Sequence[Message] = (),
        standalone: str = "",
        on_note: Callable[[str], object] | None = None,
        on_text: Callable[[str], object] | None = None,
        on_restart: Callable[[], object] | None = None,
    ) -> Answer:
        """An answer from the best passages, each sentence checked against what it cites.

        Without a chat model the best sentences of the documents are the answer.

        model: a chat model's name ("ollama/gemma3") or an object that fulfils `Chat`; "none"
            quotes the documents; None: what `chat_model` finds.
        model_options: temperature, top_p, top_k, num_predict, stop, seed, num_ctx of the model.
        limit: how many passages to take; None: what was saved for this index, else 8.
        per_document: how many passages one file may give.
        keyword_weight, exact, rerank, path, types, since, until, where, on_note: as for `search`.
        min_score: the evidence, 0 to 1, below which there is no answer; None: the index's own
            `status().abstention_threshold`; 0 always answers.
        supported_only: leave out sentences that their passages do not support;
            `Answer.removed_sentences` has them, and `on_text` gets them all the same.
        reply_tokens: the longest answer; None: `num_predict` of the options, else 1024.
        history: earlier turns, for the chat model. standalone: the question in words that need
            none of them; both wordings are searched. `conversation` sees to these two.
        on_text: told the answer piece by piece while it is written. on_restart: told that it
            begins anew, because the prompt had to be made shorter.

        Raises `ValueError` for a blank question, a limit below 1, a bad filter or an unknown
        option of the model; `ModelError` when the model cannot be used.
        """
        return self._answer(question, options_of(AskOptions, locals()))

    async def ask_async(
        self,
        question: str,
        *,
        model: str | Chat | None = None,
        model_options: Mapping[str, object] | None = None,
        limit: int | None = None,
        per_document: int = PER_DOCUMENT,
        keyword_weight: float | None = None,
        exact: bool = False,
        rerank: str | Reranker | None = None,
        path: str | None = None,
        types: Collection[str] = (),
        since: str | date | None = None,
        until: str | date | None = None,
        where: str | None = None,
        min_score: float | None = None,
        supported_only: bool = False,
        reply_tokens: int | None = None,
        history: Sequence[Message] = (),
        standalone: str = "",
        on_note: Callable[[str], object] | None = None,
        on_text: Callable[[str], object] | None = None,
        on_restart: Callable[[], object] | None = None,
    ) -> Answer:
        """As `ask`, inside an event loop."""
        return await self._answer_async(question, options_of(AskOptions, locals()))

    def ask_stream(
        self,
        question: str,
        *,
        model: str | Chat | None = None,
        model_options: Mapping[str, object] | None = None,
        limit: int | None = None,
        per_document: int = PER_DOCUMENT,
        keyword_weight: float | None = None,
        exact: bool = False,
        rerank: str | Reranker | None = None,
        path: str | None = None,
        types: Collection[str] = (),
        since: str | date | None = None,
        until: str | date | None = None,
        where: str | None = None,
        min_score: float | None = None,
        supported_only: bool = False,
        reply_tokens: int | None = None,
        history: Sequence[Message] = (),
        standalone: str = "",
        on_note: Callable[[str], object] | None = None,
    ) -> AnswerStream:
        """The answer of `ask` as an iterator of its text, while it is written; `answer` of the
        iterator is the checked `Answer` when it has ended. Closing it stops the model.

        Raises what `ask` raises, while iterating.
        """
        from ragkit.answering.stream import AnswerStream

        options = options_of(AskOptions, locals())
        return AnswerStream(
            lambda on_text, on_restart: self._answer(
                question, replace(options, on_text=on_text, on_restart=on_restart)
            )
        )

    def ask_stream_async(
        self,
        question: str,
        *,
        model: str | Chat | None = None,
        model_options: Mapping[str, object] | None = None,
        limit: int | None = None,
        per_document: int = PER_DOCUMENT,
        keyword_weight: float | None = None,
        exact: bool = False,
        rerank: str | Reranker | None = None,
        path: str | None = None,
        types: Collection[str] = (),
        since: str | date | None = None,
        until: str | date | None = None,
        where: str | None = None,
        min_score: float | None = None,
        supported_only: bool = False,
        reply_tokens: int | None = None,
        history: Sequence[Message] = (),
        standalone: str = "",
        on_note: Callable[[str], object] | None = None,
    ) -> AsyncAnswerStream:
        """As `ask_stream`, inside an event loop: iterate with `async for`."""
        from ragkit.answering.stream import AsyncAnswerStream

        options = options_of(AskOptions, locals())
        return AsyncAnswerStream(
            lambda on_text, on_restart: self._answer_async(
                question, replace(options, on_text=on_text, on_restart=on_restart)
            )
        )

    async def ask_many(
        self,
        questions: Iterable[str],
        *,
        concurrency: int = 4,
        model: str | Chat | None = None,
        model_options: Mapping[str, object] | None = None,
        limit: int | None = None,
        per_document: int = PER_DOCUMENT,
        keyword_weight: float | None = None,
        exact: bool = False,
        rerank: str | Reranker | None = None,
        path: str | None = None,
        types: Collection[str] = (),
        since: str | date | None = None,
        until: str | date | None = None,
        where: str | None = None,
        min_score: float | None = None,
        supported_only: bool = False,
        reply_tokens: int | None = None,
        history: Sequence[Message] = (),
        standalone: str = "",
        on_note: Callable[[str], object] | None = None,
    ) -> list[Answer]:
        """The answers to many questions in their order, `concurrency` of them asked at a time.

        The other parameters are those of `ask`. Raises the first error; the questions that still
        wait are then given up.
        """
        options = options_of(AskOptions, locals())
        # One model object for all, so that its window and calibration are learned once.
        chat = await asyncio.to_thread(
            self._connection.chat_model, options.model, options.model_options
        )
        tokens = options.answer_tokens
        options = replace(options, model=chat or NO_CHAT, model_options=None, reply_tokens=tokens)
        await asyncio.to_thread(self._connection.store_and_embedder)
        free = asyncio.Semaphore(concurrency)

        async def one(question: str) -> Answer:
            async with free:
                return await self._answer_async(question, options)

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
        model: str | Chat | None = None,
        model_options: Mapping[str, object] | None = None,
        limit: int | None = None,
        per_document: int = PER_DOCUMENT,
        keyword_weight: float | None = None,
        exact: bool = False,
        rerank: str | Reranker | None = None,
        path: str | None = None,
        types: Collection[str] = (),
        since: str | date | None = None,
        until: str | date | None = None,
        where: str | None = None,
        min_score: float | None = None,
        supported_only: bool = False,
        reply_tokens: int | None = None,
        on_note: Callable[[str], object] | None = None,
        on_text: Callable[[str], object] | None = None,
        on_restart: Callable[[], object] | None = None,
    ) -> Conversation:
        """Questions that may depend on earlier ones. The parameters of `ask` hold for each.

        on_standalone: told a follow-up in the words that are searched and answered, before its
            answer begins.
        """
        from ragkit.answering.conversation import Conversation

        options = options_of(AskOptions, locals())
        return Conversation(
            lambda question, **turn: self._answer(question, replace(options, **turn)),
            lambda question, **turn: self._answer_async(question, replace(options, **turn)),
            lambda: self._connection.chat_model(options.model, options.model_options),
            reply_tokens=options.answer_tokens,
            on_standalone=on_standalone,
        )

    def chat_model(
        self, model: str | None = None, model_options: Mapping[str, object] | None = None
    ) -> Chat | None:
        """The chat model that `ask` takes: the one named, else what RAGKIT_CHAT_MODEL names, else
        one that Ollama has installed, else None, which means quoted answers."""
        return self._connection.chat_model(model, model_options)

    # ------------------------------------------------------------ private

    def _answer(self, question: str, options: AskOptions) -> Answer:
        from ragkit.answering.answer import answer

        connection = self._connection
        chat = connection.chat_model(options.model, options.model_options)
        request = connection.ask_request(question, options)
        result = answer(*connection.store_and_embedder(), chat, request)
        connection.save_calibration(chat)
        return result

    async def _answer_async(self, question: str, options: AskOptions) -> Answer:
        from ragkit.answering.answer import answer_async

        connection = self._connection
        chat = await asyncio.to_thread(connection.chat_model, options.model, options.model_options)
        request = await asyncio.to_thread(connection.ask_request, question, options)
        store, embedder = await asyncio.to_thread(connection.store_and_embedder)
        result = await answer_async(store, embedder, chat, request)
        await asyncio.to_thread(connection.save_calibration, chat)
        return result

    def _explain_source(self, source: str) -> str:
        from ragkit.explain.expected_file import explain_not_indexed

        return explain_not_indexed(source, self.base_folder, self.indexed_paths(), self.plan)


def _open(
    kind: type[Index],
    location: StorageLocation,
    embedder: Embedder | None,
    ollama: OllamaSettings,
) -> Index:
    return kind.open(location, embedder=embedder, ollama=ollama)
