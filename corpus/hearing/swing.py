"""How a phrase divides and stresses the beat: swing, feel, syncopation, and how exact it is.

Swing is read from *pairs*: beats with a stroke on the beat and one stroke after it, near the
middle. Where the second one falls says how the beat is shared, long to short (Friberg and
Sundstrom, Swing ratios and ensemble timing in jazz performance, 2002).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.hearing.flat import Flat, Floats, Index, totals

STRAIGHT, TERNARY, SWUNG = 0, 1, 2
FEELS = ("straight", "ternary", "swung")

NEAR = 0.09  # beats: what is this near to a place of the grid is meant to be there
ON_BEAT = 0.125  # beats around a beat in which a stroke is on it
PAIR = (0.42, 0.8)  # where the second of a pair may fall
SURE_PAIRS = 2.0  # so many pairs give half of the confidence
SPREAD = 0.05  # beats of spread between pairs that take most of it away
SWUNG_FROM = 1.2  # long to short
SWUNG_CONFIDENCE = 0.3  # one clean pair is enough
MOST_SWING = 4.0
BINARY_GRID = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
TERNARY_GRID = np.array([0.0, 1 / 3, 2 / 3, 1.0])

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rhythm:
    """One value a phrase, see DESCRIPTORS in `corpus.hearing.describe`."""

    swing_ratio: Floats
    swing_confidence: Floats
    feel: NDArray[np.uint8]
    off_beat: Floats
    syncopation: Floats
    timing_spread: Floats  # beats


@dataclass(frozen=True, eq=False)
class _Strokes:
    """Strokes in order: phrase, beat (from -1, the lead-in), place after the beat (0..1)."""

    row: Index
    beat: Index
    place: Floats
    beats: Floats  # a phrase

    @property
    def size(self) -> int:
        return len(self.beats)

    def sums(self, values: NDArray[np.generic]) -> Floats:
        return totals(self.row, values, self.size)


def rhythm(flat: Flat) -> Rhythm:
    """Swing, feel, syncopation and exactness of every phrase."""
    strokes = _strokes(flat)
    ratio, confidence = _swing(strokes)
    feel = _feel(strokes, ratio, confidence)
    count = np.maximum(strokes.sums(np.ones(len(strokes.row))), 1)
    off = np.abs(strokes.place) > ON_BEAT
    return Rhythm(
        ratio,
        confidence,
        feel,
        strokes.sums(off) / count,
        strokes.sums(off & _held_over(strokes)) / count,
        _spread(strokes, ratio, feel, count),
    )


def _strokes(flat: Flat) -> _Strokes:
    """Strokes by the beat they belong to; what is ON_BEAT early belongs to the next one."""
    beat = np.floor(flat.stroke_onset + ON_BEAT).astype(np.int64)
    return _Strokes(flat.stroke_row, beat, flat.stroke_onset - beat, flat.beats)


def _swing(strokes: _Strokes) -> tuple[Floats, Floats]:
    """(ratio, confidence); 1 and 0 where there is no pair to hear it in.

    The place of the second of a pair is taken between its own first and the next beat's stroke,
    where that is on the beat, so that playing late or early is not heard as swing.
    """
    row, beat, place = strokes.row, strokes.beat, strokes.place
    second = np.flatnonzero(_alone_after_beat(strokes) & (place > PAIR[0]) & (place < PAIR[1]))
    start = place[second - 1]
    following = np.minimum(second + 1, len(row) - 1)
    next_on = (row[following] == row[second]) & (beat[following] == beat[second] + 1)
    next_on &= (place[following] <= ON_BEAT) & (following > second)
    stop = 1.0 + np.where(next_on, place[following], start)
    long = (place[second] - start) / (stop - start)
    pairs = np.bincount(row[second], minlength=strokes.size)
    middle = _medians(row[second], long, strokes.size, empty=0.5)
    off_middle = _medians(row[second], np.abs(long - middle[row[second]]), strokes.size, empty=0.0)
    ratio = np.clip(middle / (1 - middle), 1 / MOST_SWING, MOST_SWING)
    confidence = pairs / (pairs + SURE_PAIRS) * np.exp(-off_middle / SPREAD)
    return ratio, confidence


def _alone_after_beat(strokes: _Strokes) -> Mask:
    """Strokes that are the second of exactly two in their beat, the first being on it."""
    key = strokes.row * 1_000_000 + strokes.beat
    same = np.concatenate([[False], key[1:] == key[:-1], [False]])
    second = same[:-1] & ~same[1:]
    second[1:] &= ~same[:-2] & (strokes.place[:-1] <= ON_BEAT)
    result: Mask = second
    return result


def _medians(row: Index, values: Floats, size: int, empty: float) -> Floats:
    """The median of the values of each row; `empty` where it has none."""
    result = np.full(size, empty)
    order = np.lexsort((values, row))
    counts = np.bincount(row, minlength=size)
    first = np.cumsum(counts) - counts
    have = counts > 0
    low, high = first + (counts - 1) // 2, first + counts // 2
    ordered = values[order]
    result[have] = (ordered[low[have]] + ordered[high[have]]) / 2
    return result


def _feel(strokes: _Strokes, ratio: Floats, confidence: Floats) -> NDArray[np.uint8]:
    """STRAIGHT, TERNARY or SWUNG by how the beats that are divided are divided.

    A beat with strokes on both its thirds, or on the first alone, is in three; one with strokes
    on a quarter of it or on exact halves is in two or four.
    """
    on = {part: np.abs(strokes.place - part) < NEAR / 2 for part in (0.25, 1 / 3, 2 / 3, 0.75)}
    three = strokes.sums(on[1 / 3] & (np.abs(strokes.place - 1 / 3) < np.abs(strokes.place - 0.25)))
    four = strokes.sums(on[0.25] & ~on[1 / 3]) + strokes.sums(on[0.75] & ~on[2 / 3])
    halves = strokes.sums(np.abs(strokes.place - 0.5) < NEAR / 2)
    swung = (ratio >= SWUNG_FROM) & (confidence >= SWUNG_CONFIDENCE)
    ternary = three > np.where(swung, strokes.sums(strokes.place > ON_BEAT) / 3, four + halves)
    return np.where(ternary, TERNARY, np.where(swung, SWUNG, STRAIGHT)).astype(np.uint8)


def _held_over(strokes: _Strokes) -> Mask:
    """Strokes with no other until after the next beat; after the last one the loop goes round.

    Longuet-Higgins and Lee, The rhythmic interpretation of monophonic music, 1984: an off-beat
    note that is held over a stronger place.
    """
    at, row = strokes.beat + strokes.place, strokes.row
    last = np.flatnonzero(np.diff(row, append=-1) != 0)
    first = np.flatnonzero(np.diff(row, prepend=-1) != 0)
    following = np.append(at[1:], 0.0)
    following[last] = at[first] + strokes.beats[row[last]]
    held: Mask = following > strokes.beat + 1 + ON_BEAT
    return held


def _spread(strokes: _Strokes, ratio: Floats, feel: NDArray[np.uint8], count: Floats) -> Floats:
    """Root mean square distance of the strokes from the grid of their feel, beats.

    Straight: sixteenths or triplets, whichever is nearer. Swung: the swung eighth and triplets.
    """
    middle = (ratio / (1 + ratio))[strokes.row]
    place = strokes.place[:, None]
    three = np.abs(place - TERNARY_GRID).min(axis=1)
    two = np.minimum(np.abs(place - BINARY_GRID).min(axis=1), three)
    swung = np.minimum(np.abs(strokes.place - middle), three)
    distance = np.choose(feel[strokes.row], [two, three, swung])
    spread: Floats = np.sqrt(strokes.sums(distance**2) / count)
    return spread
