"""What a performer can ask for, and what it means for the loops to come. Plain values."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from appliance.copilot.rounds import Copilot
from appliance.policies import Choice, Moment
from appliance.policies.moment import SEED
from appliance.policies.paths import Search, shortest
from appliance.policies.steps import HIGHEST_KEY, LOWEST_KEY, in_metre
from appliance.talk import Said
from corpus.neighbours import K, Neighbours
from models.notes import Notes

MOST_SEMITONES = 12
HOME_STEPS = 4  # loops of the way back to the seed, the seed included

Finish = Literal["", "end", "coda", "home"]
Step = Literal["", "next", "back"]


@dataclass(frozen=True)
class Wishes:
    """What was asked for and holds.

    A `step` is for loop `at` only, asked for `presses` times; `semitones` are those of the live
    transposition; with a `finish` the music comes to its end. `said` is the last round of
    conversation that changed anything.
    """

    hold: bool = False
    finish: Finish = ""
    step: Step = ""
    at: int = 0
    presses: int = 0
    semitones: int = 0
    said: Said | None = None

    def with_copilot(self, change: Callable[[Copilot], Copilot]) -> "Wishes":
        """The same, said by another copilot."""
        said = self.said
        if said is None:
            return self
        return replace(self, said=replace(said, copilot=change(said.copilot)))

    def steps_at(self, loop: int) -> Step:
        """The step that was asked for at a loop."""
        return self.step if self.at == loop else ""

    def said_at(self, loop: int) -> Said | None:
        """What was said, where it is first heard at this loop."""
        return self.said if self.said is not None and self.said.at == loop else None


@dataclass(frozen=True)
class Pending:
    """A move that has not come about yet, as a screen shows it: it takes effect in so many beats,
    and where it takes several loops, the last of them is over after `loops`."""

    word: str
    beats: int
    loops: int = 0


def within_keys(semitones: int, notes: Notes, without: int) -> int:
    """A transposition, or the same an octave away where keys run out; `without` it, where none of
    these has room."""
    low, high = int(notes["pitch"].min()), int(notes["pitch"].max())
    for octave in (0, -12, 12):
        if low + semitones + octave >= LOWEST_KEY and high + semitones + octave <= HIGHEST_KEY:
            return semitones + octave
    return without


def same_groove(one: Choice, other: Choice) -> bool:
    """Whether two loops are the same to the ear, a seed and its variations included."""
    if SEED in (one.row, other.row):
        return one.row == other.row
    return (one.row, one.semitones, one.rotate) == (other.row, other.semitones, other.rotate)


def way_home(moment: Moment, nearest: Neighbours | None) -> list[int] | None:
    """The rows between what plays now and the seed, by the shortest way of few steps; None where
    there is none so short.

    The search begins at the seed (`nearest` are its neighbours) and is the same at each step, so a
    way that was begun is walked to its end.
    """
    if nearest is None or len(nearest) == 0:
        return None
    costs = np.maximum(0.0, 1.0 - nearest["similarity"].astype(np.float64))
    metre = partial(in_metre, moment)
    search = Search(moment.facts, nearest["segment"], costs, shortest, metre, degree=K)
    for _ in range(HOME_STEPS - 1):
        if np.isfinite(search.cost[moment.row]):
            break
        search.widen()
    if not np.isfinite(search.cost[moment.row]):
        return None
    return search.way_to(moment.row)[-2::-1]
