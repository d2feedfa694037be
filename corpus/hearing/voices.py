"""Which notes are bass, which are melody, and which are the chords between.

The highest note of each stroke (the *skyline*: Uitdenbogerd and Zobel, Melodic matching techniques
for large databases, 1999) is a first guess at a melody, and the lowest one at a bass line. What is
missing is context: a line stays near where it was, is seldom inside a chord, and is played out. So
each note is described against its stroke, what still sounds, and the upper and lower edge of the
two beats before and after it, and two logistic regressions say how likely it is melody, or bass.
`appliance/bench/layer_finding.py` learns the weights.
"""

import numpy as np
from numpy.typing import NDArray

from corpus.hearing.flat import Flat, Floats
from models.notes import Notes

BASS, CHORDS, MELODY = 0, 1, 2
LAYERS = ("bass", "chords", "melody")

AROUND = 2.0  # beats before and after a note that are its context
EXACT = 1e-6  # beats; what phrases end to end lose of their onsets is below it
LOOK_BACK = 12  # notes before it in which a note that still sounds is looked for
OVERLAP = 0.1  # beats for which it must still sound
OCTAVE = 12.0
MELODY_CHANCE = 0.4  # chosen for the best F on songs and takes of the tuning sets together

WEIGHTS = (
    # what is weighed, its weight for melody, its weight for bass
    ("top of its stroke", 3.17, 0.4),
    ("bottom of its stroke", -1.78, 1.98),
    ("notes in its stroke (log2)", -0.82, -0.47),
    ("distance to the next note up in the stroke (octaves, at most 1)", -3.43, 0.95),
    ("distance to the next note down in the stroke (octaves, at most 1)", 2.44, 0.76),
    ("distance to a sounding note above (octaves, at most 1)", 0.06, -5.17),
    ("distance to a sounding note below (octaves, at most 1)", -0.85, 1.16),
    ("height above the mean upper edge (octaves)", -0.5, -0.27),
    ("height above the mean lower edge (octaves)", 1.33, 0.54),
    ("height above middle C (octaves)", 2.59, -7.39),
    ("velocity above the local mean (sixteens)", 1.38, 2.78),
    ("length against the local mean (log2)", -0.18, 1.62),
    ("distance from the mean upper edge (octaves)", -1.61, 0.87),
    ("distance from the mean lower edge (octaves)", -0.38, -0.56),
    ("distance between the mean edges (octaves)", -0.13, 0.74),
    ("constant", -2.26, -3.12),
)


def layers(notes: Notes) -> NDArray[np.uint8]:
    """BASS, CHORDS or MELODY for each note of a phrase; onsets in beats, in time order."""
    row = np.zeros(len(notes), np.int64)
    return flat_layers(Flat(notes, row, np.ones(1), np.ones(1)))


def flat_layers(flat: Flat) -> NDArray[np.uint8]:
    """`layers` of many phrases at once."""
    if len(flat.row) == 0:
        return np.zeros(0, np.uint8)
    weights = np.array([row[1:] for row in WEIGHTS])
    melody, bass = 1 / (1 + np.exp(-(features(flat) @ weights).T))
    found = np.where(melody >= MELODY_CHANCE, MELODY, CHORDS)
    return np.where((bass >= 0.5) & (bass >= melody), BASS, found).astype(np.uint8)


def features(flat: Flat) -> Floats:
    """What WEIGHTS weighs, (notes, 16)."""
    pitch, stroke = flat.pitch, flat.stroke
    size = np.bincount(stroke)
    top = np.maximum.reduceat(pitch, flat.starts)
    bottom = np.minimum.reduceat(pitch, flat.starts)
    upper, lower = _context(flat, top), _context(flat, bottom)
    loud = flat.notes["velocity"].astype(np.float64)
    length = np.log2(flat.notes["duration"])
    local_loud = _context(flat, np.bincount(stroke, loud) / size)
    local_length = _context(flat, np.bincount(stroke, length) / size)
    above_edge = np.clip((pitch - upper) / OCTAVE, -2, 2)
    above_bass = np.clip((pitch - lower) / OCTAVE, -2, 2)
    columns = (
        pitch >= top[stroke],
        pitch <= bottom[stroke],
        np.log2(size)[stroke],
        *_neighbours(flat),
        *_sounding(flat),
        above_edge,
        above_bass,
        (pitch - 60) / OCTAVE,
        (loud - local_loud) / 16,
        np.clip(length - local_length, -3, 3),
        np.abs(above_edge),
        np.abs(above_bass),
        (upper - lower) / OCTAVE,
        np.ones(len(pitch)),
    )
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=1)


def _context(flat: Flat, values: Floats) -> Floats:
    """The mean of one value a stroke over its own stroke and those AROUND each note."""
    when = flat.when[flat.starts]
    # A stroke may go on for longer than AROUND, note by note: it is always among them.
    first = np.minimum(np.searchsorted(when, flat.when - AROUND - EXACT), flat.stroke)
    last = np.searchsorted(when, flat.when + AROUND - EXACT)
    total = np.concatenate([[0.0], np.cumsum(values)])
    mean: Floats = (total[last] - total[first]) / (last - first)
    return mean


def _neighbours(flat: Flat) -> tuple[Floats, Floats]:
    """Octaves to the next note up and down in the same stroke; 1 where there is none."""
    order = np.lexsort((flat.pitch, flat.stroke))
    pitch, stroke = flat.pitch[order], flat.stroke[order]
    gap = np.where(np.diff(stroke) == 0, np.minimum(np.diff(pitch) / OCTAVE, 1.0), 1.0)
    up, down = np.ones(len(pitch)), np.ones(len(pitch))
    up[order[:-1]], down[order[1:]] = gap, gap
    return up, down


def _sounding(flat: Flat) -> tuple[Floats, Floats]:
    """Octaves to the nearest note above and below that was struck before and still sounds."""
    above, below = np.ones(len(flat.row)), np.ones(len(flat.row))
    for lag in range(1, min(LOOK_BACK, len(flat.row) - 1) + 1):
        sounds = flat.row[lag:] == flat.row[:-lag]
        sounds &= flat.stroke[lag:] != flat.stroke[:-lag]
        sounds &= flat.end[:-lag] > flat.onset[lag:] + OVERLAP
        gap = (flat.pitch[:-lag] - flat.pitch[lag:]) / OCTAVE
        np.minimum(above[lag:], gap, out=above[lag:], where=sounds & (gap > 0))
        np.minimum(below[lag:], -gap, out=below[lag:], where=sounds & (gap < 0))
    return above, below
