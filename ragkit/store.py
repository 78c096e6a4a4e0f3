"""The tables of one index: `chunks`, `files` (the ledger) and `catalog`. LanceDB lives here.

Every write is one atomic commit. Order of writes: chunks first, then the ledger; a crash between
the two leaves a file to be done again, never a hole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragkit import schema
from ragkit.errors import IndexDamagedError, IndexNotFoundError, RagkitError
from ragkit.lock import writing
from ragkit.types import Chunk, Derived, FileRecord, KeywordQuery, Manifest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from ragkit.types import Vectors

_FILES, _CATALOG, _CHUNKS = "files", "catalog", "chunks"
_GENERATION = "generation"
# Past these an index is folded at the end of a run: unfolded rows cost a query 35 ms per 1,000.
_UNFOLDED_ROWS = 200
_FRAGMENTS = 20
_KEEP_VERSIONS = timedelta(hours=1)  # a reader may still hold a version that old
_SOURCES_PER_COMMIT = 5_000
# What a match in file name and headings is worth beside one in the text, and a function word
# beside one that carries the subject: scripts/bench/retrieval.py.
_CONTEXT_WEIGHT, _FUNCTION_WORD_WEIGHT = 0.5, 0.2


class Store:
    """An open index. One process writes at a time (`lock`), any number reads."""

    def __init__(self, uri: str, database: Any, chunks: Any) -> None:
        self.uri = uri
        self._database = database
        self._chunks = chunks
        self.manifest: Manifest = schema.manifest_of(chunks.schema)

    # ------------------------------------------------------------ opening

    @classmethod
    def create(cls, uri: str, manifest: Manifest) -> Store:
        """A new, empty index at `uri`; local folders are made as needed."""
        with _translated(uri):
            database = _connect(uri)
            catalog = database.create_table(_CATALOG, schema=schema.catalog_schema())
            database.create_table(_FILES, schema=schema.file_schema())
            chunks = _create_chunks(database, _CHUNKS, manifest)
            store = cls(uri, database, chunks)
            catalog.add(schema.catalog_row(_GENERATION, _CHUNKS))
            return store

    @classmethod
    def open(cls, uri: str) -> Store:
        """The index at `uri`.

        Raises `IndexNotFoundError` when there is none, `IndexDamagedError` when it cannot be read.
        """
        if not exists(uri):
            raise IndexNotFoundError(f"no index at {uri}; make one with: ragkit index FOLDER")
        with _translated(uri):
            database = _connect(uri)
            catalog = database.open_table(_CATALOG)
            rows = _catalog_rows(catalog, _GENERATION)
            name = json.loads(rows[0]["value"]) if rows else _CHUNKS
            return cls(uri, database, database.open_table(name))

    def lock(
        self, *, wait_seconds: float = 0.0, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Held for a whole run that writes. On object storage the primary keys and commit
        retries guard instead."""
        if _is_remote(self.uri):
            return nullcontext()
        return writing(Path(self.uri), wait_seconds=wait_seconds, on_wait=on_wait)

    # ------------------------------------------------------------ writing

    def write_chunks(
        self,
        chunks: Sequence[Chunk],
        vectors: Sequence[Vectors],
        derived: Sequence[Derived],
        *,
        replacing: Collection[str],
    ) -> None:
        """Adds chunks in one commit. All rows of the sources in `replacing` that are not among
        them leave in the same commit; it may name sources without new chunks."""
        rows = schema.chunk_rows(chunks, vectors, derived, self._chunks.schema)
        with _translated(self.uri):
            if not replacing:
                if len(rows):
                    self._chunks.add(rows)
                return
            from lancedb.expr import col

            (
                self._chunks.merge_insert("id")
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .when_not_matched_by_source_delete(col("source").isin(sorted(replacing)))
                .use_index(False)
                .execute(rows)
            )

    def write_records(self, records: Iterable[FileRecord]) -> None:
        """Adds or replaces ledger rows in one commit; nothing for none."""
        rows = schema.record_rows(records)
        if not len(rows):
            return
        with _translated(self.uri):
            (
                self._files.merge_insert("source")
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .use_index(False)
                .execute(rows)
            )

    def remove(self, sources: Collection[str]) -> None:
        """Takes files out of the index: their chunks, then their ledger rows."""
        from lancedb.expr import col

        ordered = sorted(sources)
        with _translated(self.uri):
            for table in (self._chunks, self._files):
                for start in range(0, len(ordered), _SOURCES_PER_COMMIT):
                    some = ordered[start : start + _SOURCES_PER_COMMIT]
                    table.delete(col("source").isin(some))

    def remove_orphans(self) -> None:
        """Deletes chunks whose file has no ledger row: a run that was cut off left them."""
        with _translated(self.uri):
            held = self._chunks.search().select(["source"]).to_arrow()["source"].unique()
            known = self._files.search().select(["source"]).to_arrow()["source"]
        self.remove(set(held.to_pylist()) - set(known.to_pylist()))

    def set(self, key: str, value: object) -> None:
        """Keeps a JSON value in the catalog."""
        with _translated(self.uri):
            (
                self._catalog.merge_insert("key")
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .use_index(False)
                .execute(schema.catalog_row(key, value))
            )

    def tidy(self) -> None:
        """Folds new rows into the full-text index and small fragments together, when there are
        enough of them to be worth the rewrite."""
        with _translated(self.uri):
            unfolded = max(
                (
                    int(stats.num_unindexed_rows)
                    for index in self._chunks.list_indices()
                    if (stats := self._chunks.index_stats(index.name)) is not None
                ),
                default=0,
            )
            fragments = self._chunks.stats()["fragment_stats"]["num_fragments"]
            if unfolded > _UNFOLDED_ROWS or fragments > _FRAGMENTS:
                self._chunks.optimize(cleanup_older_than=_KEEP_VERSIONS)
            for table in (self._files, self._catalog):
                if table.stats()["fragment_stats"]["num_fragments"] > _FRAGMENTS:
                    table.optimize(cleanup_older_than=_KEEP_VERSIONS)

    # ------------------------------------------------------------ reading

    def get(self, key: str) -> Any:
        """The JSON value kept under `key`, None when there is none."""
        with _translated(self.uri):
            rows = _catalog_rows(self._catalog, key)
        return json.loads(rows[0]["value"]) if rows else None

    def records(self, columns: Sequence[str] = ()) -> list[FileRecord]:
        """The ledger in ascending order of source. With `columns`, "source" among them, only
        these fields are read; the others have their defaults."""
        with _translated(self.uri):
            names = list(columns) or schema.file_schema().names
            rows = self._files.search().select(names).to_arrow()
        return schema.to_records(rows.sort_by("source"))

    def sources(self) -> list[str]:
        """The names of all files in the ledger."""
        with _translated(self.uri):
            return list(self._files.search().select(["source"]).to_arrow()["source"].to_pylist())

    def modified(self, sources: Collection[str]) -> dict[str, int]:
        """When files were last changed: source -> time in ns."""
        from lancedb.expr import col

        with _translated(self.uri):
            query = self._files.search().where(col("source").isin(sorted(sources)))
            rows = query.select(["source", "mtime_ns"]).to_arrow()
        return dict(zip(rows["source"].to_pylist(), rows["mtime_ns"].to_pylist(), strict=True))

    def outcomes(self) -> dict[str, int]:
        """How many files of the ledger have each outcome."""
        with _translated(self.uri):
            outcomes = self._files.search().select(["outcome"]).to_arrow()["outcome"]
        return {v["values"]: v["counts"] for v in outcomes.value_counts().to_pylist()}

    def refresh(self) -> None:
        """Sees what other processes have committed since this object was opened."""
        with _translated(self.uri):
            for table in (self._catalog, self._files, self._chunks):
                table.checkout_latest()

    def count_chunks(self) -> int:
        with _translated(self.uri):
            return int(self._chunks.count_rows())

    def text_hashes(self) -> bytes:
        """The text hashes of all chunks, 32 ASCII characters each, one after another."""
        with _translated(self.uri):
            rows = self._chunks.search().select(["text_hash"]).to_arrow()
        return "".join(rows["text_hash"].to_pylist()).encode()

    def vectors_by_hash(self, hashes: Collection[str]) -> Mapping[str, Vectors]:
        """The stored vector of each text hash that has one: hash -> (d,) float32."""
        if not hashes or self.count_chunks() == 0:
            return {}
        from lancedb.expr import col

        with _translated(self.uri):
            rows = (
                self._chunks.search()
                .where(col("text_hash").isin(sorted(hashes)))
                .select(["text_hash", "vector"])
                .to_arrow()
            )
        return dict(zip(rows["text_hash"].to_pylist(), _matrix(rows["vector"]), strict=True))

    def nearest(
        self, vector: Vectors, limit: int, *, sources: Collection[str] | None = None
    ) -> tuple[npt.NDArray[np.int64], Vectors]:
        """The `limit` rows nearest to a vector: row ids (n,) and exact cosine similarities (n,),
        best first. `sources` restricts the search before it is made; None means all."""
        import numpy as np

        query = (
            self._chunks.search(vector, query_type="vector", vector_column_name="vector")
            .distance_type("cosine")
            .limit(limit)
            .select(["_distance"])
            .with_row_id(True)
        )
        rows = self._run(query, sources)
        return rows["_rowid"].to_numpy().astype(np.int64), 1 - rows["_distance"].to_numpy()

    def matching(
        self, wanted: KeywordQuery, limit: int, *, sources: Collection[str] | None = None
    ) -> tuple[npt.NDArray[np.int64], Vectors, Vectors]:
        """The `limit` rows that match best: row ids (n,), BM25 scores (n,) and vectors (n, d),
        best first. Rows without any of the words, or without one of the phrases, are left out."""
        import numpy as np

        query = (
            self._chunks.search(_full_text(wanted), query_type="fts")
            .limit(limit)
            .select(["vector", "_score"])
            .with_row_id(True)
        )
        rows = self._run(query, sources)
        scores = rows["_score"].to_numpy().astype(np.float32)
        return rows["_rowid"].to_numpy().astype(np.int64), scores, _matrix(rows["vector"])

    def chunks(self, row_ids: Sequence[int]) -> list[Chunk]:
        """The chunks of rows that `nearest` or `matching` of this object named, in that order."""
        if not row_ids:
            return []
        with _translated(self.uri):
            query = self._chunks.take_row_ids(list(row_ids)).select(
                [*schema.CHUNK_COLUMNS, "_rowid"]
            )
            rows = query.to_arrow()
        by_id = dict(zip(rows["_rowid"].to_pylist(), schema.to_chunks(rows), strict=True))
        return [by_id[row_id] for row_id in row_ids]

    def sample_texts(self, limit: int) -> list[str]:
        """The texts of at most `limit` chunks, spread evenly over the table."""
        with _translated(self.uri):
            count = self._chunks.count_rows()
            offsets = [at * count // limit for at in range(limit)] if count > limit else None
            query = self._chunks.search() if offsets is None else self._chunks.take_offsets(offsets)
            return list(query.select(["text"]).to_arrow()["text"].to_pylist())

    def _run(self, query: Any, sources: Collection[str] | None) -> pa.Table:
        with _translated(self.uri):
            if sources is not None:
                from lancedb.expr import col

                query = query.where(col("source").isin(sorted(sources)), prefilter=True)
            return query.to_arrow()

    @cached_property
    def _files(self) -> Any:
        return self._database.open_table(_FILES)

    @cached_property
    def _catalog(self) -> Any:
        return self._database.open_table(_CATALOG)


def exists(uri: str) -> bool:
    """Whether an index is at `uri`; looks without creating anything."""
    if not _is_remote(uri):
        return Path(uri, f"{_CATALOG}.lance").is_dir()
    with _translated(uri):
        return _CATALOG in _connect(uri).list_tables().tables


def _is_remote(uri: str) -> bool:
    return "://" in uri


def _connect(uri: str) -> Any:
    os.environ.setdefault("LANCEDB_LOG", "error")  # else the Rust side prints to stderr
    import lancedb

    return lancedb.connect(uri)


def _catalog_rows(catalog: Any, key: str) -> list[dict[str, str]]:
    from lancedb.expr import col, lit

    return list(catalog.search().where(col("key") == lit(key)).to_list())


def _create_chunks(database: Any, name: str, manifest: Manifest) -> Any:
    from lancedb.index import FTS

    table = database.create_table(name, schema=schema.chunk_schema(manifest))
    for column in ("text", "context", "stems"):
        # ICU knows the words of every script; its stop-word lists drop words of every language.
        config = FTS(
            base_tokenizer="icu/split",
            remove_stop_words=False,
            with_position=column == "text",
            stem=column != "stems",
            language="English",
        )
        table.create_index(column, config=config)
    return table


def _full_text(wanted: KeywordQuery) -> Any:
    """LanceDB's query object; nothing in a person's words is parsed as query syntax."""
    from lancedb.query import BooleanQuery, MatchQuery, Occur, PhraseQuery

    clauses: list[tuple[Any, Any]] = []
    for words, weight in ((wanted.words, 1.0), (wanted.function_words, _FUNCTION_WORD_WEIGHT)):
        if words:
            clauses += [
                (Occur.SHOULD, MatchQuery(words, "text", boost=weight)),
                (Occur.SHOULD, MatchQuery(words, "context", boost=weight * _CONTEXT_WEIGHT)),
            ]
    if wanted.stems:
        clauses.append((Occur.SHOULD, MatchQuery(wanted.stems, "stems")))
    clauses += [(Occur.SHOULD, PhraseQuery(name, "text")) for name in wanted.identifiers]
    clauses += [(Occur.MUST, PhraseQuery(phrase, "text")) for phrase in wanted.phrases]
    return BooleanQuery(clauses)


def _matrix(column: pa.ChunkedArray) -> Vectors:
    """A column of fixed-size lists as (n, d) float32."""
    import numpy as np

    array = column.combine_chunks()
    values = array.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float32).reshape(len(array), array.type.list_size)


@contextmanager
def _translated(uri: str) -> Iterator[None]:
    """LanceDB's errors, which are bare ValueError and RuntimeError, as ours."""
    try:
        yield
    except RagkitError:
        raise
    except (ValueError, RuntimeError, OSError) as error:
        text = str(error)
        if "No space left" in text or "os error 28" in text:
            raise RagkitError(
                f"the disk that holds {uri} is full; what was committed is safe. "
                "Free some space and run the command again"
            ) from error
        if "Read-only file system" in text or "os error 30" in text or "ermission denied" in text:
            raise RagkitError(f"cannot write to {uri}: read-only or permission denied") from error
        raise IndexDamagedError(
            f"the index at {uri} cannot be read ({text.splitlines()[0][:200]}); "
            "delete that folder and run `ragkit index` again: your documents are untouched"
        ) from error
