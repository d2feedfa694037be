"""From two taps and what was played between them to a phrase that loops.

At a given tempo the length is rounded to whole beats. Without one the two taps *are* the loop, and
only the number of beats has to be found: a plausible tempo whose grid the onsets fall on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.errors import SeedError
from models.notes import PEDAL_CONTROLS, SUSTAIN, Phrase, note_array, pedal_array, sort_notes

MIN_SECONDS, MAX_SECONDS = 0.5, 60.0
MIN_BEATS = 4  # shorter takes are repeated up to this, so that there is time to decide
SHORTEST = 0.01  # seconds, of a note
EARLY_SECONDS = 0.15  # a hand that is this much before the first tap still belongs to the take
PLAUSIBLE_BPM = (48.0, 200.0)
TYPICAL_BPM = 95.0
TEMPO_SPREAD = 0.5  # octaves; how sure the prior is about TYPICAL_BPM
BLUR_SECONDS = 0.03  # two onsets nearer than this are at the same place of the rhythm
BASS_SEMITONES = 5.0  # how fast a note counts less for the metre, going up from the lowest
SAME_NOTE = 0.125  # beats; two strikes of a key nearer than this round the seam are one downbeat

Floats = NDArray[Any]
_Note = tuple[float, float, int, int]


class Seed(NamedTuple):
    """A captured take; `confidence` (0..1) is how clearly its beats stood out, 1 if told."""

    phrase: Phrase
    seconds: float
    confidence: float

    @property
    def lead_in(self) -> int:
        """How long before its first beat it begins to sound (ns)."""
        first = float(self.phrase.notes["onset"].min())
        return round(max(0.0, -first) * 60e9 / self.phrase.bpm)


@dataclass
class _Take:
    """The take as (start, end, pitch, velocity) and (time, control, value), in seconds."""

    notes: list[_Note]
    pedals: list[tuple[float, int, int]]


def capture(
    start: int,
    end: int,
    played: Sequence[tuple[int, bytes]],
    bpm: float | None = None,
    least: float = MIN_BEATS,
) -> Seed:
    """The loop between two taps (ns); `played` is MIDI in with its times, from before the first.

    Notes held at the second tap end there. What has not `least` beats is repeated. SeedError when
    nothing can be looped.
    """
    seconds = (end - start) / 1e9
    if seconds < MIN_SECONDS:
        raise SeedError("TOO SHORT")
    if seconds > MAX_SECONDS:
        raise SeedError("TOO LONG")
    take = _read(start, end, played)
    if not take.notes:
        raise SeedError("NO NOTES")
    onsets = np.array([note[0] for note in take.notes])
    weights = np.array([note[3] for note in take.notes], float)
    if bpm is None:
        beats, confidence = infer_beats(onsets, weights, seconds)
        bpm = beats * 60.0 / seconds
    else:
        beats, confidence = max(1, round(seconds * bpm / 60.0)), 1.0
    pitches = np.array([note[2] for note in take.notes], float)
    bar = infer_bar(onsets * bpm / 60.0, weights, pitches, beats)
    return Seed(_phrase(take, beats, bpm, bar, least), seconds, confidence)


class _Rhythm:
    """Onsets round a loop (0..1 is once round), each with a weight, and what repeats in them."""

    def __init__(self, onsets: Floats, weights: Floats, seconds: float) -> None:
        self._onsets = onsets
        self._weights = weights / weights.sum()
        # The circular autocorrelation of the onsets, blurred, by its power spectrum.
        self._orders = np.arange(1, max(2, int(20 * seconds)))
        waves = np.exp(-2j * np.pi * np.outer(self._orders, onsets))
        blur = np.exp(-((2 * np.pi * self._orders * BLUR_SECONDS / seconds) ** 2))
        power = np.abs(waves @ weights) ** 2 * blur
        self._power = power / (power.sum() or 1.0)

    def on_grid(self, lines: float, weights: Floats | None = None) -> float:
        """1 when every onset falls on one of `lines` even grid lines, 0 when they fall anywhere."""
        shares = self._weights if weights is None else weights / weights.sum()
        return float(shares @ np.cos(2 * np.pi * lines * self._onsets))

    def repeats(self, parts: float) -> float:
        """How much of it comes again after one of `parts` even parts of the loop."""
        if parts <= 1:  # once round the loop everything comes again: that says nothing
            return 0.0
        return float(self._power @ np.cos(2 * np.pi * self._orders / parts))


def infer_beats(onsets: Floats, weights: Floats, seconds: float) -> tuple[int, float]:
    """How many beats lie between the taps, and how far the best count is ahead of another tempo.

    `onsets` in seconds from the first tap; `weights` say how much each counts.
    """
    low, high = PLAUSIBLE_BPM
    fewest = max(1, int(np.ceil(low * seconds / 60.0)))
    most = max(fewest, int(high * seconds / 60.0))
    rhythm = _Rhythm(onsets / seconds, weights, seconds)
    counts = list(range(fewest, most + 1))
    scores = np.array([_plausibility(rhythm, beats, seconds) for beats in counts])
    best = int(np.argmax(scores))
    others = np.delete(scores, best)
    lead = float(scores[best] - others.max()) if len(others) else 1.0
    return counts[best], float(np.clip(lead / 0.5, 0.0, 1.0))


def infer_bar(onsets: Floats, weights: Floats, pitches: Floats, beats: int) -> float:
    """The bar length in beats: it divides the loop, its rhythm repeats, the bass falls on its one.

    `onsets` in beats.
    """
    candidates = [bar for bar in (4, 3) if beats % bar == 0]
    if not candidates:
        return 2.0 if beats % 2 == 0 else float(beats)
    bass = weights * np.exp((pitches.min() - pitches) / BASS_SEMITONES)
    rhythm = _Rhythm(onsets / beats, weights, beats * 60.0 / TYPICAL_BPM)

    def weight(bar: int) -> float:
        return rhythm.on_grid(beats / bar, bass) + rhythm.repeats(beats / bar)

    return float(max(candidates, key=weight))


def _plausibility(rhythm: _Rhythm, beats: int, seconds: float) -> float:
    grid = max(rhythm.on_grid(4 * beats), 0.9 * rhythm.on_grid(3 * beats))
    half, beat = rhythm.on_grid(2 * beats), rhythm.on_grid(beats)
    bar = next((size for size in (4, 3, 2) if beats % size == 0), beats)
    octaves = np.log2(beats * 60.0 / seconds / TYPICAL_BPM)
    tempo = -0.5 * (octaves / TEMPO_SPREAD) ** 2
    heard = 0.5 * grid + 0.4 * half + 0.2 * beat
    again = 0.4 * rhythm.repeats(beats) + 0.5 * rhythm.repeats(beats / bar)
    return float(heard + again + 0.5 * tempo + _form(beats))


def _form(beats: int) -> float:
    """People loop whole phrases: two or four bars of four before anything else."""
    for multiple, bonus in ((8, 0.6), (4, 0.45), (6, 0.3), (3, 0.15), (2, 0.05)):
        if beats % multiple == 0:
            return bonus
    return 0.0


def _read(start: int, end: int, played: Sequence[tuple[int, bytes]]) -> _Take:
    take = _Take([], [])
    held: dict[int, tuple[float, int]] = {}
    pedals: dict[int, int] = {}
    length = (end - start) / 1e9

    def close(pitch: int, time: float) -> None:
        onset, velocity = held.pop(pitch)
        if onset >= -EARLY_SECONDS:
            take.notes.append((onset, max(time, onset + SHORTEST), pitch, velocity))

    for ns, data in played:
        time = (ns - start) / 1e9
        if time >= length:
            break
        kind = data[0] & 0xF0
        if kind in (0x80, 0x90):
            if data[1] in held:
                close(data[1], time)
            if kind == 0x90 and data[2] > 0:
                held[data[1]] = (time, data[2])
        elif kind == 0xB0 and data[1] in PEDAL_CONTROLS:
            if time <= 0:
                pedals[data[1]] = data[2]
            else:
                take.pedals.append((time, data[1], data[2]))
    for pitch in list(held):
        close(pitch, length)
    take.notes = _one_by_one(take.notes)
    pedals.setdefault(SUSTAIN, 0)
    take.pedals[:0] = [(0.0, control, value) for control, value in pedals.items()]
    return take


def _one_by_one(notes: list[_Note]) -> list[_Note]:
    """Each key comes up before it is struck again; of two strikes at one moment the later counts,
    since a key can only make one."""
    following: dict[int, float] = {}
    kept: list[_Note] = []
    in_order = sorted(notes, key=lambda note: note[0])
    for onset, end, pitch, velocity in in_order[::-1]:
        until = following.get(pitch, np.inf)
        if until - onset >= SHORTEST:
            kept.append((onset, min(end, until), pitch, velocity))
            following[pitch] = onset
    return kept[::-1]


def _phrase(take: _Take, beats: int, bpm: float, bar: float, least: float) -> Phrase:
    per_second = bpm / 60.0
    rows = [
        (start * per_second, (end - start) * per_second, pitch, velocity)
        for start, end, pitch, velocity in take.notes
        if start * per_second < beats
    ]
    notes = note_array(_round_the_seam(rows, beats))
    if len(notes) == 0:
        raise SeedError("NO NOTES")
    pedals = pedal_array(
        (time * per_second, control, value)
        for time, control, value in take.pedals
        if time * per_second < beats
    )
    return _repeated(Phrase(notes, pedals, float(beats), bpm, bar), least)


def _round_the_seam(
    rows: list[tuple[float, float, int, int]], beats: int
) -> list[tuple[float, float, int, int]]:
    """Drop a next downbeat that was played a little before the second tap: the loop has its own."""
    firsts = {pitch for onset, _, pitch, _ in rows if onset < SAME_NOTE}
    return [row for row in rows if not (row[0] > beats - SAME_NOTE and row[2] in firsts)]


def _repeated(phrase: Phrase, least: float) -> Phrase:
    times = int(np.ceil(least / phrase.beats))
    if times == 1:
        return phrase
    shifts = np.arange(times) * phrase.beats
    notes = np.concatenate([_shifted(phrase.notes, "onset", shift) for shift in shifts])
    pedals = np.concatenate([_shifted(phrase.pedals, "beat", shift) for shift in shifts])
    beats = phrase.beats * times
    return Phrase(
        sort_notes(notes), pedal_array(pedals.tolist()), beats, phrase.bpm, min(phrase.bar, beats)
    )


def _shifted(events: NDArray[Any], field: str, beats: float) -> NDArray[Any]:
    moved = events.copy()
    moved[field] += beats
    return moved
