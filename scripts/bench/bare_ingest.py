"""The bare loop that `ingest.py` compares with: os.walk, the same reader and splitter, the same
batches to the same model, one streaming `add`. No ledger, no full-text index, no second thought.
PDF files are read as PDFium gives them, in the same process: no tables, no second reading.

    python scripts/bench/bare_ingest.py TREE DATABASE MODEL [--embed-host URL]
    python scripts/bench/bare_ingest.py TREE --walk
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

_SLICE_CHUNKS = 2048  # the most that an index run gives to a model at once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("database", nargs="?")
    parser.add_argument("model", nargs="?")
    parser.add_argument("--embed-host")
    parser.add_argument("--walk", action="store_true", help="only list and stat the files")
    options = parser.parse_args()
    if options.walk:
        print(json.dumps(min(walk_seconds(options.tree) for _ in range(5))))
    else:
        print(json.dumps(index(options.tree, options.database, options.model, options.embed_host)))


def walk_seconds(tree: Path) -> float:
    """Seconds that os.scandir and a stat of every file take."""
    started = time.perf_counter()
    folders = [str(tree)]
    count = 0
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    count += 1
    return time.perf_counter() - started


def index(tree: Path, database: str, model: str, embed_host: str | None) -> int:
    """Writes the table `chunks`; gives back how many rows."""
    import lancedb
    import pyarrow as pa

    from ragkit.models import OllamaSettings, resolve_embedder

    embedder = resolve_embedder(model, OllamaSettings(embed_host=embed_host))
    dimension = embedder.identity.dimension
    schema = pa.schema(
        {
            "source": pa.string(),
            "ordinal": pa.int32(),
            "text": pa.string(),
            "vector": pa.list_(pa.float32(), dimension),
        }
    )

    def batches() -> Iterator[pa.RecordBatch]:
        waiting: list[Any] = []
        for one in chunks(tree, embedder):
            waiting.append(one)
            if len(waiting) == _SLICE_CHUNKS:
                yield batch(waiting)
                waiting = []
        if waiting:
            yield batch(waiting)

    def batch(some: list[Any]) -> pa.RecordBatch:
        vectors = embedder.embed_documents([one.text for one in some])
        return pa.record_batch(
            [
                pa.array([one.source for one in some]),
                pa.array([one.ordinal for one in some], pa.int32()),
                pa.array([one.text for one in some]),
                pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dimension),
            ],
            schema=schema,
        )

    table = lancedb.connect(database).create_table("chunks", schema=schema)
    table.add(pa.RecordBatchReader.from_batches(schema, batches()))
    return int(table.count_rows())


def chunks(tree: Path, embedder: Any) -> Iterator[Any]:
    """The chunks of all files that can be read, one file after another."""
    from ragkit.errors import LoadError
    from ragkit.index.compatibility import chunk_settings_for
    from ragkit.ingest.chunking import chunk
    from ragkit.loading import load

    settings = chunk_settings_for(embedder, None, 0)
    for folder, _, names in os.walk(tree):
        for name in names:
            path = Path(folder, name)
            try:
                read = pdf_text if path.suffix == ".pdf" else load
                document = read(path.read_bytes(), str(path))
            except LoadError:
                continue
            yield from chunk(document, settings, embedder.token_counter)


def pdf_text(data: bytes, source: str) -> Any:
    """A PDF file as a document, its text as PDFium gives it."""
    import pypdfium2

    from ragkit.types import Document

    pages = []
    file = pypdfium2.PdfDocument(data)
    for page in file:
        text = page.get_textpage()
        pages.append(text.get_text_range().replace("\r\n", "\n") + "\n")
        text.close()
        page.close()
    file.close()
    starts = [0, *accumulate(map(len, pages))][:-1]
    digest = hashlib.sha256(data).hexdigest()
    kind = "application/pdf"
    return Document(source, "".join(pages), digest, tuple(starts), media_type=kind)


if __name__ == "__main__":
    main()
