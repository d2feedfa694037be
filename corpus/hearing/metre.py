"""Which multiple of the pulse is the beat, and which beat begins a bar.

Every way to count (a ratio to the pulse, and which tick to begin on) is described by how the notes
would lie in it: how much of each stream of events falls on its beats and half-way between them,
and how long, in its beats, the streams wait from one event to the next. A conditional logit model
(McFadden 1974) weighs these against each other; its coefficients stand in
corpus.hearing.metre_weights.
"""

from typing import NamedTuple

import numpy as np

from corpus.hearing.metre_weights import BAR, BEAT
from corpus.hearing.onsets import Floats, Struck, salience

RATIOS = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 2.0, 3.0, 4.0)  # beat to tick
SLOTS = 24  # a tick: all ratios are whole numbers of them
FASTEST, SLOWEST = 0.25, 1.8  # seconds a beat
TOGETHER = 0.035  # seconds; notes struck within it are one event
BASS, MELODY = 55, 60  # MIDI numbers: a lowest note below, a highest note from there on
LONGEST_WAIT = 4.0  # seconds; a longer one counts no more
SHARP = 0.035  # beats; the spread of events round their beat
WAITS = np.array([0.0, 0.19, 0.29, 0.42, 0.6, 0.85, 1.3, 1.7, 2.5, 3.5])  # beats; the last is open
STREAMS = ("strikes", "waits", "bass", "changes", "holds", "melody")
WAITING = ("strikes", "bass", "melody", "changes")
FEATURES = (
    "speed", "speed squared",
    *(f"{stream} {where}" for stream in STREAMS for where in ("on", "half")),
    *(f"{stream} wait {low:g}" for stream in WAITING for low in WAITS[:-1]),
)  # fmt: skip
REFERENCE = 0.75  # seconds a beat, for speed


class Stream(NamedTuple):
    """Events of one kind: where they are (in ticks), and how much each counts."""

    place: Floats
    weight: Floats


class Count(NamedTuple):
    """A way to count: a beat every `ratio` ticks, one of them at tick `first`."""

    ratio: float
    first: float


def streams(notes: Struck, ticks: Floats) -> dict[str, Stream]:
    """What may mark a beat, from the notes and the ticks (both in seconds)."""
    starts = np.flatnonzero(np.diff(notes.onset, prepend=-np.inf) > TOGETHER)
    onset = notes.onset[starts]
    place = np.interp(onset, ticks, np.arange(len(ticks)))
    loud = np.add.reduceat(salience(notes), starts)
    held = np.maximum.reduceat(np.minimum(notes.duration, 2.0), starts)
    low = np.minimum.reduceat(notes.pitch, starts)
    high = np.maximum.reduceat(notes.pitch, starts)
    bass = np.flatnonzero(low < min(BASS, float(np.median(notes.pitch))))
    new = bass[np.diff(low[bass], prepend=-1.0) % 12 != 0]
    melody = np.flatnonzero(high >= MELODY)
    return {
        "strikes": Stream(place, np.minimum(loud, 4 * loud.mean())),
        "waits": Stream(place, _waits(onset, 2.0)),
        "bass": Stream(place[bass], _waits(onset[bass], LONGEST_WAIT)),
        "changes": Stream(place[new], np.ones(len(new))),
        "holds": Stream(place, held),
        "melody": Stream(place[melody], _waits(onset[melody], 2.0)),
    }


def _waits(onset: Floats, longest: float) -> Floats:
    """Seconds from each event to the next, the last one's being 1."""
    if len(onset) == 0:
        return onset
    waits: Floats = np.minimum(np.diff(onset, append=onset[-1] + 1.0), longest)
    return waits


def folded(stream: Stream, period: float) -> Floats:
    """The share of a stream at each of the SLOTS x period places in a period of ticks."""
    slots = round(period * SLOTS)
    if stream.weight.sum() <= 0:
        return np.full(slots, 1.0 / slots)
    place = np.round(stream.place % period * SLOTS).astype(np.int64) % slots
    shares: Floats = np.bincount(place, stream.weight, slots) / stream.weight.sum()
    return shares


def _smooth(shares: Floats, width: float) -> Floats:
    """What lies within about `width` slots of each place, circularly; along the last axis."""
    length = shares.shape[-1]
    decay = np.exp(-2 * (np.pi * np.fft.rfftfreq(length) * width) ** 2)
    gain = width * np.sqrt(2 * np.pi)
    smooth: Floats = np.fft.irfft(np.fft.rfft(shares, axis=-1) * decay * gain, length, axis=-1)
    return smooth


def counts(period: float, told: float | None = None) -> list[Count]:
    """Every way to count ticks `period` seconds apart, or those at the ratio we are told."""
    ratios = [ratio for ratio in RATIOS if FASTEST < period * ratio < SLOWEST]
    found = []
    for ratio in ratios if told is None else [told]:
        parts = 3 if ratio in (2 / 3, 4 / 3) else 6 if ratio == 1 / 3 else 4
        steps = max(1, round(ratio * parts))
        found += [Count(ratio, step / parts) for step in range(steps)]
    return found


def chances(found: list[Count], ticks: Floats, heard: dict[str, Stream]) -> Floats:
    """How likely each way to count the ticks (in seconds) is, of them all."""
    period = float(np.median(np.diff(ticks)))
    return _softmax(describe_counts(found, period, heard) @ np.array(list(BEAT.values())))


def bar_chances(found: list[Count], heard: dict[str, Stream]) -> Floats:
    """How likely each way to count bars is, of streams placed in beats."""
    return _softmax(describe_bars(found, heard) @ np.array(list(BAR.values())))


def _softmax(scores: Floats) -> Floats:
    odds = np.exp(scores - scores.max())
    shares: Floats = odds / odds.sum()
    return shares


def describe_counts(found: list[Count], period: float, heard: dict[str, Stream]) -> Floats:
    """A row of FEATURES for each way to count."""
    rows = []
    for ratio in dict.fromkeys(count.ratio for count in found):
        firsts = np.array([count.first for count in found if count.ratio == ratio])
        level = _level(ratio, period, heard)
        rows.append(
            np.hstack(
                [
                    np.tile(level[:2], (len(firsts), 1)),
                    _shares(ratio, firsts, heard),
                    np.tile(level[2:], (len(firsts), 1)),
                ]
            )
        )
    return np.vstack(rows)


def _level(ratio: float, period: float, heard: dict[str, Stream]) -> Floats:
    speed = np.log2(ratio * period / REFERENCE)
    waits = [wait_classes(heard[stream].place / ratio) for stream in WAITING]
    return np.concatenate([[speed, speed**2], *waits])


def wait_classes(place: Floats) -> Floats:
    """The share of each class of WAITS but the last among the waits between places in beats."""
    waits = np.diff(place)
    number = np.searchsorted(WAITS, waits, side="right") - 1
    found: Floats = np.bincount(number, minlength=len(WAITS))[:-1] / max(1, len(waits))
    return found


def _shares(ratio: float, firsts: Floats, heard: dict[str, Stream]) -> Floats:
    """On the beat and half-way, for each stream, [first, 2 x stream]."""
    shares = np.stack([folded(heard[stream], ratio) for stream in STREAMS])
    near = _smooth(shares, max(0.6, SHARP * ratio * SLOTS))
    slots = near.shape[1]
    on = np.round(firsts * SLOTS).astype(np.int64)
    table = np.stack([near[:, on % slots], near[:, (on + slots // 2) % slots]], axis=2)
    rows: Floats = table.transpose(1, 0, 2).reshape(len(firsts), -1)
    return rows


BARS = (4, 3)  # beats
BAR_FEATURES = ("three", *STREAMS)


def bar_counts() -> list[Count]:
    """Every way to count beats in bars."""
    return [Count(float(bar), float(first)) for bar in BARS for first in range(bar)]


def describe_bars(found: list[Count], heard: dict[str, Stream]) -> Floats:
    """A row of BAR_FEATURES for each way to count bars, of streams placed in beats: how much more
    than its even share of a stream falls on the first beat of a bar."""
    rows = []
    for bar, first in found:
        shares = np.stack([folded(heard[stream], bar) for stream in STREAMS])
        near = _smooth(shares, SHARP * SLOTS)[:, ::SLOTS]
        lift = near[:, int(first)] / (near.mean(axis=1) + 1e-9) - 1.0
        rows.append(np.concatenate([[float(bar == 3)], lift]))
    return np.array(rows)
