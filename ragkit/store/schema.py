"""Arrow schemas of the tables, and rows to and from the types."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from ragkit.errors import IndexDamagedError
from ragkit.types import Chunk, ChunkFeatures, ChunkSettings, FileRecord, Manifest, ModelIdentity

if TYPE_CHECKING:
    import pyarrow as pa

    from ragkit.types import Vectors


FORMAT = 3
MANIFEST_KEY = b"ragkit.manifest"
# Of the column `text`: what changes of the manifest, which the schema of a table cannot.
VERSIONS_KEY = b"ragkit.versions"
# What a chunk row holds of a Chunk; `context` and the hashes are derived, the vector is beside.
CHUNK_COLUMNS = (
    *("source", "ordinal", "text", "start", "end", "first_line", "last_line", "page"),
    *("page_label", "heading", "table_header"),
)
# Columns without nulls, in their order -> Arrow types.
_CHUNK_FIELDS = {
    "source": "string",
    "ordinal": "int32",
    "text_hash": "string",
    "start": "int64",
    "end": "int64",
    "first_line": "int32",
    "last_line": "int32",
    "page_label": "string",
    "heading": "string",
    "table_header": "string",
    "context": "string",
    "stems": "string",
    "header": "string",
    "text": "string",
}
_FILE_FIELDS = {
    "outcome": "string",
    "reason": "string",
    "sha256": "string",
    "size": "int64",
    "mtime_ns": "int64",
    "inode": "int64",
    "pages": "int64",
    "pages_without_text": "int64",
    "characters": "int64",
    "lost_characters": "int64",
    "chunks": "int64",
    "media_type": "string",
    "metadata": "string",  # metadata: a JSON list of pairs
    "last_seen_ns": "int64",
    "chunker_version": "int64",
    "loader_version": "string",
}


def chunk_schema(manifest: Manifest) -> pa.Schema:
    """The chunks table; the manifest is its metadata."""
    import pyarrow as pa

    vector = pa.field("vector", pa.list_(pa.float32(), manifest.embedder.dimension), nullable=False)
    fields = [_key("id"), pa.field("page", pa.int32()), *_required(_CHUNK_FIELDS), vector]
    return pa.schema(fields, metadata={MANIFEST_KEY: json.dumps(asdict(manifest)).encode()})


def file_schema() -> pa.Schema:
    """The files table: a column for each field of `FileRecord`."""
    import pyarrow as pa

    return pa.schema([_key("source"), *_required(_FILE_FIELDS)])


def catalog_schema() -> pa.Schema:
    """The catalog: JSON texts under keys."""
    import pyarrow as pa

    return pa.schema([_key("key"), *_required({"value": "string"})])


def _key(name: str) -> pa.Field:
    """The key column. That concurrent merges of one new key conflict, and do not double it, is
    what an unenforced primary key is for."""
    import pyarrow as pa

    metadata = {"lance-schema:unenforced-primary-key": "true"}
    return pa.field(name, pa.string(), nullable=False, metadata=metadata)


def _required(types: Mapping[str, str]) -> list[pa.Field]:
    """Columns without nulls: name -> Arrow type."""
    import pyarrow as pa

    return [pa.field(name, pa.type_for_alias(kind), nullable=False) for name, kind in types.items()]


def catalog_rows(values: Mapping[str, object]) -> pa.Table:
    import pyarrow as pa

    texts = [json.dumps(value, ensure_ascii=False) for value in values.values()]
    return pa.table({"key": list(values), "value": texts}, schema=catalog_schema())


def manifest_of(schema: pa.Schema) -> Manifest:
    """The manifest in the schema of a chunks table.

    Raises `IndexDamagedError` when there is none that this version can read.
    """
    try:
        stored = json.loads((schema.metadata or {})[MANIFEST_KEY])
        stored |= json.loads((schema.field("text").metadata or {}).get(VERSIONS_KEY, "{}"))
        return Manifest(
            embedder=ModelIdentity(**stored["embedder"]),
            chunking=ChunkSettings(**stored["chunking"]),
            format=int(stored["format"]),
            chunker_version=int(stored.get("chunker_version", 0)),
            loader_version=int(stored.get("loader_version", 0)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise IndexDamagedError(
            "the index has no readable manifest; it was not written by this version of ragkit. "
            "Delete its folder and run `ragkit index` again"
        ) from error


def chunk_rows(
    chunks: Sequence[Chunk],
    vectors: Sequence[Vectors],
    derived: Sequence[ChunkFeatures],
    schema: pa.Schema,
) -> pa.Table:
    """Chunks as rows; each vector is (d,), everything in one order."""
    import numpy as np
    import pyarrow as pa

    dimension = schema.field("vector").type.list_size
    matrix = np.concatenate(vectors) if len(vectors) else np.empty(0, dtype=np.float32)
    columns: dict[str, Any] = {
        name: [getattr(one, name) for one in chunks] for name in CHUNK_COLUMNS
    }
    columns["id"] = row_ids(chunks)
    for name in ChunkFeatures._fields:
        columns[name] = [getattr(one, name) for one in derived]
    columns["vector"] = pa.FixedSizeListArray.from_arrays(
        pa.array(matrix, type=pa.float32()), dimension
    )
    return pa.table({f.name: columns[f.name] for f in schema}, schema=schema)


def row_ids(chunks: Iterable[Chunk]) -> list[str]:
    """The key of each chunk's row: it is the same whenever the file is stored."""
    keys: dict[str, str] = {}
    return [
        f"{keys.get(c.source) or keys.setdefault(c.source, _source_key(c.source))}-{c.ordinal}"
        for c in chunks
    ]


def _source_key(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:16]


def to_chunks(rows: pa.Table) -> list[Chunk]:
    """Rows with `CHUNK_COLUMNS` as chunks, in their order."""
    columns = [rows.column(name).to_pylist() for name in CHUNK_COLUMNS]
    return [Chunk(*values) for values in zip(*columns, strict=True)]


def record_rows(records: Iterable[FileRecord]) -> pa.Table:
    import pyarrow as pa

    rows = list(records)
    schema = file_schema()
    columns = {f.name: [getattr(r, f.name) for r in rows] for f in schema}
    columns["metadata"] = [json.dumps(r.metadata, ensure_ascii=False) for r in rows]
    return pa.table(columns, schema=schema)


def to_records(rows: pa.Table) -> list[FileRecord]:
    """Rows as records; fields without a column have their defaults, `outcome` "indexed"."""
    columns = {name: rows.column(name).to_pylist() for name in rows.column_names}
    if "metadata" in columns:
        # Most files of a kind say the same about themselves, and JSON is dear.
        pairs = {text: _pairs(text) for text in set(columns["metadata"])}
        columns["metadata"] = [pairs[text] for text in columns["metadata"]]
    columns.setdefault("outcome", ["indexed"] * len(rows))
    ordered = [columns.get(f.name) or [f.default] * len(rows) for f in fields(FileRecord)]
    return [FileRecord(*values) for values in zip(*ordered, strict=True)]


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in json.loads(text))


def matrix(column: pa.ChunkedArray | pa.Array) -> Vectors:
    """A column of fixed-size lists as (n, d) float32."""
    import numpy as np

    if hasattr(column, "combine_chunks"):
        column = column.combine_chunks()
    values = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float32).reshape(len(column), column.type.list_size)


def normalize_rows(vectors: Vectors) -> Vectors:
    """(n, d) at length 1; none is of length 0."""
    import numpy as np

    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def products(vectors: Vectors, vector: Vectors) -> Vectors:
    """The inner product of each of (n, d) with a vector (d,), in this thread: the threads of a
    matrix product go on spinning when it is done, and slow down the queries beside it."""
    import numpy as np

    found: Vectors = np.einsum("ij,j->i", vectors, vector)
    return found


def concat(column: pa.ChunkedArray) -> bytes:
    """The UTF-8 bytes of all strings of a column, one after another; nulls there are none."""
    return b"".join(map(_joined, column.chunks))


def _joined(column: pa.StringArray) -> bytes:
    _, offsets, data = column.buffers()
    if not len(column):
        return b""
    ends = memoryview(offsets).cast("i")
    return bytes(memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]])
