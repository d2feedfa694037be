"""The shapes that the style tables are written in, and the small language of a bar.

A bar is a line of tokens of equal length (8 in a bar of 4/4 are eighths, 16 sixteenths, 12
triplets): `.` rests, `-` holds the note before it, even over the bar line, and anything else
strikes. What a token strikes depends on the layer:

- bass: degrees of the chord ("1", "b7", "10", "5,"), or `a`, the semitone below the next root;
- comp: `x` the whole voicing, `t` its top two notes, `l` its lower two, or voices by number
  from the bottom ("1", "2+3");
- lead: degrees of the key.

`+` joins notes struck together and `^` crushes the first into the second. A token ends with any
of `!` accent, `?` ghost, `*` staccato and `>` (taken from the next chord: an anticipation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

LAYERS = ("bass", "comp", "lead")


@dataclass(frozen=True)
class Feel:
    """Where a style sits against the beat. Milliseconds; positive is late (laid back)."""

    bass: float = 0.0
    comp: float = 0.0
    lead: float = 0.0
    roll: float = 0.0  # between neighbouring notes of a chord, bottom first
    drift: float = 2.5  # standard deviation of the slow wander that each hand shares


@dataclass(frozen=True)
class Touch:
    """How loud (MIDI velocity) and how long (part of the written length) each layer is."""

    bass: tuple[float, float]
    comp: tuple[float, float]
    lead: tuple[float, float]
    accents: tuple[float, ...]  # spread evenly over a bar, added to the velocity


@dataclass(frozen=True)
class Phrase:
    """Some bars of one style. `chords` sets the number of bars; the layers repeat to fill them.

    A layer names one pattern a bar, `.` for none; "a/b" lets the player choose on each return.
    """

    chords: str
    bass: str
    comp: str
    lead: str = "."
    energy: float = 0.0  # added to every velocity
    voicing: str = ""  # instead of the style's own


@dataclass(frozen=True)
class Style:
    """A groove: its feel, its patterns and its phrases, written in C major or A minor."""

    name: str
    beats: int  # in a bar
    feel: Feel
    touch: Touch
    voicing: str
    span: tuple[int, int]  # the comping hand
    bass: dict[str, str]
    comp: dict[str, str]
    lead: dict[str, str]
    phrases: dict[str, Phrase]
    swing: float = 0.5  # where the off-beat falls inside its pair
    pair: float = 1.0  # beats in that pair: 1 for swung eighths, 0.5 for swung sixteenths
    pedal: bool = False
    lead_low: int = 60  # the tonic of the lead is in the octave above this
    about: str = ""


@dataclass(frozen=True)
class Track:
    """One take: which groove, in which key, how fast, and the order of its phrases.

    In `form`, a + or - after a phrase's name plays it a little stronger or softer.
    """

    file: str
    title: str
    style: str
    key: str
    bpm: float
    form: str
    bass_low: int
    about: str = ""


class Note(NamedTuple):
    """A struck key, in beats. `lag` is what the hand adds to the written time, in ms."""

    beat: float
    length: float
    pitch: int
    velocity: float
    layer: str
    lag: float = 0.0


class Pedal(NamedTuple):
    """A move of the sustain pedal, in beats."""

    beat: float
    value: int
