"""Vectors -> points of a plane, so that what is near stays near (pure).

Principal components give the start; from there the layout minimises the objective of UMAP
(McInnes, Healy, Melville 2018), all edges of an epoch in a few batches of array operations.
`scripts/bench/map.py` prints how many neighbours each of the two keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.types import Vectors

    Rows = npt.NDArray[np.int64]

_NEIGHBOURS = 15
_EPOCHS = 200
_NEGATIVE = 5  # points pushed away for each pair drawn together
_A, _B = 1.577, 0.895  # UMAP's curve for points that may come as near as 0.1
_CLIP = 4.0
_BLOCK = 1024  # rows of the similarity matrix at a time
_SPREAD = 10.0


def lay_out(vectors: Vectors, *, seed: int = 1) -> Vectors:
    """(n, 2) float32 in 0..1 for unit vectors (n, d); the same points for the same vectors.

    A few seconds for 4,000 vectors; memory grows with n, time with n squared.
    """
    points = principal_plane(vectors)
    if len(vectors) > 3:
        near, similarity = find_neighbours(vectors, min(_NEIGHBOURS, len(vectors) - 1))
        points = _drawn_together(points, near, _weights(1 - similarity), seed)
    return _fitted(points)


def principal_plane(vectors: Vectors) -> Vectors:
    """(n, 2): where vectors (n, d) lie along their two directions of greatest variance."""
    import numpy as np

    points = np.zeros((len(vectors), 2), dtype=np.float32)
    if len(vectors) > 1:
        centred = vectors - vectors.mean(axis=0)
        _, directions = np.linalg.eigh(centred.T @ centred)
        plane = directions[:, ::-1][:, :2]
        # A direction and its contrary are the same: let the largest part be positive.
        plane = plane * np.sign(plane[np.abs(plane).argmax(axis=0), range(plane.shape[1])])
        points[:, : plane.shape[1]] = centred @ plane
    return points


def find_neighbours(vectors: Vectors, count: int) -> tuple[Rows, Vectors]:
    """For each of the vectors the `count` nearest others by inner product: rows (n, count) and
    products (n, count), the nearest first."""
    import numpy as np

    rows, products = [], []
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK] @ vectors.T
        block[np.arange(len(block)), np.arange(start, start + len(block))] = -np.inf
        best = np.argpartition(-block, count - 1, axis=1)[:, :count]
        values = np.take_along_axis(block, best, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        rows.append(np.take_along_axis(best, order, axis=1))
        products.append(np.take_along_axis(values, order, axis=1))
    return np.concatenate(rows).astype(np.int64), np.concatenate(products)


def kept_neighbours(vectors: Vectors, points: Vectors, count: int = 10, among: int = 30) -> float:
    """The share of the `count` nearest of each vector that are among its `among` nearest points.
    1.0 for so few vectors that all are."""
    import numpy as np

    if len(vectors) <= among + 1:
        return 1.0
    near, _ = find_neighbours(vectors, count)
    # The nearest by distance are those with the greatest 2 xy - |y|^2.
    flat = points.astype(np.float64) - points.mean(axis=0)
    square = (flat**2).sum(axis=1)
    kept = 0
    for start in range(0, len(flat), _BLOCK):
        block = 2 * flat[start : start + _BLOCK] @ flat.T - square
        block[np.arange(len(block)), np.arange(start, start + len(block))] = -np.inf
        best = np.argpartition(-block, among - 1, axis=1)[:, :among]
        pairs = near[start : start + _BLOCK, :, None] == best[:, None, :]
        kept += int(pairs.any(axis=2).sum())
    return kept / near.size


def _weights(distance: Vectors) -> Vectors:
    """(n, k): how strongly each point is tied to its neighbours, as UMAP reckons it: the nearest
    by 1, all together by log2(k)."""
    import numpy as np

    excess = np.maximum(distance - distance[:, :1], 0)
    target = np.log2(distance.shape[1]) if distance.shape[1] > 1 else 1.0
    low = np.zeros((len(distance), 1))
    high = np.full((len(distance), 1), 2.0)
    for _ in range(32):
        middle = (low + high) / 2
        too_much = np.exp(-excess / np.maximum(middle, 1e-9)).sum(axis=1, keepdims=True) > target
        high = np.where(too_much, middle, high)
        low = np.where(too_much, low, middle)
    weights: Vectors = np.exp(-excess / np.maximum(high, 1e-9)).astype(np.float32)
    return weights


def _drawn_together(points: Vectors, near: Rows, weights: Vectors, seed: int) -> Vectors:
    import numpy as np

    random = np.random.default_rng(seed)
    count = len(points)
    scale = _SPREAD / max(float(np.abs(points).max()), 1e-9)
    places = points.astype(np.float64) * scale + random.normal(0, 1e-3, points.shape)
    first = np.repeat(np.arange(count), near.shape[1])
    second, chance = near.ravel(), weights.ravel()
    batches = max(1, near.shape[1] // 3)
    for epoch in range(_EPOCHS):
        step = 1 - epoch / _EPOCHS
        taken = np.flatnonzero(random.random(len(first)) < chance)
        random.shuffle(taken)
        for some in np.array_split(taken, batches):
            one, other = first[some], second[some]
            pull = _pull(places[one] - places[other]) * step
            _add(places, one, pull)
            _add(places, other, -pull)
            pushed = np.repeat(one, _NEGATIVE)
            away = random.integers(count, size=len(pushed))
            _add(places, pushed, _push(places[pushed] - places[away]) * step)
    return places.astype(np.float32)


def _pull(apart: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    import numpy as np

    square = np.maximum((apart**2).sum(axis=1, keepdims=True), 1e-12)
    force = -2 * _A * _B * square ** (_B - 1) / (1 + _A * square**_B)
    pulled: npt.NDArray[np.float64] = np.clip(force * apart, -_CLIP, _CLIP)
    return pulled


def _push(apart: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    import numpy as np

    square = (apart**2).sum(axis=1, keepdims=True)
    force = 2 * _B / ((0.001 + square) * (1 + _A * square**_B))
    pushed: npt.NDArray[np.float64] = np.clip(force * apart, -_CLIP, _CLIP)
    return pushed


def _add(places: npt.NDArray[np.float64], rows: Rows, moves: npt.NDArray[np.float64]) -> None:
    import numpy as np

    for axis in (0, 1):
        places[:, axis] += np.bincount(rows, weights=moves[:, axis], minlength=len(places))


def _fitted(points: Vectors) -> Vectors:
    """The same picture in 0..1, with its proportions; a single point in the middle."""
    import numpy as np

    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max()) or 1.0
    fitted: Vectors = ((points - (low + high) / 2) / extent + 0.5).astype(np.float32)
    return fitted
