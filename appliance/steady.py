"""A steady beat in a few bars of notes, with no tap to say where they begin.

Every tempo is tried in every phase. What counts is how well the onsets fall on the beat and its
parts, how much of the music comes again after a beat and after a bar, and whether the bass and the
first note are on the beat; the rest is a prior of tempo, as for a seed between two taps
(appliance.seed).
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.seed import BASS_SEMITONES, PLAUSIBLE_BPM, TEMPO_SPREAD, TYPICAL_BPM

STEPS = 180  # tempos an octave
PHASES = 48  # a beat
BLUR = 0.03  # seconds: two onsets nearer than this are at the same place of the rhythm
RATE = 200  # a second, of the autocorrelation
LONGEST_LAG = 30.0  # seconds
OVERLAP = 0.2  # share of the music that must have something after a lag, for it to say anything
TAP_SPREAD = 0.08  # seconds between a tap and the bar line that it means
BARS = (4, 3)
# How much each of these counts for a tempo and its phase.
SIXTEENTHS, EIGHTHS, BEATS, BASS, FIRST = 0.5, 0.4, 0.2, 0.3, 0.3
BEAT_AGAIN, BAR_AGAIN, TEMPO, TAP = 0.4, 0.5, 0.25, 0.6
FOUR = 0.4  # more for bars of four beats than for bars of three
TAP_BAR = 0.35  # for bars one of which ends at the tap
TRIPLETS = 0.9  # of sixteenths; and three beats of four
NEAR_GRID = 0.1  # beats from a sixteenth or a triplet, for an onset that settles the tempo

Floats = NDArray[Any]


class Strikes(NamedTuple):
    """Onsets (seconds, ascending), how loud each is, and its pitch."""

    onset: Floats
    velocity: Floats
    pitch: Floats

    @property
    def shares(self) -> Floats:
        return np.asarray(self.velocity / self.velocity.sum())

    @property
    def bass(self) -> Floats:
        """Shares that go to the lowest notes."""
        weights = self.velocity * np.exp((self.pitch.min() - self.pitch) / BASS_SEMITONES)
        return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class Steady:
    """Beats (seconds) `period` apart, one of them at `beat`; a bar has `bar` of them."""

    period: float
    beat: float
    bar: int

    def place(self, seconds: float) -> float:
        """Beats from `beat` to there."""
        return (seconds - self.beat) / self.period

    def seconds(self, place: float) -> float:
        return self.beat + place * self.period


def find_steady(strikes: Strikes, until: float, bpm: float | None = None) -> Steady:
    """The beat of one strike or more, at a given tempo or free; a bar is likely to end `until`."""
    low, high = PLAUSIBLE_BPM
    count = int(STEPS * np.log2(high / low))
    tempos = low * 2 ** (np.arange(count + 1) / STEPS) if bpm is None else np.array([bpm])
    periods = 60.0 / tempos
    again = _Again(strikes)
    scores = _on_grid(strikes, periods)
    scores += _by_tempo(strikes, again, periods, until)[:, None]
    best, phase = np.unravel_index(int(scores.argmax()), scores.shape)
    period = float(periods[best])
    beat = strikes.onset[0] + period * float(phase) / PHASES
    found = settled(Steady(period, beat, BARS[0]), strikes.onset, bpm is None)
    return replace(found, bar=_bar(strikes, again, found, until))


def settled(steady: Steady, onset: Floats, free: bool) -> Steady:
    """The straight line through the onsets that are near the grid; its tempo too if it is free."""
    place = (onset - steady.beat) / steady.period
    lines = np.stack([np.rint(place * parts) / parts for parts in (4, 3)])
    nearest = lines[np.abs(lines - place).argmin(axis=0), np.arange(len(place))]
    near = np.abs(nearest - place) < NEAR_GRID
    x, y = nearest[near], onset[near]
    if len(x) == 0:
        return steady
    period = steady.period
    if free and np.ptp(x) >= 1:
        period = float(np.polyfit(x, y, 1)[0])
    return Steady(period, float((y - x * period).mean()), steady.bar)


class _Again:
    """How much of the music comes again after a while: its autocorrelation, blurred."""

    def __init__(self, strikes: Strikes) -> None:
        shares, onset = strikes.shares, strikes.onset
        lag = onset[None, :] - onset[:, None]
        later = lag > 2 * BLUR
        size = int(LONGEST_LAG * RATE) + 1
        bins = np.minimum((lag[later] * RATE).astype(int), size - 1)
        together = np.bincount(bins, (shares[:, None] * shares)[later], size)
        reach = np.arange(-int(4 * BLUR * RATE), int(4 * BLUR * RATE) + 1)
        self._rows = np.convolve(together, np.exp(-0.5 * (reach / (BLUR * RATE)) ** 2), "same")
        self._all = float((shares**2).sum())
        self._span = float(np.ptp(onset)) + 1e-9

    def after(self, lags: Floats) -> Floats:
        """0..1 for each lag in seconds."""
        there = np.maximum(1.0 - lags / self._span, 0.0)
        index = np.minimum((lags * RATE).astype(int), len(self._rows) - 1)
        found = self._rows[index] / np.maximum(there, OVERLAP) / self._all
        return np.asarray(np.where(there > OVERLAP, np.minimum(found, 1.0), 0.0))


def _on_grid(strikes: Strikes, periods: Floats) -> Floats:
    """Of each period and phase, how much falls on the beat and its parts."""
    onset = strikes.onset - strikes.onset[0]
    phases = np.arange(PHASES) / PHASES

    def at(parts: int, shares: Floats) -> Floats:
        waves = np.exp(2j * np.pi * parts * onset / periods[:, None]) @ shares
        return np.asarray((waves[:, None] * np.exp(-2j * np.pi * parts * phases)).real)

    shares = strikes.shares
    fine = np.maximum(at(4, shares), TRIPLETS * at(3, shares))
    coarse = EIGHTHS * at(2, shares) + BEATS * at(1, shares) + BASS * at(1, strikes.bass)
    first = FIRST * np.maximum(np.cos(2 * np.pi * phases), -0.5)
    return np.asarray(SIXTEENTHS * fine + coarse + first)


def _by_tempo(strikes: Strikes, again: _Again, periods: Floats, until: float) -> Floats:
    """What does not depend on the phase."""
    bars = np.maximum(again.after(4 * periods), TRIPLETS * again.after(3 * periods))
    octaves = np.log2(60.0 / periods / TYPICAL_BPM) / TEMPO_SPREAD
    fours = np.rint((until - strikes.onset[0]) / periods / 4)
    away = until - strikes.onset[0] - 4 * fours * periods
    tap = np.exp(-0.5 * (away / TAP_SPREAD) ** 2) * np.where(fours % 2 == 0, 1.0, 0.75)
    tap *= fours > 0
    score = BEAT_AGAIN * again.after(periods) + BAR_AGAIN * bars - TEMPO * octaves**2 + TAP * tap
    return np.asarray(score)


def _bar(strikes: Strikes, again: _Again, steady: Steady, until: float) -> int:
    """Bars from the first beat on, with the bass on their one, that are alike, if there are two of
    them, and one of which ends at the tap; and most have four beats."""
    first = round(steady.place(strikes.onset[0]))
    place = (strikes.onset - steady.beat) / steady.period - first

    def weight(bar: int) -> float:
        bass = np.cos(2 * np.pi * place / bar) @ strikes.bass
        repeats = again.after(np.array([bar * steady.period]))[0] * (np.ptp(place) > 2 * bar - 2)
        bars = (steady.place(until) - first) / bar
        away = (bars - max(1, round(bars))) * bar * steady.period
        tap = TAP_BAR * np.exp(-0.5 * (away / TAP_SPREAD) ** 2)
        return float(bass + repeats + tap) + (FOUR if bar == BARS[0] else 0.0)

    return max(BARS, key=weight)
