"""Which segment of the corpus: filters over columns, scores by descriptors, chances by softmax."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.copilot.loop import State
from appliance.copilot.shelf import RANKED, Shelf
from appliance.policies.moment import SEED
from corpus.hearing.key import MINOR, Key

TEMPO_ROOM = 0.25  # a segment may be played this much faster or slower than it was
TEMPERATURE = 0.05
BEST = 8  # the softmax is over so many

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Wanted:
    """What a segment has to be; None where it does not matter."""

    key: Key | None = None
    bar: float | None = None
    beats: float | None = None
    bpm: float | None = None
    layer: str | None = None


def candidates(shelf: Shelf, wanted: Wanted) -> tuple[Rows, Rows]:
    """The rows that are as wanted, and the semitones (-5..6) that bring each into the key."""
    numbers = shelf.numbers
    fits = np.ones(len(shelf.segments), bool)
    if wanted.bar is not None:
        fits &= numbers["bar"] == wanted.bar
    if wanted.beats is not None:
        fits &= numbers["beats"] == wanted.beats
    if wanted.bpm is not None:
        ratio = wanted.bpm / numbers["bpm"]
        fits &= (ratio <= 1 + TEMPO_ROOM) & (ratio >= 1 / (1 + TEMPO_ROOM))
    if wanted.layer in ("bass", "chords", "melody"):
        fits &= (
            numbers[
                {"bass": "bass_notes", "chords": "chord_notes"}.get(
                    str(wanted.layer), "melody_notes"
                )
            ]
            > 0
        )
    if wanted.key is not None:
        fits &= shelf.minor == (wanted.key.mode == MINOR)
    rows = np.flatnonzero(fits)
    semitones = to_key(shelf, rows, wanted.key)
    room = shelf.fits(rows, semitones)
    return rows[room], semitones[room]


def to_key(shelf: Shelf, rows: Rows, key: Key | None) -> Rows:
    if key is None:
        return np.zeros(len(rows), np.int64)
    return (key.tonic - shelf.tonic[rows] + 5) % 12 - 5


def drawn(rows: Rows, scores: Floats, rng: np.random.Generator, best: int = BEST) -> Rows:
    """Indices into `rows` in the order in which to try them: the best ones, shuffled by a softmax
    of their scores (without replacement, by the Gumbel trick), then the next."""
    order = np.argsort(-scores, kind="stable")
    head = order[:best]
    noise = -np.log(-np.log(rng.random(len(head)) * (1 - 2e-9) + 1e-9))
    head = head[np.argsort(-(scores[head] / TEMPERATURE + noise), kind="stable")]
    return np.concatenate([head, order[best : 3 * best]])


def likeness(state: State, shelf: Shelf, rows: Rows) -> Floats:
    """How near these rows are to what plays, 0..1: by embedding where its source is a segment,
    else by where both stand in the corpus."""
    if state.base.row != SEED:
        own = shelf.facts.embeddings[state.base.row].astype(np.float32)
        near: Floats = shelf.facts.embeddings[rows].astype(np.float32) @ own
        return near.astype(np.float64)
    own_ranks = standing(state, shelf)
    apart = [np.abs(shelf.ranks[name][rows] - rank) for name, rank in own_ranks.items()]
    alike: Floats = 1.0 - np.mean(apart, axis=0) / 100.0
    return alike


MEASURED = {
    "density": "onset_density",
    "dynamics": "mean_velocity",
    "register": "mean_pitch",
    "articulation": "articulation",
    "swing": "swing_ratio",
}
"""The attributes that are measured on a loop, and the columns that rank them."""


def standing(state: State, shelf: Shelf) -> Mapping[str, float]:
    """The corpus percentile of what plays, by column."""
    table = state.table
    return {
        column: float(shelf.percentile(column, float(value)))
        for name, column in MEASURED.items()
        if isinstance(value := table[name].measured, int | float)
    }


def direction_score(shelf: Shelf, rows: Rows, directions: Mapping[str, float]) -> Floats:
    """How far these rows go in a direction, 0..1; `directions` weigh columns of RANKED."""
    weights = {name: weight for name, weight in directions.items() if name in RANKED and weight}
    if not weights:
        return np.full(len(rows), 0.5)
    total = sum(abs(weight) for weight in weights.values())
    parts = [
        abs(weight) * (ranks if weight > 0 else 100.0 - ranks)
        for name, weight in weights.items()
        for ranks in [shelf.ranks[name][rows]]
    ]
    score: Floats = np.sum(parts, axis=0) / total / 100.0
    return score


def labelled(shelf: Shelf, rows: Rows, words: Sequence[str]) -> NDArray[np.bool_]:
    """Rows whose labels or recording's name have one of these words."""
    found = np.zeros(len(rows), bool)
    for word in words:
        found |= shelf.labelled(word)[rows]
    return found
