"""The hand: swing, placement against the beat, dynamics, release and pedalling.

Timing never leaves the grid by more than LIMIT_MS, the grid being the written subdivision, swung
where the style swings. Each layer has a standing lag (push or lay-back), both hands wander slowly
together, and each note has a little of its own.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from corpus.demo.layout import Harmony
from corpus.demo.model import Note, Pedal, Style

LIMIT_MS = 25.0
MEMORY = 0.9  # how much of the wander lasts from one onset to the next
JITTER_MS = 1.8
WANDER_VELOCITY = 2.5
SPEAK_MS = 24.0  # a key must be up this long before it can speak again
SHORTEST_MS = 40.0
SOFTEST, LOUDEST = 28, 105
ARCH = 5.0  # how much a phrase swells towards its middle, in velocity


def swing(beat: float, style: Style, triplet: bool) -> float:
    """The beat where a written beat is played. Triplets are never swung."""
    if triplet or style.swing == 0.5:
        return beat
    pair, place = divmod(beat, style.pair)
    half = style.pair / 2
    late = style.swing * style.pair
    if place <= half:
        return pair * style.pair + place * late / half
    return pair * style.pair + late + (place - half) * (style.pair - late) / half


def accent(style: Style, beat: float) -> float:
    """What the place in the bar adds to the velocity of a note written at `beat`."""
    accents = style.touch.accents
    return accents[int(beat % style.beats / style.beats * len(accents) + 1e-6)]


def arch(place: float) -> float:
    """What the place in the phrase (0..1) adds to the velocity."""
    return ARCH * (math.sin(math.pi * place) - 0.5)


def _wander(count: int, size: float, rng: np.random.Generator) -> list[float]:
    """A slow random walk that is pulled home; `size` is its standard deviation."""
    value, path = 0.0, []
    kick = size * math.sqrt(1 - MEMORY**2)
    for noise in rng.normal(size=count):
        value = MEMORY * value + kick * float(noise)
        path.append(value)
    return path


def play(notes: list[Note], style: Style, bpm: float, rng: np.random.Generator) -> list[Note]:
    """Give written notes (in order of time) their human onset and velocity."""
    beats_per_ms = bpm / 60_000
    lag = _wander(len(notes), style.feel.drift, rng)
    loud = _wander(len(notes), WANDER_VELOCITY, rng)
    played = []
    for note, late, swell in zip(notes, lag, loud, strict=True):
        own = float(rng.normal()) * JITTER_MS
        total = note.lag + getattr(style.feel, note.layer) + late + own
        shift = max(-LIMIT_MS, min(LIMIT_MS, total)) * beats_per_ms
        velocity = note.velocity + swell + 1.5 * float(rng.normal())
        beat = max(0.0, note.beat + shift)
        played.append(
            note._replace(
                beat=beat, velocity=round(max(SOFTEST, min(LOUDEST, velocity))), lag=total
            )
        )
    return played


def release(notes: list[Note], bpm: float, end: float) -> list[Note]:
    """Let every key up in time for its next stroke and before the end of the take.

    Two strokes of one key too close to be two become the first, and a hand that comes to a key
    which the left hand still holds leaves it alone.
    """
    beats_per_ms = bpm / 60_000
    speak, shortest = SPEAK_MS * beats_per_ms, SHORTEST_MS * beats_per_ms
    kept: dict[int, list[Note]] = {}
    for note in sorted(notes, key=lambda n: (n.pitch, n.beat, -n.length)):
        line = kept.setdefault(note.pitch, [])
        if line:
            room = note.beat - line[-1].beat - speak
            if room < shortest or _held_by_other(line[-1], note):
                continue
            line[-1] = line[-1]._replace(length=min(line[-1].length, room))
        line.append(note._replace(length=max(shortest, min(note.length, end - note.beat))))
    return sorted((n for line in kept.values() for n in line), key=lambda n: (n.beat, n.pitch))


def _held_by_other(down: Note, note: Note) -> bool:
    return down.layer == "bass" != note.layer and down.beat + down.length > note.beat


def pedalling(harmony: Harmony, beats: int, bpm: float) -> list[Pedal]:
    """Legato pedal: up as the new harmony sounds, down again once it has spoken."""
    late = 0.11 * bpm / 60  # 110 ms after the stroke
    changes = [float(b) for b in range(0, int(harmony.end), beats)]
    for before, slot in pairwise(harmony.slots):
        if slot.chord != before.chord:
            changes.append(slot.beat)
    moves = []
    for beat in sorted(set(changes)):
        up = [Pedal(beat + 0.012 * bpm / 60, 0)] if beat else []
        moves += [*up, Pedal(beat + late if beat else 0.02, 127)]
    return [*moves, Pedal(harmony.end - 0.01, 0)]
