import numpy as np
from numpy.typing import NDArray

from models.discriminant import discriminant

SONGS, A_SONG, SIZE = 20, 30, 8


def rows() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Column 0 tells songs apart a little, column 1 not at all though it varies most; the others
    are noise."""
    rng = np.random.default_rng(0)
    songs = np.repeat(np.arange(SONGS), A_SONG)
    values = rng.normal(size=(len(songs), SIZE))
    values[:, 0] += 3 * rng.normal(size=SONGS)[songs]
    values[:, 1] *= 100
    return values + 7, songs


def measured(dimensions: int) -> NDArray[np.float64]:
    values, songs = rows()
    found = discriminant(values, songs, dimensions)
    return np.asarray((values - found.mean) / found.spread @ found.weights)


def test_the_first_direction_is_the_one_in_which_songs_differ() -> None:
    values, songs = rows()
    found = discriminant(values, songs, 3)
    first = np.abs(found.weights[:, 0])
    assert first.argmax() == 0
    assert first[0] > 10 * np.delete(first, 0).max()


def test_directions_are_uncorrelated_and_the_better_ones_longer() -> None:
    vectors = measured(4)
    _, songs = rows()
    centres = np.array([vectors[songs == song].mean(axis=0) for song in range(SONGS)])
    within = np.cov((vectors - centres[songs]).T)
    spread = np.sqrt(np.diag(within))
    assert (np.diff(spread) < 0).all()
    assert np.abs(within / np.outer(spread, spread) - np.eye(4)).max() < 0.1


def test_shapes_and_scale_are_as_promised() -> None:
    values, songs = rows()
    found = discriminant(values, songs, 5)
    assert found.weights.shape == (SIZE, 5)
    assert np.isclose(np.sqrt(np.mean(found.weights**2)), 0.1)
    assert np.allclose(found.mean, values.mean(axis=0))


def test_a_column_that_never_changes_does_no_harm() -> None:
    values, songs = rows()
    values[:, 5] = 4.0
    found = discriminant(values, songs, 3)
    assert np.isfinite(found.weights).all()
