"""A take from its table row: the written tokens become keys, and the hand plays them."""

from __future__ import annotations

import numpy as np

from corpus.demo import humanise
from corpus.demo.layout import Bar, Harmony, Step, lay_out, read_steps
from corpus.demo.model import LAYERS, Note, Pedal, Style, Track
from corpus.demo.theory import (
    AEOLIAN,
    IONIAN,
    Tones,
    chord_degree,
    degree,
    pitch_class,
    place,
    voice,
)

ACCENT, GHOST = 9.0, -24.0
GHOST_CHANCE = 0.8  # ghost notes come and go
CRUSH_MS = -22.0
LOWEST = 29  # below this a bass note is played an octave higher
TOP, INNER = 3.0, -3.0  # the top note of a chord sings, the inner ones step back


class Hand:
    """Finds the keys for a token. Holds what does not change within a take."""

    def __init__(self, track: Track, style: Style, harmony: Harmony) -> None:
        self.track, self.style, self.harmony = track, style, harmony
        minor = track.key.endswith("m")
        self.scale = AEOLIAN if minor else IONIAN
        self.tonic = place(pitch_class(track.key.rstrip("m")), style.lead_low)
        self.voicings = _voicings(harmony, style.span)

    def keys(self, layer: str, step: Step) -> list[tuple[int, float]]:
        """(pitch, extra lag in ms) of every note in the token."""
        index = self._slot(step)
        if layer == "comp":
            return self._chord(step.body, self.voicings[index])
        keys: list[tuple[int, float]] = []
        for item in step.body.split("+"):
            *crushed, struck = item.split("^")
            keys += [(self._line(layer, text, index), CRUSH_MS) for text in crushed]
            keys.append((self._line(layer, struck, index), 0.0))
        return keys

    def sounding(self, layer: str, step: Step) -> float:
        """The written length, cut where its harmony ends. The bass may stay for a new chord."""
        until = self.harmony.until(self._slot(step), bass=layer == "bass")
        return min(step.length, until - step.beat)

    def _slot(self, step: Step) -> int:
        index = self.harmony.index(step.beat)
        return self.harmony.after(index) if ">" in step.marks else index

    def _line(self, layer: str, text: str, index: int) -> int:
        if layer == "lead":
            return self.tonic + degree(text, self.scale)
        low = self.track.bass_low
        if text == "a":
            coming = self.harmony.slots[self.harmony.after(index)].chord
            return place(coming.bass, low) - 1
        pitch = chord_degree(text, self.harmony.slots[index].chord, low)
        return pitch if pitch >= LOWEST else pitch + 12

    def _chord(self, body: str, voicing: Tones) -> list[tuple[int, float]]:
        whole = {"x": voicing, "t": voicing[-2:], "l": voicing[:2]}
        chosen = whole.get(body) or tuple(_nth(voicing, text) for text in body.split("+"))
        return [(pitch, i * self.style.feel.roll) for i, pitch in enumerate(chosen)]


def _nth(voicing: Tones, text: str) -> int:
    """A voice by its number; past the top the hand goes on with the next octave."""
    octave, voice_ = divmod(int(text) - 1, len(voicing))
    return voicing[voice_] + 12 * octave


def _voicings(harmony: Harmony, span: tuple[int, int]) -> list[Tones]:
    found: list[Tones] = []
    previous: Tones = ()
    for slot in harmony.slots:
        previous = voice(slot.chord, slot.voicing, span, previous)
        found.append(previous)
    return found


def _write(layer: str, step: Step, hand: Hand, bar: Bar) -> list[Note]:
    """The notes of one token at their swung beats, with the velocity that the page asks for."""
    style = hand.style
    loud, gate = getattr(style.touch, layer)
    loud += bar.energy + humanise.arch(bar.place) + humanise.accent(style, step.beat)
    loud += ACCENT * ("!" in step.marks) + GHOST * ("?" in step.marks)
    start = humanise.swing(step.beat, style, step.triplet)
    finish = step.beat + hand.sounding(layer, step)
    length = (humanise.swing(finish, style, step.triplet) - start) * gate
    if "*" in step.marks:
        length = 0.5 * step.unit
    keys = hand.keys(layer, step)
    top = max(pitch for pitch, _ in keys)
    return [
        Note(
            start,
            0.15 if lag == CRUSH_MS else length,
            pitch,
            loud + (0 if len(keys) == 1 else TOP if pitch == top else INNER),
            layer,
            lag,
        )
        for pitch, lag in keys
    ]


def compose(
    track: Track, style: Style, rng: np.random.Generator
) -> tuple[list[Note], list[Pedal], float]:
    """The notes and pedal moves of a take, and its length in beats."""
    minor = track.key.endswith("m")
    transpose = pitch_class(track.key.rstrip("m")) - (pitch_class("A") if minor else 0)
    bars, harmony = lay_out(style, track.form, transpose, rng)
    hand = Hand(track, style, harmony)
    written: list[Note] = []
    for layer in LAYERS:
        for step in read_steps([bar.patterns[layer] for bar in bars], style.beats):
            if "?" in step.marks and rng.random() > GHOST_CHANCE:
                continue
            written += _write(layer, step, hand, bars[int(step.beat / style.beats)])
    written.sort(key=lambda note: (note.beat, note.pitch, note.lag))
    played = humanise.play(written, style, track.bpm, rng)
    notes = humanise.release(played, track.bpm, harmony.end)
    pedals = humanise.pedalling(harmony, style.beats, track.bpm) if style.pedal else []
    return notes, pedals, harmony.end
