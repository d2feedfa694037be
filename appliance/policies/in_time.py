"""Along a track as it was recorded, and by chance to what is like it."""

from dataclasses import dataclass, field, replace

import numpy as np

from appliance.policies.facts import NOWHERE
from appliance.policies.moment import SEED, Choice, Memory, Moment
from appliance.policies.nearest import elsewhere
from appliance.policies.options import option
from appliance.policies.steps import (
    first_fitting,
    in_key,
    lately,
    nearest_choice,
    step_to,
    towards,
)

WORDS = {1: "next in its track", 2: "next but one", -1: "the one before", -2: "the one before that"}
REST = 4  # loops


@dataclass
class Easy:
    """So many neighbours in time, then the nearest segment of another track."""

    name = "easy"
    neighbours: int = option(4, 1, 1000)
    _walked: Memory[int] = field(default_factory=Memory, repr=False, compare=False)

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        walked = self._walked.before(moment.loop) or 0
        follows = _in_time(moment, 1)
        if walked < self.neighbours and follows is not None:
            self._walked.keep(moment.loop, walked + 1)
            return in_key(moment, follows, f"{WORDS[1]}, {walked + 1} of {self.neighbours}")
        self._walked.keep(moment.loop, 0)
        over = "new track" if walked >= self.neighbours or moment.row == SEED else "its end: on"
        return elsewhere(moment, REST, over) or nearest_choice(
            moment, REST, "no other track is near: nearest"
        )


@dataclass(frozen=True)
class Sequential:
    """The next segment of the track, or the next but one, the one before, or the one before that.

    One that was heard in the last loops is passed over, or the end of a track would be a trap.
    """

    name = "sequential"

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        recent = lately(moment, REST)
        for offset, words in WORDS.items():
            row = _in_time(moment, offset)
            if row is not None and row not in recent:
                return in_key(moment, row, words)
        why = "from the seed" if moment.row == SEED else "track over: on"
        return elsewhere(moment, REST, why) or nearest_choice(
            moment, REST, "no other track is near: nearest"
        )


@dataclass(frozen=True)
class Probabilities:
    """At each loop one of six by chance; each option is a weight, none of them need sum to 1."""

    name = "probabilities"
    current: float = option(0.3, 0.0, 1e6)
    following: float = option(0.3, 0.0, 1e6)
    after_following: float = option(0.1, 0.0, 1e6)
    preceding: float = option(0.1, 0.0, 1e6)
    before_preceding: float = option(0.05, 0.0, 1e6)
    other_track: float = option(0.15, 0.0, 1e6)

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        drawn = self._draw(rng)
        if moment.row == SEED or drawn == "current":
            return nearest_choice(moment, REST, "like this")
        if drawn == "other_track":
            hop = elsewhere(moment, REST, "over")
            return hop or nearest_choice(moment, REST, "no other track is near: like this")
        offset, words = _LIKE[drawn]
        like = _in_time(moment, offset)
        choice = None if like is None else _like(moment, like, f"like {words}")
        return choice or nearest_choice(moment, REST, f"without {words}: like this")

    def _draw(self, rng: np.random.Generator) -> str:
        names = ("current", *_LIKE, "other_track")
        weights = np.array([getattr(self, name) for name in names])
        if weights.sum() == 0:
            weights[0] = 1.0
        return names[int(rng.choice(len(names), p=weights / weights.sum()))]


_LIKE = {
    "following": (1, "what followed it"),
    "after_following": (2, "the one after that"),
    "preceding": (-1, "what preceded it"),
    "before_preceding": (-2, "the one before that"),
}


def _in_time(moment: Moment, offset: int) -> int | None:
    """The row so many lengths on in the track of what plays now."""
    if moment.row == SEED:
        return None
    row = int(moment.facts.in_time[offset][moment.row])
    return None if row == NOWHERE else first_fitting(moment, [row])


def _like(moment: Moment, model: int, why: str) -> Choice | None:
    """The nearest to a segment of this track, in the key in which that would sound."""
    near = moment.facts.neighbours[model]
    recent = {moment.row, *lately(moment, REST)}
    for one in near[: REST + 8]:
        row = int(one["segment"])
        if row not in recent and first_fitting(moment, [row]) is not None:
            in_its_key = step_to(moment, one, why)  # as the model would be, which is in key
            return replace(in_its_key, similarity=towards(moment, row, why).similarity)
    return None
