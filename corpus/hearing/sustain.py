"""The sustain pedals of many phrases: when they are down, and how long they let notes sound."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.hearing.flat import APART, Flat, Floats
from models.notes import SUSTAIN, Phrase

DOWN = 64  # pedal values from here on are down


@dataclass(frozen=True, eq=False)
class Sustain:
    """Every event on the axis of `Flat.when`, and whether the pedal is down after it.

    Each phrase begins with an event far before it (up) and ends with one at its end (up).
    """

    when: Floats
    row: NDArray[np.int64]
    down: NDArray[np.bool_]

    @classmethod
    def of(cls, phrases: Sequence[Phrase]) -> "Sustain":
        sustain = [p.pedals[p.pedals["control"] == SUSTAIN] for p in phrases]
        beats = np.array([phrase.beats for phrase in phrases])
        counts = np.array([len(events) for events in sustain])
        row = np.repeat(np.arange(len(phrases)), counts)
        beat = np.concatenate([np.zeros(0), *(events["beat"] for events in sustain)])
        value = np.concatenate([np.zeros(0), *(events["value"] for events in sustain)])
        inside = beat < beats[row]
        every = np.arange(len(phrases))
        row = np.concatenate([every, row[inside], every])
        beat = np.concatenate(
            [np.full(len(phrases), -APART / 4), np.maximum(beat, 0.0)[inside], beats]
        )
        up = np.zeros(len(phrases), bool)
        down = np.concatenate([up, value[inside] >= DOWN, up])
        order = np.argsort(row * APART + beat, kind="stable")
        return cls((row * APART + beat)[order], row[order], down[order])

    def shares(self, beats: Floats) -> Floats:
        """The part of each phrase's time with the pedal down."""
        until = np.append(self.when[1:], 0.0)
        held = np.where(self.down, until - self.when, 0.0)
        share: Floats = np.bincount(self.row, weights=held, minlength=len(beats)) / beats
        return np.clip(share, 0.0, 1.0)

    def released(self, flat: Flat) -> Floats:
        """When each note stops sounding, beats: its end, or the pedal's next release."""
        place = np.searchsorted(self.when, flat.row * APART + flat.end, side="right") - 1
        ups = np.where(self.down, np.inf, self.when)
        next_up = np.minimum.accumulate(ups[::-1])[::-1]
        after = next_up[np.minimum(place + 1, len(ups) - 1)] - flat.row * APART
        held: Floats = np.where(self.down[place], np.maximum(after, flat.end), flat.end)
        return held
