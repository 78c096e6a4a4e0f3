"""The table `chunks`: texts and vectors. The chunks of a file are replaced together."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ragkit.allocator import release_memory
from ragkit.store import schema
from ragkit.store.ann_index import (
    build_index,
    drop_index,
    load_index_stats,
    needs_rebuild,
    supports_rabitq,
    tune_index,
)
from ragkit.store.async_reader import AsyncTableReader
from ragkit.store.connection import translate_errors
from ragkit.store.distributed import build_indices
from ragkit.store.keyword_search import build_fts_index
from ragkit.store.schema import concat, matrix
from ragkit.store.table import (
    MOST_FRAGMENTS,
    UNINDEXED_ROWS,
    Table,
    compact,
    fragments,
    unindexed_rows,
)
from ragkit.types import Chunk, ChunkFeatures, Manifest, VectorIndex

if TYPE_CHECKING:
    import pyarrow as pa

    from ragkit.types import Vectors


_BATCH_ROWS = 2_000


class Sample(NamedTuple):
    """Some chunks, their vectors (n, d), and how many chunks there were to choose from."""

    chunks: tuple[Chunk, ...]
    vectors: Vectors
    total: int


class ChunkTable(Table):
    """The chunks of one version of an index; all vectors are of one model."""

    def __init__(self, uri: str, table: Any, reader: AsyncTableReader) -> None:
        """`reader` is told of every change."""
        super().__init__(uri, table)
        self._reader = reader
        self.manifest: Manifest = schema.manifest_of(table.schema)

    # ------------------------------------------------------------ writing

    def write(
        self,
        chunks: Sequence[Chunk],
        vectors: Sequence[Vectors],
        features: Sequence[ChunkFeatures],
        *,
        replacing: Collection[str],
    ) -> None:
        """Adds chunks in one commit, `vectors` (d,) and `features` in the same order. In the same
        commit all other chunks of the sources in `replacing` are deleted; some may have no new
        ones."""
        rows = schema.chunk_rows(chunks, vectors, features, self._table.schema)
        with self._changing():
            if not replacing:
                if len(rows):
                    self._table.add(rows)
                return
            from lancedb.expr import col

            (
                self._table.merge_insert("id")
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .when_not_matched_by_source_delete(col("source").isin(sorted(replacing)))
                .use_index(False)
                .execute(rows)
            )

    def maintain(self) -> None:
        """Compacts the table when it is worth the rewrite; builds the vector index when it is
        missing or outdated."""
        with self._changing():
            rows = self._table.count_rows()
            rebuild = needs_rebuild(self._table, rows)
            if rebuild:
                drop_index(self._table)  # else it would be compacted in vain
            first = rows > UNINDEXED_ROWS and unindexed_rows(self._table) == rows
            release_memory()
            if first and fragments(self._table) <= MOST_FRAGMENTS:
                build_fts_index(self._table)  # compacting would rewrite the table, too
            else:
                compact(self._table)
            if rebuild:
                release_memory()
                build_index(self._table)

    def optimize(self) -> None:
        """As `maintain`, however little there is to compact."""
        super().optimize()
        self.maintain()

    def set_reading_versions(self, chunker: int, loader: int) -> None:
        """Writes these versions into the manifest."""
        versions = json.dumps({"chunker_version": chunker, "loader_version": loader})
        with self._changing():
            metadata = {schema.VERSIONS_KEY.decode(): versions}
            self._table.update_field_metadata({"path": "text", "metadata": metadata})
        self.manifest = replace(self.manifest, chunker_version=chunker, loader_version=loader)

    def optimize_on_cluster(self, options: Mapping[str, str], *, workers: int) -> None:
        """Compacts the table and builds its indices by the workers of the connected Ray cluster."""
        started = time.monotonic()
        fits = supports_rabitq(self._table)
        build_indices(
            f"{self._uri}/{self._table.name}.lance",
            options,
            rows=self.count(),
            workers=workers,
            with_vectors=fits,
        )
        self.refresh()
        with self._changing():
            if fits:
                tune_index(self._table, "IVF_RQ", started)
            else:
                build_index(self._table)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Around everything that writes: what was read of the table before is read again."""
        try:
            with translate_errors(self._uri):
                yield
        finally:
            self._reader.changed()
            self.__dict__.pop("vector_index", None)

    # ------------------------------------------------------------ reading

    @cached_property
    def vector_index(self) -> VectorIndex | None:
        """How well the vector index finds; None for a table too small to need one."""
        with translate_errors(self._uri):
            return load_index_stats(self._table)

    def sources(self) -> set[str]:
        """The names of the files that have chunks."""
        return set(self._select(["source"])["source"].unique().to_pylist())

    def text_hashes(self) -> bytes:
        """The text hashes of all chunks, 32 ASCII characters each, one after another."""
        return concat(self._select(["text_hash"])["text_hash"])

    def vectors_by_hash(self, hashes: Collection[str]) -> Mapping[str, Vectors]:
        """The stored vector of each text hash that has one: hash -> (d,) float32."""
        if not hashes or self.count() == 0:
            return {}
        from lancedb.expr import col

        rows = self._select(["text_hash", "vector"], col("text_hash").isin(sorted(hashes)))
        return dict(zip(rows["text_hash"].to_pylist(), matrix(rows["vector"]), strict=True))

    def neighbours(self, chunks: Sequence[Chunk], reach: int) -> list[Chunk]:
        """These chunks and those up to `reach` places before and after each in its file, and
        perhaps others of the same files; in no order."""
        from lancedb.expr import col

        places = {c.ordinal + step for c in chunks for step in range(-reach, reach + 1)}
        wanted = col("source").isin(sorted({chunk.source for chunk in chunks}))
        wanted &= col("ordinal").isin(sorted(place for place in places if place >= 0))
        return schema.to_chunks(self._select(schema.CHUNK_COLUMNS, wanted))

    def to_arrow(self, *, vectors: bool = False) -> pa.Table:
        """All chunks in the order of source and ordinal: the fields of `Chunk`, and with `vectors`
        a column "vector"."""
        columns = [*schema.CHUNK_COLUMNS, *(["vector"] if vectors else [])]
        with translate_errors(self._uri):
            rows = self._table.search().select(columns).to_arrow()
        return rows.sort_by([("source", "ascending"), ("ordinal", "ascending")])

    def sample(
        self, limit: int, *, always: Sequence[Chunk] = (), sources: Collection[str] | None = None
    ) -> Sample:
        """At most `limit` chunks, spread evenly over the table and in its order, and those in
        `always` besides; only of `sources`, if given."""
        import numpy as np

        rows = self._positions(sources)
        ids = rows["_rowid"].to_numpy().astype(np.int64)
        spread = np.arange(limit) * len(ids) // limit if len(ids) > limit else np.arange(len(ids))
        wanted = set(ids[spread].tolist())
        if always:
            keys = {(chunk.source, chunk.ordinal) for chunk in always}
            pairs = zip(rows["source"].to_pylist(), rows["ordinal"].to_pylist(), strict=True)
            wanted.update(int(ids[at]) for at, pair in enumerate(pairs) if pair in keys)
        if not wanted:
            return Sample((), np.zeros((0, self.manifest.embedder.dimension), np.float32), 0)
        with translate_errors(self._uri):
            query = self._table.take_row_ids(sorted(wanted))
            taken = query.select([*schema.CHUNK_COLUMNS, "vector"]).to_arrow()
        return Sample(tuple(schema.to_chunks(taken)), matrix(taken["vector"]), len(ids))

    def by_file(self, sources: Collection[str]) -> dict[str, list[tuple[Chunk, ChunkFeatures]]]:
        """Source -> its chunks in order, each with what is stored beside it."""
        from lancedb.expr import col

        columns = [*schema.CHUNK_COLUMNS, *ChunkFeatures._fields]
        rows = self._select(columns, col("source").isin(sorted(sources)))
        rows = rows.sort_by([("source", "ascending"), ("ordinal", "ascending")])
        beside = zip(*(rows[name].to_pylist() for name in ChunkFeatures._fields), strict=True)
        found: dict[str, list[tuple[Chunk, ChunkFeatures]]] = {}
        for chunk, features in zip(
            schema.to_chunks(rows), map(ChunkFeatures._make, beside), strict=True
        ):
            found.setdefault(chunk.source, []).append((chunk, features))
        return found

    def iter_rows(self) -> Iterator[tuple[list[str], list[Chunk], list[str], Vectors]]:
        """All rows in batches: ids, chunks, text hashes and vectors (n, d)."""
        import pyarrow as pa

        columns = ["id", *schema.CHUNK_COLUMNS, "text_hash", "vector"]
        with translate_errors(self._uri):
            for batch in self._table.search().select(columns).to_batches(_BATCH_ROWS):
                rows = pa.Table.from_batches([batch])
                ids, hashes = rows["id"].to_pylist(), rows["text_hash"].to_pylist()
                yield ids, schema.to_chunks(rows), hashes, matrix(rows["vector"])

    def sample_texts(self, limit: int) -> list[str]:
        """The texts of at most `limit` chunks, spread evenly over the table."""
        with translate_errors(self._uri):
            count = self._table.count_rows()
            offsets = [at * count // limit for at in range(limit)] if count > limit else None
            query = self._table.search() if offsets is None else self._table.take_offsets(offsets)
            return list(query.select(["text"]).to_arrow()["text"].to_pylist())

    def _positions(self, sources: Collection[str] | None) -> pa.Table:
        """Source, ordinal and row id of all chunks, or of those of `sources`."""
        from lancedb.expr import col

        with translate_errors(self._uri):
            query = self._table.search().select(["source", "ordinal"]).with_row_id(True)
            if sources is not None:
                query = query.where(col("source").isin(sorted(sources)), prefilter=True)
            return query.to_arrow()
