"""Edits: what a source goes through besides transposition and rotation, written to be done again.

An edit is an object of provenance, named under "edit"; the same edit of the same source leaves the
same notes, whoever makes it:

    {"edit": "thin", "share": 0.3}                        that share of the inner notes is left out
    {"edit": "order", "beats": [0, 1, 2, 3, 6, 7, 4, 5]}  the beats come in another order
    {"edit": "coda"}                                      the downbeat alone, ringing for a bar

None of them adds a note. Where a note belongs is decided in ticks, for a seed is kept in ticks:
from the disk it comes back with its onsets rounded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.arranger import LAST_RING
from appliance.errors import ApplianceError
from corpus.cutting.segment import LEAD_IN
from corpus.midiwrite import TICKS_PER_BEAT
from models.notes import Notes, Pedals, Phrase, pedal_array, sort_notes

Edit = Mapping[str, Any]
Ticks = NDArray[np.int64]

CODA: Edit = {"edit": "coda"}
_LEAD = round(LEAD_IN * TICKS_PER_BEAT)


class EditError(ApplianceError, ValueError):
    """An edit that is not known, or that its source cannot go through."""


def edited(phrase: Phrase, edits: Sequence[Edit]) -> Phrase:
    """A phrase after these edits, in their order; EditError says which of them cannot be made."""
    for edit in edits:
        name = edit.get("edit") if isinstance(edit, Mapping) else None
        if not isinstance(name, str) or name not in _EDITS:
            said = str(edit if name is None else name)[:40]
            raise EditError(f"no edit {said!r}; there is {', '.join(_EDITS)}")
        phrase = _EDITS[name](phrase, edit)
    return phrase


def thin(share: float) -> Edit:
    return {"edit": "thin", "share": share}


def order(beats: Sequence[int]) -> Edit:
    return {"edit": "order", "beats": list(beats)}


def inner(notes: Notes) -> NDArray[np.intp]:
    """The rows of what can be left out, softest first: no note of the first beat, and not the
    lowest of any other."""
    tick, beat = _ticks(notes["onset"]), beat_of(notes)
    by_beat = np.lexsort((tick, notes["pitch"], beat))
    free = beat > 0
    free[by_beat[np.diff(beat[by_beat], prepend=-1) != 0]] = False
    rows = np.flatnonzero(free)
    softest = np.lexsort((notes["pitch"][rows], tick[rows], notes["velocity"][rows]))
    return np.asarray(rows[softest])


def beat_of(notes: Notes) -> Ticks:
    """The beat that each note belongs to; what comes just before a beat is its lead-in."""
    return np.maximum(0, (_ticks(notes["onset"]) + _LEAD) // TICKS_PER_BEAT)


def _thinned(phrase: Phrase, edit: Edit) -> Phrase:
    share = edit.get("share")
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
        raise EditError(f"thin: share = {str(share)[:40]}: a number from 0 to 1")
    rows = inner(phrase.notes)
    gone = rows[: int(share * len(rows))]
    return replace(phrase, notes=np.delete(phrase.notes, gone))


def _reordered(phrase: Phrase, edit: Edit) -> Phrase:
    beats, length = edit.get("beats"), phrase.beats
    if not isinstance(beats, list) or any(type(beat) is not int for beat in beats):
        raise EditError("order: beats must be a list of whole numbers")
    if length % 1 or sorted(beats) != list(range(int(length))):
        raise EditError(f"order: beats must name each of 0 to {length - 1:g} once")
    place = np.argsort(beats)
    # What leads to the first beat from the end of the loop goes where the first beat goes.
    place = np.append(place, place[0] or len(beats))
    notes = phrase.notes.copy()
    was = np.minimum(beat_of(notes), len(beats))
    notes["onset"] += place[was] - was
    return replace(phrase, notes=sort_notes(notes), pedals=_moved_pedals(phrase.pedals, beats))


def _moved_pedals(pedals: Pedals, beats: list[int]) -> Pedals:
    """Each beat with its pedal movements; where beats meet that did not, the foot is put where it
    was."""
    events = pedals.tolist()
    tick = _ticks(pedals["beat"]).tolist()
    rows: list[tuple[float, int, int]] = []
    before = -1
    for place, beat in enumerate(beats):
        begin, end = beat * TICKS_PER_BEAT, (beat + 1) * TICKS_PER_BEAT
        if beat != before + 1 or place == 0:
            state = {c: v for (_, c, v), at in zip(events, tick, strict=True) if at <= begin}
            rows += [(float(place), control, value) for control, value in state.items()]
        for (at, control, value), ticks in zip(events, tick, strict=True):
            if begin <= ticks < end:
                rows.append((max(0.0, at + place - beat), control, value))
        before = beat
    return pedal_array(rows)


def _coda(phrase: Phrase, edit: Edit) -> Phrase:
    """The notes at the downbeat, or the first there are, drawn forward to it."""
    tick = _ticks(phrase.notes["onset"])
    first = 0
    if not (np.abs(tick) <= _LEAD).any():
        first = int(tick[tick >= 0].min(initial=tick.max()))
    notes = phrase.notes[np.abs(tick - first) <= _LEAD]
    beats = float(max(1, ceil(min(phrase.bar, phrase.beats))))
    notes["onset"] -= first / TICKS_PER_BEAT
    notes["duration"] = np.maximum(notes["duration"], beats + LAST_RING)
    pedals = phrase.pedals[_ticks(phrase.pedals["beat"]) <= 0]
    return replace(phrase, notes=notes, pedals=pedals, beats=beats)


def _ticks(beats: Any) -> Ticks:
    return np.asarray(np.rint(beats * TICKS_PER_BEAT), np.int64)


_EDITS: dict[str, Callable[[Phrase, Edit], Phrase]] = {
    "thin": _thinned,
    "order": _reordered,
    "coda": _coda,
}
