"""Phrase boundaries by self-similarity novelty.

Foote, "Automatic audio segmentation using a measure of audio novelty" (ICME 2000): a checkerboard
kernel slides along the diagonal of the self-similarity matrix of the music's beats. With a kernel
that is the outer product of a signed Gaussian taper, and similarity a dot product, the sum under
the kernel is the squared length of the difference between the tapered means of what follows and
of what went before: time and memory grow with the number of beats, and no matrix is made.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.reading.recording import Recording
from models.notes import Notes

REACH = 32  # beats that the kernel looks back, and ahead
TAPER = 0.5  # the Gaussian's standard deviation, of REACH
EARLY = 0.125  # beats; a note so little before a beat belongs to it
APART = 4.0  # bars between two boundaries at least
DEVIATIONS = 1.0  # standard deviations that a boundary's novelty lies above the mean
MIN_STRENGTH = 0.08  # the novelty (0..2) below which nothing is new
STEPS = 4  # a beat
BANDS = 8  # of register, an octave each
LOWEST = 21  # pitch of the lowest band's first key

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Downbeats where a phrase begins, in order, and how new (0..2) what begins there is."""

    beats: FloatArray
    strengths: FloatArray


def boundaries(recording: Recording) -> Boundaries:
    """Where the music changes, on bar lines; without the beginning and the end."""
    downs, bar = _downbeats(recording)
    strengths = novelty(recording.notes, recording.beats)[downs.round().astype(np.intp)]
    chosen = _peaks(downs, strengths, bar)
    return Boundaries(downs[chosen], strengths[chosen])


def novelty(notes: Notes, beats: float) -> FloatArray:
    """How unlike what follows each beat is to what went before, 0 (alike) to 2: beats + 1 values.

    Near the ends, where the kernel hangs over, it counts as much less as the kernel is cut off.
    """
    features = beat_features(notes, beats)
    taper = np.exp(-0.5 * ((np.arange(REACH) + 0.5) / (TAPER * REACH)) ** 2)
    ahead, back = _tapered(features, taper), _tapered(features[::-1], taper)[::-1]
    there = np.append(0.0, np.cumsum(taper))[np.minimum(np.arange(len(ahead)), REACH)]
    cut_off = np.minimum(there, there[::-1]) / there.max()
    return np.asarray(cut_off * ((ahead - back) ** 2).sum(axis=1), np.float64)


def beat_features(notes: Notes, beats: float) -> FloatArray:
    """(beats, features): pitch classes, rhythm inside the beat and register, each of length one.

    Each of the three weighs as much; a beat without notes is all zeros.
    """
    count = max(1, int(np.ceil(beats)))
    early = notes["onset"] + EARLY
    beat = np.clip(np.floor(early).astype(np.intp), 0, count - 1)
    weight = notes["velocity"] / 64.0 * np.sqrt(np.minimum(notes["duration"], 2.0))
    pitch = notes["pitch"].astype(np.intp)
    step = np.clip(((early - beat) * STEPS).astype(np.intp), 0, STEPS - 1)
    band = np.clip((pitch - LOWEST) // 12, 0, BANDS - 1)
    blocks = (
        _block(beat, pitch % 12, weight, count, 12),
        _block(beat, step, np.ones(len(beat)), count, STEPS),
        _block(beat, band, weight, count, BANDS),
    )
    return np.asarray(np.hstack(blocks) / np.sqrt(len(blocks)), np.float64)


def _block(
    beat: NDArray[np.intp], column: NDArray[np.intp], weight: FloatArray, rows: int, columns: int
) -> FloatArray:
    cells = np.bincount(beat * columns + column, weights=weight, minlength=rows * columns)
    block = cells.reshape(rows, columns)
    length = np.sqrt((block * block).sum(axis=1, keepdims=True))
    return np.asarray(block / np.maximum(length, 1e-9), np.float64)


def _tapered(features: FloatArray, taper: FloatArray) -> FloatArray:
    """The tapered mean of the beats from each on; at the end of those there are."""
    count, columns = features.shape
    total, weights = np.zeros((count + 1, columns)), np.zeros((count + 1, 1))
    for distance, weight in enumerate(taper[:count]):
        total[: count - distance] += weight * features[distance:]
        weights[: count - distance] += weight
    total[-1], weights[-1] = features[-1], 1.0  # nothing follows: as if the last beat went on
    return np.asarray(total / weights, np.float64)


def _downbeats(recording: Recording) -> tuple[FloatArray, FloatArray]:
    """Every bar line after the first and within the music, and the length of the bar it opens."""
    begins = recording.bars["beat"]
    ends = np.minimum(np.append(begins[1:], np.inf), np.floor(recording.beats))
    lines = [
        np.arange(begin, end, bar)
        for begin, end, bar in zip(begins, ends, recording.bars["value"], strict=True)
    ]
    lengths = np.repeat(recording.bars["value"], [len(of_metre) for of_metre in lines])
    downs = np.concatenate(lines)
    inside = (downs > recording.notes["onset"].min()) & (downs > 0)
    return downs[inside], lengths[inside]


def _peaks(downs: FloatArray, strengths: FloatArray, bar: FloatArray) -> NDArray[np.intp]:
    """Those above the mean, strongest first, none within APART bars of a stronger one."""
    if len(downs) == 0:
        return np.zeros(0, np.intp)
    enough = max(MIN_STRENGTH, float(strengths.mean() + DEVIATIONS * strengths.std()))
    free = np.ones(len(downs), np.bool_)
    chosen = []
    for index in np.argsort(-strengths, kind="stable").tolist():
        if strengths[index] < enough:
            break
        if free[index]:
            chosen.append(index)
            low, high = np.searchsorted(
                downs, downs[index] + np.array([-1, 1]) * (APART * bar[index] - 1e-6)
            )
            free[low:high] = False
    return np.array(sorted(chosen), np.intp)
