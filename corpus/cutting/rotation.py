"""Rotation: the same loop entered at another beat."""

from dataclasses import replace

import numpy as np

from corpus.cutting.segment import LEAD_IN
from models.notes import Notes, Pedals, Phrase, pedal_array, sort_notes


def rotate(notes: Notes, beats: float, by: int, lead_in: float = LEAD_IN) -> Notes:
    """The notes of a loop of `beats` beats that begins at its beat `by` instead of its first.

    Every note, a lead-in among them, moves with its onset and comes round modulo the length, and
    keeps its whole duration. One that then sounds within `lead_in` beats of the end is the lead-in
    of the new first beat, as in the cutting of segments; the old lead-in comes to stand before a
    beat inside. By 0 or a whole number of lengths, nothing changes. Pedals are left to the caller.
    """
    if by % beats == 0:
        return notes
    moved = notes.copy()
    moved["onset"] = np.mod(notes["onset"] - by + lead_in, beats) - lead_in
    return sort_notes(moved)


def rotated(phrase: Phrase, by: int) -> Phrase:
    """The loop that begins at beat `by` of `phrase`, its pedals as they are there."""
    if by % phrase.beats == 0:
        return phrase
    notes = rotate(phrase.notes, phrase.beats, by)
    return replace(phrase, notes=notes, pedals=_rotated_pedals(phrase.pedals, phrase.beats, by))


def _rotated_pedals(pedals: Pedals, beats: float, by: int) -> Pedals:
    events = pedals.tolist()
    state = {control: value for beat, control, value in events if beat <= by}
    later = ((beat - by, *rest) for beat, *rest in events if beat > by)
    round_again = ((beat + beats - by, *rest) for beat, *rest in events if beat < by)
    begin = ((0.0, control, value) for control, value in state.items())
    return pedal_array([*begin, *later, *round_again])
