"""Index: a store paired with the embedder that built it; the object people hold."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path

from ragkit import store as tables
from ragkit.engines.local import LocalEngine
from ragkit.errors import IndexMismatchError, RagkitError
from ragkit.ingest.discover import discover, source_of
from ragkit.ingest.load import LoadOptions
from ragkit.ingest.pipeline import OnProgress, Run
from ragkit.ingest.prepare import Recipe
from ragkit.ingest.reconcile import Decision, guards_against_wipe, reconcile
from ragkit.models import DEFAULT_EMBEDDER, resolve_embedder
from ragkit.query.answer import answer
from ragkit.query.filters import matching_sources
from ragkit.query.retrieve import KEYWORD_WEIGHT, retrieve
from ragkit.schema import FORMAT
from ragkit.types import (
    Answer,
    ChunkSettings,
    Embedder,
    Engine,
    FileRecord,
    FoundFile,
    Hit,
    IndexReport,
    Manifest,
)

DEFAULT_FOLDER = ".ragkit"
MAX_FILE_BYTES = 200 * 1000 * 1000
SEARCH_LIMIT = 5
ASK_LIMIT = 8
_ROOTS = "roots"
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


class Index:
    """A searchable index of folders. Make one with `Index.create`, or open one with `Index.open`.

    Reading methods may be called from several threads and beside one writing process.
    """

    def __init__(self, store: tables.Store, embedder: Embedder | None = None) -> None:
        self._store = store
        if embedder is not None:
            _check(store.manifest, embedder, store.uri)
            self.__dict__["embedder"] = embedder

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        embedder: str | Embedder | None = None,
        chunk_tokens: int | None = None,
        overlap: int = 0,
    ) -> Index:
        """A new, empty index in the folder `path` (or at an s3://, gs:// or az:// address).

        `embedder` is a name such as "ollama/embeddinggemma" or an object that fulfils
        `Embedder`; None means the embedded default. `chunk_tokens` and `overlap` count tokens
        of that embedder.

        Raises `RagkitError` when there is already an index, `ModelError` when the embedder
        cannot be used, `ValueError` for impossible sizes.
        """
        uri = _uri(path)
        if tables.exists(uri):
            raise RagkitError(f"there is already an index at {uri}; open it instead")
        model = (
            resolve_embedder(embedder or DEFAULT_EMBEDDER)
            if isinstance(embedder, str | None)
            else embedder
        )
        chunking = _chunking(model, chunk_tokens, overlap)
        manifest = Manifest(model.identity, chunking, FORMAT)
        return cls(tables.Store.create(uri, manifest), model)

    @classmethod
    def open(
        cls, path: str | os.PathLike[str] | None = None, *, embedder: Embedder | None = None
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
        return cls(store, embedder)

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
        model = resolve_embedder(self.manifest.embedder.name)
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

    # ------------------------------------------------------------ writing

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
        with self._store.lock(wait_seconds=wait_seconds, on_wait=on_wait):
            self._store.refresh()
            roots = self._roots(paths)
            decisions = [
                decision
                for root in roots
                for decision in self._decide(root, include, exclude, hidden, allow_empty)
            ]
            recipe = Recipe(
                self.manifest.chunking,
                self.embedder.token_counter,
                LoadOptions(passwords=tuple(passwords)),
                max_file_bytes,
            )
            run = Run(self._store, self.embedder, engine or LocalEngine(), recipe, on_progress)
            report = run(decisions)
            self._remember(roots)
            return report

    def _roots(self, paths: Sequence[str | os.PathLike[str]]) -> list[Path]:
        """Absolute paths, those inside another left out."""
        given = [Path(os.path.abspath(Path(p).expanduser())) for p in paths] or [
            self.base / root for root in self.roots()
        ]
        if not given:
            raise RagkitError("nothing was indexed here yet; name a folder: ragkit index FOLDER")
        for path in given:
            if paths and not path.exists():
                raise RagkitError(f"no such file or folder: {path}")
        return [p for p in dict.fromkeys(given) if not any(q in p.parents for q in given)]

    def _decide(
        self,
        root: Path,
        include: Sequence[str],
        exclude: Sequence[str],
        hidden: bool,
        allow_empty: bool,
    ) -> list[Decision]:
        """What to do about each file below `root`, found or known."""
        index_folder = () if "://" in self.uri else (Path(self.uri),)
        at = source_of(root, self.base)
        known = [record for record in self._store.records() if _lies_below(record.source, at)]
        found: Iterable[FoundFile] = ()
        if root.exists():
            found = discover(
                root,
                base=self.base,
                include=include,
                exclude=exclude,
                hidden=hidden,
                leave_out=index_folder,
            )
        decisions = list(reconcile(found, known, now_ns=time.time_ns()))
        gone = sum(decision.kind == "gone" for decision in decisions)
        seen = sum(decision.found is not None for decision in decisions)
        refusal = guards_against_wipe(len(known), gone, seen)
        if refusal and not allow_empty:
            raise RagkitError(f"{root}: {refusal}")
        return decisions

    def _remember(self, roots: Iterable[Path]) -> None:
        kept = self.roots()
        new = [s for s in (source_of(root, self.base) for root in roots) if s not in kept]
        if new:
            self._store.set(_ROOTS, [*kept, *new])

    # ------------------------------------------------------------ reading

    def search(
        self,
        question: str,
        *,
        limit: int = SEARCH_LIMIT,
        keyword_weight: float = KEYWORD_WEIGHT,
        path: str | None = None,
    ) -> list[Hit]:
        """The `limit` chunks that fit best, best first; empty when the index is.

        score = cosine similarity + `keyword_weight` x BM25 scaled to 0..1 over the candidates;
        0 is pure cosine similarity. `path` is a glob: "docs/**", "*.pdf".

        Raises `ValueError` for a blank question or a limit below 1.
        """
        question = _checked(question, limit)
        return retrieve(
            self._store,
            self.embedder,
            question,
            limit=limit,
            keyword_weight=keyword_weight,
            sources=self._sources(path),
        )

    def ask(
        self,
        question: str,
        *,
        limit: int = ASK_LIMIT,
        keyword_weight: float = KEYWORD_WEIGHT,
        path: str | None = None,
    ) -> Answer:
        """An answer from the `limit` best passages, each sentence with its citations.

        Raises `ValueError` for a blank question or a limit below 1.
        """
        question = _checked(question, limit)
        return answer(
            self._store,
            self.embedder,
            question,
            limit=limit,
            keyword_weight=keyword_weight,
            sources=self._sources(path),
        )

    def _sources(self, path: str | None) -> list[str] | None:
        return None if path is None else matching_sources(self._store.sources(), path)


def _lies_below(source: str, root: str) -> bool:
    """Whether a file belongs to a root, both named relative to the base ("" is the base)."""
    if not root:
        return not source.startswith("/")
    return source == root or source.startswith(root.rstrip("/") + "/")


def _uri(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    return text if "://" in text else os.path.abspath(Path(text).expanduser())


def _chunking(model: Embedder, tokens: int | None, overlap: int) -> ChunkSettings:
    size = tokens or ChunkSettings().tokens
    if model.max_tokens is not None:
        size = min(size, max(1, model.max_tokens * 3 // 4 - _LEAST_HEADROOM))
    if size < 1 or not 0 <= overlap < size:
        raise ValueError(f"overlap must be at least 0 and below the chunk size {size}")
    return ChunkSettings(size, overlap)


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
        f"the index at {uri} {what}; build it anew: ragkit reindex --embedder {now.name}"
    )


def _checked(question: str, limit: int) -> str:
    """The question as text that can be stored and sent; lone surrogates become "?"."""
    if not question.strip():
        raise ValueError("the question is empty")
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    return question.encode("utf-8", "replace").decode("utf-8")
