"""Chords, one a beat.

Each chord is a distribution over pitch classes, and one over the pitch class of the bass; a beat is
scored by the likelihood of what sounds in it (Raphael and Stoddard, Functional harmonic analysis
using probabilistic models, 2004, model notes as drawn from their chord in the same way). Roots in
the key are likelier than others. Max-product smoothing over the beats (Viterbi, kept for every
state) makes a chord stay until there is evidence for another; a change costs less at a bar line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.hearing.flat import Flat, Floats, Index, totals
from corpus.hearing.key import Key
from models.notes import Notes

CHORD = np.dtype([("root", "i1"), ("quality", "u1"), ("confidence", "<f4")])
"""`root` 0..11 from C, -1 where nothing sounds; `quality` a row of QUALITIES; `confidence` 0..1."""

Chords = NDArray[Any]  # of dtype CHORD


@dataclass(frozen=True)
class Quality:
    """A kind of chord: how a chord symbol writes it, its tones above the root, their shares."""

    name: str
    tones: tuple[int, ...]
    shares: tuple[float, ...]
    rarity: float = 0.0  # nats that it has to make up for


QUALITIES = (
    Quality("none", (), ()),
    Quality("maj", (0, 4, 7), (0.38, 0.32, 0.30)),
    Quality("min", (0, 3, 7), (0.38, 0.32, 0.30)),
    Quality("dim", (0, 3, 6), (0.36, 0.32, 0.32), 1.5),
    Quality("aug", (0, 4, 8), (0.36, 0.32, 0.32), 2.0),
    Quality("sus4", (0, 5, 7), (0.36, 0.32, 0.32), 1.5),
    Quality("7", (0, 4, 7, 10), (0.30, 0.27, 0.20, 0.23), 0.2),
    Quality("maj7", (0, 4, 7, 11), (0.30, 0.27, 0.22, 0.21), 0.4),
    Quality("min7", (0, 3, 7, 10), (0.30, 0.27, 0.22, 0.21), 0.3),
    Quality("m7b5", (0, 3, 6, 10), (0.28, 0.24, 0.24, 0.24), 0.8),
    Quality("dim7", (0, 3, 6, 9), (0.28, 0.24, 0.24, 0.24), 1.0),
)
NONE = 0
NO_ROOT = -1

STRAY = 0.25  # share of what sounds that belongs to no chord tone: passing notes and colours
BASS_ROOT, BASS_STRAY = 0.62, 0.14  # share of the bass on the root, and on no chord tone
EVIDENCE = 5.0  # notes that a full beat of sound counts as
BASS_EVIDENCE, BASS_AT_BAR = 0.3, 3.0  # the same for the bass within a bar, and where a bar begins
RING, FAINT = 3.0, 0.1  # a note that is held for more beats than RING counts FAINT
EARLY = 0.125  # beats before a beat that are the beat
SHORTEST = 1e-3  # beats that are heard
CHANGE, CHANGE_AT_HALF, CHANGE_AT_BAR = 9.0, 7.0, 2.0  # nats
OUTSIDE = 0.5  # nats against a root that is not in the key
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10, 11))  # major; minor with its leading note
KINDS = len(QUALITIES) - 1
STATES = 12 * KINDS  # root + 12 x (quality - 1)


def chords(notes: Notes, beats: float, bar: float, key: Key | None = None) -> Chords:
    """One CHORD a beat (a started beat counts) of a phrase of `beats` beats, in bars of `bar`."""
    row = np.zeros(len(notes), np.int64)
    flat = Flat(notes, row, np.array([float(beats)]), np.array([float(bar)]))
    return flat_chords(flat, [key])[0]


def flat_chords(flat: Flat, keys: Sequence[Key | None]) -> list[Chords]:
    """`chords` of many phrases at once."""
    if flat.size == 0:
        return []
    counts = np.ceil(flat.beats - 1e-6).astype(np.int64)
    colour, bass = _sounding(flat, int(counts.max()))
    at_bar = _bar_lines(flat, colour.shape[1])
    weight = np.where(at_bar, BASS_AT_BAR, BASS_EVIDENCE)[..., None]
    scores = EVIDENCE * (colour @ _colour_table().T) + weight * (bass @ _bass_table().T)
    scores -= np.repeat([quality.rarity for quality in QUALITIES[1:]], 12)
    scores += _key_bias(keys)[:, None, :]
    silent = colour.sum(axis=2) <= 0
    scores[silent] = 0.0
    table = _decode(_smoothed(scores, _change_costs(flat, at_bar)), silent)
    return [row[:count] for row, count in zip(table, counts.tolist(), strict=True)]


def chord_name(chord: np.void, flat_names: tuple[str, ...]) -> str:
    """Such as "Ebmin7", with `flat_names` for the roots (`key.TONICS`); "-" for none."""
    if chord["root"] == NO_ROOT:
        return "-"
    return flat_names[int(chord["root"])] + QUALITIES[int(chord["quality"])].name


def changes(row: Chords) -> int:
    """How often the chord changes; a beat without one changes nothing."""
    heard = row[row["root"] != NO_ROOT]
    moved = (np.diff(heard["root"]) != 0) | (np.diff(heard["quality"].astype(np.int16)) != 0)
    return int(moved.sum())


def _sounding(flat: Flat, longest: int) -> tuple[Floats, Floats]:
    """Shares of each pitch class, and of each in the bass, by phrase and beat (size, beats, 12).

    A full beat of sound adds up to 1, less sound to less. The bass is the lowest note that sounds
    for any of the beat, by pitch.
    """
    row, beat, pitch, weight = _spread(flat)
    cell = row * longest + beat
    cells = flat.size * longest
    lowest = np.full(cells, 255, np.int64)
    np.minimum.at(lowest, cell, pitch)
    bass = np.zeros((cells, 12))
    heard = lowest < 255
    bass[heard, lowest[heard] % 12] = 1.0
    colour = totals(cell * 12 + pitch % 12, weight, cells * 12).reshape(cells, 12)
    total = colour.sum(axis=1, keepdims=True)
    colour /= np.maximum(total, 1.0)
    return colour.reshape(flat.size, longest, 12), bass.reshape(flat.size, longest, 12)


def _spread(flat: Flat) -> tuple[Index, Index, Index, Floats]:
    """Each note in each beat that it sounds in: phrase, beat, pitch, and how much of it."""
    start = np.maximum(flat.onset, 0.0)
    end = np.minimum(flat.end, flat.beats[flat.row])
    # A note struck just before a beat belongs to it: hands are not that exact.
    first = np.floor(start + EARLY).astype(np.int64)
    note, lag = np.arange(len(start)), 0
    notes, beats, weights = [], [], []
    while lag == 0 or len(note):
        beat = first[note] + lag
        low = start[note] if lag == 0 else np.maximum(start[note], beat)
        share, weight = _heard(low, np.minimum(end[note], beat + 1.0), start[note])
        heard = (share > SHORTEST) & (beat < flat.beats[flat.row[note]])
        notes.append(note[heard])
        beats.append(beat[heard])
        weights.append(weight[heard])
        note, lag = note[end[note] > beat + 1.0], lag + 1
    every = np.concatenate(notes)
    pitch = flat.pitch[every].astype(np.int64)
    return flat.row[every], np.concatenate(beats), pitch, np.concatenate(weights)


def _heard(low: Floats, high: Floats, start: Floats) -> tuple[Floats, Floats]:
    """How long a note sounds from `low` to `high`, and what that counts, struck at `start`."""
    share = high - low
    fresh = np.clip(start + RING - low, 0.0, np.maximum(share, 0.0))
    return share, FAINT * share + (1 - FAINT) * fresh


def _colour_table() -> Floats:
    """Log share of each pitch class in each state, (STATES, 12), against an even spread."""
    table = np.full((KINDS, 12), STRAY / 12)
    for row, quality in zip(table, QUALITIES[1:], strict=True):
        row[list(quality.tones)] += np.array(quality.shares) * (1 - STRAY)
    return _all_roots(np.log(table * 12))


def _bass_table() -> Floats:
    table = np.full((KINDS, 12), BASS_STRAY / 12)
    for row, quality in zip(table, QUALITIES[1:], strict=True):
        others = list(quality.tones[1:])
        row[0] += BASS_ROOT
        row[others] += (1 - BASS_STRAY - BASS_ROOT) / len(others)
    return _all_roots(np.log(table * 12))


def _all_roots(table: Floats) -> Floats:
    return np.concatenate([[np.roll(row, root) for root in range(12)] for row in table])


def _key_bias(keys: Sequence[Key | None]) -> Floats:
    """What the key of each phrase takes from each state, (phrases, STATES)."""
    outside = np.ones((2, 12))
    for mode, scale in enumerate(SCALES):
        outside[mode, list(scale)] = 0.0
    table = np.array([np.roll(outside[mode], tonic) for mode in (0, 1) for tonic in range(12)])
    index = [0 if key is None else key.index for key in keys]
    weight = [0.0 if key is None else OUTSIDE * key.confidence for key in keys]
    return np.tile(-table[index] * np.array(weight)[:, None], KINDS)


def _change_costs(flat: Flat, at_bar: NDArray[np.bool_]) -> Floats:
    """What a change on each beat costs, (size, longest); the half of an even bar is between."""
    half = flat.bar[:, None] / 2
    at_half = (np.mod(np.arange(at_bar.shape[1]), half) == 0) & (np.mod(half, 1.0) == 0)
    inside = np.where(at_half, CHANGE_AT_HALF, CHANGE)
    return np.where(at_bar, CHANGE_AT_BAR, inside)


def _bar_lines(flat: Flat, longest: int) -> NDArray[np.bool_]:
    """Whether a bar begins within each beat, (size, longest)."""
    into = np.mod(np.arange(longest) - 1e-6, flat.bar[:, None])
    return into >= flat.bar[:, None] - 1.0


def _smoothed(scores: Floats, costs: Floats) -> Floats:
    """The best total through each state at each beat, (size, beats, STATES)."""
    forward, backward = scores.copy(), np.zeros_like(scores)
    for beat in range(1, scores.shape[1]):
        forward[:, beat] += _moved(forward[:, beat - 1], costs[:, beat])
    for beat in range(scores.shape[1] - 2, -1, -1):
        ahead = backward[:, beat + 1] + scores[:, beat + 1]
        backward[:, beat] = _moved(ahead, costs[:, beat + 1])
    return forward + backward


def _moved(best: Floats, cost: Floats) -> Floats:
    reached: Floats = np.maximum(best, best.max(axis=1, keepdims=True) - cost[:, None])
    return reached


def _decode(totals: Floats, silent: NDArray[np.bool_]) -> Chords:
    best = totals.round(6).argmax(axis=2)  # what differs by less is equal, on any machine
    table = np.zeros(best.shape, CHORD)
    table["root"] = np.where(silent, NO_ROOT, best % 12)
    table["quality"] = np.where(silent, NONE, best // 12 + 1)
    odds = np.exp(totals - totals.max(axis=2, keepdims=True))
    roots = odds.reshape(*best.shape, KINDS, 12).sum(axis=2)
    chosen = np.take_along_axis(roots, (best % 12)[..., None], axis=2)[..., 0]
    table["confidence"] = np.where(silent, 0.0, chosen / roots.sum(axis=2))
    return table
