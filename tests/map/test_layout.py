"""Points of a plane keep what is near near."""

from __future__ import annotations

import numpy as np
import pytest

from ragkit.map.layout import find_neighbours, lay_out, preserved_neighbours, principal_plane


def clusters(count: int, size: int, dimension: int = 32) -> np.ndarray:
    """Unit vectors around `count` centres, `size` around each."""
    random = np.random.default_rng(3)
    centres = random.normal(size=(count, dimension))
    vectors = np.repeat(centres, size, axis=0) + 0.25 * random.normal(
        size=(count * size, dimension)
    )
    unit: np.ndarray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def test_clusters_stay_together_and_more_neighbours_are_kept_than_by_a_plane() -> None:
    assert preserved_neighbours(clusters(40, 12), lay_out(clusters(40, 12))) > 0.98
    vectors = clusters(100, 6)
    kept = preserved_neighbours(vectors, lay_out(vectors))
    assert kept > 1.1 * preserved_neighbours(vectors, principal_plane(vectors))


def test_the_same_vectors_give_the_same_points() -> None:
    vectors = clusters(3, 10)
    np.testing.assert_array_equal(lay_out(vectors), lay_out(vectors))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 16, 33])
def test_any_number_of_vectors_is_laid_out_in_the_square(count: int) -> None:
    points = lay_out(clusters(1, 40)[:count])
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()
    assert ((points >= -1e-6) & (points <= 1 + 1e-6)).all()
    if count > 1:
        assert np.ptp(points, axis=0).max() == pytest.approx(1, abs=1e-5)
    elif count:
        np.testing.assert_allclose(points, 0.5)


@pytest.mark.parametrize("dimension", [1, 2])
def test_few_dimensions_are_enough(dimension: int) -> None:
    vectors = np.ones((40, dimension), np.float32) / np.sqrt(dimension)
    vectors[::2] *= -1
    assert np.isfinite(lay_out(vectors.astype(np.float32))).all()


def test_copies_of_one_text_are_no_trap() -> None:
    vectors = np.repeat(clusters(1, 1), 50, axis=0)
    assert np.isfinite(lay_out(vectors)).all()


def test_neighbours_are_the_nearest_others() -> None:
    vectors = clusters(5, 8)
    rows, products = find_neighbours(vectors, 6)
    whole = vectors @ vectors.T
    np.fill_diagonal(whole, -np.inf)
    np.testing.assert_allclose(products, -np.sort(-whole, axis=1)[:, :6], atol=1e-5)
    assert (rows != np.arange(40)[:, None]).all()
    np.testing.assert_allclose(np.take_along_axis(whole, rows, axis=1), products, atol=1e-5)


def test_a_random_picture_keeps_no_more_than_chance() -> None:
    vectors = clusters(12, 20)
    random = np.random.default_rng(5).random((240, 2)).astype(np.float32)
    assert preserved_neighbours(vectors, random) == pytest.approx(30 / 239, abs=0.05)
    assert preserved_neighbours(vectors[:20], random[:20]) == 1.0
