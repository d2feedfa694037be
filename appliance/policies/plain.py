"""The two ends of the scale: what plays now for ever, and anything at all."""

from dataclasses import dataclass

import numpy as np

from appliance.policies.moment import SEED, Choice, Moment
from appliance.policies.steps import stay


@dataclass(frozen=True)
class Repeat:
    """What plays now, for ever."""

    name = "repeat"

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        return stay(moment, "again")


@dataclass(frozen=True)
class Anything:
    """Any segment of the corpus as it stands: what a groove is measured against."""

    name = "random"

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        row = int(rng.integers(len(moment.bundle)))
        return Choice(row, 0, self._similarity(moment, row), "any")

    @staticmethod
    def _similarity(moment: Moment, row: int) -> float:
        """In the transpositions in which both sound, where they can be known."""
        if moment.row == SEED:
            if moment.seed is None:
                return 0.0
            return float(moment.seed.similarity(moment.facts, np.array([row]), np.zeros(1, int))[0])
        pair = moment.facts.embeddings[[moment.row, row]].astype(np.float32)
        return float(pair[0] @ pair[1])
