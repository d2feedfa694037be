"""The notes of many phrases end to end, so that describing them is a few array operations.

A *stroke* is what the hands strike together: onsets that follow each other within STROKE beats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.notes import NOTE, Notes, Phrase

STROKE = 1 / 16  # beats
APART = 1e6  # beats between phrases on the common axis of `Flat.when`

Floats = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Flat:
    """Notes of all phrases in order; `row` says which phrase each belongs to."""

    notes: Notes
    row: Index
    beats: Floats  # a phrase
    bar: Floats  # a phrase

    @property
    def size(self) -> int:
        return len(self.beats)

    @cached_property
    def onset(self) -> Floats:
        return np.ascontiguousarray(self.notes["onset"])

    @cached_property
    def end(self) -> Floats:
        return np.ascontiguousarray(self.notes["onset"] + self.notes["duration"])

    @cached_property
    def pitch(self) -> Floats:
        return self.notes["pitch"].astype(np.float64)

    @cached_property
    def counts(self) -> Index:
        return np.bincount(self.row, minlength=self.size)

    @cached_property
    def starts(self) -> Index:
        """The first note of each stroke."""
        new = np.ones(len(self.row), bool)
        new[1:] = (np.diff(self.row) != 0) | (np.diff(self.onset) > STROKE)
        return np.flatnonzero(new)

    @cached_property
    def stroke(self) -> Index:
        """The stroke that each note belongs to."""
        new = np.zeros(len(self.row), np.int64)
        new[self.starts] = 1
        return np.cumsum(new) - 1

    @cached_property
    def stroke_row(self) -> Index:
        return self.row[self.starts]

    @cached_property
    def stroke_onset(self) -> Floats:
        """The mean onset of each stroke, beats."""
        size = len(self.starts)
        return totals(self.stroke, self.onset, size) / np.bincount(self.stroke, minlength=size)

    @cached_property
    def when(self) -> Floats:
        """Each note's onset on one axis for all phrases, far apart from each other."""
        when: Floats = self.row * APART + self.onset
        return when

    def sums(self, values: NDArray[Any]) -> Floats:
        """One value a note, summed for each phrase."""
        return totals(self.row, values, self.size)

    def means(self, values: NDArray[Any]) -> Floats:
        """One value a note, averaged for each phrase; 0 for a phrase without notes."""
        mean: Floats = self.sums(values) / np.maximum(self.counts, 1)
        return mean


def totals(index: Index, values: NDArray[Any], size: int) -> Floats:
    """The sum of the values at each index below `size`."""
    return np.bincount(index, weights=values, minlength=size).astype(np.float64)


def flatten(phrases: Sequence[Phrase]) -> Flat:
    """The phrases' notes end to end."""
    row = np.repeat(np.arange(len(phrases)), [len(phrase.notes) for phrase in phrases])
    notes = np.concatenate([np.zeros(0, NOTE), *(phrase.notes for phrase in phrases)])
    beats = np.array([phrase.beats for phrase in phrases], np.float64)
    return Flat(notes, row, beats, np.array([phrase.bar for phrase in phrases], np.float64))
