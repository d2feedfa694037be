"""An embedder without a network: pitch classes, register, onset patterns and density.

Each feature is a block of unit length with a weight, so the cosine of two phrases is the weighted
mean of how alike they are in each respect. Blocks are histograms centred on the mean of an even
spread: then unlike phrases come out near or below zero instead of all being a little alike.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.embedder import Vectors
from models.errors import ModelError
from models.notes import Phrase

VERSION = 1
SPLIT = 54  # F#3: below it a note belongs to the bass for the rhythm blocks
BAR_SLOTS = 16  # sixteenths of a 4/4 bar; shorter bars use fewer
BEAT_SLOTS = 12  # divides both triplets and sixteenths
REGISTER = np.arange(30, 97, 6)  # centres of triangular bins, MIDI numbers
DENSITY_RANGE = (1.0, 16.0)  # notes a beat, on a logarithmic scale

WEIGHTS = {  # block -> (size, share of the cosine)
    "pitch_class": (12, 0.34),
    "bass_class": (12, 0.12),
    "register": (len(REGISTER), 0.10),
    "bar_low": (BAR_SLOTS, 0.15),
    "bar_high": (BAR_SLOTS, 0.12),
    "beat": (BEAT_SLOTS, 0.09),
    "density": (2, 0.08),
}

Block = NDArray[Any]  # floats
Index = NDArray[np.integer[Any]]


class PitchHistogram:
    """The first embedder; needs nothing but numpy."""

    name = "pitch-histogram"
    dimension = sum(size for size, _ in WEIGHTS.values())

    @property
    def sha256(self) -> str:
        recipe = f"{self.name} {VERSION} {SPLIT} {REGISTER.tolist()} {WEIGHTS}"
        return hashlib.sha256(recipe.encode()).hexdigest()

    def embed(self, phrases: Sequence[Phrase]) -> Vectors:
        if not phrases:
            return np.zeros((0, self.dimension), np.float32)
        for number, phrase in enumerate(phrases):
            if len(phrase.notes) == 0:
                raise ModelError(f"phrase {number} of the batch has no notes to embed")
        blocks = _blocks(phrases)
        parts = [_unit(blocks[name]) * np.sqrt(share) for name, (_, share) in WEIGHTS.items()]
        return _unit(np.concatenate(parts, axis=1)).astype(np.float32)


def _blocks(phrases: Sequence[Phrase]) -> dict[str, Block]:
    counts = np.array([len(phrase.notes) for phrase in phrases])
    row = np.repeat(np.arange(len(phrases)), counts)
    notes = np.concatenate([phrase.notes for phrase in phrases])
    bar = np.repeat([phrase.bar for phrase in phrases], counts)
    beats = np.array([phrase.beats for phrase in phrases])

    pitch = notes["pitch"].astype(np.int64)
    loud = notes["velocity"] / 127.0
    length = np.clip(notes["duration"], 0.1, 2.0)  # a held note counts, a drone does not rule
    in_bar = np.mod(notes["onset"], bar)
    low = pitch < SPLIT
    size = len(phrases)

    def onsets(position: Block, slots: int, weight: Block) -> Block:
        return _centred(_soft_histogram(row, position, slots, weight, size))

    return {
        "pitch_class": _centred(_histogram(row, pitch % 12, 12, loud * length, size)),
        "bass_class": _centred(_histogram(row, pitch % 12, 12, loud * length * low, size)),
        "register": _register(row, pitch, loud, size),
        "bar_low": onsets(in_bar * 4, BAR_SLOTS, loud * low),
        "bar_high": onsets(in_bar * 4, BAR_SLOTS, loud * ~low),
        "beat": onsets(np.mod(notes["onset"], 1.0) * BEAT_SLOTS, BEAT_SLOTS, loud),
        "density": _density(counts / beats),
    }


def _histogram(row: Index, bin_: Index, bins: int, weight: Block, size: int) -> Block:
    flat = np.bincount(row * bins + bin_, weights=weight, minlength=size * bins)
    return flat.reshape(size, bins)


def _soft_histogram(row: Index, position: Block, slots: int, weight: Block, size: int) -> Block:
    """Share each onset between its two nearest slots, so that human timing costs little."""
    below = np.floor(position)
    share = position - below
    first = below.astype(np.int64) % slots
    second = (first + 1) % slots
    near = _histogram(row, first, slots, weight * (1 - share), size)
    return near + _histogram(row, second, slots, weight * share, size)


def _register(row: Index, pitch: Index, loud: Block, size: int) -> Block:
    step = float(REGISTER[1] - REGISTER[0])
    position = np.clip((pitch - REGISTER[0]) / step, 0, len(REGISTER) - 1.001)
    return _soft_histogram(row, position, len(REGISTER), loud, size)


def _density(notes_a_beat: Block) -> Block:
    """Density as a direction: a quarter turn from the sparsest to the busiest playing."""
    low, high = np.log(DENSITY_RANGE)
    angle = np.clip((np.log(notes_a_beat) - low) / (high - low), 0, 1) * np.pi / 2
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _centred(histogram: Block) -> Block:
    total = histogram.sum(axis=1, keepdims=True)
    share = np.divide(histogram, total, out=np.zeros_like(histogram), where=total > 0)
    return np.where(total > 0, share - 1.0 / histogram.shape[1], 0.0)


def _unit(rows: Block) -> Block:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-12)
