"""The beat of a recording: believed where it is written truly, heard in the notes where not.

Notes alone give the beat in four steps: a pulse (corpus.hearing.pulse), which multiple of it is the
beat and which beat begins a bar (corpus.hearing.metre), and the place of each beat, refined by the
notes struck on it.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.errors import CorpusError
from corpus.hearing.metre import (
    Count,
    bar_chances,
    bar_counts,
    chances,
    counts,
    streams,
)
from corpus.hearing.onsets import Floats, Struck, salience, struck
from corpus.hearing.pulse import FASTEST, SLOWEST, track_pulse
from corpus.reading.recording import CHANGE, FILE, NOTES, Recording

LEAST_ONSETS = 12  # fewer say nothing about a tempo
MOST_DRIFT = 0.2  # log of tempo: further off, what is heard is not what was told
UNTOLD = 120.0  # BPM written where nothing is known
MIN_CONFIDENCE = 0.6  # below it a tempo is asked for
MIN_BELIEF = 0.3  # below it a written tempo map is not followed
SAME_TEMPO = 0.01  # log of tempo: what is told is what is written
DIVISIONS = np.arange(1, 5)  # of a beat: quarters, eighths, triplets, sixteenths
NOISE, SURE = 0.2, 0.5  # order of onsets against their grid: of random ones, of anybody's playing
UNLIKELY = 0.1  # chance below which the metre speaks against a written beat
SHORTEST = 1e-6  # beats, of a note
ON_BEAT, REACH, SETTLED = 0.12, 2.0, 0.5  # beats, beats, saliences: see refined


@dataclass(frozen=True, eq=False)
class BeatGrid:
    """Where the beats fall.

    `times` are seconds of consecutive beats, ascending, from the first note or before to the last
    one or after. `downbeat` is the index of the first of them that begins a bar of `bar` beats.
    `confidence` (0..1) is how sure the tempo is.
    """

    times: NDArray[np.float64]
    downbeat: int
    bar: float
    confidence: float

    @property
    def bpm(self) -> float:
        return 60.0 / float(np.median(np.diff(self.times)))


def track_beats(
    onset: NDArray[np.float64],
    duration: NDArray[np.float64],
    pitch: NDArray[np.float64],
    velocity: NDArray[np.float64],
    tempo: float | None = None,
    bar: float | None = None,
    downbeat: float | None = None,
) -> BeatGrid:
    """The beats of notes in seconds, in any order.

    What somebody told us is followed: `tempo` (BPM) is the level, through drift; where the notes
    have no pulse near it, an even grid of that tempo. Bars have `bar` beats, and one begins on the
    beat nearest to the second `downbeat`. Too few notes give an even grid of no confidence.
    """
    notes = struck(onset, duration, pitch, velocity)
    if len(np.unique(notes.onset)) < LEAST_ONSETS or np.ptp(notes.onset) < 4 * SLOWEST:
        return _unheard(notes, tempo, bar, downbeat)
    ratio = 1.0 if tempo is None else _fold(60.0 / tempo)
    ticks = pulse_ticks(notes, None if tempo is None else 60.0 / tempo / ratio)
    found = counts(float(np.median(np.diff(ticks))), None if tempo is None else ratio)
    chance = chances(found, ticks, streams(notes, ticks))
    best = found[int(chance.argmax())]
    level = float(
        sum(c for c, count in zip(chance, found, strict=True) if count.ratio == best.ratio)
    )
    settled = refined(counted(ticks, best), notes)
    if len(settled) < 2:
        return _unheard(notes, tempo, bar, downbeat)
    beats = extended(settled, float(notes.onset[0]), float(notes.onset[-1]))
    length, first = _bars(notes, beats, bar)
    if downbeat is not None:
        first = _nearest(beats, downbeat) % _period(length)
    sure = min(1.0, level * _clarity(notes.onset, ticks))
    heard = BeatGrid(beats, first, length, sure)
    if tempo is not None and abs(np.log(heard.bpm / tempo)) > MOST_DRIFT:
        return _unheard(notes, tempo, bar, downbeat)
    return heard


def pulse_ticks(notes: Struck, near: float | None = None) -> Floats:
    """The pulse from before the first note to after the last, settled on the notes; `near` is
    its period in seconds where it is known."""
    first, last = float(notes.onset[0]), float(notes.onset[-1])
    return refined(extended(track_pulse(notes, near), first - SLOWEST, last + SLOWEST), notes)


def extended(times: Floats, start: float, end: float) -> Floats:
    """Beats from `start` or before to `end` or after, going on at the tempo of either end."""
    first, last = (float(np.median(np.diff(part))) for part in (times[:9], times[-9:]))
    before = max(0, int(np.ceil((times[0] - start) / first)))
    after = max(0, int(np.ceil((end - times[-1]) / last)))
    head = times[0] - first * np.arange(before, 0, -1)
    return np.concatenate([head, times, times[-1] + last * np.arange(1, after + 1)])


def counted(ticks: Floats, count: Count) -> Floats:
    places = np.arange(count.first % count.ratio, len(ticks) - 1 + 1e-9, count.ratio)
    return np.interp(places, np.arange(len(ticks)), ticks)


def refined(times: Floats, notes: Struck) -> Floats:
    """Each beat moved to where the notes near it and its neighbours were struck: the mean of
    their distances, weighted by salience and by a Gaussian over REACH beats."""
    number, weights = np.arange(len(times)), salience(notes)
    place = np.interp(notes.onset, times, number)
    nearest = np.round(place).astype(np.int64)
    off = place - nearest
    weights = weights * (np.abs(off) < ON_BEAT)
    kernel = np.exp(-0.5 * (np.arange(-8, 9) / REACH) ** 2)
    total = _around(nearest, weights, kernel, len(times))
    moved = _around(nearest, weights * off, kernel, len(times))
    return np.interp(number + moved / (total + SETTLED), number, times)


def follows_tempo_map(recording: Recording) -> float:
    """How far the notes keep to the recording's own grid, 0..1.

    The larger of how regularly onsets fall on beats, eighths, triplets or sixteenths (mean
    cosine of their phase, less what chance gives), unless the metre heard in the notes speaks
    against beats where they are written. Too few notes are believed.
    """
    places = np.unique(recording.notes["onset"])
    if len(places) < LEAST_ONSETS:
        return 1.0
    kept = float(np.cos(2 * np.pi * DIVISIONS[:, None] * places).mean(axis=1).max())
    lock = max(0.0, kept - float(len(places)) ** -0.5)
    against = 1.0 if lock < MIN_BELIEF else min(1.0, _written_chance(recording) / UNLIKELY)
    return float(lock * against)


def on_grid(recording: Recording, grid: BeatGrid) -> Recording:
    """The recording in the grid's beats, straight between two of them: nothing is quantised.

    Beat 0 is a downbeat at or before the first note; there is one tempo a beat.
    """
    notes, pedals = recording.notes.copy(), recording.pedals.copy()
    seconds = recording.times(notes["onset"])
    ends = recording.times(notes["onset"] + notes["duration"])
    times, start = _from_downbeat(
        grid, float(seconds.min(initial=grid.times[0])), float(ends.max(initial=0.0))
    )
    notes["onset"] = np.maximum(0.0, _place(times, seconds) - start)
    notes["duration"] = np.maximum(SHORTEST, _place(times, ends) - start - notes["onset"])
    pedals["beat"] = np.maximum(0.0, _place(times, recording.times(pedals["beat"])) - start)
    last = float((notes["onset"] + notes["duration"]).max(initial=0.0))
    return replace(
        recording,
        notes=notes,
        pedals=pedals,
        tempos=_tempos(times[start:], last),
        bars=np.array([(0.0, grid.bar)], dtype=CHANGE),
        beats=last,
        bpm_source=NOTES,
        bpm_confidence=grid.confidence,
    )


def with_beat(
    recording: Recording,
    tempo: float | None = None,
    threshold: float = MIN_CONFIDENCE,
    bar: float | None = None,
    downbeat: float | None = None,
) -> Recording:
    """The recording on the beats it is played in.

    A `tempo` that somebody told comes first, then a tempo map that the notes follow, then what
    the notes say. `bar` and `downbeat`, in the recording's own beats, are as in `in_bars`. What
    comes back has the `bpm_source` FILE where its own beats were kept, NOTES where the notes were
    moved onto others. Raises CorpusError where these are less sure than `threshold`.
    """
    belief = follows_tempo_map(recording)
    written = _written_tempo(recording)
    own = in_bars(recording, bar, downbeat)
    begins = None if downbeat is None else float(recording.times(np.array([downbeat]))[0])
    if tempo is not None:
        if belief >= MIN_BELIEF and is_tempo(recording, tempo):
            return replace(own, bpm_source=FILE, bpm_confidence=1.0)
        return on_grid(recording, _heard(recording, tempo, bar, begins))
    if belief >= MIN_BELIEF:
        return replace(own, bpm_source=FILE, bpm_confidence=min(1.0, belief))
    grid = _heard(recording, written if _keeps_tempo(recording) else None, bar, begins)
    if grid.confidence < threshold:
        raise CorpusError(
            f"{recording.name}: cannot hear its tempo (confidence {grid.confidence:.2f}): give it "
            "in corpus.toml or labels.csv, or name the file YYYYMMDD-BPM-NN.mid"
        )
    return on_grid(recording, grid)


def in_bars(
    recording: Recording, bar: float | None = None, downbeat: float | None = None
) -> Recording:
    """The recording in the metre that somebody told, its notes where they are.

    With `bar` all bars have so many beats. One of them begins on the beat `downbeat`, and so do
    those around it, as far as the metre is the same; other changes of metre stay where they are.
    """
    bars = recording.bars if bar is None else np.array([(0.0, bar)], CHANGE)
    if downbeat is not None:
        bars = _with_downbeat(bars, downbeat)
    return replace(recording, bars=bars)


def is_tempo(recording: Recording, tempo: float) -> bool:
    """Whether `tempo` (BPM) is what the recording says of itself."""
    return bool(abs(np.log(_written_tempo(recording) / tempo)) < SAME_TEMPO)


def _with_downbeat(bars: NDArray[Any], downbeat: float) -> NDArray[Any]:
    """A bar that is cut short, where the metre around `downbeat` begins, puts it on a bar line."""
    at = int(np.searchsorted(bars["beat"], downbeat, side="right")) - 1
    begin, bar = bars[at].tolist()
    short = (downbeat - begin) % bar
    rows = bars.tolist()
    if short:
        rows[at : at + 1] = [(begin, short), (begin + short, bar)]
    return np.array(rows, CHANGE)


def _heard(
    recording: Recording, tempo: float | None, bar: float | None, downbeat: float | None
) -> BeatGrid:
    """`downbeat` in seconds."""
    notes = recording.notes
    onset = recording.times(notes["onset"])
    end = recording.times(notes["onset"] + notes["duration"])
    struck_with = notes["pitch"], notes["velocity"]
    return track_beats(onset, end - onset, *struck_with, tempo, bar, downbeat)


def _written_tempo(recording: Recording) -> float:
    return recording.bpm(0.0, max(1.0, recording.beats))


def _keeps_tempo(recording: Recording) -> bool:
    """Whether onsets are regular against the written tempo, if not on its very beats, in a metre
    that agrees with it: played to a click that began somewhere else."""
    places = np.unique(recording.notes["onset"])
    order = np.abs(np.exp(2j * np.pi * DIVISIONS[:, None] * places).mean(axis=1)).max()
    regular = bool(order - len(places) ** -0.5 >= SURE)
    return regular and _written_chance(recording, anywhere=True) >= UNLIKELY


def _written_chance(recording: Recording, anywhere: bool = False) -> float:
    """The chance of a beat on (or, `anywhere`, merely as long as) the written one, its double or
    half: all but other metres."""
    notes = recording.notes
    beats = np.arange(np.ceil(recording.beats) + 2.0)
    ticks = recording.times(beats)
    onset = recording.times(notes["onset"])
    end = recording.times(notes["onset"] + notes["duration"])
    heard = streams(struck(onset, end - onset, notes["pitch"], notes["velocity"]), ticks)
    found = counts(60.0 / _written_tempo(recording))
    if not found:
        return 1.0
    chance = chances(found, ticks, heard)
    agree = [_agrees(count, anywhere) for count in found]
    return float(chance[agree].sum())


def _agrees(count: Count, anywhere: bool) -> bool:
    octave = bool(np.log2(count.ratio).is_integer())
    return octave and (anywhere or count.first % min(1.0, count.ratio) == 0)


def _fold(period: float) -> float:
    """The power of two that brings a period into the range of the pulse."""
    ratio = 1.0
    while period / ratio >= SLOWEST:
        ratio *= 2.0
    while period / ratio < FASTEST:
        ratio /= 2.0
    return ratio


def _unheard(
    notes: Struck, told: float | None, bar: float | None, downbeat: float | None
) -> BeatGrid:
    """An even grid from the first note on, or from a bar line before it that somebody told, at
    the tempo that was told."""
    tempo, length = told or UNTOLD, bar or 4.0
    first, last = notes.onset[[0, -1]].tolist() if len(notes.onset) else (0.0, 0.0)
    whole = length * 60.0 / tempo
    start = first if downbeat is None else downbeat + whole * np.floor((first - downbeat) / whole)
    times = start + np.arange(np.ceil((last - start) * tempo / 60.0) + 2.0) * 60.0 / tempo
    return BeatGrid(times, 0, length, 0.0 if told is None else 1.0)


def _around(number: NDArray[np.int64], weights: Floats, kernel: Floats, count: int) -> Floats:
    """The sum of the weights at each of `count` numbers and, less and less, at those near it."""
    reach = len(kernel) // 2
    return np.convolve(np.bincount(number, weights, count), kernel)[reach : reach + count]


def _clarity(onset: Floats, ticks: Floats) -> float:
    """How regularly onsets fall on ticks or their halves, thirds or quarters: 0 as notes at
    random do, 1 as anybody does who plays in time."""
    places = np.interp(onset, ticks, np.arange(len(ticks)))
    order = np.abs(np.exp(2j * np.pi * DIVISIONS[:, None] * places).mean(axis=1)).max()
    return float(np.clip((order - NOISE) / (SURE - NOISE), 0.0, 1.0))


def _bars(notes: Struck, beats: Floats, told: float | None) -> tuple[float, int]:
    """The length of the bars, and the first beat that begins one."""
    period = None if told is None else _period(told)
    found = bar_counts() if period is None else [Count(period, n) for n in range(period)]
    best = found[int(bar_chances(found, streams(notes, beats)).argmax())]
    return told or best.ratio, int(best.first)


def _period(bar: float) -> int:
    """After how many beats a bar begins on a beat again."""
    return round(next((bar * n for n in range(1, 9) if (bar * n).is_integer()), max(1.0, bar)))


def _nearest(times: Floats, second: float) -> int:
    """The beat nearest to a second, counted on beyond either end."""
    first, last = float(times[1] - times[0]), float(times[-1] - times[-2])
    if second < times[0]:
        return round(float(second - times[0]) / first)
    if second > times[-1]:
        return len(times) - 1 + round(float(second - times[-1]) / last)
    return int(np.abs(times - second).argmin())


def _from_downbeat(grid: BeatGrid, first: float, last: float) -> tuple[Floats, int]:
    """Beats, more of them than the grid has where needed, and the index of the last downbeat at or
    before `first` second. Where that is between two of the grid's, they all are."""
    step, bar = float(grid.times[1] - grid.times[0]), int(np.ceil(grid.bar))
    more = bar * max(1, int(np.ceil((grid.times[0] - first) / step / bar)) + 1)
    end = float(grid.times[-1] - grid.times[-2])
    after = max(1, int(np.ceil((last - grid.times[-1]) / end))) + 1
    head = grid.times[0] - step * np.arange(more, 0, -1)
    times = np.concatenate([head, grid.times, grid.times[-1] + end * np.arange(1, after + 1)])
    number = np.arange(len(times))
    at = float(np.interp(first + 1e-6, times, number))
    start = at - (at - more - grid.downbeat) % grid.bar
    beat = int(np.floor(start + 1e-6))
    if start - beat > 1e-6:
        times = np.interp(number[:-1] + (start - beat), number, times)
    return times, beat


def _place(times: Floats, seconds: Floats) -> Floats:
    """Where seconds lie among the beats, counted from the first of `times`."""
    return np.interp(seconds, times, np.arange(len(times)))


def _tempos(times: Floats, last: float) -> NDArray[np.void]:
    """One tempo a beat up to `last`, leaving out those that change nothing."""
    bpm = 60.0 / np.diff(times)[: max(1, int(np.ceil(last)))]
    new = np.concatenate([[True], np.abs(np.diff(bpm)) > 1e-6])
    rows = np.zeros(int(new.sum()), dtype=CHANGE)
    rows["beat"], rows["value"] = np.flatnonzero(new), bpm[new]
    return rows
