"""A recording: what one track of the corpus is, once it has been read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.notes import Notes, Pedals, Phrase

FILE, NOTES, TOML, LABELS, NAME = "file", "notes", "corpus.toml", "labels.csv", "name"
"""Where a recording's tempo comes from: its own tempo map, the notes, or what somebody wrote."""

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

    def seconds(self, beat: float) -> float:
        """Seconds from beat 0 to `beat` along the tempo map."""
        starts = np.minimum(self.tempos["beat"], beat)
        spans = np.diff(starts, append=beat)
        return float((spans * 60.0 / self.tempos["value"]).sum())

    def times(self, beats: NDArray[Any]) -> NDArray[np.float64]:
        """Seconds from beat 0 to each of `beats`, shape as given; the first tempo holds before."""
        starts, pace = self.tempos["beat"], 60.0 / self.tempos["value"]
        reached = np.concatenate(([0.0], np.cumsum(np.diff(starts) * pace[:-1])))
        at = np.maximum(np.searchsorted(starts, beats, side="right") - 1, 0)
        seconds: NDArray[np.float64] = reached[at] + (beats - starts[at]) * pace[at]
        return seconds

    def bpm(self, start: float, end: float) -> float:
        """The mean tempo between two beats."""
        return (end - start) * 60.0 / (self.seconds(end) - self.seconds(start))

    def phrase(self) -> Phrase:
        """The whole recording as one phrase, of a whole number of beats."""
        beats = max(1.0, float(np.ceil(self.beats - 1e-6)))
        bar = float(self.bars["value"][0])
        return Phrase(self.notes, self.pedals, beats, self.bpm(0.0, beats), bar)
