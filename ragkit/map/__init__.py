"""An index as a map: its chunks as points of a plane, and a question among them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ragkit.errors import RagkitError
from ragkit.index import Index
from ragkit.map.layout import lay_out, preserved_neighbours
from ragkit.retrieval.filters import FilterOptions
from ragkit.types import Chunk, Hit

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.types import Vectors

MAX_POINTS = 4_000
_QUERY_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Map:
    """Chunks and their points: `points` (n, 2) float32 in 0..1, one for each of `chunks`.

    `total` counts all chunks of the files; where it is more than `chunks`, these are an even
    sample, to which the `hits` of the `query` were added. `query_point` is among the points whose
    vectors are nearest to that of the query; None without one. `preserved_neighbours` is the
    share of the 10 nearest chunks of each that are among its 30 nearest points.
    """

    chunks: tuple[Chunk, ...]
    points: Vectors
    total: int
    preserved_neighbours: float
    query: str = ""
    hits: tuple[Hit, ...] = ()
    query_point: tuple[float, float] | None = None

    @property
    def hit_positions(self) -> tuple[int, ...]:
        """The positions of the hits in `chunks`, best first."""
        positions = {(one.source, one.ordinal): n for n, one in enumerate(self.chunks)}
        return tuple(positions[hit.chunk.source, hit.chunk.ordinal] for hit in self.hits)


def draw_map(
    index: Index,
    *,
    query: str | None = None,
    limit: int | None = None,
    points: int = MAX_POINTS,
    path: str | None = None,
    types: Collection[str] = (),
    since: str | date | None = None,
    until: str | date | None = None,
    where: str | None = None,
) -> Map:
    """The chunks of the files that pass the filters, about `points` of them at most, so that
    similar ones are near each other; with `query` its `limit` hits are among them.

    Raises `RagkitError` when there is nothing to draw, `ValueError` as `Index.search` does.
    """
    filters = FilterOptions(path=path, types=types, since=since, until=until, where=where)
    hits = tuple(index.search(query, limit=limit, **filters)) if query is not None else ()
    sample = index.sample_chunks(points, always=[hit.chunk for hit in hits], **filters)
    if not sample.chunks:
        raise RagkitError("there is nothing to draw: no chunk is indexed in these files")
    layout = lay_out(sample.vectors)
    query_point = None
    if query is not None:
        vector = index.embedder.embed_query(query)
        query_point = _median_of_neighbours(vector, sample.vectors, layout)
    return Map(
        chunks=sample.chunks,
        points=layout,
        total=sample.total,
        preserved_neighbours=preserved_neighbours(sample.vectors, layout),
        query=query or "",
        hits=hits,
        query_point=query_point,
    )


def _median_of_neighbours(
    vector: npt.NDArray[np.float32], vectors: Vectors, points: Vectors
) -> tuple[float, float]:
    """The median of the points whose vectors are nearest, which one stray does not move."""
    import numpy as np

    nearest = np.argsort(-(vectors @ vector), kind="stable")[:_QUERY_NEIGHBOURS]
    x, y = np.median(points[nearest], axis=0)
    return float(x), float(y)
