"""The tokens of the shipped notes encoder: one a note.

A phrase is read as though it were played at 187.5 BPM, so that a beat is STEPS_PER_BEAT steps of
10 ms and sixteen beats are the 5.12 s window of the published encoding. Each note is one token of
four whole numbers: onset step, pitch, duration in steps, velocity. The published encoding spends
three tokens or more on the same, which the box would have to pay for. Tempo is not in it: it joins
the vector later (models.tempo). Pedals are not heard: how long a key is held is touch, what rings
is the room.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.notes import Notes

STEPS_PER_BEAT = 32
WINDOW_BEATS = 16
LEAD = 8  # steps kept free before the first beat, for a lead-in
ONSETS = LEAD + WINDOW_BEATS * STEPS_PER_BEAT
MAX_DURATION = WINDOW_BEATS * STEPS_PER_BEAT
FIELDS = ("onset", "pitch", "duration", "velocity")
SIZES = (ONSETS, 128, MAX_DURATION + 1, 128)  # values that each field can take

Tokens = NDArray[np.int32]  # (notes, 4), or (phrases, notes, 4); a velocity of 0 is padding


def encode(notes: Notes) -> Tokens:
    """Tokens of the notes of one window, in their order; shape (notes, 4).

    An onset outside the window counts as its edge, a longer note as one of MAX_DURATION.
    """
    onset = np.rint(notes["onset"] * STEPS_PER_BEAT) + LEAD
    length = np.rint(notes["duration"] * STEPS_PER_BEAT)
    columns = (
        np.clip(onset, 0, ONSETS - 1),
        notes["pitch"],
        np.clip(length, 1, MAX_DURATION),
        notes["velocity"],
    )
    tokens: Tokens = np.stack(columns, axis=-1).astype(np.int32)
    return tokens


def windows(notes: Notes, most: int) -> list[Tokens]:
    """Tokens of a phrase of any length: windows of WINDOW_BEATS, in each `most` notes at most.

    A window that holds more is cut in as many parts as it needs, of nearly equal size, in time
    order. Nothing is left out.
    """
    number = np.maximum(np.floor(notes["onset"] / WINDOW_BEATS), 0)
    found: list[Tokens] = []
    for index in np.unique(number):
        inside = notes[number == index].copy()
        inside["onset"] -= index * WINDOW_BEATS
        parts = -(-len(inside) // most)
        found += [encode(part) for part in np.array_split(inside, parts)]
    return found


def pad(tokens: Sequence[Any], size: int) -> Tokens:
    """A batch of one shape, (len(tokens), size, 4), filled up with padding."""
    batch = np.zeros((len(tokens), size, len(FIELDS)), np.int32)
    for row, one in enumerate(tokens):
        batch[row, : len(one)] = one
    return batch
