"""From a take's form to bars, chords in time, and struck tokens. No pitches yet."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from corpus.demo.model import LAYERS, Style
from corpus.demo.theory import Chord, parse_chord

ENERGY_STEP = 5.0  # what a + or - after a phrase's name is worth, in velocity


class Bar(NamedTuple):
    """One bar of the take: a pattern for each layer, and how strongly it is played."""

    patterns: dict[str, str]
    energy: float
    place: float  # where its middle stands in its phrase, 0..1
    voicing: str


class Slot(NamedTuple):
    """A chord from its first beat until the next slot."""

    beat: float
    chord: Chord
    voicing: str


class Step(NamedTuple):
    """One struck token, still unswung: `length` with what is tied to it, `unit` without."""

    beat: float
    length: float
    unit: float
    body: str
    marks: str
    triplet: bool


@dataclass(frozen=True)
class Harmony:
    """The chords of a take in order of time."""

    slots: list[Slot]
    end: float

    def index(self, beat: float) -> int:
        """The slot that sounds at this beat."""
        return bisect_right([slot.beat for slot in self.slots], beat) - 1

    def after(self, index: int) -> int:
        """The next slot; the first again after the last, for these takes are played as loops."""
        return (index + 1) % len(self.slots)

    def until(self, index: int, bass: bool) -> float:
        """The beat where the chord of this slot (or only its bass) gives way to another."""
        chord = self.slots[index].chord
        for slot in self.slots[index + 1 :]:
            if slot.chord.bass != chord.bass or (not bass and slot.chord != chord):
                return slot.beat
        return self.end


def _pattern(style: Style, layer: str, names: str, bar: int, rng: np.random.Generator) -> str:
    listed = names.split()
    options = listed[bar % len(listed)].split("/")
    name = options[int(rng.integers(len(options)))]
    table: dict[str, str] = getattr(style, layer)
    return "" if name == "." else table[name]


def lay_out(
    style: Style, form: str, transpose: int, rng: np.random.Generator
) -> tuple[list[Bar], Harmony]:
    """Every bar of the take, and its chords in the take's own key."""
    bars: list[Bar] = []
    slots: list[Slot] = []
    for name in form.split():
        phrase = style.phrases[name.rstrip("+-")]
        lift = ENERGY_STEP * (name.count("+") - name.count("-"))
        voicing = phrase.voicing or style.voicing
        written = phrase.chords.split("|")
        for number, symbols in enumerate(written):
            slots += _slots(symbols, len(bars) * style.beats, style.beats, transpose, voicing)
            patterns = {
                layer: _pattern(style, layer, getattr(phrase, layer), number, rng)
                for layer in LAYERS
            }
            middle = (number + 0.5) / len(written)
            bars.append(Bar(patterns, phrase.energy + lift, middle, voicing))
    return bars, Harmony(slots, float(len(bars) * style.beats))


def _slots(symbols: str, start: int, beats: int, transpose: int, voicing: str) -> list[Slot]:
    """The chords of one bar: evenly spread, `.` keeps the one before it."""
    listed = symbols.split()
    return [
        Slot(start + beats * i / len(listed), parse_chord(symbol).transposed(transpose), voicing)
        for i, symbol in enumerate(listed)
        if symbol != "."
    ]


def read_steps(patterns: list[str], beats: int) -> list[Step]:
    """The struck tokens of one layer, with ties joined across bars."""
    steps: list[Step] = []
    sounding = False  # whether a tie here has a note to hold
    for number, pattern in enumerate(patterns):
        tokens = pattern.split()
        sounding = sounding and bool(tokens)
        for i, token in enumerate(tokens):
            unit = beats / len(tokens)
            if token == "-":
                if sounding:
                    steps[-1] = steps[-1]._replace(length=steps[-1].length + unit)
                continue
            sounding = token != "."
            if sounding:
                body = token.rstrip("!?*>")
                beat = number * beats + i * unit
                triplet = len(tokens) == 3 * beats
                steps.append(Step(beat, unit, unit, body, token[len(body) :], triplet))
    return steps
