"""From a choice to what sounds when: loops laid on the grid, merged into one stream of messages.

All in beats, and pure. A lead-in sounds before its boundary and tails ring over the next; a key
that is struck again is let go in time; at a boundary the pedals take the state that the next
source starts with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.notes import PEDAL_CONTROLS, SUSTAIN, Notes, Pedals, Phrase, transpose

EVENT = np.dtype(
    [("beat", "<f8"), ("order", "i1"), ("note", "<u4"), ("status", "u1"), ("data", "u1", 2)]
)
NOTE_OFF, NOTE_ON, CONTROL = 0x80, 0x90, 0xB0
NOTES_A_LOOP = 4096  # ids: loop number * NOTES_A_LOOP + index + 1
REPEAT_GAP = 1 / 24  # beats that a key stays up before it is struck again
ONE_MOMENT = 1e-3  # beats; two strikes of a key nearer than this cannot both be made
PEDAL_GAP = 1 / 6  # beats from a pedal's release at a boundary to its next press
LAST_RING = 1.0  # beats that the end of the music may ring

Events = NDArray[Any]  # of dtype EVENT


@dataclass(frozen=True, eq=False)
class Loop:
    """One pass of what plays, on the grid: `notes` and `pedals` are in beats of the session."""

    number: int
    start: float
    beats: float
    notes: Notes
    pedals: Pedals

    @property
    def end(self) -> float:
        return self.start + self.beats

    @cached_property
    def first_sound(self) -> float:
        """Where its lead-in begins, or the boundary."""
        return min(self.start, float(self.notes["onset"].min()))


def arrange(
    number: int, start: float, phrase: Phrase, semitones: int = 0, velocity_scale: float = 1.0
) -> Loop:
    """A phrase as loop `number` from beat `start`; needs at least one note."""
    notes = transpose(phrase.notes[:NOTES_A_LOOP], semitones)
    notes["onset"] += start
    if velocity_scale != 1.0:
        notes["velocity"] = np.clip(np.rint(notes["velocity"] * velocity_scale), 1, 127)
    pedals = phrase.pedals.copy()
    pedals["beat"] += start
    return Loop(number, start, phrase.beats, notes, pedals)


def messages(loops: Sequence[Loop], last: bool = False) -> Events:
    """The messages of consecutive loops in time order, ids set; `last` if nothing follows.

    At one beat releases come first, then pedals, then strikes.
    """
    if not loops:
        return np.zeros(0, EVENT)
    finish = loops[-1].end + LAST_RING if last else np.inf
    notes = np.concatenate([loop.notes for loop in loops])
    ids = np.concatenate([_ids(loop) for loop in loops])
    struck, ends = let_go(notes)
    struck &= notes["onset"] < (loops[-1].end if last else np.inf)
    notes, ids, ends = notes[struck], ids[struck], np.minimum(ends[struck], finish)
    events = np.concatenate(
        [
            _note_events(ends, 0, NOTE_OFF, notes, ids),
            _pedal_events(loops, finish),
            _note_events(notes["onset"], 2, NOTE_ON, notes, ids),
        ]
    )
    in_order: Events = events[np.lexsort((events["note"], events["order"], events["beat"]))]
    return in_order


def let_go(notes: Notes) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which notes are struck, and when each key comes up again.

    A key comes up at its note's end, or in time for its next strike. Of two strikes at one moment
    a key can only make one: the later in the array.
    """
    struck = np.ones(len(notes), bool)
    ends: NDArray[np.float64] = notes["onset"] + notes["duration"]
    order = np.lexsort((np.arange(len(notes)), notes["onset"], notes["pitch"]))
    here, following = order[:-1], order[1:]
    same = notes["pitch"][here] == notes["pitch"][following]
    here, following = here[same], following[same]
    interval = notes["onset"][following] - notes["onset"][here]
    struck[here[interval < ONE_MOMENT]] = False
    latest = notes["onset"][following] - np.minimum(REPEAT_GAP, interval / 2)
    ends[here] = np.minimum(ends[here], latest)
    return struck, ends


def _ids(loop: Loop) -> NDArray[np.int64]:
    return np.arange(1, len(loop.notes) + 1) + loop.number * NOTES_A_LOOP


def _note_events(
    beats: NDArray[np.float64], order: int, status: int, notes: Notes, ids: NDArray[np.int64]
) -> Events:
    events = np.zeros(len(notes), EVENT)
    events["beat"], events["order"], events["note"], events["status"] = beats, order, ids, status
    events["data"][:, 0] = notes["pitch"]
    events["data"][:, 1] = notes["velocity"] if status == NOTE_ON else 0
    return events


def _pedal_events(loops: Sequence[Loop], finish: float) -> Events:
    rows: list[tuple[float, int, int]] = []
    down = dict.fromkeys(PEDAL_CONTROLS, 0)
    for loop in loops:
        rows += _pedal_change(loop, down)
        inside = loop.pedals[(loop.pedals["beat"] > loop.start) & (loop.pedals["beat"] < loop.end)]
        for event in inside:
            control, value = int(event["control"]), int(event["value"])
            rows.append((float(event["beat"]), control, value))
            down[control] = value
    if np.isfinite(finish):
        rows += [(finish, control, 0) for control, value in down.items() if value]
    events = np.zeros(len(rows), EVENT)
    for event, (beat, control, value) in zip(events, rows, strict=True):
        event["beat"], event["order"], event["status"] = beat, 1, CONTROL
        event["data"] = control, value
    return events


def _pedal_change(loop: Loop, down: dict[int, int]) -> list[tuple[float, int, int]]:
    """Bring the pedals to the state the loop starts with; `down` is updated.

    A pedal that is down on both sides is changed as a pianist changes it, up at the boundary and
    down a little later, or the old harmony would ring on. Sustain is always stated.
    """
    starts = loop.pedals[loop.pedals["beat"] <= loop.start]
    wanted = {int(event["control"]): int(event["value"]) for event in starts}
    soon = loop.start + PEDAL_GAP
    next_change = {
        control: float(loop.pedals["beat"][later].min(initial=np.inf))
        for control in PEDAL_CONTROLS
        for later in [(loop.pedals["beat"] > loop.start) & (loop.pedals["control"] == control)]
    }
    rows = []
    for control in PEDAL_CONTROLS:
        value = wanted.get(control, 0)
        if down[control] or control == SUSTAIN:
            rows.append((loop.start, control, 0))
        if value and soon < next_change[control]:
            rows.append((soon if down[control] else loop.start, control, value))
        down[control] = value
    return rows
