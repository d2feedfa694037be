"""The notes of a loop with the voice that each belongs to."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.hearing.voices import BASS, CHORDS, MELODY
from models.notes import Notes, Pedals, Phrase

LOW, HIGH = 3, 4
VOICE, GHOST = 7, 8  # a layer's code, and the mark of a note that an effect added
LAYERS = ("bass", "chords", "melody", "low", "high")
VOICES = (BASS, CHORDS, MELODY)
REGISTERS = ("low", "high")
MIDDLE_C = 60
LOWEST_KEY, HIGHEST_KEY = 21, 108
ONE_MOMENT = 1e-3  # beats; two strikes of a key nearer than this are one

Mask = NDArray[np.bool_]
Layers = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Material:
    """Notes sorted by onset and pitch, a layer (index into LAYERS) for each, and the pedals."""

    notes: Notes
    layers: Layers
    pedals: Pedals
    beats: float
    bar: float

    @property
    def names(self) -> tuple[str, ...]:
        """The layers that have notes."""
        return tuple(LAYERS[code] for code in np.unique(self.layers & VOICE).tolist())

    def mask(self, layer: str | None) -> Mask:
        """The notes of a layer; all without one. `low` and `high` are the halves of the keyboard,
        unless a layer of that name was added."""
        if layer is None:
            return np.ones(len(self.notes), bool)
        own: Mask = (self.layers & VOICE) == LAYERS.index(layer)
        if own.any() or layer not in REGISTERS:
            return own
        below: Mask = self.notes["pitch"] < MIDDLE_C
        return below if layer == "low" else ~below

    @property
    def played(self) -> Mask:
        """The notes that no effect added."""
        own: Mask = (self.layers & GHOST) == 0
        return own

    def only(self, mask: Mask) -> "Material":
        return replace(self, notes=self.notes[mask], layers=self.layers[mask])

    def joined(self, notes: Notes, layers: Layers, within: bool = False) -> "Material":
        """With more notes, in order; a key that is struck already at that moment is not again:
        by any note, or, with `within`, by one of the same layer."""
        if len(notes) == 0:
            return self
        alike = None
        if within:
            alike = (layers[:, np.newaxis] & VOICE) == (self.layers & VOICE)
        free = ~struck_with(notes, self.notes, alike)
        return ordered(
            self,
            np.concatenate([self.notes, notes[free]]),
            np.concatenate([self.layers, layers[free]]),
        )

    def phrase(self, bpm: float) -> Phrase:
        return Phrase(self.notes, self.pedals, self.beats, bpm, self.bar)

    def same(self, other: "Material") -> bool:
        return (
            np.array_equal(self.notes, other.notes)
            and np.array_equal(self.layers, other.layers)
            and np.array_equal(self.pedals, other.pedals)
            and (self.beats, self.bar) == (other.beats, other.bar)
        )


def ordered(material: Material, notes: Notes, layers: Layers) -> Material:
    """The material with these notes, sorted by onset, pitch and layer."""
    order = np.lexsort((layers, notes["pitch"], notes["onset"]))
    return replace(material, notes=notes[order], layers=layers[order])


def struck_with(notes: Notes, others: Notes, alike: Any = None) -> Mask:
    """Which notes strike a key at a moment at which one of the others does; `alike` (notes, others)
    says which pairs count."""
    if len(others) == 0:
        return np.zeros(len(notes), bool)
    apart = np.abs(notes["onset"][:, np.newaxis] - others["onset"])
    key: Any = notes["pitch"][:, np.newaxis] == others["pitch"]
    met = (apart < ONE_MOMENT) & key
    found: Mask = (met if alike is None else met & alike).any(axis=1)
    return found
