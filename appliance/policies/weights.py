"""What speaks for and against a candidate, each in logarithms of a chance.

Every function takes the candidates as they would be played and returns one number a candidate;
0 is "no opinion".
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.policies.moment import SEED, Moment
from appliance.policies.steps import LEAP, REGISTER, register_now
from corpus.neighbours import Neighbours

TEMPO_SPREAD = 0.35  # octaves of tempo change that a phrase bears well
KEY_CHANGE = 3.5  # another key signature: one in e^3.5 = 33 of what is otherwise as good
KEY_WEIGHT = 0.15  # a step round the circle of fifths
MODE_WEIGHT = 0.3
LABEL_WEIGHT = 1.0
KEEP_TRANSPOSITION = 1.2
SHIFT_WEIGHT = 0.05  # a semitone that the transposition moves
LEAP_WEIGHT = 0.6  # a semitone that the register leaps
OUTSIDE_WEIGHT = 0.5  # a semitone that it is out of the window round the seed

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Neighbours of what plays now, and the transposition in which each would be played."""

    moment: Moment
    near: Neighbours
    semitones: NDArray[Any]

    def __len__(self) -> int:
        return len(self.near)

    @cached_property
    def rows(self) -> NDArray[Any]:
        return np.asarray(self.near["segment"])

    @cached_property
    def segments(self) -> NDArray[Any]:
        return np.asarray(self.moment.facts.segments[self.rows])

    @cached_property
    def steps(self) -> Floats:
        """How large each step would be, against one at random."""
        step = 1.0 - self.near["similarity"].astype(np.float64)
        return np.asarray(np.maximum(0.0, step) / self.moment.facts.random_step)


def tempo(candidates: Candidates) -> Floats:
    octaves = np.log2(candidates.moment.facts.bpm[candidates.rows] / candidates.moment.bpm)
    return np.asarray(np.maximum(-0.5 * (octaves / TEMPO_SPREAD) ** 2, -14.0))


def key(candidates: Candidates) -> Floats:
    """Another key than what sounds now, transpositions and all, the more the farther it is on the
    circle of fifths, as far as both are sure."""
    moment = candidates.moment
    if moment.row == SEED:
        return np.zeros(len(candidates))
    facts, rows = moment.facts, candidates.rows
    fifths = facts.signature(rows, candidates.semitones)
    fifths = fifths - facts.signature(np.array([moment.row]), moment.semitones)
    apart = np.minimum(fifths % 12, -fifths % 12)
    other_mode = facts.minor[rows] != facts.minor[moment.row]
    sure = facts.sure[rows] * facts.sure[moment.row]
    change = KEY_CHANGE * (apart > 0) + KEY_WEIGHT * apart + MODE_WEIGHT * other_mode
    return np.asarray(-change * sure, np.float64)


def labels(candidates: Candidates) -> Floats:
    """What shares the labels of what plays now (the share that both have)."""
    moment = candidates.moment
    here = frozenset() if moment.row == SEED else moment.facts.labels(moment.row)
    if not here:
        return np.zeros(len(candidates))
    there = [moment.facts.labels(int(row)) for row in candidates.rows]
    return LABEL_WEIGHT * np.array([len(here & one) / len(here | one) for one in there])


def away(candidates: Candidates) -> Floats:
    """How far from the seed (1 - similarity) each is as it would be played; all 0 where that is not
    known."""
    seed = candidates.moment.seed
    if seed is None:
        return np.zeros(len(candidates))
    likeness = seed.similarity(candidates.moment.facts, candidates.rows, candidates.semitones)
    return np.asarray(1.0 - likeness, np.float64)


def register(candidates: Candidates) -> Floats:
    """Against a leap, which is heard before anything else, and against what is out of the register
    window round the seed, to which the music comes back in steps."""
    moment = candidates.moment
    sounding = register_now(moment)
    if sounding is None:
        return np.zeros(len(candidates))
    pitch = moment.facts.ambit[2, candidates.rows] + candidates.semitones
    against = LEAP_WEIGHT * np.maximum(0.0, np.abs(pitch - sounding) - LEAP)
    if moment.seed is not None:
        away = np.abs(pitch - moment.seed.pitch)
        against += OUTSIDE_WEIGHT * np.maximum(0.0, away - REGISTER)
    return np.asarray(-against, np.float64)


def steadiness(candidates: Candidates) -> Floats:
    """A transposition that stays does not jump about."""
    moved = np.abs(candidates.semitones - candidates.moment.semitones)
    return np.asarray(-KEEP_TRANSPOSITION * (moved > 0) - SHIFT_WEIGHT * moved, np.float64)
