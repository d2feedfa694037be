"""Note arrays: how music travels through the project.

Notes are one numpy structured array and pedal events another, never an object a note. Onsets and
durations are in beats (float64) from the first beat of the phrase; a negative onset is a lead-in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

NOTE = np.dtype([("onset", "<f8"), ("duration", "<f8"), ("pitch", "u1"), ("velocity", "u1")])
PEDAL = np.dtype([("beat", "<f8"), ("control", "u1"), ("value", "u1")])

Notes = NDArray[Any]  # of dtype NOTE
Pedals = NDArray[Any]  # of dtype PEDAL

SUSTAIN, SOSTENUTO, SOFT = 64, 66, 67
PEDAL_CONTROLS = (SUSTAIN, SOSTENUTO, SOFT)


@dataclass(frozen=True, eq=False)
class Phrase:
    """A loopable piece of music: `beats` long, felt in bars of `bar` beats, played at `bpm`.

    Notes are sorted by onset, then pitch. A pedal event at beat 0 is the state that the phrase
    starts with.
    """

    notes: Notes
    pedals: Pedals
    beats: float
    bpm: float
    bar: float = 4.0


def note_array(rows: Iterable[tuple[float, float, int, int]]) -> Notes:
    """(onset, duration, pitch, velocity) rows as a sorted note array."""
    return sort_notes(np.array(list(rows), dtype=NOTE))


def pedal_array(rows: Iterable[tuple[float, int, int]]) -> Pedals:
    """(beat, control, value) rows as a pedal array in time order."""
    pedals: Pedals = np.array(list(rows), dtype=PEDAL)
    return pedals[np.argsort(pedals["beat"], kind="stable")]


def sort_notes(notes: Notes) -> Notes:
    ordered: Notes = notes[np.lexsort((notes["pitch"], notes["onset"]))]
    return ordered


def transpose(notes: Notes, semitones: int) -> Notes:
    """Move every pitch; raises ModelError where one would leave the MIDI range."""
    pitch = notes["pitch"].astype(np.int16) + semitones
    if pitch.size and (pitch.min() < 0 or pitch.max() > 127):
        raise ModelError(f"transposing by {semitones} leaves the MIDI range 0..127")
    moved = notes.copy()
    moved["pitch"] = pitch
    return moved


def transposed(phrase: Phrase, semitones: int) -> Phrase:
    return replace(phrase, notes=transpose(phrase.notes, semitones))


def check_notes(notes: NDArray[Any], what: str) -> None:
    """Raise ModelError, naming `what` and the field, unless this is a sound, sorted note array."""
    if notes.dtype != NOTE:
        raise ModelError(f"{what}: notes have fields {notes.dtype.names}, expected {NOTE.names}")
    for field in ("onset", "duration"):
        if not np.isfinite(notes[field]).all():
            raise ModelError(f"{what}: {field} holds a value that is not a number")
    if (notes["duration"] <= 0).any():
        raise ModelError(f"{what}: duration must be above 0 beats")
    for field, low in (("pitch", 0), ("velocity", 1)):
        values = notes[field]
        if ((values < low) | (values > 127)).any():
            raise ModelError(f"{what}: {field} must be {low}..127")
    if (np.diff(notes["onset"]) < 0).any():
        raise ModelError(f"{what}: onset is not in time order")
