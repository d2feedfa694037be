"""A recording: what one track of the corpus is, once it has been read."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.notes import PEDAL_CONTROLS, Notes, Pedals, Phrase

FILE, NOTES, TOML, LABELS, NAME = "file", "notes", "corpus.toml", "labels.csv", "name"
"""Where a recording's tempo comes from: its own tempo map, the notes, or what somebody wrote."""

Floats = NDArray[np.float64]

CHANGE = np.dtype([("beat", "<f8"), ("value", "<f8")])
"""A value (a tempo, a bar length) and the beat from which it holds."""


@dataclass(frozen=True)
class LeftOut:
    """Something that was in a recording and is not in the corpus, and how often."""

    reason: str
    count: int = 1


@dataclass(frozen=True, eq=False)
class Recording:
    """One track of the corpus as it was played.

    `tempos` holds (beat, BPM) and `bars` (beat, bar length in beats) where each begins to hold;
    both start at beat 0. `bpm_source` says where the beat comes from, `bpm_confidence` (0..1) how
    sure that is. `left_out` is what of the file is not here, `repairs` what was wrong with the
    file and was read all the same, in words.
    """

    name: str
    notes: Notes
    pedals: Pedals
    tempos: NDArray[Any]
    bars: NDArray[Any]
    beats: float
    bpm_source: str = FILE
    bpm_confidence: float = 1.0
    left_out: tuple[LeftOut, ...] = ()
    repairs: tuple[str, ...] = ()

    @cached_property
    def onsets(self) -> Floats:
        """The notes' onsets, in beats, side by side: searching a field of `notes` copies it."""
        return np.ascontiguousarray(self.notes["onset"])

    @cached_property
    def pedal_beats(self) -> Floats:
        """The pedal events' beats, side by side."""
        return np.ascontiguousarray(self.pedals["beat"])

    @cached_property
    def pedal_rows(self) -> dict[int, NDArray[np.int64]]:
        """The rows of `pedals` that are about each of PEDAL_CONTROLS."""
        controls = self.pedals["control"]
        return {control: np.flatnonzero(controls == control) for control in PEDAL_CONTROLS}

    @cached_property
    def _clock(self) -> tuple[Floats, Floats, Floats]:
        """For each tempo the beat where it begins, its BPM, and the seconds until then."""
        starts = np.ascontiguousarray(self.tempos["beat"])
        paces = np.ascontiguousarray(self.tempos["value"])
        spans = np.diff(starts) * 60.0 / paces[:-1]
        return starts, paces, np.concatenate(([0.0], np.cumsum(spans)))

    def seconds(self, beat: float) -> float:
        """Seconds from beat 0 to `beat` along the tempo map; the first tempo holds before."""
        return float(self.times(np.float64(beat)))

    def times(self, beats: NDArray[Any] | np.float64) -> Floats:
        """Seconds from beat 0 to each of `beats`, shape as given; the first tempo holds before."""
        starts, paces, reached = self._clock
        at = np.maximum(np.searchsorted(starts, beats, side="right") - 1, 0)
        seconds: Floats = reached[at] + (beats - starts[at]) * 60.0 / paces[at]
        return seconds

    def bpm(self, start: float, end: float) -> float:
        """The mean tempo between two beats, `start` before `end`; exact where there is but one."""
        starts, paces, _ = self._clock
        first = max(0, int(np.searchsorted(starts, start, side="right")) - 1)
        last = max(first, int(np.searchsorted(starts, end)) - 1)
        if first == last:
            return float(paces[first])
        return (end - start) * 60.0 / (self.seconds(end) - self.seconds(start))

    def phrase(self) -> Phrase:
        """The whole recording as one phrase, of a whole number of beats."""
        beats = max(1.0, float(np.ceil(self.beats - 1e-6)))
        bar = float(self.bars["value"][0])
        return Phrase(self.notes, self.pedals, beats, self.bpm(0.0, beats), bar)
