"""Chords, degrees and voicings: what a pianist's hands know before the style begins.

Everything here is pitch only, as MIDI numbers or semitones. Rhythm lives in the style tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

IONIAN = (0, 2, 4, 5, 7, 9, 11)
MIXOLYDIAN = (0, 2, 4, 5, 7, 9, 10)
DORIAN = (0, 2, 3, 5, 7, 9, 10)
AEOLIAN = (0, 2, 3, 5, 7, 8, 10)
LOCRIAN = (0, 1, 3, 5, 6, 8, 10)
PHRYGIAN_DOMINANT = (0, 1, 4, 5, 7, 8, 10)
DIMINISHED = (0, 2, 3, 5, 6, 8, 9)

NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "b": -1, "#": 1}

RUB = 4.0  # semitones of travel worth taking to avoid a semitone at the bottom of a voicing

Tones = tuple[int, ...]


@dataclass(frozen=True)
class Quality:
    """One kind of chord: its scale, and the tones (semitones above the root) of each voicing."""

    scale: Tones
    trio: Tones  # three notes, close: the triad, or the upper triad of a seventh chord
    guide: Tones  # third, seventh and one colour
    rootless: Tones  # four notes without the root, which the left hand has


QUALITIES = {
    "": Quality(IONIAN, (0, 4, 7), (4, 7, 2), (4, 7, 9, 2)),
    "6": Quality(IONIAN, (4, 7, 9), (4, 9, 2), (4, 7, 9, 2)),
    "add9": Quality(IONIAN, (2, 4, 7), (4, 7, 2), (0, 2, 4, 7)),
    "maj7": Quality(IONIAN, (4, 7, 11), (4, 11, 2), (4, 7, 11, 2)),
    "7": Quality(MIXOLYDIAN, (4, 7, 10), (4, 10, 2), (4, 9, 10, 2)),
    "7b9": Quality(PHRYGIAN_DOMINANT, (4, 10, 1), (4, 10, 1), (4, 7, 10, 1)),
    "7#9": Quality(MIXOLYDIAN, (4, 10, 3), (4, 10, 3), (4, 7, 10, 3)),
    "sus": Quality(MIXOLYDIAN, (10, 2, 5), (10, 2, 5), (10, 2, 5, 9)),
    "m": Quality(AEOLIAN, (0, 3, 7), (3, 7, 2), (3, 7, 0, 2)),
    "m6": Quality(DORIAN, (3, 7, 9), (3, 9, 2), (3, 7, 9, 2)),
    "m7": Quality(DORIAN, (3, 7, 10), (3, 10, 2), (3, 7, 10, 2)),
    "m7b5": Quality(LOCRIAN, (3, 6, 10), (3, 6, 10), (0, 3, 6, 10)),
    "dim7": Quality(DIMINISHED, (3, 6, 9), (3, 6, 9), (0, 3, 6, 9)),
}


@dataclass(frozen=True)
class Chord:
    """A chord symbol, read: pitch classes of root and bass, and the quality's name."""

    root: int
    quality: str
    bass: int

    def transposed(self, semitones: int) -> Chord:
        return Chord((self.root + semitones) % 12, self.quality, (self.bass + semitones) % 12)


def pitch_class(name: str) -> int:
    """The pitch class of a note name such as 'Bb'."""
    return (NATURALS[name[0]] + ACCIDENTALS[name[1:]]) % 12


def parse_chord(symbol: str) -> Chord:
    """Read 'Bm7b5' or 'C7/E'."""
    match = re.fullmatch(r"([A-G][b#]?)([^/]*)(?:/([A-G][b#]?))?", symbol)
    if match is None or match[2] not in QUALITIES:
        raise ValueError(f"chord symbol {symbol!r} is not one that the tables know")
    root = pitch_class(match[1])
    return Chord(root, match[2], pitch_class(match[3]) if match[3] else root)


def degree(text: str, scale: Tones) -> int:
    """Semitones above the tonic for '3', 'b7', '10' or "5,".

    A plain number follows the scale; with b, # or n (natural) it is counted from the major
    scale, whatever the chord. Each ' adds an octave and each , takes one away.
    """
    match = re.fullmatch(r"([b#n]?)(\d+)([',]*)", text)
    if match is None:
        raise ValueError(f"{text!r} is not a scale degree")
    octave, step = divmod(int(match[2]) - 1, 7)
    shift = {"b": -1, "#": 1}.get(match[1], 0)
    base = (IONIAN if match[1] else scale)[step] + shift
    return base + 12 * (octave + match[3].count("'") - match[3].count(","))


def place(pitch_class_: int, low: int) -> int:
    """The pitch of that class in the octave that starts at `low`."""
    return low + (pitch_class_ - low) % 12


def chord_degree(text: str, chord: Chord, bass_low: int) -> int:
    """A degree of the chord as a left hand plays it: above the sounding bass note.

    For a slash chord 1 and 8 are the slash note; the other degrees still count from the root.
    """
    bass = place(chord.bass, bass_low)
    semitones = degree(text, QUALITIES[chord.quality].scale)
    if re.fullmatch(r"[18][',]*", text):
        return bass + semitones
    above = (chord.root - chord.bass + semitones) % 12
    return bass + above + 12 * (semitones // 12)


def _tones(chord: Chord, kind: str) -> Tones:
    quality = QUALITIES[chord.quality]
    table = {
        "trio": quality.trio,
        "octave": quality.trio,
        "guide": quality.guide,
        "shell": quality.guide[:2],
        "rootless": quality.rootless,
    }
    return tuple((chord.root + tone) % 12 for tone in table[kind])


def _stack(classes: Tones, bottom: int) -> Tones:
    """The pitch classes in this order, each the next one above the last."""
    pitches = [bottom]
    for item in classes[1:]:
        pitches.append(place(item, pitches[-1] + 1))
    return tuple(pitches)


def _sits_well(pitches: Tones) -> bool:
    """No semitone under the top note, and no minor ninth between voices."""
    gaps = [high - low for low, high in pairwise(pitches)]
    ninths = any(b - a == 13 for a in pitches for b in pitches)
    return not ninths and gaps[-1] > 1


@cache
def _candidates(chord: Chord, kind: str, low: int, high: int) -> tuple[Tones, ...]:
    tones = sorted(_tones(chord, kind))
    found = []
    for turn in range(len(tones)):
        rotation = (*tones[turn:], *tones[:turn])
        for bottom in range(place(rotation[0], low), high, 12):
            pitches = _stack(rotation, bottom)
            if kind == "octave":
                pitches = (*pitches, bottom + 12)
            if pitches[-1] <= high and _sits_well(pitches):
                found.append(pitches)
    if not found:
        raise ValueError(f"no {kind} voicing of {chord} fits between {low} and {high}")
    return tuple(found)


def _travel(old: Tones, new: Tones, centre: float) -> float:
    """How far the hand moves on average, plus what is wrong with where it arrives.

    It is pulled mildly to the middle of its range, and avoids a semitone at the bottom.
    """
    pull = 0.35 * abs(sum(new) / len(new) - centre)
    if new[1] - new[0] == 1:
        pull += RUB
    if not old:
        return pull
    if len(old) != len(new):
        return pull + abs(old[-1] - new[-1]) + abs(old[0] - new[0])
    return pull + sum(abs(b - a) for a, b in zip(old, new, strict=True)) / len(new)


def voice(chord: Chord, kind: str, span: tuple[int, int], previous: Tones) -> Tones:
    """The inversion nearest to the previous voicing, bottom note first."""
    centre = sum(span) / 2
    options = _candidates(chord, kind, *span)
    return min(options, key=lambda pitches: (_travel(previous, pitches, centre), pitches))
