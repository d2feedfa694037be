"""How well one loop leads to the next: the last beat before a boundary against the first after it.

Two distances, each 1 - cosine: of how long each pitch class sounds in the beat, and of how many
notes begin in each quarter of it. One beat that is empty beside one that is not is as far as can
be. Loops are taken to begin at their first beat, as those of a bundle without rotations do.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.policies.facts import NOWHERE, Facts
from corpus.cutting.segment import LEAD_IN
from corpus.keeping.bundle import Bundle

SLOTS = 4  # of a beat

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Edges:
    """Of each segment the first beat, with its lead-in, and the last: pitch classes (n, 12) in
    beats and beginnings (n, SLOTS) in notes."""

    first_pitch: Floats
    first_rhythm: Floats
    last_pitch: Floats
    last_rhythm: Floats

    def distances(
        self, before: Rows, after: Rows, semitones: tuple[Rows, Rows] | None = None
    ) -> tuple[float, float]:
        """Mean distance in pitch classes and in rhythm between segments and those that follow
        them, each in its transposition."""
        shifts = semitones or (np.zeros(len(before), int), np.zeros(len(after), int))
        last = _turned(self.last_pitch[before], shifts[0])
        first = _turned(self.first_pitch[after], shifts[1])
        rhythm = _apart(self.last_rhythm[before], self.first_rhythm[after])
        return float(_apart(last, first).mean()), float(rhythm.mean())


def edges_of(bundle: Bundle) -> Edges:
    counts = bundle.segments["notes"]
    owner = np.repeat(np.arange(len(bundle)), counts)
    ends = bundle.segments["beats"].astype(np.float64)[owner]
    notes = np.asarray(bundle.notes)
    first = _beat(notes, owner, np.full(len(notes), -LEAD_IN), np.ones(len(notes)))
    last = _beat(notes, owner, ends - 1.0, ends)
    return Edges(*first, *last)


def recorded(facts: Facts, edges: Edges) -> tuple[float, float]:
    """The distances at the same places of the recordings, where what follows was cut too."""
    follows = facts.in_time[1].astype(np.int64)
    rows = np.flatnonzero(follows != NOWHERE)
    if len(rows) == 0:
        return float("nan"), float("nan")
    return edges.distances(rows, follows[rows])


def _beat(notes: NDArray[Any], owner: Rows, begin: Floats, end: Floats) -> tuple[Floats, Floats]:
    size = int(owner[-1]) + 1
    onset, off = notes["onset"], notes["onset"] + notes["duration"]
    pitch, rhythm = np.zeros((size, 12)), np.zeros((size, SLOTS))
    sounding = np.maximum(0.0, np.minimum(off, end) - np.maximum(onset, begin))
    np.add.at(pitch, (owner, notes["pitch"] % 12), sounding)
    inside = (onset >= begin) & (onset < end)
    slots = np.floor((onset - (end - 1.0)) * SLOTS).clip(0, SLOTS - 1).astype(int)
    np.add.at(rhythm, (owner[inside], slots[inside]), 1.0)
    return pitch, rhythm


def _turned(pitch: Floats, semitones: Rows) -> Floats:
    columns = (np.arange(12) - np.asarray(semitones)[:, np.newaxis]) % 12
    return np.take_along_axis(pitch, columns, axis=1)


def _apart(some: Floats, others: Floats) -> Floats:
    product = np.linalg.norm(some, axis=1) * np.linalg.norm(others, axis=1)
    both_empty = (some.sum(axis=1) == 0) & (others.sum(axis=1) == 0)
    cosine = (some * others).sum(axis=1) / np.where(product > 0, product, 1.0)
    return np.where(both_empty, 0.0, 1.0 - cosine)
