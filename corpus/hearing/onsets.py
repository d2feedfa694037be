"""Onsets: when something is struck, how much it stands out, and how that repeats.

Times are in seconds.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE = 100.0  # frames a second, for autocorrelation
SMEAR = 0.02  # standard deviation of notes meant to be together
WINDOW, HOP, LONGEST_LAG = 10.0, 4.0, 5.0
AT_ONCE = 256  # windows, to bound the memory that hours of music take
HELD = 1.0  # a longer note stands out no more


class Struck(NamedTuple):
    """Notes in the order they were struck: seconds, seconds, MIDI number, 1..127."""

    onset: Floats
    duration: Floats
    pitch: Floats
    velocity: Floats


def struck(onset: Floats, duration: Floats, pitch: Floats, velocity: Floats) -> Struck:
    """Columns of notes in any order and of any number type."""
    order = np.lexsort((pitch, onset))
    columns = (np.asarray(c, dtype=np.float64)[order] for c in (onset, duration, pitch, velocity))
    return Struck(*columns)


def salience(notes: Struck) -> Floats:
    """How much each note marks its moment: loud and held notes more than soft and short ones."""
    weight: Floats = notes.velocity / 64.0 * np.sqrt(np.minimum(notes.duration, HELD) + 0.05)
    return weight


def envelope(times: Floats, weights: Floats, rate: float) -> Floats:
    """The weights in frames, `rate` of them a unit of time, with a unit of silence at the end."""
    frames = np.round(times * rate).astype(np.int64)
    return np.bincount(frames, weights, int(frames[-1]) + 1 + int(rate)).astype(np.float64)


def spread(frames: Floats, width: float) -> Floats:
    """Smoothed by a Gaussian with a standard deviation of `width` frames and a height of 1."""
    reach = int(np.ceil(3 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(frames, kernel, "same")


def autocorrelations(onset: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """(centres, rows): windows in seconds, and in each its autocorrelation at the lags
    0, 1 / RATE ... LONGEST_LAG, corrected for the overlap that shrinks with the lag."""
    heard = spread(np.sqrt(envelope(onset, weights, RATE)), SMEAR * RATE)
    window, hop, lags = round(WINDOW * RATE), round(HOP * RATE), round(LONGEST_LAG * RATE) + 1
    count = max(1, int(np.ceil((len(heard) - window) / hop)) + 1)
    padded = np.pad(heard, (0, max(0, (count - 1) * hop + window - len(heard))))
    starts = np.arange(count) * hop
    rows = [
        _correlated(padded[some[:, None] + np.arange(window)])[:, :lags]
        for some in np.array_split(starts, count // AT_ONCE + 1)
    ]
    return starts / RATE + WINDOW / 2, np.concatenate(rows) / (1 - np.arange(lags) / window)


def _correlated(frames: Floats) -> Floats:
    """The autocorrelation of each row about its mean."""
    frames = frames - frames.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(frames, 2 * frames.shape[1], axis=1)
    return np.fft.irfft(np.abs(spectrum) ** 2, axis=1)
