"""Vectors laid out on a plane, so that near vectors get near points (pure).

Principal components give the start; from there the layout minimises the objective of UMAP
(McInnes, Healy, Melville 2018), all edges of an epoch in a few batches of array operations.
`scripts/bench/map.py` prints how many neighbours each of the two preserves.
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
_NEGATIVE_SAMPLES = 5  # points repelled for each pair attracted
_A, _B = 1.577, 0.895  # UMAP's curve for points that may come as near as 0.1
_CLIP = 4.0
_BLOCK = 1024  # rows of the similarity matrix at a time
_INITIAL_SPREAD = 10.0


def lay_out(vectors: Vectors, *, seed: int = 1) -> Vectors:
    """(n, 2) float32 in 0..1 for unit vectors (n, d); the same points for the same vectors.

    A few seconds for 4,000 vectors; memory grows with n, time with n squared.
    """
    points = principal_plane(vectors)
    if len(vectors) > 3:
        near, similarity = find_neighbours(vectors, min(_NEIGHBOURS, len(vectors) - 1))
        points = _optimize(points, near, _edge_weights(1 - similarity), seed)
    return _scale_to_unit_square(points)


def principal_plane(vectors: Vectors) -> Vectors:
    """(n, 2): vectors (n, d) projected on their two directions of greatest variance."""
    import numpy as np

    points = np.zeros((len(vectors), 2), dtype=np.float32)
    if len(vectors) > 1:
        centred = vectors - vectors.mean(axis=0)
        _, directions = np.linalg.eigh(centred.T @ centred)
        plane = directions[:, ::-1][:, :2]
        # The sign of a direction is arbitrary: the largest component is made positive.
        plane = plane * np.sign(plane[np.abs(plane).argmax(axis=0), range(plane.shape[1])])
        points[:, : plane.shape[1]] = centred @ plane
    return points


def find_neighbours(vectors: Vectors, count: int) -> tuple[Rows, Vectors]:
    """The `count` nearest other vectors of each by inner product, nearest first: their rows
    (n, count) and the products (n, count)."""
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


def preserved_neighbours(
    vectors: Vectors, points: Vectors, count: int = 10, among: int = 30
) -> float:
    """The share of the `count` nearest neighbours of each vector that are among the `among`
    nearest of its point. 1.0 for so few vectors that all are."""
    import numpy as np

    if len(vectors) <= among + 1:
        return 1.0
    near, _ = find_neighbours(vectors, count)
    # The nearest by distance are those with the greatest 2 xy - |y|^2.
    flat = points.astype(np.float64) - points.mean(axis=0)
    square = (flat**2).sum(axis=1)
    preserved = 0
    for start in range(0, len(flat), _BLOCK):
        block = 2 * flat[start : start + _BLOCK] @ flat.T - square
        block[np.arange(len(block)), np.arange(start, start + len(block))] = -np.inf
        best = np.argpartition(-block, among - 1, axis=1)[:, :among]
        pairs = near[start : start + _BLOCK, :, None] == best[:, None, :]
        preserved += int(pairs.any(axis=2).sum())
    return preserved / near.size


def _edge_weights(distance: Vectors) -> Vectors:
    """(n, k): the weight of the edge from each point to its neighbours as in UMAP: 1 for the
    nearest, log2(k) for all together."""
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


def _optimize(points: Vectors, near: Rows, weights: Vectors, seed: int) -> Vectors:
    """UMAP's stochastic gradient descent with negative sampling."""
    import numpy as np

    random = np.random.default_rng(seed)
    count = len(points)
    scale = _INITIAL_SPREAD / max(float(np.abs(points).max()), 1e-9)
    positions = points.astype(np.float64) * scale + random.normal(0, 1e-3, points.shape)
    first = np.repeat(np.arange(count), near.shape[1])
    second, probability = near.ravel(), weights.ravel()
    batches = max(1, near.shape[1] // 3)
    for epoch in range(_EPOCHS):
        step = 1 - epoch / _EPOCHS
        edges = np.flatnonzero(random.random(len(first)) < probability)
        random.shuffle(edges)
        for batch in np.array_split(edges, batches):
            one, other = first[batch], second[batch]
            move = _attraction(positions[one] - positions[other]) * step
            _add_at(positions, one, move)
            _add_at(positions, other, -move)
            repelled = np.repeat(one, _NEGATIVE_SAMPLES)
            other = random.integers(count, size=len(repelled))
            move = _repulsion(positions[repelled] - positions[other]) * step
            _add_at(positions, repelled, move)
    return positions.astype(np.float32)


def _attraction(difference: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    import numpy as np

    square = np.maximum((difference**2).sum(axis=1, keepdims=True), 1e-12)
    force = -2 * _A * _B * square ** (_B - 1) / (1 + _A * square**_B)
    move: npt.NDArray[np.float64] = np.clip(force * difference, -_CLIP, _CLIP)
    return move


def _repulsion(difference: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    import numpy as np

    square = (difference**2).sum(axis=1, keepdims=True)
    force = 2 * _B / ((0.001 + square) * (1 + _A * square**_B))
    move: npt.NDArray[np.float64] = np.clip(force * difference, -_CLIP, _CLIP)
    return move


def _add_at(positions: npt.NDArray[np.float64], rows: Rows, moves: npt.NDArray[np.float64]) -> None:
    import numpy as np

    for axis in (0, 1):
        positions[:, axis] += np.bincount(rows, weights=moves[:, axis], minlength=len(positions))


def _scale_to_unit_square(points: Vectors) -> Vectors:
    """The points moved and scaled into 0..1 in the same proportions; a single one to the middle."""
    import numpy as np

    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max()) or 1.0
    scaled: Vectors = ((points - (low + high) / 2) / extent + 0.5).astype(np.float32)
    return scaled
