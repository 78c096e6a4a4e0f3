"""The vector index: built, tuned and rebuilt automatically where exact search is slow.

Its candidates are compared with the stored vectors ("refined"), so that every distance is exact;
only which rows are compared is approximate. Its recall is measured against exact search when it is
built, and stored in the metadata of the column.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ragkit.store.schema import matrix, normalize_rows
from ragkit.types import VectorIndex

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.types import Vectors

# Fewer rows are searched exactly, as quickly as with an index: scripts/bench/ann.py.
LEAST_ROWS = 10_000
LEAST_RECALL = 0.98
NAME = "vector_idx"
_KEY = "ragkit.vector_index"
_SAMPLES, _NEIGHBOURS = 200, 10
_AT_ONCE = 25  # all samples at once take four times the memory, and longer
_DEPTH = 100  # as many as a search of a few hits takes
# How many partitions are looked into, and how many times as many rows are compared exactly as
# are wanted: tried in this order until recall is enough. A partition holds about 8,000 rows.
_SETTINGS = ((70, 1), (70, 2), (150, 3), (400, 5), (1_500, 20))
_MOST_SEGMENTS = 10
_LONG = 10  # a list of a tenth of all rows is found as quickly by exact search
_OPPOSITE = 1e-3  # shorter than this, the sum of two vectors has no direction
_SAME_DISTANCE = 2e-6  # what rounding may make of one
_MOST_COPIES = 20_000  # of a neighbour, that are told apart


def load_index_stats(table: Any) -> VectorIndex | None:
    """What was measured when the index was built; None when none ever was."""
    text = (table.schema.field("vector").metadata or {}).get(_KEY.encode())
    return VectorIndex(**json.loads(text)) if text else None


def needs_rebuild(table: Any, rows: int) -> bool:
    """Whether an index is to be built, or built anew: rows have doubled, or half of them are
    others, or it lies in many pieces, or it is gone."""
    if rows < LEAST_ROWS:
        return False
    stats = load_index_stats(table)
    if stats is None or rows >= 2 * stats.rows:
        return True
    if not stats.kind:
        return False
    built = _built(table)
    if built is None:
        return True
    return bool(built.num_segments > _MOST_SEGMENTS or 2 * built.num_unindexed_rows >= stats.rows)


def drop_index(table: Any) -> None:
    """Takes the index away, if there is one: searches are exact until the next is built."""
    if _built(table) is not None:
        table.drop_index(NAME)


def build_index(table: Any) -> VectorIndex:
    """Builds the index and finds the cheapest settings that recall at least `LEAST_RECALL`. Where
    none does, there is no index: searches stay exact."""
    from lancedb.index import IvfRq, IvfSq

    started = time.monotonic()
    # Of 4 bits: a little more to build than of 1, and far fewer rows to compare again.
    fits = supports_rabitq(table)
    config = IvfRq("cosine", num_bits=4) if fits else IvfSq("cosine")
    table.create_index("vector", config=config, name=NAME)
    return tune_index(table, "IVF_RQ" if fits else "IVF_SQ", started)


def supports_rabitq(table: Any) -> bool:
    """Whether vectors of this dimension can be quantized to bits."""
    return bool(table.schema.field("vector").type.list_size % 8 == 0)


def tune_index(table: Any, kind: str, started: float) -> VectorIndex:
    """As `build_index`, of an index that was just built; it began at `started` (monotonic)."""
    rows = int(table.count_rows())
    samples = _sampled(table, rows)
    neighbours = _neighbours(table, samples)
    for probes, refine in _SETTINGS:
        found = VectorIndex(kind, rows, probes, refine)
        recall = round(_recall(table, samples, neighbours, found), 4)
        if recall >= LEAST_RECALL:
            break
    else:
        drop_index(table)
        found = VectorIndex("", rows)
    seconds = round(time.monotonic() - started, 3)
    found = replace(found, recall=recall, seconds=seconds)
    table.update_field_metadata({"path": "vector", "metadata": {_KEY: json.dumps(asdict(found))}})
    return found


def nearest(query: Any, index: VectorIndex | None, *, limit: int, all_partitions: bool) -> Any:
    """LanceDB's vector query made one for the `limit` nearest rows; by the index where there is
    one, else exactly. With `all_partitions` all of them are looked into, and twice as many rows
    compared: what a filter leaves may lie far from the question.
    """
    query = query.distance_type("cosine").limit(limit).select(["_distance"])
    if index is None or not index.kind or limit * _LONG >= index.rows:
        return query.bypass_vector_index()
    if all_partitions:
        return query.refine_factor(2 * index.refine).nprobes(index.rows)
    return query.refine_factor(index.refine).nprobes(index.probes)


def _built(table: Any) -> Any:
    return next((one for one in table.list_indices() if one.name == NAME), None)


def _sampled(table: Any, rows: int) -> Vectors:
    """(n, d) vectors halfway between rows spread evenly over the table. Questions lie between
    chunks, and their neighbours in several partitions: those of a chunk are found too easily."""
    import numpy as np

    offsets = [at * rows // _SAMPLES for at in range(_SAMPLES)]
    found = table.take_offsets(offsets).select(["vector"]).to_arrow()["vector"]
    one = normalize_rows(matrix(found))
    halfway = one + np.roll(one, len(one) // 2 + 1, axis=0)
    length = np.linalg.norm(halfway, axis=1, keepdims=True)
    samples: Vectors = np.where(length > _OPPOSITE, halfway / np.maximum(length, _OPPOSITE), one)
    return samples


def _neighbours(table: Any, samples: Vectors) -> list[npt.NDArray[np.int64]]:
    """The row ids of each sample's ten nearest rows, and of those as near as the tenth: of copies
    any will do."""
    import numpy as np

    least = np.full((len(samples), 1), -2.0, dtype=np.float32)  # the tenth best so far
    nearest_so_far = [np.empty(0, np.float32)] * len(samples)
    ids = [np.empty(0, np.int64)] * len(samples)
    for batch in table.search().select(["vector"]).with_row_id(True).to_batches():
        rows = batch["_rowid"].to_numpy().astype(np.int64)
        similarity = samples @ normalize_rows(matrix(batch["vector"])).T
        near = similarity >= least - _SAME_DISTANCE
        for at in np.flatnonzero(near.any(axis=1)):  # soon few
            both = np.concatenate([nearest_so_far[at], similarity[at, near[at]]])
            whose = np.concatenate([ids[at], rows[near[at]]])
            if len(both) > _NEIGHBOURS:
                least[at] = np.partition(both, -_NEIGHBOURS)[-_NEIGHBOURS]
            wanted = np.flatnonzero(both >= least[at] - _SAME_DISTANCE)[:_MOST_COPIES]
            nearest_so_far[at], ids[at] = both[wanted], whose[wanted]
    return ids


def _recall(
    table: Any, samples: Vectors, neighbours: list[npt.NDArray[np.int64]], index: VectorIndex
) -> float:
    """The share of the samples' ten nearest rows that are among those which a search by the index
    compares exactly. Which these are is asked alone: reading the vectors of all of them would take
    tens of thousands of requests where the table lies in an object store."""
    import numpy as np

    found = 0
    for start in range(0, len(samples), _AT_ONCE):
        query = table.search(
            samples[start : start + _AT_ONCE], query_type="vector", vector_column_name="vector"
        )
        query = query.distance_type("cosine").nprobes(index.probes).limit(_DEPTH * index.refine)
        rows = query.select(["_distance"]).with_row_id(True).to_arrow()
        of, ids = rows["query_index"].to_numpy(), rows["_rowid"].to_numpy().astype(np.int64)
        for at, wanted in enumerate(neighbours[start : start + _AT_ONCE]):
            found += min(_NEIGHBOURS, int(np.isin(ids[of == at], wanted).sum()))
    return found / (_NEIGHBOURS * len(samples))
