"""What the pianist plays over the loop, as numbers that follow it smoothly.

MIDI goes in message by message and costs the same however much came before: sums that fade
exponentially stand for what was played lately, and no more is kept than the keys that are down
and the notes of the last beats. Nothing here looks at a clock; `Session` says at which beat a
message came.
"""

from collections import deque
from copy import copy
from dataclasses import dataclass, field
from math import exp, inf, sqrt

import numpy as np
from numpy.typing import NDArray

from models.embedder import Vectors
from models.notes import SUSTAIN, Phrase, note_array, pedal_array

STROKES_FADE = 4.0  # beats in which strokes fade to 1/e: level and density
SOUND_FADE = 8.0  # the same for sound: register and pitch classes
STROKE = 0.25  # beats of sound that a stroke is worth by itself, or a staccato would not be heard
HELD = 64.0  # beats after which a key that is still down no longer sounds, or its end was lost
RING = 16.0  # beats for which the pedal keeps a note that was let go: a foot may rest on it
PRESENT = (4.0, 12.0)  # beats of silence in which the player's presence wanes
WINDOW = 8.0  # beats that are embedded
REMEMBERED = 512  # notes of the window: more are a flood
FEWEST = 4  # notes in a window that can be compared with another
FRESH = 16.0  # beats for which the direction of a player's last move counts
LATEST = 0.35  # of the mean of earlier windows, that the latest of them is
BUSY = 3.5  # notes a beat

_SILENCED = (120, 123)  # controls: all sound off, all notes off
_PITCHES = np.zeros((128, 15))  # of each pitch what it adds to the sums of sound
_PITCHES[:, 0] = 1.0
_PITCHES[:, 1] = np.arange(128)
_PITCHES[:, 2] = np.arange(128.0) ** 2
_PITCHES[np.arange(128), 3 + np.arange(128) % 12] = 1.0


@dataclass(frozen=True, eq=False)
class Movement:
    """The player's last window, and the mean of those before it, in which each counts less than the
    one after it; in twelve keys each: shape (12, d) as of `corpus.neighbours.in_twelve_keys`.

    Two windows on end differ by much that leads nowhere; from the mean of several it is twice as
    clear where the player is going."""

    before: Vectors
    now: Vectors


@dataclass(frozen=True, eq=False)
class Listening:
    """The player at one moment.

    `velocity` (1..127, 0 before the first note) and `density` (notes a beat) are of the last few
    beats; `pitch` and `spread` (mean and deviation, semitones) and `classes` (shares of the twelve
    pitch classes, summing to 1, or all 0) of a little longer. `silence` is how many beats ago the
    last sound ended. `presence` (0..1) is how much there is to go by. `played` says whether there
    was any note since the loop began, and `moved` where the last windows led, if that is known and
    not long ago.
    """

    velocity: float = 0.0
    density: float = 0.0
    pitch: float = 0.0
    spread: float = 0.0
    classes: NDArray[np.float64] = field(default_factory=lambda: np.zeros(12))
    silence: float = 0.0
    presence: float = 0.0
    played: bool = False
    moved: Movement | None = None

    @property
    def busy(self) -> bool:
        return self.presence > 0 and self.density >= BUSY


class Listener:
    """Beats go forwards: what comes late counts as of the latest beat that is known."""

    def __init__(self) -> None:
        self._keys = _Keys(0.0, pedal=False)
        self.begin(0.0)

    def begin(self, beat: float) -> None:
        """A loop begins: what was played before it, and keys still held from then, are the
        seed's. The feet stay where they are."""
        self._began = beat
        self._keys = _Keys(beat, self._keys.pedal)
        self._notes = _Notes()
        self._latest: tuple[float, Vectors] | None = None
        self._earlier: Vectors | None = None

    def hear(self, beat: float, data: bytes) -> None:
        """One MIDI message of three bytes."""
        beat = max(beat, self._keys.beat)
        kind, first, second = data[0] & 0xF0, data[1], data[2]
        self._keys.pass_time(beat)
        if kind == 0x90 and second > 0:
            self._notes.strike(beat, first, second)
            self._keys.strike(first, second)
        elif kind in (0x80, 0x90):
            self._notes.let_go(beat, first)
            self._keys.let_go(first)
        elif kind == 0xB0 and first == SUSTAIN:
            self._keys.set_pedal(second >= 64)
        elif kind == 0xB0 and first in _SILENCED:
            self._notes.let_all_go(beat)
            self._keys.let_all_go()

    def at(self, beat: float) -> Listening:
        """The player as of a beat; changes nothing."""
        keys = self._keys.copied()
        keys.pass_time(max(beat, keys.beat))
        return keys.listening(self._began, self._moved(keys.beat))

    def strikes(self, begin: float, end: float) -> list[tuple[float, int]]:
        """(beat, key) of what was struck in this time, in order, as far as it is remembered."""
        return sorted((row[0], row[2]) for row in self._notes.between(begin, end))

    def window(self, beat: float, bpm: float, bar: float) -> Phrase | None:
        """What was played in the WINDOW that ends at `beat`, to be embedded; None where that is
        too little."""
        rows = self._notes.between(max(self._began, beat - WINDOW), beat)
        if len(rows) < FEWEST:
            return None
        begin = beat - WINDOW
        notes = note_array((on - begin, off - on, key, velocity) for on, off, key, velocity in rows)
        return Phrase(notes, pedal_array([(0.0, SUSTAIN, 0)]), WINDOW, bpm, bar)

    def embedded(self, beat: float, vectors: Vectors | None) -> None:
        """The window that ended at `beat` is known in twelve keys; None where there was none: with
        it a way ends."""
        if vectors is None:
            self._latest = self._earlier = None
            return
        if self._latest is not None:
            last, mean = self._latest[1], self._earlier
            self._earlier = last if mean is None else mean + np.float32(LATEST) * (last - mean)
        self._latest = beat, vectors

    def _moved(self, beat: float) -> Movement | None:
        if self._latest is None or self._earlier is None or beat - self._latest[0] > FRESH:
            return None
        return Movement(self._earlier, self._latest[1])


class _Keys:
    """Sums over what was struck and what sounds, all fading, and the keys that still add to them.

    `sound` is in beats that notes sounded: their number, the sums of pitch and of its square, and
    one sum for each pitch class.
    """

    def __init__(self, beat: float, pedal: bool) -> None:
        self.beat = self.last_sound = beat
        self.pedal = pedal
        self.played = False
        self._strokes = self._velocities = 0.0
        self._sound = np.zeros(15)
        self._sounding = np.zeros(15)  # what a beat adds
        self._held: dict[int, float] = {}  # key -> beat; in order of these beats
        self._ringing: dict[int, float] = {}  # let go under the pedal, likewise

    def copied(self) -> "_Keys":
        other = copy(self)
        other._sound, other._sounding = self._sound.copy(), self._sounding.copy()
        other._held, other._ringing = dict(self._held), dict(self._ringing)
        return other

    def pass_time(self, until: float) -> None:
        """On to a beat; what has sounded for too long falls silent on the way."""
        while (end := self._next_end()) <= until:
            self._fade(end)
            for keys, longest in ((self._held, HELD), (self._ringing, RING)):
                for key in [key for key, since in keys.items() if since + longest <= end]:
                    self._silence(keys, key)
        self._fade(until)

    def strike(self, key: int, velocity: int) -> None:
        self.played = True
        self.last_sound = self.beat
        self._silence(self._held, key)
        self._silence(self._ringing, key)
        self._held[key] = self.beat
        self._sounding += _PITCHES[key]
        self._sound += STROKE * _PITCHES[key]
        self._strokes += 1.0
        self._velocities += velocity

    def let_go(self, key: int) -> None:
        if self.pedal and key in self._held:
            del self._held[key]
            self._ringing[key] = self.beat
        else:
            self._silence(self._held, key)

    def set_pedal(self, down: bool) -> None:
        self.pedal = down
        for key in [] if down else list(self._ringing):
            self._silence(self._ringing, key)

    def let_all_go(self) -> None:
        self.set_pedal(False)
        for key in list(self._held):
            self._silence(self._held, key)

    def listening(self, began: float, moved: Movement | None) -> Listening:
        count = float(self._sound[0])
        passed = STROKES_FADE * (1.0 - exp(-(self.beat - began) / STROKES_FADE))
        pitch = float(self._sound[1]) / count if count else 0.0
        variance = float(self._sound[2]) / count - pitch**2 if count else 0.0
        return Listening(
            velocity=self._velocities / self._strokes if self._strokes else 0.0,
            density=self._strokes / max(1.0, passed),
            pitch=pitch,
            spread=sqrt(max(0.0, variance)),
            classes=self._sound[3:] / count if count else np.zeros(12),
            silence=self.beat - self.last_sound,
            presence=self._presence(count),
            played=self.played,
            moved=moved,
        )

    def _presence(self, count: float) -> float:
        """A single note says little; a long silence takes back what was said."""
        wanes, gone = PRESENT
        there = min(1.0, max(0.0, (gone - (self.beat - self.last_sound)) / (gone - wanes)))
        return there * (1.0 - exp(-count))

    def _next_end(self) -> float:
        held = next(iter(self._held.values()), inf) + HELD
        return min(held, next(iter(self._ringing.values()), inf) + RING)

    def _fade(self, until: float) -> None:
        passed = until - self.beat
        if passed <= 0:
            return
        strokes, sound = exp(-passed / STROKES_FADE), exp(-passed / SOUND_FADE)
        self._strokes *= strokes
        self._velocities *= strokes
        self._sound = sound * self._sound + SOUND_FADE * (1.0 - sound) * self._sounding
        self.beat = until
        if self._held or self._ringing:
            self.last_sound = until

    def _silence(self, keys: dict[int, float], key: int) -> None:
        if keys.pop(key, None) is not None:
            self._sounding -= _PITCHES[key]


class _Notes:
    """The last notes as (onset, end, pitch, velocity), in beats; at most REMEMBERED are kept."""

    def __init__(self) -> None:
        self._down: dict[int, tuple[float, int]] = {}
        self._done: deque[tuple[float, float, int, int]] = deque(maxlen=REMEMBERED)

    def strike(self, beat: float, key: int, velocity: int) -> None:
        self.let_go(beat, key)
        self._down[key] = beat, velocity

    def let_go(self, beat: float, key: int) -> None:
        if key in self._down:
            onset, velocity = self._down.pop(key)
            self._done.append((onset, beat, key, velocity))

    def let_all_go(self, beat: float) -> None:
        for key in list(self._down):
            self.let_go(beat, key)

    def between(self, begin: float, end: float) -> list[tuple[float, float, int, int]]:
        """Notes struck in this time, cut off at its end; one of no length is made a short one."""
        open_notes = [(onset, end, key, velocity) for key, (onset, velocity) in self._down.items()]
        shortest = 1 / 64
        return [
            (onset, max(min(off, end), onset + shortest), key, velocity)
            for onset, off, key, velocity in [*self._done, *open_notes]
            if begin <= onset < end
        ]
