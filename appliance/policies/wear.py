"""Wear: what has been heard often in a take steps back, however near it is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.policies.moment import SEED, Moment

WEAR = 2.0  # how fast: the chance falls with this power of the times it was heard


class Wear:
    """Counts how often each segment was heard since the seed, a repeat once."""

    def __init__(self) -> None:
        self._counts: NDArray[np.float32] = np.zeros(0, np.float32)
        self._counted = 0

    def hear(self, moment: Moment) -> None:
        """Count what plays now, once a loop, however often the next one is decided."""
        if moment.row == SEED or len(self._counts) != len(moment.facts.segments):
            self._counts = np.zeros(len(moment.facts.segments), np.float32)
            self._counted = 0
        if moment.row != SEED and moment.loop > self._counted:
            self._counted = moment.loop
            self._counts[moment.row] += moment.spent == 1

    def of(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """In logarithms of a chance."""
        return np.asarray(-WEAR * np.log1p(self._counts[rows]), np.float64)
