"""The groove: small steps that keep near the seed, never too much at once."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.policies import weights
from appliance.policies.approach import way_in
from appliance.policies.facts import Rows
from appliance.policies.leash import Leash
from appliance.policies.listening import Ears, Mood, pick
from appliance.policies.moment import SEED, Choice, Memory, Moment
from appliance.policies.options import option
from appliance.policies.steps import (
    among,
    lately,
    others,
    ping_pong,
    placed_others,
    stay,
    step_to,
    towards,
)
from appliance.policies.wear import Wear
from appliance.policies.weights import Candidates, Floats

COLDEST, HOTTEST = 0.03, 0.8  # temperature, in steps at random
SMALLEST_BOUND, LARGEST_BOUND = 0.4, 0.9  # of a step, in the same unit
REST = (4, 40)  # loops before a segment is heard again
REPEATS = (0.27, 0.13)  # share of exact repeats
ONCE_MORE = 0.4  # of the chance of a repeat is that of another one: see POLICIES.md
LENGTH = (0.3, 1.7)  # how much of the leash is let out
GRIP = (2.0, 0.6)  # how firmly it is held
WORN = (0.3, 1.7)  # how much wear counts: a short leash keeps to what is familiar
OUTER_BOUND = 0.98  # nothing is worth a leap as large as one at random


@dataclass
class Groove(Ears):
    """Softmax over what speaks for each neighbour, within the bound on a step; repeats now and
    then.

    `adventure` sets temperature, bound, rest and repeats together, and lets the leash out; `leash`
    is the share of the corpus, from the seed outwards, in which the music is free.
    """

    name = "groove"
    adventure: float = option(0.5, 0.0, 1.0)
    leash: float = option(0.5, 0.0, 1.0)
    repeat_chance: float | None = option(None, 0.0, 1.0, whole=False)
    largest_step: float | None = option(None, 0.0, 2.0, whole=False)  # in steps at random
    rest: int | None = option(None, 0, 60, whole=True)
    approach: int = option(2, 1, 4)  # segments from the seed to the groove
    _leash: Leash = field(default_factory=Leash, repr=False, compare=False)
    _wear: Wear = field(default_factory=Wear, repr=False, compare=False)
    _way_in: Memory[tuple[int, ...]] = field(default_factory=Memory, repr=False, compare=False)

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        self._wear.hear(moment)
        arriving = self._arriving(moment)
        if arriving is not None:
            return arriving
        mood = self.mood(moment)
        draw = 1.0 if moment.move else rng.random()
        if draw < repeat_chance(mood.repeats(self._repeats), moment.spent):
            as_ever = draw < repeat_chance(self._repeats, moment.spent)
            return stay(moment, "again" if as_ever else "again, as you are busy")
        candidates = self._candidates(moment, mood)
        if len(candidates) == 0:
            return self._nothing_near(moment)
        plain = self._scores(candidates, Mood())
        scores = plain if mood == Mood() else self._scores(candidates, mood)
        opinions = self.opinions(candidates, scores)
        place, swayed = pick(plain, scores, opinions, rng)
        if mood.let_out and candidates.steps[place] > self._bound:
            swayed = swayed or "as you are silent"
        chosen = candidates.near[place]
        return step_to(moment, chosen, self._why(moment, chosen, swayed))

    @property
    def _repeats(self) -> float:
        return self._between(REPEATS) if self.repeat_chance is None else self.repeat_chance

    @property
    def _bound(self) -> float:
        bound = self._between((SMALLEST_BOUND, LARGEST_BOUND))
        return bound if self.largest_step is None else self.largest_step

    @property
    def _temperature(self) -> float:
        return float(COLDEST * (HOTTEST / COLDEST) ** self.adventure)

    @property
    def _rest(self) -> int:
        return round(self._between(REST)) if self.rest is None else self.rest

    def _between(self, ends: tuple[float, float]) -> float:
        return ends[0] + (ends[1] - ends[0]) * self.adventure

    def _arriving(self, moment: Moment) -> Choice | None:
        """The next segment on the way from the seed to the groove; None once it is there."""
        left = self._way_in.before(moment.loop)
        if moment.row == SEED:
            bound = self._bound * moment.facts.random_step
            left = tuple(way_in(moment, self.approach, bound))
        if not left:
            return stay(moment, "nothing fits the seed") if moment.row == SEED else None
        self._way_in.keep(moment.loop, left[1:])
        why = f"from the seed, {len(left) - 1} to go" if left[1:] else "into the groove"
        return towards(moment, left[0], why)

    def _candidates(self, moment: Moment, mood: Mood) -> Candidates:
        """The neighbours that fit, are within one step and rested; or not quite so rested; or
        rested and no larger a step than one at random."""
        near, semitones = placed_others(moment)
        everything = Candidates(moment, near, semitones)
        rested = ~among(near["segment"], lately(moment, self._rest))
        awake = ~among(near["segment"], lately(moment, 3))
        trap = _would_trap(moment, near["segment"])
        most = OUTER_BOUND if self.largest_step is None else self.largest_step
        bound = mood.bound(self._bound, most)
        close, possible = everything.steps <= bound, everything.steps <= OUTER_BOUND
        for wanted in (close & rested, close & awake, possible & rested, possible):
            free = wanted & ~trap
            if free.any():
                return Candidates(moment, near[free], semitones[free])
        return Candidates(moment, near[:0], semitones[:0])

    def _nothing_near(self, moment: Moment) -> Choice:
        """Alone within any step: stay, unless a performer wants to move."""
        near = others(moment)
        if moment.move and len(near):
            return step_to(moment, near[0], "far, but the nearest")
        return stay(moment, "nothing else is near")

    def _scores(self, candidates: Candidates, mood: Mood) -> Floats:
        nearness = -candidates.steps / mood.temperature(self._temperature)
        told = (
            weights.tempo,
            weights.key,
            weights.labels,
            weights.register,
            weights.steadiness,
        )
        length = mood.length(min(1.0, self.leash * self._between(LENGTH)))
        pull = self._between(GRIP) * self._leash.pull(candidates, length)
        worn = (WORN[0] + (WORN[1] - WORN[0]) * length) * self._wear.of(candidates.rows)
        return np.asarray(nearness + pull + worn + sum(one(candidates) for one in told))

    @staticmethod
    def _why(moment: Moment, chosen: Any, swayed: str) -> str:
        rank = int((moment.nearest["similarity"] > chosen["similarity"]).sum()) + 1
        return f"near (number {rank})" + (f", {swayed}" if swayed else "")


def repeat_chance(share: float, spent: int) -> float:
    """The chance of an exact repeat of what was heard `spent` times running, so that in the long
    run this share of loops repeats: a third time in a row is rarer than a second."""
    first = share / (1.0 - (1.0 - ONCE_MORE) * share)
    if first <= 1.0:
        return first if spent < 2 else ONCE_MORE * first
    return 1.0 if spent < 2 else 2.0 - 1.0 / share


def _would_trap(moment: Moment, rows: Rows) -> NDArray[np.bool_]:
    """Those that would go on to and fro between two segments."""
    heard = list(moment.heard)
    trap = heard[-2] if len(heard) >= 2 and ping_pong(moment, heard[-2]) else None
    return np.zeros(len(rows), bool) if trap is None else np.asarray(rows == trap)
