"""The map's geometry: points of neighbours, and the rows that stand for the rest."""

import numpy as np
import pytest
from numpy.typing import NDArray

from corpus.drawing.layout2d import layout, principal_components, typical


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def clusters(
    groups: int = 30, members: int = 15, spread: float = 0.2
) -> tuple[NDArray, NDArray, NDArray]:
    """Unit vectors around random centres, the group of each, and who is nearest to whom."""
    chance = np.random.default_rng(2)
    group = np.repeat(np.arange(groups), members)
    vectors = chance.normal(size=(groups, 24))[group]
    vectors += spread * chance.normal(size=vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    return vectors.astype(np.float16), group, np.argsort(-scores, axis=1)[:, :14]


def share_of_own_group(points: NDArray, group: NDArray) -> float:
    """Of the ten nearest in the plane, how many are of the same group."""
    distance = np.square(points[:, np.newaxis] - points).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1)[:, :10]
    return float((group[nearest] == group[:, np.newaxis]).mean())


def test_neighbours_lie_together_where_principal_components_mix_them() -> None:
    vectors, group, near = clusters()
    flat = share_of_own_group(principal_components(vectors), group)
    laid_out = share_of_own_group(layout(vectors, near, rng()), group)
    assert flat < 0.8
    assert laid_out > 0.95


def test_the_table_decides_not_the_embeddings() -> None:
    """Neighbours in another transposition may have embeddings far apart."""
    vectors, group, near = clusters()
    shuffled = np.random.default_rng(5).permutation(len(vectors))
    assert share_of_own_group(layout(vectors[shuffled], near, rng()), group) > 0.9


def test_one_generator_state_gives_one_layout() -> None:
    vectors, _, near = clusters(4, 10)
    one, same = layout(vectors, near, rng()), layout(vectors, near, rng())
    assert np.array_equal(one, same)
    assert not np.array_equal(one, layout(vectors, near, np.random.default_rng(8)))


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_small_corpora_and_duplicates_have_finite_places(count: int) -> None:
    vectors = np.tile(np.eye(1, 6, dtype=np.float16), (count, 1))
    near = np.array([[other for other in range(count) if other != row] for row in range(count)])
    points = layout(vectors, near.reshape(count, count - 1), rng())
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()
    assert len(np.unique(points, axis=0)) == count


def test_principal_components_find_the_widest_plane() -> None:
    chance = np.random.default_rng(4)
    plane = chance.normal(size=(50, 2)) * (5, 2)
    turn, _ = np.linalg.qr(chance.normal(size=(8, 8)))
    found = principal_components(plane @ turn[:2])
    distances = [np.linalg.norm(p[:, np.newaxis] - p, axis=2) for p in (plane, found)]
    np.testing.assert_allclose(*distances, atol=1e-4)
    assert found[:, 0].var() > found[:, 1].var()


def test_principal_components_of_one_dimension_lie_on_a_line() -> None:
    found = principal_components(np.array([[1.0], [2.0], [4.0]]))
    np.testing.assert_allclose(found, [[-4 / 3, 0], [-1 / 3, 0], [5 / 3, 0]], atol=1e-6)


def test_typical_rows_are_one_from_each_clump() -> None:
    corners = np.array([[0, 0], [0, 100], [100, 0], [100, 100]])
    points = np.repeat(corners, 25, axis=0) + rng().normal(size=(100, 2))
    assert sorted(typical(points, 4, rng()) // 25) == [0, 1, 2, 3]


def test_typical_rows_of_few_are_all_and_of_duplicates_fewer() -> None:
    assert typical(np.zeros((3, 2)), 24, rng()).tolist() == [0, 1, 2]
    two_places = np.repeat([[0.0, 0.0], [5.0, 1.0]], 20, axis=0)
    assert len(typical(two_places, 24, rng())) == 2
