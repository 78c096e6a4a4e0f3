"""The process that `scale.py` starts, kills and starts again: one update of one index.

    python scripts/bench/scale_work.py INDEX DOCS MODEL ENGINE [KEY=VALUE ...]

MODEL is "wordllama" or "waiting" (it takes 20 ms a chunk, and indexes a part of the documents
before the clock starts); ENGINE is "local" or the address of a Ray cluster; KEY=VALUE are options
of the object store. Prints the report as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from ragkit.engines.ray import RayEngine
from ragkit.errors import IndexNotFoundError
from ragkit.index import Index
from ragkit.models.wordllama import WordLlamaEmbedder
from ragkit.types import StorageLocation

WAIT_SECONDS = 0.02
FILES_PER_TASK = 64
FILES_PER_WARM_TASK = 8  # so that there is a task for every worker


class Waiting(WordLlamaEmbedder):
    """As a model on another machine: time passes, next to nothing is computed here. Its vectors
    are real ones, for an index of equal ones takes long to build."""

    def embed_documents(self, texts):  # type: ignore[no-untyped-def]
        time.sleep(WAIT_SECONDS * len(texts))
        return super().embed_documents(texts)


def main() -> None:
    place, docs, model, engine, *options = sys.argv[1:]
    embedder = Waiting() if model == "waiting" else WordLlamaEmbedder()
    pairs = tuple((key, value) for key, _, value in (option.partition("=") for option in options))
    location = StorageLocation(place, pairs)
    try:
        index = Index.open(location, embedder=embedder)
    except IndexNotFoundError:
        index = Index.create(location, embedder=embedder)
    spread = None if engine == "local" else RayEngine(engine)
    more = {}
    if model == "waiting":
        started = time.perf_counter()
        warm = Index.create(f"{place}-warm", embedder=embedder)
        more["warmed"] = warm.update(
            Path(docs) / "part-0000", engine=spread, files_per_task=FILES_PER_WARM_TASK
        ).added
        more["warming"] = time.perf_counter() - started
    started = time.perf_counter()
    report = index.update(
        docs,
        engine=spread,
        files_per_task=FILES_PER_TASK,
        on_progress=lambda progress: print(progress.files_done, file=sys.stderr, flush=True),
    )
    seconds = time.perf_counter() - started
    print(json.dumps({**asdict(report), **more, "seconds": seconds, "cpu": time.process_time()}))


if __name__ == "__main__":
    # Workers must find `Waiting` under a name that is not __main__.
    import scale_work

    scale_work.main()
