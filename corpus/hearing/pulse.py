"""The pulse: a steady tick, the beat or a simple ratio of it, that the notes keep to.

First its period and how that changes through the piece, by a comb over autocorrelations; then the
ticks, by dynamic programming: Ellis, "Beat Tracking by Dynamic Programming" (2007), with the
period as a second state, as in the bar pointer of Whiteley, Cemgil and Godsill (2006).
Times are in seconds.
"""

import numpy as np
from numpy.typing import NDArray

from corpus.hearing.onsets import RATE, Floats, Struck, autocorrelations, envelope, salience, spread

Ints = NDArray[np.int64]

FASTEST, SLOWEST = 0.3, 1.0  # between ticks
COMB = np.arange(1, 5)  # periods after which the music has to look like itself
STEP = 0.005  # of the logarithm of a period
DRIFT = 0.28  # of the logarithm of a period: how far a piece may stray from its main tempo
TURN = 30.0  # what a change of tempo between two windows costs, times its square
LONGEST_REST = 8.0  # what is longer is tracked as if it were that long

FRAMES = 32  # a tick
BEND = 0.17  # how far the length of one tick may stray from the local tempo
SHARP = 0.04  # ticks; the spread of onsets round their tick
HALF, QUARTER = 0.85, 0.5  # what an onset half-way or a quarter of the way counts, of one on a tick
SWERVE, PULL = 2000.0, 300.0  # costs of a change of period, and of straying, times the square
AT_ONCE = 4096  # frames
CROWD = 3.0  # median onsets; what more notes at once say is no more than that


def track_pulse(notes: Struck, near: float | None = None) -> Floats:
    """Ticks in seconds from about the first note to about the last, some 0.3 to 1 s apart.

    `near` is their period where somebody knows it.
    """
    onset, shift = _without_rests(notes.onset)
    centres, rows = autocorrelations(onset, salience(notes))
    local = local_periods(rows, near or main_period(rows))
    seconds, places = _even_time(centres, local, float(onset[-1]))
    ticks = _ticks(np.interp(onset, seconds, places), salience(notes))
    return _with_rests(np.interp(ticks, places, seconds), onset, shift)


def main_period(rows: Floats) -> float:
    """The period whose first multiples all look like the music itself."""
    periods = np.exp(np.arange(np.log(FASTEST), np.log(SLOWEST), STEP))
    return float(periods[np.argmax(_comb(rows.sum(axis=0)[None, :], periods)[0])])


def local_periods(rows: Floats, period: float) -> Floats:
    """The period in each window: the smoothest good path through their combs (Viterbi)."""
    offsets = np.arange(-DRIFT, DRIFT + STEP, 2 * STEP)
    combs = np.maximum(_comb(rows, period * np.exp(offsets)), 0.0) - offsets**2
    cost = TURN * (offsets[:, None] - offsets) ** 2
    score = combs[0]
    came = np.zeros(combs.shape, dtype=np.int64)
    for window in range(1, len(combs)):
        options = score - cost
        came[window] = options.argmax(axis=1)
        score = options.max(axis=1) + combs[window]
    path = [int(score.argmax())]
    for row in came[:0:-1]:
        path.append(int(row[path[-1]]))
    found: Floats = period * np.exp(offsets[path[::-1]])
    return found


def _comb(rows: Floats, periods: Floats) -> Floats:
    """The mean autocorrelation at the multiples of each period, as a share of that at 0."""
    places = periods[:, None] * COMB * RATE
    whole = np.minimum(places.astype(np.int64), rows.shape[1] - 2)
    part = np.minimum(places - whole, 1.0)
    values = rows[:, whole] * (1 - part) + rows[:, whole + 1] * part
    combed: Floats = values.mean(axis=2) / (rows[:, :1] + 1e-9)
    return combed


def _without_rests(onset: Floats) -> tuple[Floats, Floats]:
    """Onsets with long rests cut short, and what was taken from each."""
    cut = np.maximum(np.diff(onset) - LONGEST_REST, 0.0)
    shift = np.concatenate([[0.0], np.cumsum(cut)]) + onset[0]
    return onset - shift, shift


def _with_rests(ticks: Floats, onset: Floats, shift: Floats) -> Floats:
    """Ticks put back where they belong; the middle of a long rest ticks on as before it."""
    owner = np.searchsorted(onset - LONGEST_REST / 2, ticks, side="right") - 1
    back = ticks + shift[np.maximum(owner, 0)]
    gaps = np.diff(back)
    counts = np.where(gaps > LONGEST_REST, np.round(gaps / np.median(gaps)), 1.0).astype(np.int64)
    return np.interp(np.arange(counts.sum() + 1), np.concatenate([[0], np.cumsum(counts)]), back)


def _even_time(centres: Floats, local: Floats, end: float) -> tuple[Floats, Floats]:
    """(seconds, places): knots of a time in which the local tempo is one tick a unit."""
    seconds = np.arange(0.0, end + 4.0, 1.0)
    rate = 1.0 / np.interp(seconds, centres, local)
    return seconds, np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2)])


def _ticks(places: Floats, weights: Floats) -> Floats:
    """Where the ticks fall, for notes at `places` in the even time."""
    frames = envelope(places, weights, FRAMES)
    heard = np.minimum(frames, CROWD * np.median(frames[frames > 0]))
    heard = spread(heard, SHARP * FRAMES)
    shortest, longest = int(FRAMES * (1 - BEND)), int(np.ceil(FRAMES * (1 + BEND)))
    periods = np.arange(shortest, longest + 1)
    best = _forward(heard / heard.std(), periods)
    return _backward(best, periods) / FRAMES


def _swerving(periods: Ints) -> NDArray[np.float32]:
    """What going on with each period (rows) after each other (columns) costs."""
    change = np.abs(np.log(periods[:, None] / periods))
    cost: NDArray[np.float32] = (SWERVE * change**2 / (1 + 10 * change)).astype(np.float32)
    return cost


def _forward(heard: Floats, periods: Ints) -> NDArray[np.float32]:
    """The best score of ticks that end at frame f with period p, at [f + the longest period, p].

    A block as long as the shortest period depends on what is before it alone, so it is worked out
    at once.
    """
    longest, block, count = int(periods[-1]), int(periods[0]), len(periods)
    best = _told(heard, periods)
    swerving = _swerving(periods).T[:, None, :]
    onward = np.zeros_like(best)
    reached = onward.reshape(-1)
    before = (np.arange(block)[:, None] + longest - periods) * count + np.arange(count)
    for start in range(longest, len(best), block):
        rows = best[start : start + block]
        rows += reached[before[: len(rows)] + (start - longest) * count]
        onward[start : start + block] = (rows.T[:, :, None] - swerving).max(axis=0)
    return best


def _told(heard: Floats, periods: Ints) -> NDArray[np.float32]:
    """What the notes alone say of ticks with these ends and periods, laid out as in `_forward`."""
    longest = int(periods[-1])
    before = np.pad(heard, (longest, 0)).astype(np.float32)
    parts = [(1.0, 0.0), (HALF, 0.5), (QUARTER, 0.25), (QUARTER, 0.75)]
    scale = (1 + HALF + 2 * QUARTER) ** -0.5
    echoes = [
        (np.float32(worth * scale), longest - np.round(periods * part).astype(int))
        for worth, part in parts
    ]
    pull = (PULL * np.log(periods / FRAMES) ** 2).astype(np.float32)
    told = np.zeros((len(heard) + longest, len(periods)), dtype=np.float32)
    for start in range(0, len(heard), AT_ONCE):
        frames = np.arange(start, min(start + AT_ONCE, len(heard)))[:, None]
        rows = slice(start + longest, start + longest + len(frames))
        told[rows] = sum(worth * before[frames + at] for worth, at in echoes) - pull
    return told


def _backward(best: NDArray[np.float32], periods: Ints) -> Floats:
    """The frames of the best chain of ticks, from its end to its beginning, turned round."""
    longest, swerving = int(periods[-1]), _swerving(periods)
    row = len(best) - 1 - int(best[::-1][:longest].max(axis=1).argmax())
    choice = int(best[row].argmax())
    chain = [row - longest]
    while chain[-1] >= periods[choice]:
        chain.append(chain[-1] - int(periods[choice]))
        choice = int((best[chain[-1] + longest] - swerving[choice]).argmax())
    return np.array(chain[::-1], dtype=np.float64)
