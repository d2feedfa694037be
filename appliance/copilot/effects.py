"""Effects in pure MIDI: each is a function of notes, an amount 0..1 and the layer it works on.

They work layer by layer and note by note, so that what one adds or moves does not depend on what
other layers hold.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from appliance.copilot.material import (
    GHOST,
    HIGHEST_KEY,
    LOWEST_KEY,
    VOICE,
    Mask,
    Material,
    ordered,
)
from corpus.hearing.flat import STROKE, flatten
from corpus.hearing.swing import rhythm
from models.notes import Notes

ECHO_BEATS = 0.5
ECHO_LOSS = 0.65  # velocity of a repeat against what it repeats, at amount 1 this plus ECHO_GAIN
ECHO_GAIN = 0.2
ROLL = 0.25  # beats between the notes of a broken chord, at amount 1
HUMAN_MS = 30.0
SHORTER = 0.7  # of a note's length that staccato takes away, at amount 1
FULL_LEGATO = 0.8  # amount from which every note reaches the next
SHORTEST = 1 / 32  # beats
MEASURES = 6  # times that a swing is measured and corrected

Floats = NDArray[np.float64]
Effect = Callable[[Material, Mask, float, float], Material]
"""material, notes it works on, amount, and `extra`: what else it was concretised with."""


def echo(material: Material, mask: Mask, amount: float, extra: float) -> Material:
    """Repeats every half beat, each softer; they come round with the loop."""
    notes, layers = material.notes[mask], material.layers[mask]
    result = material
    for repeat in range(1, 2 + int(amount > 1 / 3) + int(amount > 2 / 3)):
        new = notes.copy()
        new["onset"] = np.mod(notes["onset"] + repeat * ECHO_BEATS, material.beats)
        loss = (ECHO_LOSS + ECHO_GAIN * amount) ** repeat
        new["velocity"] = np.clip(np.floor(notes["velocity"] * loss), 1, 127)
        new["duration"] = np.minimum(notes["duration"], ECHO_BEATS)
        result = result.joined(*_unlike(new, _ghostly(layers)), within=True)
    return result


def _ghostly(layers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (layers | GHOST).astype(np.uint8)


def _unlike(notes: Notes, layers: NDArray[np.uint8]) -> tuple[Notes, NDArray[np.uint8]]:
    """Of new notes that strike one key at one moment, the first."""
    same = np.round(notes["onset"] * 1000).astype(np.int64) * 128 + notes["pitch"]
    same = same * 16 + layers.astype(np.int64)
    first = np.sort(np.unique(same, return_index=True)[1])
    return notes[first], layers[first]


def arpeggio(material: Material, mask: Mask, amount: float, extra: float) -> Material:
    """Chords from the bottom up; each ends when it did."""
    notes = material.notes.copy()
    for layer in np.unique(material.layers[mask]).tolist():
        rows = np.flatnonzero(mask & (material.layers == layer))
        for stroke in _strokes(notes["onset"][rows]):
            _break(notes, rows[stroke], amount)
    return ordered(material, notes, material.layers)


def _break(notes: Notes, rows: NDArray[np.int64], amount: float) -> None:
    if len(rows) < 2:
        return
    rows = rows[np.argsort(notes["pitch"][rows], kind="stable")]
    room = float(notes["duration"][rows].min()) / len(rows)
    late = np.arange(len(rows)) * min(ROLL * amount, room)
    end = notes["onset"][rows] + notes["duration"][rows]
    start = notes["onset"][rows].min() + late
    notes["onset"][rows] = start
    notes["duration"][rows] = np.maximum(end - start, SHORTEST)


def _strokes(onset: Floats) -> list[NDArray[np.int64]]:
    """Indices into onsets in order of time, stroke by stroke."""
    order = np.argsort(onset, kind="stable")
    new = np.flatnonzero(np.diff(onset[order]) > STROKE) + 1
    return np.split(order, new)


def humanise(material: Material, mask: Mask, amount: float, extra: float) -> Material:
    """Each note early or late by at most amount x 30 ms; `extra` is the tempo in BPM.

    The draw depends on the note itself, so that the same notes move in the same way whatever else
    is there.
    """
    notes = material.notes.copy()
    room = amount * HUMAN_MS / 60_000 * extra
    drawn = _draw(notes["onset"], material.layers)
    moved = notes["onset"] + room * drawn
    inside = np.clip(moved, np.minimum(notes["onset"], 0.0), material.beats - SHORTEST)
    notes["onset"][mask] = inside[mask]
    return ordered(material, notes, material.layers)


def _draw(onset: Floats, layers: NDArray[np.uint8]) -> Floats:
    """A number -1..1 for each note, from its onset, its layer and its place in its chord: not from
    its pitch, so that a transposition keeps the timing."""
    tick = np.round(onset * 96).astype(np.int64)
    chord = tick * 16 + layers
    order = np.argsort(chord, kind="stable")
    first = np.flatnonzero(np.diff(chord[order], prepend=chord.min() - 1))
    place = np.empty(len(onset), np.int64)
    place[order] = np.arange(len(onset)) - np.repeat(first, np.diff(first, append=len(onset)))
    mixed = (chord * 64 + place + 1) * 2_654_435_761 % 2**32  # Knuth's multiplicative hash
    mixed = (mixed ^ (mixed >> 15)) * 2_246_822_519 % 2**32
    drawn: Floats = mixed / 2**31 - 1
    return drawn


def swing(material: Material, mask: Mask, amount: float, extra: float) -> Material:
    """Off-beat eighths late, long to short as `swing_target` to 1.

    `extra` holds two places in the beat, as `swing_bend` found them: the whole number is where the
    off-beat is, in thousandths, the fraction where it is to come.
    """
    here, goal = int(extra) / 1000, extra % 1.0
    return _warped(material, mask, here, goal)


def swing_bend(material: Material, mask: Mask, amount: float) -> float:
    """Where off-beats are and where they have to be put, for `swing`, by the analyser's measure."""
    target = swing_target(amount)
    aim = target / (1 + target)
    here = round(_middle(material.only(mask)), 3)
    goal = aim
    for _ in range(MEASURES):
        found = _middle(_warped(material, mask, here, goal).only(mask))
        if abs(found / (1 - found) - target) < 0.005:
            break
        goal = round(float(np.clip(goal + aim - found, 0.3, 0.85)), 6)
    return int(here * 1000) + round(goal, 6)


def swing_target(amount: float) -> float:
    """The ratio that an amount asks for: 1.5 for half, 2 for all."""
    return 1.0 + amount


def swing_of(material: Material) -> tuple[float, float]:
    """Ratio, and confidence: 0 where there are no pairs to swing."""
    if len(material.notes) == 0:
        return 1.0, 0.0
    heard = rhythm(flatten([material.phrase(60.0)]))
    return float(heard.swing_ratio[0]), float(heard.swing_confidence[0])


def _middle(material: Material) -> float:
    ratio, _ = swing_of(material)
    return ratio / (1 + ratio)


def _warped(material: Material, mask: Mask, here: float, goal: float) -> Material:
    notes = material.notes.copy()
    end = notes["onset"] + notes["duration"]
    start = _warp(notes["onset"], here, goal)
    notes["onset"][mask] = start[mask]
    length = np.maximum(_warp(end, here, goal) - start, SHORTEST)
    notes["duration"][mask] = length[mask]
    return ordered(material, notes, material.layers)


def _warp(beats: Floats, here: float, goal: float) -> Floats:
    """Each beat bent so that its place `here` comes to lie at `goal`; what is early for a beat
    stays as early."""
    whole = np.floor(beats + 0.125)
    place = beats - whole
    inside = np.interp(place, [0.0, here, 0.875], [0.0, goal, max(0.875, goal)])
    bent: Floats = whole + np.where(place > 0, inside, place)
    return bent


def staccato(material: Material, mask: Mask, amount: float, extra: float) -> Material:
    """Shorter notes; where all of them are, the sustain pedal stays up as well."""
    notes = material.notes.copy()
    shorter = notes["duration"] * (1 - SHORTER * amount)
    notes["duration"][mask] = np.minimum(notes["duration"], np.maximum(shorter, SHORTEST))[mask]
    pedals = material.pedals
    if mask.all():
        pedals = pedals.copy()
        pedals["value"][pedals["control"] == 64] = 0
    return replace(material, notes=notes, pedals=pedals)


def legato(material: Material, mask: Mask, amount: float, extra: float) -> Material:
    """Each note nearer to the next of its layer, and as far as that from FULL_LEGATO on."""
    notes = material.notes.copy()
    share = min(1.0, amount / FULL_LEGATO)
    for layer in np.unique(material.layers[mask]).tolist():
        rows = np.flatnonzero(material.layers == layer)
        gap = gaps(notes["onset"][rows], material.beats)
        more = share * np.maximum(0.0, gap - notes["duration"][rows])
        notes["duration"][rows] += np.where(mask[rows], more, 0.0)
    return replace(material, notes=notes)


def gaps(onset: Floats, beats: float) -> Floats:
    """Beats from each onset to the next stroke, round the loop."""
    strokes = _strokes(onset)
    starts = np.array([onset[stroke[0]] for stroke in strokes])
    following = np.append(starts[1:], starts[0] + beats)
    result = np.zeros(len(onset))
    for stroke, until in zip(strokes, following, strict=True):
        result[stroke] = until - onset[stroke]
    return result


def octave_double(material: Material, mask: Mask, amount: float, extra: float) -> Material:
    """The octave below a bass and above everything else, where the keyboard has it and no key is
    struck already."""
    notes, layers = material.notes[mask].copy(), material.layers[mask]
    below = np.isin(layers & VOICE, (0, 3))
    pitch = notes["pitch"].astype(np.int16) + np.where(below, -12, 12)
    notes["velocity"] = np.clip(np.floor(notes["velocity"] * (0.5 + 0.5 * amount)), 1, 127)
    fits = (pitch >= LOWEST_KEY) & (pitch <= HIGHEST_KEY)
    notes["pitch"] = np.clip(pitch, 0, 127)
    return material.joined(*_unlike(notes[fits], _ghostly(layers[fits])), within=True)


EFFECTS: dict[str, Effect] = {
    "echo": echo,
    "arpeggio": arpeggio,
    "humanise": humanise,
    "swing": swing,
    "staccato": staccato,
    "legato": legato,
    "octave_double": octave_double,
}
