"""The last bars that were played, as a seed: found afterwards, when a pianist liked them.

They go back to the last silence, but are not longer than a seed should be, and are cut on the beat
that the notes imply. Whoever goes on playing finds the loop in time with them.
"""

from collections.abc import Sequence
from math import ceil, floor
from typing import NamedTuple

import numpy as np

from appliance.errors import SeedError
from appliance.seed import Seed, capture
from appliance.steady import Steady, Strikes, find_steady
from models.notes import SUSTAIN

LONGEST_SECONDS = 15.0
BARS = (8, 6, 4, 3, 2, 1)  # of a phrase
LOOKED_BACK = 30.0  # seconds that tell the tempo
SILENCE = 2.0  # seconds that part two phrases
RINGS = 3.0  # seconds for which the pedal keeps a note that was let go
TAPPED = 0.05  # seconds: what is struck so soon after a tap came with it
ON_LINE = 0.3  # beats from a beat to a note that is on it
AT_LINE = 0.5  # beats from a bar line to a tap that means it
PLAYING = 2.0  # beats since the last strike of somebody who plays
FEW_BARS = 4  # of a phrase that is not cut short for a tap within its last bar
LEAST_BEATS = 8  # of a loop, so that half of it at least is left to decide what follows
DECIDED = 5  # beats, the same


class Recalled(NamedTuple):
    """A seed that was played from `start` on, and is looped as from `enters` (both ns)."""

    seed: Seed
    start: int
    enters: int


class _Note(NamedTuple):
    onset: float
    end: float
    pitch: int
    velocity: int


def recall(
    heard: Sequence[tuple[int, bytes]], at: int, now: int, bpm: float | None = None
) -> Recalled:
    """The phrase that was being played at `at`, or the last before; `heard` is MIDI in with its
    times, and it is `now` (ns). SeedError where nothing was played, or too little."""
    notes = _last_phrase(_notes(heard, at))
    steady = _beat(notes, bpm)
    begin, end = _window(notes, steady)
    start, enters = (at + round(steady.seconds(place) * 1e9) for place in (begin, end))
    tempo = bpm or 60.0 / steady.period
    elapsed = (now - enters) / 1e9 / steady.period  # beats
    least = max(LEAST_BEATS, ceil(elapsed) + DECIDED)
    afresh = _has_stopped(notes, steady) and elapsed > steady.bar  # in time with nothing
    if afresh:
        least = LEAST_BEATS
    seed = capture(start, at + round(steady.seconds(end) * 1e9), heard, tempo, least)
    return Recalled(seed, start, now + seed.lead_in if afresh else enters)


def _beat(notes: list[_Note], bpm: float | None) -> Steady:
    lately = [note for note in notes if note.onset > notes[-1].onset - LOOKED_BACK]
    columns = [np.array([note[i] for note in lately], float) for i in (0, 3, 2)]
    return find_steady(Strikes(*columns), 0.0, bpm)


def _window(notes: list[_Note], steady: Steady) -> tuple[float, float]:
    """From where to where it is a loop, in beats of `steady`."""
    bar = steady.bar
    first = steady.place(notes[0].onset)
    first = round(first) if abs(first - round(first)) <= ON_LINE else floor(first)
    end = max(bar, bar * _bars(notes, steady, first))
    fits = [
        bars for bars in BARS if bars * bar <= end and bars * bar * steady.period <= LONGEST_SECONDS
    ]
    return first + end - bar * (fits[0] if fits else 1), first + end


def _bars(notes: list[_Note], steady: Steady, first: int) -> int:
    """How many bars after the first beat the phrase is over, and comes again."""
    last = (steady.place(notes[-1].onset) - first) / steady.bar
    tap = (steady.place(0.0) - first) / steady.bar
    near = AT_LINE / steady.bar
    if _has_stopped(notes, steady):
        line = round(last)  # a last strike on a bar line is the next beginning
        return line if line >= 1 and abs(last - line) * steady.bar <= ON_LINE else floor(last) + 1
    if abs(tap - round(tap)) <= near or tap < FEW_BARS:
        return round(tap)
    return floor(tap)


def _has_stopped(notes: list[_Note], steady: Steady) -> bool:
    """Nothing sounds at the tap, and nothing was struck for some beats."""
    sounds = max(note.end for note in notes) >= 0.0
    return not sounds and steady.place(0.0) - steady.place(notes[-1].onset) > PLAYING


def _last_phrase(notes: list[_Note]) -> list[_Note]:
    """Since the last silence."""
    phrase: list[_Note] = []
    end = -np.inf
    for note in notes:
        if note.onset - end > SILENCE:
            phrase = []
        phrase.append(note)
        end = max(end, note.end)
    if not phrase:
        raise SeedError("NOTHING HEARD")
    return phrase


def _notes(heard: Sequence[tuple[int, bytes]], at: int) -> list[_Note]:
    """Struck until the tap, in seconds from it, in order of onsets; a pedal prolongs them."""
    notes: list[_Note] = []
    down: dict[int, tuple[float, int]] = {}
    ringing: list[_Note] = []
    pedal = False

    def let_ring(until: float) -> None:
        notes.extend(one._replace(end=min(until, one.end + RINGS)) for one in ringing)
        ringing.clear()

    for ns, data in sorted(heard, key=lambda pair: pair[0]):
        time, kind = (ns - at) / 1e9, data[0] & 0xF0
        if kind in (0x80, 0x90) and data[1] in down:
            onset, velocity = down.pop(data[1])
            (ringing if pedal else notes).append(_Note(onset, time, data[1], velocity))
        if kind == 0x90 and data[2] and time <= TAPPED:
            down[data[1]] = time, data[2]
        elif kind == 0xB0 and data[1] == SUSTAIN:
            pedal = data[2] >= 64
            if not pedal:
                let_ring(time)
    let_ring(np.inf)
    notes += [_Note(onset, np.inf, pitch, velocity) for pitch, (onset, velocity) in down.items()]
    return sorted(notes)
