"""Linear discriminant analysis: the directions in which songs differ, and a song does not.

Fisher (1936), Rao (1948). In closed form, so that contrastive training starts from it instead of
spending its first hours on it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RIDGE = 0.1  # of the mean variance within a song, added to every direction

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Discriminant:
    """Vectors x are measured by ((x - mean) / spread) @ weights."""

    mean: Floats
    spread: Floats
    weights: Floats  # (size of x, dimensions), of root mean square 0.1


def discriminant(rows: Floats, songs: NDArray[np.integer[Any]], dimensions: int) -> Discriminant:
    """Of rows that belong to songs numbered from 0 without a gap, each of which has some.

    A direction counts by the share of its variance that is between songs.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    unit = (rows - mean) / spread
    counts = np.bincount(songs)[:, None]
    centres = np.zeros((len(counts), rows.shape[1]))
    np.add.at(centres, songs, unit)
    centres /= counts
    off = unit - centres[songs]
    within, between = off.T @ off / len(rows), (centres * counts).T @ centres / len(rows)
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    whiten = np.linalg.inv(np.linalg.cholesky(within))
    ratio, directions = np.linalg.eigh(whiten @ between @ whiten.T)
    ratio, directions = ratio[::-1][:dimensions], directions[:, ::-1][:, :dimensions]
    weights = whiten.T @ directions * np.sqrt(np.maximum(ratio, 0) / (1 + np.maximum(ratio, 0)))
    return Discriminant(mean, spread, 0.1 * weights / np.sqrt(np.mean(weights**2)))
