"""Indices of a large table, built by the workers of a Ray cluster through lance-ray.

Below some ten million rows one process is quicker. The vector index is trained on the machine
that calls, whatever the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ragkit.errors import RagkitError, missing_library
from ragkit.store.ann_index import NAME as VECTOR_INDEX
from ragkit.store.keyword_search import COLUMNS, fts_settings

LEAST_ROWS = 10_000_000
_PARTITION_ROWS = 8192


def build_indices(
    uri: str, options: Mapping[str, str], *, rows: int, workers: int, with_vectors: bool
) -> None:
    """Compacts the table at `uri` and builds its full-text indices anew; the vector index, too,
    `with_vectors`, whose dimension must be a multiple of 8. Ray must be connected.

    Raises `RagkitError` when lance-ray is not installed.
    """
    try:
        import lance_ray
    except ImportError as error:
        raise RagkitError(
            missing_library("building indices on a cluster", "lance-ray==0.5.0", "pylance==13.0.0")
        ) from error
    common: dict[str, Any] = {"num_workers": workers, "storage_options": dict(options) or None}
    lance_ray.compact_files(uri, **common)
    for column in COLUMNS:
        lance_ray.create_scalar_index(
            uri,
            column=column,
            index_type="INVERTED",
            name=f"{column}_idx",
            **fts_settings(column),
            **common,
        )
    if with_vectors:
        lance_ray.create_index(
            uri,
            "vector",
            "IVF_RQ",
            name=VECTOR_INDEX,
            metric="cosine",
            num_bits=1,
            num_partitions=max(1, rows // _PARTITION_ROWS),
            **common,
        )
