"""Segments as points in the plane: those that sound alike lie together.

The layout starts from the two principal components of the embeddings and then follows the
neighbour table, as LargeVis (Tang et al., WWW 2016) and UMAP (McInnes et al., 2018) do:
neighbours attract, random others repel, by stochastic gradient descent on a cross entropy. The
table compares in the best transposition, so the layout does too, which the embeddings alone do
not.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 8  # of each point that attract it; more blurs the picture
REPULSIONS = 5  # random others a step that push a point away, as in UMAP
STEPS = 400
LARGEST_MOVE = 4.0  # in one step, for each pair
LLOYD_STEPS = 20

Points = NDArray[Any]  # floats, shape (n, 2)
Rows = NDArray[Any]  # row numbers


def layout(vectors: NDArray[Any], neighbours: Rows, rng: np.random.Generator) -> Points:
    """A point in the plane for each row of `vectors`; `neighbours` holds nearest rows first.

    In units that mean nothing. One generator state gives one layout.
    """
    points: Points = principal_components(vectors)
    count = len(points)
    near = np.ascontiguousarray(neighbours[:, :NEIGHBOURS])
    # About a point in a unit of area: where attraction and repulsion balance anyway.
    extent = max(float(np.abs(points).max()), 1e-12)
    # Rounded, because linear algebra differs in the last digits from machine to machine.
    points = np.round(points / extent * np.sqrt(count) / 2, 3).astype(np.float32)
    points += rng.normal(0, 1e-3, points.shape).astype(np.float32)  # duplicates lie apart
    if near.shape[1] == 0:
        return points
    for step in range(STEPS):
        rate = 1 - step / STEPS
        points += np.float32(rate) * (_attraction(points, near, rng) + _repulsion(points, rng))
    return points


def principal_components(vectors: NDArray[Any]) -> Points:
    """The vectors along the two axes in which they differ most."""
    mean = np.mean(vectors, axis=0, dtype=np.float64).astype(np.float32)
    centred = np.asarray(vectors, np.float32) - mean
    _, axes = np.linalg.eigh(centred.T @ centred)
    first = axes[:, :-3:-1]
    largest = first[np.abs(first).argmax(axis=0), np.arange(first.shape[1])]
    points: Points = np.zeros((len(centred), 2))
    points[:, : first.shape[1]] = centred @ (first * np.where(largest < 0, -1.0, 1.0))
    return points


def typical(points: Points, count: int, rng: np.random.Generator) -> Rows:
    """At most `count` rows that stand for all: the members nearest to the k-means centres."""
    if len(points) <= count:
        return np.arange(len(points))
    centres = _first_centres(points, count, rng)
    for _ in range(LLOYD_STEPS):
        nearest = _squared_distances(points, centres).argmin(axis=1)
        members = np.bincount(nearest, minlength=len(centres))
        sums = [np.bincount(nearest, axis, len(centres)) for axis in points.T]
        filled = members > 0
        centres[filled] = (np.stack(sums, axis=1) / np.maximum(members, 1)[:, np.newaxis])[filled]
    rows: Rows = np.unique(_squared_distances(points, centres).argmin(axis=0))
    return rows


def _attraction(points: Points, near: Rows, rng: np.random.Generator) -> Points:
    """Each point and one of its neighbours move towards each other."""
    count = len(points)
    other = near[np.arange(count), rng.integers(0, near.shape[1], count)]
    apart = points - points[other]
    pull = _limited(2 * apart / (1 + _square(apart)))
    back = [np.bincount(other, axis, count) for axis in pull.T]
    return np.stack(back, axis=1).astype(np.float32) - pull


def _repulsion(points: Points, rng: np.random.Generator) -> Points:
    """Each point moves away from a few others, whatever they are."""
    move = np.zeros_like(points)
    for _ in range(REPULSIONS):
        apart = points - points[rng.integers(0, len(points), len(points))]
        distance = _square(apart)
        move += _limited(2 * apart / ((distance + np.float32(1e-3)) * (1 + distance)))
    return move


def _square(apart: Points) -> NDArray[Any]:
    return (apart[:, 0] ** 2 + apart[:, 1] ** 2)[:, np.newaxis]


def _limited(move: Points) -> Points:
    return np.clip(move, -LARGEST_MOVE, LARGEST_MOVE)


def _first_centres(points: Points, count: int, rng: np.random.Generator) -> Points:
    """k-means++ (Arthur and Vassilvitskii, 2007): far from those already chosen, by chance."""
    chosen = [int(rng.integers(len(points)))]
    distance = np.full(len(points), np.inf)
    while len(chosen) < count:
        distance = np.minimum(distance, _squared_distances(points, points[chosen[-1:]])[:, 0])
        total = float(distance.sum())
        if total == 0:  # fewer different points than centres
            break
        place = np.searchsorted(distance.cumsum(), rng.random() * total, side="right")
        chosen.append(min(int(place), len(points) - 1))
    return points[chosen].astype(np.float64)


def _squared_distances(points: Points, centres: Points) -> NDArray[Any]:
    """Of every point to every centre, shape (points, centres)."""
    across, down = (points[:, [axis]] - centres[:, axis] for axis in (0, 1))
    squared: NDArray[Any] = across**2 + down**2
    return squared
