"""The same music played again: transposed, at another touch, with other timing, notes left out.

Works on padded batches of tokens (models.note_tokens) at once; every function takes its generator
and returns a new array. Padding stays padding.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.note_tokens import MAX_DURATION, ONSETS, STEPS_PER_BEAT, Tokens

LOWEST, HIGHEST = 21, 108

Shifts = NDArray[np.integer[Any]]


def transpose(tokens: Tokens, semitones: Shifts) -> Tokens:
    """Move each phrase by its number of semitones; a note that would leave the piano stays in it
    by octaves."""
    pitch = tokens[..., 1] + semitones[:, None]
    pitch = pitch + 12 * (pitch < LOWEST) - 12 * (pitch > HIGHEST)
    return _replaced(tokens, 1, pitch)


def dynamics(tokens: Tokens, rng: np.random.Generator, amount: float = 1.0) -> Tokens:
    """Each phrase louder or softer as a whole (by up to 15 %), each note by about 5 %.

    No more, since how loud and how evenly someone plays belongs to the groove."""
    size, notes, _ = tokens.shape
    whole = np.exp(rng.uniform(-amount * np.log(1.15), amount * np.log(1.15), (size, 1)))
    each = rng.normal(1.0, amount * 0.05, (size, notes))
    return _replaced(tokens, 3, np.clip(np.rint(tokens[..., 3] * whole * each), 1, 127))


def timing(tokens: Tokens, rng: np.random.Generator, amount: float = 1.0) -> Tokens:
    """Each note early or late by about a hundredth of a beat, held longer or shorter by a tenth."""
    shape = tokens.shape[:2]
    onset = tokens[..., 0] + rng.normal(0, amount * 0.012, shape) * STEPS_PER_BEAT
    length = tokens[..., 2] * np.exp(rng.normal(0, amount * 0.1, shape))
    moved = _replaced(tokens, 0, np.clip(np.rint(onset), 0, ONSETS - 1))
    return _replaced(moved, 2, np.clip(np.rint(length), 1, MAX_DURATION))


def tempo(tokens: Tokens, rng: np.random.Generator, amount: float = 1.0) -> Tokens:
    """A tempo that is not quite the grid's: up to 0.4 % off, swaying by up to 1.5 % of a beat."""
    size = len(tokens)
    beat = tokens[..., 0] / STEPS_PER_BEAT
    rate = 1 + amount * rng.uniform(-0.004, 0.004, (size, 1))
    depth, phase = amount * rng.uniform(0, 0.015, (size, 1)), rng.uniform(0, 2 * np.pi, (size, 1))
    swayed = beat * rate + depth * np.sin(2 * np.pi * beat / 8 + phase)
    return _replaced(tokens, 0, np.clip(np.rint(swayed * STEPS_PER_BEAT), 0, ONSETS - 1))


def thinned(tokens: Tokens, rng: np.random.Generator, most: float = 0.1) -> Tokens:
    """Up to that share of each phrase's notes left out, never all; the rest closes up."""
    size, notes, _ = tokens.shape
    share = rng.uniform(0, most, (size, 1))
    lost = rng.random((size, notes)) < share
    lost[:, 0] = False
    kept = np.where(lost[..., None], 0, tokens)
    order = np.argsort(kept[..., 3] == 0, axis=1, kind="stable")
    closed: Tokens = np.take_along_axis(kept, order[..., None], axis=1)
    return closed


def performed(tokens: Tokens, rng: np.random.Generator, amount: float = 1.0) -> Tokens:
    """All but transposition, as training uses them; `amount` scales how much each does."""
    played = timing(tempo(tokens, rng, amount), rng, amount)
    return thinned(dynamics(played, rng, amount), rng, amount * 0.1)


def _replaced(tokens: Tokens, field: int, values: NDArray[Any]) -> Tokens:
    changed = tokens.copy()
    changed[..., field] = np.where(tokens[..., 3] > 0, values, 0)
    return changed
