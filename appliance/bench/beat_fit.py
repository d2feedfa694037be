"""Fit the coefficients of corpus.hearing.metre to songs with known beats; prints their table.

    python -m appliance.bench.beat_fit FOLDER > corpus/hearing/metre_weights.py

FOLDER holds NNN.mid and NNN.beats.txt as POP909 does. Songs whose number ends in 0 are set aside:
nothing is learnt from them. Every song is heard twice, its piano alone and all its tracks.
The conditional logit (a softmax over the ways to count one song) is fitted by Adam on the log
likelihood, with an L2 penalty on coefficients scaled by their feature's standard deviation.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.bench.beat_tracking import PARTS, Song, f_measure, read_song, song_numbers
from corpus.hearing.beats import counted, pulse_ticks, refined
from corpus.hearing.metre import (
    BAR_FEATURES,
    FEATURES,
    bar_counts,
    counts,
    describe_bars,
    describe_counts,
    streams,
)

Floats = NDArray[np.float64]

RIGHT = 0.8  # F-measure from which a way to count is right
RARE = 15  # how often a song in bars of three counts: they are one in thirty
PENALTY = {"BEAT": 4.0, "BAR": 2.0}
STEPS, RATE = 400, 0.05


class Choice(NamedTuple):
    """One song's options, and which of them are right."""

    rows: Floats
    right: NDArray[np.bool_]


def main(folder: Path) -> None:
    beat: list[Choice] = []
    bar: list[Choice] = []
    for number in song_numbers(folder):
        if number % 10 == 0:
            continue
        song = read_song(folder, number)
        for part in PARTS:
            choices = _choices(song, part)
            beat.append(choices[0])
            bar += choices[1:]
    print('"""Coefficients of corpus.hearing.metre, written by appliance.bench.beat_fit."""')
    _print("BEAT", FEATURES, fit(beat, PENALTY["BEAT"]))
    _print("BAR", BAR_FEATURES, fit(bar, PENALTY["BAR"]))


def _choices(song: Song, part: str) -> list[Choice]:
    """The ways to count the beats of a song, and its bars where one of them is right."""
    notes = song.notes[part]
    ticks = pulse_ticks(notes)
    period = float(np.median(np.diff(ticks)))
    found = counts(period)
    grids = [counted(ticks, count) for count in found]
    score = np.array([f_measure(song.beats, grid) for grid in grids])
    rows = describe_counts(found, period, streams(notes, ticks))
    choices = [Choice(rows, score >= RIGHT)]
    if score.max() >= RIGHT:
        beats = refined(grids[int(score.argmax())], notes)
        bars = bar_counts()
        score = np.array(
            [f_measure(song.downbeats, beats[int(b.first) :: int(b.ratio)]) for b in bars]
        )
        choice = Choice(describe_bars(bars, streams(notes, beats)), score >= RIGHT)
        choices += [choice] * (RARE if bars[int(score.argmax())].ratio == 3 else 1)
    return choices


def fit(choices: Sequence[Choice], penalty: float) -> Floats:
    """One coefficient a column of the rows."""
    known = [choice for choice in choices if choice.right.any()]
    starts = np.cumsum([0, *(len(choice.rows) for choice in known[:-1])])
    songs = len(known)
    song = np.repeat(np.arange(len(known)), [len(choice.rows) for choice in known])
    rows = np.concatenate([choice.rows for choice in known])
    right = np.concatenate([choice.right for choice in known])
    scale = rows.std(axis=0) + 1e-9
    rows = (rows - rows.mean(axis=0)) / scale

    def shares(odds: Floats) -> Floats:
        part: Floats = odds / np.add.reduceat(odds, starts)[song]
        return part

    def gradient(weights: Floats) -> Floats:
        scores = rows @ weights
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[song]) + 1e-300
        pull: Floats = (rows.T @ (shares(odds) - shares(odds * right)) + penalty * weights) / songs
        return pull

    weights: Floats = _adam(gradient, rows.shape[1]) / scale
    return weights


def _adam(gradient: Callable[[Floats], Floats], size: int) -> Floats:
    """Kingma and Ba (2015), with their defaults."""
    weights: Floats = np.zeros(size)
    mean, square = np.zeros((2, size))
    for step in range(1, STEPS + 1):
        slope = gradient(weights)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        size_of_step = np.sqrt(square / (1 - 0.999**step)) + 1e-8
        weights = weights - RATE * mean / (1 - 0.9**step) / size_of_step
    return weights


def _print(name: str, features: Sequence[str], weights: Floats) -> None:
    print(f"\n{name} = {{")
    for feature, weight in zip(features, weights, strict=True):
        print(f'    "{feature}": {weight:.3f},')
    print("}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
