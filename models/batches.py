"""Batches to train the notes encoder with: segments drawn, augmented and padded, in numpy.

Every batch follows from the generator that it is given, so training can be resumed at any step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import augment
from models.dataset import pieces, read_song
from models.errors import ModelError
from models.note_tokens import LEAD, STEPS_PER_BEAT, Tokens, encode, pad
from models.synth import Spectrograms, spectrograms

MOST_NOTES = 64  # of a training segment; the few busier ones lose their end
A_SONG = 3  # segments of a song in a contrastive batch: one, the next, and any other
LIGHT = 0.3  # share of the usual changes to a segment in a contrastive batch
OWN_KEY = 0.7  # of the contrastive batches
TEMPO_SPREAD = 0.015  # of a tempo: people do not keep one to the decimal as files do
LOWEST_SHIFT, HIGHEST_SHIFT = -6, 5
ONSET_SLOTS, SLOTS_A_BEAT = 32, 4
ONSET_SHARE = 0.8  # of how alike two segments are; pitch classes have the rest
_SPREAD = 8  # batches that are drawn and sorted together, to need little padding

Index = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Songs:
    """Segments as tokens, those of a song in a row: song i has rows bounds[i] to bounds[i + 1].

    `following` is the row of the segment that begins where this one ends, or its own row.
    """

    tokens: list[Tokens]
    tonics: Index
    bpm: NDArray[np.float64]
    following: Index
    bounds: Index

    def __len__(self) -> int:
        return len(self.bounds) - 1


@dataclass(frozen=True, eq=False)
class Contrast:
    """A contrastive batch: tokens, the number of the song of each, how alike each two are in onsets
    and pitch classes, (batch, batch), and tempi."""

    tokens: Tokens
    songs: Index
    alike: NDArray[np.float32]
    bpm: NDArray[np.float64]


def read_songs(files: Sequence[Path]) -> Songs:
    """Songs with at least two segments, which start at every bar. ModelError where none is left."""
    tokens: list[Tokens] = []
    tonics: list[int] = []
    bpm: list[float] = []
    following: list[int] = []
    bounds = [0]
    for path in files:
        song = read_song(path)
        found = pieces(song, hop=song.bar)
        if len(found) < 2:
            continue
        row_at = {piece.start_beat: len(tokens) + i for i, piece in enumerate(found)}
        for piece in found:
            row = row_at[piece.start_beat]
            following.append(row_at.get(piece.start_beat + piece.phrase.beats, row))
        tokens += [encode(piece.phrase.notes)[:MOST_NOTES] for piece in found]
        tonics += [piece.tonic for piece in found]
        bpm += [piece.phrase.bpm for piece in found]
        bounds.append(len(tokens))
    if len(bounds) < 3:
        raise ModelError("fewer than two songs of two segments to train with; give more recordings")
    return Songs(tokens, *(np.array(column) for column in (tonics, bpm, following, bounds)))


def diffusion_batch(
    songs: Songs, size: int, rng: np.random.Generator
) -> tuple[Tokens, Spectrograms]:
    """Augmented segments of about the same number of notes, and what they sound like."""
    drawn = rng.integers(0, len(songs.tokens), size * _SPREAD)
    lengths = np.array([len(songs.tokens[row]) for row in drawn])
    part = rng.integers(0, _SPREAD)
    rows = drawn[np.argsort(lengths, kind="stable")][part * size : (part + 1) * size]
    tokens = _padded(songs, rows)
    shift = rng.integers(LOWEST_SHIFT, HIGHEST_SHIFT + 1, size)
    played = augment.performed(augment.transpose(tokens, shift), rng)
    return played, spectrograms(played)


def contrast_batch(
    songs: Songs, count: int, rng: np.random.Generator, onset_share: float = ONSET_SHARE
) -> Contrast:
    """A_SONG segments of each of `count` songs.

    Most batches give each song a key of its own, so that key tells songs apart; the others bring
    all to one key, so that it does not.
    """
    chosen = rng.choice(len(songs), min(count, len(songs)), replace=False)
    low, high = songs.bounds[chosen], songs.bounds[chosen + 1]
    first, other = rng.integers(low, high), rng.integers(low, high)
    rows = np.stack([first, songs.following[first], other], axis=1).ravel()
    if rng.random() < OWN_KEY:
        shift = np.repeat(rng.integers(LOWEST_SHIFT, HIGHEST_SHIFT + 1, len(chosen)), A_SONG)
    else:
        common = rng.integers(0, 12)
        shift = (common - songs.tonics[rows] - LOWEST_SHIFT) % 12 + LOWEST_SHIFT
    tokens = augment.transpose(_padded(songs, rows), shift)
    played = augment.performed(tokens, rng, LIGHT)
    bpm = songs.bpm[rows] * np.exp(rng.normal(0, TEMPO_SPREAD, len(rows)))
    return Contrast(played, np.repeat(chosen, A_SONG), alike(played, onset_share), bpm)


def alike(tokens: Tokens, onset_share: float = ONSET_SHARE) -> NDArray[np.float32]:
    """How alike phrases are to the ear: the cosine of their onsets in eight beats, by quarters of a
    beat, and of their pitch classes by duration, mixed."""
    heard = tokens[..., 3] > 0
    slot = (tokens[..., 0] - LEAD + STEPS_PER_BEAT // SLOTS_A_BEAT // 2) * SLOTS_A_BEAT
    slot = slot // STEPS_PER_BEAT % ONSET_SLOTS
    onsets = _histogram(slot, heard.astype(float), ONSET_SLOTS)
    pitches = _histogram(tokens[..., 1] % 12, tokens[..., 2] * heard, 12)
    both = onset_share * onsets @ onsets.T + (1 - onset_share) * pitches @ pitches.T
    mixed: NDArray[np.float32] = both.astype(np.float32)
    return mixed


def _histogram(values: Index, weights: NDArray[Any], bins: int) -> NDArray[Any]:
    rows = np.arange(len(values))[:, None] * bins
    flat = np.bincount((rows + values).ravel(), weights.ravel(), minlength=len(values) * bins)
    table = flat.reshape(len(values), bins)
    length = np.linalg.norm(table, axis=1, keepdims=True)
    unit: NDArray[Any] = table / np.maximum(length, 1e-9)
    return unit


def _padded(songs: Songs, rows: Index) -> Tokens:
    chosen = [songs.tokens[row] for row in rows]
    longest = max(len(one) for one in chosen)
    return pad(chosen, -(-longest // 8) * 8)
