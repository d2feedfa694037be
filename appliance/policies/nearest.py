"""The nearest, again and again."""

from dataclasses import dataclass

import numpy as np

from appliance.policies.moment import SEED, Choice, Moment
from appliance.policies.options import option
from appliance.policies.steps import nearest_choice, others, rested, step_to


@dataclass(frozen=True)
class Best:
    """The nearest that has rested for some loops; with `rest=0` simply the nearest."""

    name = "best"
    rest: int = option(4, 0, 60)

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        return nearest_choice(moment, self.rest, "nearest")


@dataclass(frozen=True)
class TimedHops:
    """The nearest, and every so many loops the nearest in another track."""

    name = "timed_hops"
    every: int = option(8, 1, 1000)
    rest: int = option(4, 0, 60)

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        if moment.loop % self.every:
            return nearest_choice(moment, self.rest, "nearest")
        return elsewhere(moment, self.rest, "hop") or nearest_choice(
            moment, self.rest, "no other track is near: nearest"
        )


def elsewhere(moment: Moment, rest: int, why: str) -> Choice | None:
    """The nearest in another track that has rested, or else any in another track."""
    near = others(moment)
    if moment.row != SEED:
        tracks = moment.facts.tracks
        near = near[tracks[near["segment"]] != tracks[moment.row]]
    for some in (rested(moment, near, rest), near):
        if len(some):
            track = moment.facts.segments["track"][some["segment"][0]]
            return step_to(moment, some[0], f"{why} to {track}")
    return None
