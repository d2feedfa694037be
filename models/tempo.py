"""Tempo in a vector: a point on circles that go round one, two and four times an octave of tempo.

Half and double tempo are the same point, since the beat of one and the same groove can be counted
either way. A tempo is near others up to about a tenth off.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

HARMONICS = (1, 2, 4)
SIZE = 2 * len(HARMONICS)
SHARE = 0.22  # of the cosine of two phrases, chosen on the validation songs


def on_circles(bpm: Sequence[float] | NDArray[Any]) -> NDArray[np.float32]:
    """Unit rows, shape (len(bpm), SIZE)."""
    angle = 2 * np.pi * np.log2(np.asarray(bpm, np.float64))[:, None] * np.array(HARMONICS)
    circles = np.concatenate([np.cos(angle), np.sin(angle)], axis=1) / np.sqrt(len(HARMONICS))
    points: NDArray[np.float32] = circles.astype(np.float32)
    return points


def joined(
    vectors: NDArray[Any], bpm: Sequence[float], share: float = SHARE
) -> NDArray[np.float32]:
    """Unit vectors with the tempo beside them, which has that share of the cosine of two."""
    parts = [np.sqrt(1 - share) * vectors, np.sqrt(share) * on_circles(bpm)]
    both: NDArray[np.float32] = np.concatenate(parts, axis=1).astype(np.float32)
    return both
