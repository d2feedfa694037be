"""How well beats are found from notes alone, on songs with known beats (POP909).

The notes are taken in seconds, so nothing is left of the file's tempo map. Scores follow mir_eval
(beat.f_measure, 70 ms), without its habit of leaving out the first five seconds.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import symusic
from numpy.typing import NDArray

from corpus.hearing.beats import (
    MIN_BELIEF,
    MIN_CONFIDENCE,
    BeatGrid,
    extended,
    follows_tempo_map,
    track_beats,
)
from corpus.hearing.onsets import Struck, struck
from corpus.reading.recording import CHANGE, Recording
from models.notes import NOTE, pedal_array, sort_notes

Floats = NDArray[np.float64]

PARTS = {"piano": ("PIANO",), "all": ("MELODY", "BRIDGE", "PIANO")}
WINDOW = 0.07  # seconds
CLOSE = 0.04  # of a tempo
SET_ASIDE = 10  # songs whose number it divides are not tuned on


class Song(NamedTuple):
    """A song's notes in seconds, its true beats and downbeats, and how long it lasts."""

    number: int
    notes: Mapping[str, Struck]
    beats: Floats
    downbeats: Floats
    end: float


class Score(NamedTuple):
    """How one song went: tempo right, right but for an octave, and F-measures."""

    tempo: bool
    octave: bool
    beat_f: float
    downbeat_f: float
    seconds: float
    confidence: float


def beat_figures(folder: Path, songs: Sequence[int] | None = None, jobs: int = 1) -> dict[str, Any]:
    """For the piano alone and for all tracks: the shares of songs with the right tempo and mean
    F-measures, over all `songs` and over those set aside; and the same of a baseline."""
    numbers = list(songs) if songs is not None else song_numbers(folder)
    with ProcessPoolExecutor(jobs) as pool:
        scored = list(pool.map(partial(score_song, folder), numbers, chunksize=8))
    aside = np.array([number % SET_ASIDE == 0 for number in numbers], dtype=bool)
    figures: dict[str, Any] = {}
    for part in PARTS:
        ours, baseline = ([found[part][i] for found in scored] for i in (0, 1))
        figures[part] = _summary(ours, aside) | {
            "baseline": _summary(baseline, aside),
            "confidence": _confidence_figures(ours),
        }
    return figures


def belief_figures(folder: Path, songs: Sequence[int] | None = None) -> dict[str, float]:
    """Of how many songs the tempo map is believed when their piano is played exactly on the true
    beats, and when it is written under an even 120 BPM. Under that a song of 60 or 120 BPM may be
    believed rightly, so those are told apart."""
    numbers = list(songs) if songs is not None else song_numbers(folder)
    true, even, chance = [], [], []
    for number in numbers:
        song = read_song(folder, number)
        true.append(follows_tempo_map(written(song, song.beats)) >= MIN_BELIEF)
        seconds = np.arange(0.0, song.end + 1.0, 0.5)
        even.append(follows_tempo_map(written(song, seconds)) >= MIN_BELIEF)
        tempo = 60.0 / float(np.median(np.diff(song.beats)))
        chance.append(min(abs(tempo / fits - 1.0) for fits in (60.0, 120.0)) < 0.005)
    wrong = np.array(even) & ~np.array(chance)
    return {
        "songs": len(numbers),
        "true_map_believed": round(float(np.mean(true)), 4),
        "even_map_believed": round(float(np.mean(even)), 4),
        "even_map_believed_wrongly": round(float(np.mean(wrong)), 4),
    }


def written(song: Song, beats: Floats) -> Recording:
    """The piano of a song as a recording whose tempo map is these beats (in seconds)."""
    piano = song.notes["piano"]
    times = extended(beats, 0.0, song.end)
    places = np.arange(len(times), dtype=np.float64)
    notes = np.zeros(len(piano.onset), dtype=NOTE)
    notes["onset"] = np.interp(piano.onset, times, places)
    ends = np.interp(piano.onset + piano.duration, times, places)
    notes["duration"] = np.maximum(ends - notes["onset"], 1e-3)
    notes["pitch"], notes["velocity"] = piano.pitch, piano.velocity
    tempos = np.zeros(len(times) - 1, dtype=CHANGE)
    tempos["beat"], tempos["value"] = places[:-1], 60.0 / np.diff(times)
    bars = np.array([(0.0, 4.0)], dtype=CHANGE)
    name = f"{song.number:03d}"
    return Recording(name, sort_notes(notes), pedal_array([]), tempos, bars, float(ends.max()))


def song_numbers(folder: Path) -> list[int]:
    return sorted(int(path.name[:3]) for path in folder.glob("[0-9][0-9][0-9].beats.txt"))


def read_song(folder: Path, number: int) -> Song:
    score = symusic.Score(str(folder / f"{number:03d}.mid")).to("second")
    truth = np.loadtxt(folder / f"{number:03d}.beats.txt")
    notes = {part: _notes(score, names) for part, names in PARTS.items()}
    return Song(number, notes, truth[:, 0], _downbeats(truth), float(score.end()))


def score_song(folder: Path, number: int) -> dict[str, tuple[Score, Score]]:
    """For each part what track_beats and the baseline make of it."""
    song = read_song(folder, number)
    found = {}
    for part, notes in song.notes.items():
        start = time.process_time()
        grid = track_beats(*notes)
        spent = time.process_time() - start
        simple = baseline(notes)
        found[part] = (_score(song, grid, spent), _score(song, simple, 0.0))
    return found


def f_measure(truth: Floats, found: Floats, window: float = WINDOW) -> float:
    """The harmonic mean of recall and precision, each beat matched once (Davies 2009). The same
    as mir_eval.beat.f_measure, without its loop: beats lie further apart than two windows."""
    if len(truth) == 0 or len(found) == 0:
        return 0.0
    at = np.searchsorted(found, truth)
    before, after = found[np.maximum(at - 1, 0)], found[np.minimum(at, len(found) - 1)]
    hits = int((np.minimum(np.abs(truth - before), np.abs(truth - after)) <= window).sum())
    return 2.0 * hits / (len(truth) + len(found))


def baseline(notes: Struck) -> BeatGrid:
    """One autocorrelation of onsets, its highest lag between 50 and 150 BPM under a prior round
    95 BPM, and an even grid in the phase that most onsets have."""
    rate = 100.0
    onsets = np.bincount(np.round(notes.onset * rate).astype(int))
    smooth = np.convolve(onsets, np.hanning(9), "same")
    spectrum = np.fft.rfft(smooth - smooth.mean(), 2 * len(smooth))
    lags = np.arange(40, 121)
    power = np.fft.irfft(np.abs(spectrum) ** 2)[lags]
    prior = np.exp(-0.5 * (np.log2(lags / rate / (60.0 / 95.0)) / 0.7) ** 2)
    period = float(lags[np.argmax(power * prior)] / rate)
    turn = np.exp(2j * np.pi * notes.onset / period).sum()
    first = float(np.angle(turn) / (2 * np.pi)) % 1.0 * period
    return BeatGrid(np.arange(first, notes.onset[-1] + period, period), 0, 4.0, 0.0)


def _notes(score: Any, names: Sequence[str]) -> Struck:
    columns = [t.notes.numpy() for t in score.tracks if t.name in names]
    fields = ("time", "duration", "pitch", "velocity")
    return struck(*(np.concatenate([c[field] for c in columns]) for field in fields))


def _downbeats(truth: Floats) -> Floats:
    """Those marked in the last column; where that is every sixth beat (6/8 told in eighths), the
    half bars as well."""
    marked = np.flatnonzero(truth[:, 2])
    halves = np.flatnonzero(truth[:, 1])
    downbeats: Floats = truth[halves if np.median(np.diff(marked)) == 6 else marked, 0]
    return downbeats


def _score(song: Song, grid: BeatGrid, seconds: float) -> Score:
    """The truth counts beats through the whole file, so the grid is carried to its ends."""
    times = extended(grid.times, 0.0, song.end)
    first = grid.downbeat + int(np.searchsorted(times, grid.times[0] - 1e-9))
    bar = round(grid.bar)
    ratio = grid.bpm * float(np.median(np.diff(song.beats))) / 60.0
    return Score(
        tempo=abs(ratio - 1.0) < CLOSE,
        octave=min(abs(ratio / octave - 1.0) for octave in (0.5, 1.0, 2.0)) < CLOSE,
        beat_f=f_measure(song.beats, times[times >= 0.0]),
        downbeat_f=f_measure(song.downbeats, times[first % bar :: bar]),
        seconds=seconds,
        confidence=grid.confidence,
    )


def _confidence_figures(scores: Sequence[Score]) -> dict[str, Any]:
    """How often the tempo is right in each quarter of confidence, least confident first, and what
    asking below MIN_CONFIDENCE does."""
    ordered = sorted(scores, key=lambda score: score.confidence)
    quarters = [
        _means([ordered[i] for i in part]) for part in np.array_split(range(len(ordered)), 4)
    ]
    asked = [score for score in ordered if score.confidence < MIN_CONFIDENCE]
    wrong = [score for score in ordered if not score.octave]
    return {
        "tempo_by_quarter": [quarter["tempo_within_4pct"] for quarter in quarters],
        "octave_by_quarter": [quarter["tempo_within_4pct_octave"] for quarter in quarters],
        "asked": len(asked),
        "asked_though_right": sum(score.tempo for score in asked),
        "asked_though_right_octave": sum(score.octave for score in asked),
        "wrong": len(wrong),
        "wrong_not_asked": sum(score.confidence >= MIN_CONFIDENCE for score in wrong),
    }


def _summary(scores: Sequence[Score], aside: NDArray[np.bool_]) -> dict[str, Any]:
    kept = [score for score, out in zip(scores, aside, strict=True) if out]
    return _means(scores) | {"set_aside": _means(kept)}


def _means(scores: Sequence[Score]) -> dict[str, float]:
    table = np.array(scores, dtype=np.float64).reshape(len(scores), len(Score._fields))
    means = table.mean(axis=0) if len(scores) else np.zeros(len(Score._fields))
    tempo, octave, beat_f, downbeat_f, seconds, _ = (round(float(mean), 4) for mean in means)
    return {
        "songs": len(scores),
        "tempo_within_4pct_octave": octave,
        "tempo_within_4pct": tempo,
        "beat_f": beat_f,
        "downbeat_f": downbeat_f,
        "seconds_per_song": seconds,
    }
