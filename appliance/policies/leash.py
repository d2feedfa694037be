"""The leash: how far from the seed the music may wander before it is pulled back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.policies.moment import Moment, SeedLikeness
from appliance.policies.weights import Candidates, Floats

PULL = 16.0  # in logarithms of a chance, for the whole breadth of the corpus
LEAN = 8.0  # the same, within the leash, where it is short


@dataclass(eq=False)
class Leash:
    """Measures distances from the seed as ranks: 0 is the segment nearest to it, 1 the farthest."""

    _seed: SeedLikeness | None = None
    _ranked: NDArray[np.float32] | None = None

    def pull(self, candidates: Candidates, length: float) -> Floats:
        """Against what is farther than `length`, 0..1, and the shorter the leash the more against
        what is far at all."""
        if candidates.moment.seed is None or length >= 1.0:
            return np.zeros(len(candidates))
        rank = self.rank(candidates.moment, candidates.rows, candidates.semitones)
        beyond = np.maximum(0.0, rank - length)
        return np.asarray(-PULL * beyond - LEAN * (1.0 - length) * rank)

    def rank(self, moment: Moment, rows: NDArray[np.int_], semitones: NDArray[np.int_]) -> Floats:
        """Which share of the corpus, in its best transposition, is nearer to the seed than these
        as they would be played."""
        assert moment.seed is not None
        if self._seed is not moment.seed or self._ranked is None:
            _, best = moment.seed.best(moment.facts, moment.facts.sample)
            self._seed, self._ranked = moment.seed, np.sort(1.0 - best)
        distance = 1.0 - moment.seed.similarity(moment.facts, rows, semitones)
        share = np.linspace(0.0, 1.0, len(self._ranked))
        return np.asarray(np.interp(distance, self._ranked, share))
