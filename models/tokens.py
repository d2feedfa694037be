"""The published encoding of Spectrogram Diffusion (Hawthorne et al. 2022, after MT3, Gardner et al.
2021): notes as a sequence of events, in windows of 5.12 s.

A window begins with what still sounds (program and pitch of each note, then `tie`). Then come
`shift` (time from the window's start, in hundredths of a second), `program`, `velocity` and `pitch`
or `drum`; velocity 0 ends a note. A program or velocity that has not changed is not said again.
The reference implementation is that of diffusers, whose ids these are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.notes import SUSTAIN, Phrase

PAD, END, UNKNOWN = 0, 1, 2

VOCABULARY = (  # event, lowest and highest value; ids go on from UNKNOWN
    ("shift", 0, 1000),
    ("pitch", 0, 127),
    ("velocity", 0, 1),
    ("tie", 0, 0),
    ("program", 0, 127),
    ("drum", 0, 127),
)
SIZE = 1536  # ids that the published model has room for; the last ones mean nothing
WINDOW = 2048  # tokens

STEPS_PER_SECOND = 100
WINDOW_STEPS = 512
_SAMPLE_RATE, _FRAME_SAMPLES, _WINDOW_FRAMES = 16_000, 320, 256

# Programs that the model was trained with: each stands for itself and those up to the next.
PROGRAMS = (
    *(0, 4, 8, 16, 24, 26, 29, 32, 33, 40, 41, 42, 43, 46, 47, 48, 50),
    *(52, 55, 56, 57, 58, 60, 61, 64, 66, 67, 68, 69, 70, 71, 73, 80, 88),
)

TIMED_NOTE = np.dtype(
    [
        ("start", "<f8"),
        ("end", "<f8"),
        ("pitch", "u1"),
        ("velocity", "u1"),
        ("program", "u1"),
        ("drum", "?"),
    ]
)
"""Seconds, not beats; `drum` notes have a pitch and no end."""

TimedNotes = NDArray[Any]  # of dtype TIMED_NOTE
Pedal = Sequence[tuple[float, int]]  # (seconds, value) of the sustain pedal


class Event(NamedTuple):
    kind: str
    value: int


def token(kind: str, value: int) -> int:
    """The id of an event; ModelError where there is none."""
    first = UNKNOWN + 1
    for name, low, high in VOCABULARY:
        if name == kind:
            if not low <= value <= high:
                raise ModelError(f"{kind} {value} has no token; it must be {low}..{high}")
            return first + value - low
        first += high - low + 1
    raise ModelError(f"no event {kind!r}; there is {', '.join(row[0] for row in VOCABULARY)}")


def event(token: int) -> Event:
    """What an id above UNKNOWN means; ModelError where it means nothing."""
    value = token - UNKNOWN - 1
    for name, low, high in VOCABULARY:
        if 0 <= value <= high - low:
            return Event(name, low + value)
        value -= high - low + 1
    raise ModelError(f"token {token} means no event")


def nearest_program(program: int) -> int:
    """The program of the model's training that stands for a General MIDI program."""
    return max(known for known in PROGRAMS if known <= program)


def timed_notes(rows: Iterable[tuple[float, float, int, int, int, bool]]) -> TimedNotes:
    """(start, end, pitch, velocity, program, drum) rows as an array."""
    return np.array(list(rows), dtype=TIMED_NOTE)


def phrase_notes(phrase: Phrase) -> TimedNotes:
    """A phrase as it sounds: at its tempo, from its first note on, with the pedal's notes held on,
    on the piano."""
    lead = min(0.0, float(phrase.notes["onset"].min())) if len(phrase.notes) else 0.0
    second = 60.0 / phrase.bpm
    notes = np.zeros(len(phrase.notes), TIMED_NOTE)
    notes["start"] = (phrase.notes["onset"] - lead) * second
    notes["end"] = notes["start"] + phrase.notes["duration"] * second
    notes["pitch"], notes["velocity"] = phrase.notes["pitch"], phrase.notes["velocity"]
    pedal = phrase.pedals[phrase.pedals["control"] == SUSTAIN]
    times = (pedal["beat"] - lead) * second
    return sustained(notes, list(zip(times.tolist(), pedal["value"].tolist(), strict=True)))


def sustained(notes: TimedNotes, pedal: Pedal, until: float = 0.0) -> TimedNotes:
    """One instrument's notes with those that the pedal holds ending when it is let go, or when
    their key is struck again. Of two notes struck on a key at once the later in the array stays.
    What the pedal holds at the end sounds until `until`, or the last event if that is later."""
    end, kept = notes["end"].copy(), np.ones(len(notes), bool)
    sounding: list[int] = []
    down, now = False, 0.0
    for now, kind, index in _in_time_order(notes, pedal):
        if kind == _PEDAL_DOWN:
            down = True
        elif kind == _PEDAL_UP:
            down = False
            over = [note for note in sounding if end[note] < now]
            end[over] = now
            sounding = [note for note in sounding if note not in over]
        elif kind == _STRUCK:
            if down:
                again = [n for n in sounding if notes["pitch"][n] == notes["pitch"][index]]
                end[again] = now
                kept[again] = notes["start"][again] < now
                sounding = [note for note in sounding if note not in again]
            sounding.append(index)
        elif not down and index in sounding:
            sounding.remove(index)
    end[sounding] = max(now, until)
    held: TimedNotes = notes.copy()
    held["end"] = end
    found: TimedNotes = held[kept]
    return found


_PEDAL_DOWN, _PEDAL_UP, _STRUCK, _LET_GO = range(4)  # in the order that they happen at one time


def _in_time_order(notes: TimedNotes, pedal: Pedal) -> list[tuple[float, int, int]]:
    """(time, kind, note) of all that happens; drums have no part in it."""
    pitched = np.flatnonzero(~notes["drum"]).tolist()
    happens = [(float(notes["start"][i]), _STRUCK, i) for i in pitched]
    happens += [(float(notes["end"][i]), _LET_GO, i) for i in pitched]
    happens += [(time, _PEDAL_DOWN if value >= 64 else _PEDAL_UP, -1) for time, value in pedal]
    return sorted(happens, key=lambda one: one[:2])


def encode(notes: TimedNotes) -> list[list[int]]:
    """Tokens of each window of 5.12 s, from second 0 to the last end; END closes each window.

    A window may be longer than WINDOW: whoever runs the model decides what becomes of that.
    """
    windows: list[_Window] = []
    active: dict[tuple[int, int], bool] = {}  # (program, pitch) -> whether it sounds
    changes = _changes(notes)
    last = _window_count(notes) - 1
    for step, note, starts in changes:
        number = min(step // WINDOW_STEPS, last)
        while len(windows) <= number:
            windows.append(_Window(active))
        drum, program, pitch = bool(note["drum"]), int(note["program"]), int(note["pitch"])
        windows[number].add(step - number * WINDOW_STEPS, program, pitch, starts, drum)
        if not drum:
            active[program, pitch] = starts
    return [[*window.tokens, END] for window in windows]


@dataclass
class _Window:
    """A window being written; `active` is what sounds when it begins."""

    active: dict[tuple[int, int], bool]
    tokens: list[int] = field(init=False)
    _time: int = field(init=False, default=0)
    _program: int = field(init=False, default=-1)
    _velocity: int = field(init=False, default=-1)

    def __post_init__(self) -> None:
        self.tokens = []
        for program, pitch in sorted(key for key, sounds in self.active.items() if sounds):
            self._say_program(program)
            self._say("pitch", pitch)
        self._say("tie", 0)

    def add(self, step: int, program: int, pitch: int, starts: bool, drum: bool) -> None:
        """A note that starts or ends `step` steps into the window."""
        if step != self._time:
            self._say("shift", step)
            self._time = step
        if not drum:
            self._say_program(program)
        if int(starts) != self._velocity:
            self._say("velocity", int(starts))
            self._velocity = int(starts)
        self._say("drum" if drum else "pitch", pitch)

    def _say_program(self, program: int) -> None:
        if program != self._program:
            self._say("program", program)
            self._program = program

    def _say(self, kind: str, value: int) -> None:
        self.tokens.append(token(kind, value))


def _changes(notes: TimedNotes) -> list[tuple[int, Any, bool]]:
    """(step, note, whether it starts) in order of time; at one time ends come first, then by drum,
    program and pitch."""
    known = notes.copy()
    known["program"] = [nearest_program(int(program)) for program in notes["program"]]
    known["program"][notes["drum"]] = notes["program"][notes["drum"]]
    known = known[np.lexsort((known["pitch"], known["program"], known["drum"]))]
    pitched = known[~known["drum"]]
    times = np.concatenate([pitched["end"], known["start"]])
    starts = np.arange(len(times)) >= len(pitched)
    both = np.concatenate([pitched, known])
    order = np.argsort(times, kind="stable")
    steps = np.rint(times * STEPS_PER_SECOND).astype(int)
    return [(int(steps[i]), both[i], bool(starts[i])) for i in order]


def _window_count(notes: TimedNotes) -> int:
    """As many as the frames of the sound need, of which there is one more than fit in whole."""
    samples = int(float(notes["end"].max()) * _SAMPLE_RATE) if len(notes) else 0
    frames = samples // _FRAME_SAMPLES + 1
    return -(-frames // _WINDOW_FRAMES)
