"""An index -> points on a map, and a question among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from ragkit.errors import RagkitError
from ragkit.index import Index
from ragkit.map.layout import lay_out, preserved_neighbours
from ragkit.retrieval.filters import FilterOptions
from ragkit.types import Chunk, Hit

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.types import Vectors

MOST_POINTS = 4_000
_PULLING = 5  # points that say where a question lies


@dataclass(frozen=True, slots=True)
class Map:
    """Chunks and where they lie: `places` (n, 2) float32 in 0..1, one for each of `chunks`.

    `total` counts the chunks that there are to draw; where it is more than `chunks`, these are a
    sample spread evenly, to which the `hits` of the `query` were added. `query_place` is near the
    points whose vectors are nearest to the question's; None without a query. `kept` is the share
    of the 10 nearest chunks that are among the 30 nearest points.
    """

    chunks: tuple[Chunk, ...]
    places: Vectors
    total: int
    kept: float
    query: str = ""
    hits: tuple[Hit, ...] = ()
    query_place: tuple[float, float] | None = None

    @property
    def hit_points(self) -> tuple[int, ...]:
        """Which of `chunks` are the hits, best first."""
        at = {(one.source, one.ordinal): n for n, one in enumerate(self.chunks)}
        return tuple(at[hit.chunk.source, hit.chunk.ordinal] for hit in self.hits)


def draw_map(
    index: Index,
    *,
    query: str | None = None,
    limit: int | None = None,
    points: int = MOST_POINTS,
    **filters: Unpack[FilterOptions],
) -> Map:
    """The chunks of an index, at most about `most` of them, so that near meanings lie near each
    other; with `query` its `limit` hits are among them.

    Raises `RagkitError` when there is nothing to draw, `ValueError` as `Index.search` does.
    """
    hits = tuple(index.search(query, limit=limit, **filters)) if query is not None else ()
    sample = index.sample_chunks(points, always=[hit.chunk for hit in hits], **filters)
    if not sample.chunks:
        raise RagkitError("there is nothing to draw: no chunk is indexed in these files")
    places = lay_out(sample.vectors)
    where = None
    if query is not None:
        where = _place_among(index.embedder.embed_query(query), sample.vectors, places)
    return Map(
        chunks=sample.chunks,
        places=places,
        total=sample.total,
        kept=preserved_neighbours(sample.vectors, places),
        query=query or "",
        hits=hits,
        query_place=where,
    )


def _place_among(
    vector: npt.NDArray[np.float32], vectors: Vectors, places: Vectors
) -> tuple[float, float]:
    """The median place of the points whose vectors are nearest: one stray does not move it."""
    import numpy as np

    nearest = np.argsort(-(vectors @ vector), kind="stable")[:_PULLING]
    x, y = np.median(places[nearest], axis=0)
    return float(x), float(y)
