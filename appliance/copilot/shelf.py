"""The corpus as the copilot reads it: materials, keys, and where a value stands among all."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.copilot.material import HIGHEST_KEY, LOWEST_KEY, Material
from appliance.policies.facts import Facts
from appliance.policies.moment import SEED
from corpus.cutting.rotation import rotate as rotate_notes
from corpus.cutting.rotation import rotated
from corpus.hearing.describe import describe
from corpus.hearing.key import MAJOR, MINOR, Key
from corpus.keeping.bundle import Bundle
from corpus.midiwrite import TICKS_PER_BEAT
from models.notes import Phrase, sort_notes, transpose

SEED_ID = "seed"
RANKED = (
    "onset_density",
    "mean_pitch",
    "mean_velocity",
    "articulation",
    "swing_ratio",
    "syncopation",
    "off_beat",
    "chromaticism",
    "harmonic_rhythm",
    "polyphony",
)
"""The columns that words can be about."""

SAMPLE = 200
KEPT = 256  # segments in memory, the latest

Floats = NDArray[np.float64]


class Shelf:
    """A bundle, and the seed where there is one; what is worked out is kept."""

    def __init__(
        self, bundle: Bundle, seed: Phrase | None = None, facts: Facts | None = None
    ) -> None:
        self.bundle = bundle
        self.facts = facts or Facts(bundle)
        self.seed = None if seed is None else in_ticks(seed)
        self._materials: dict[tuple[int, int], Material] = {}
        self._grids: dict[int, NDArray[np.float32]] = {}
        self._labelled: dict[str, NDArray[np.bool_]] = {}

    def ready(self) -> "Shelf":
        """Work out now what the first rounds would wait for."""
        self.ranks, self.minor, self.tonic, self.low, self.numbers, self._texts, self.some  # noqa: B018
        self.onset_grids(4)
        return self

    def with_seed(self, seed: Phrase) -> "Shelf":
        """The same shelf with another seed; what was worked out about the corpus is shared."""
        other = copy(self)
        other.seed = in_ticks(seed)
        other._materials = {key: one for key, one in self._materials.items() if key[0] != SEED}
        other.__dict__.pop("_seed_description", None)
        return other

    @property
    def segments(self) -> NDArray[Any]:
        return self.facts.segments

    @cached_property
    def columns(self) -> Mapping[str, Floats]:
        """The RANKED columns as plain arrays."""
        return {name: np.array(self.segments[name], np.float64) for name in RANKED}

    @cached_property
    def ranks(self) -> Mapping[str, Floats]:
        """The percentile of every segment in each of RANKED."""
        return {name: self.percentile(name, self.columns[name]) for name in RANKED}

    @cached_property
    def minor(self) -> NDArray[np.bool_]:
        return np.asarray(self.segments["key_minor"] == 1)

    @cached_property
    def tonic(self) -> NDArray[np.int64]:
        return np.array(self.segments["key_tonic"], np.int64)

    @cached_property
    def low(self) -> NDArray[np.int64]:
        return np.array(self.segments["low"], np.int64)

    @cached_property
    def high(self) -> NDArray[np.int64]:
        return np.array(self.segments["high"], np.int64)

    @cached_property
    def numbers(self) -> Mapping[str, NDArray[Any]]:
        """Columns that are asked for often, out of the mapped file."""
        names = ("beats", "bar", "bpm", "bass_notes", "chord_notes", "melody_notes")
        return {name: np.array(self.segments[name]) for name in names}

    @cached_property
    def _sorted(self) -> Mapping[str, Floats]:
        return {name: np.sort(column) for name, column in self.columns.items()}

    def percentile(self, name: str, value: Any) -> Any:
        """0..100: the share of segments below it, equal ones counted half."""
        column = self._sorted[name]
        left = np.searchsorted(column, value, "left")
        return (left + np.searchsorted(column, value, "right")) * (50.0 / len(column))

    def value_at(self, name: str, percentile: float) -> float:
        return float(np.percentile(self._sorted[name], np.clip(percentile, 0, 100)))

    def id_of(self, row: int) -> str:
        return SEED_ID if row == SEED else str(self.segments["id"][row])

    def row_of(self, source: str) -> int:
        if source == SEED_ID:
            return SEED
        row = self.facts.row(source)
        return self.bundle.row(source) if row is None else row

    def material(self, source: str, rotate: int) -> Material:
        return self.of_row(self.row_of(source), rotate)

    def of_row(self, row: int, rotate: int = 0) -> Material:
        """A segment, or the seed, entered at its beat `rotate`; not to be written to."""
        if (row, rotate) not in self._materials:
            while len(self._materials) >= KEPT:
                del self._materials[next(iter(self._materials))]
            self._materials[row, rotate] = self._read(row, rotate)
        return self._materials[row, rotate]

    def _read(self, row: int, rotate: int) -> Material:
        phrase = self.phrase(row)
        layers = self._seed_layers if row == SEED else self.bundle.layers_of(row)
        turned = rotated(phrase, rotate)
        if turned is not phrase:
            order = _order_after(phrase, rotate)
            layers = layers[order]
        notes = turned.notes
        order = np.lexsort((layers, notes["pitch"], notes["onset"]))
        return Material(notes[order], layers[order], turned.pedals, turned.beats, turned.bar)

    def key_of(self, row: int) -> Key:
        """The key that a segment was found to be in; that of the seed is analysed."""
        if row == SEED:
            key: Key = self._seed_description.key
            return key
        mode = MINOR if self.minor[row] else MAJOR
        return Key(int(self.tonic[row]), mode, float(self.segments["key_confidence"][row]))

    def bpm_of(self, row: int) -> float:
        return self.phrase(row).bpm if row == SEED else float(self.numbers["bpm"][row])

    def onset_grids(self, slots: int) -> NDArray[np.float32]:
        """For each segment whether something is struck in each of `slots` parts of a beat; (rows,
        slots x the most beats), a shorter one in the first columns."""
        if slots not in self._grids:
            beats = self.numbers["beats"]
            wide = int(np.ceil(beats.max())) * slots
            owner = np.repeat(np.arange(len(beats)), self.segments["notes"])
            onset = np.mod(self.bundle.notes["onset"], beats[owner])
            place = np.round(onset * slots).astype(np.int64)
            place %= np.maximum(1, np.round(beats[owner] * slots).astype(np.int64))
            grid = np.zeros((len(beats), wide), np.float32)
            grid[owner, np.minimum(place, wide - 1)] = 1
            self._grids[slots] = grid
        return self._grids[slots]

    @cached_property
    def some(self) -> list[Material]:
        """SAMPLE segments that stand for chance, as they begin."""
        size = len(self.segments)
        rows = np.random.default_rng(size).choice(size, min(size, SAMPLE), replace=False)
        return [self.of_row(int(row)) for row in rows]

    def labelled(self, word: str) -> NDArray[np.bool_]:
        """The segments whose labels or recording's name have a word."""
        if word not in self._labelled:
            found = [np.char.find(text, word.lower()) >= 0 for text in self._texts]
            self._labelled[word] = found[0] | found[1]
        return self._labelled[word]

    @cached_property
    def _texts(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return (
            np.char.lower(np.array(self.segments["labels"])),
            np.char.lower(np.array(self.segments["track"])),
        )

    def fits(self, rows: NDArray[Any], semitones: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether the keyboard has room for these segments, transposed."""
        low, high = self.low[rows] + semitones, self.high[rows] + semitones
        return np.asarray((low >= LOWEST_KEY) & (high <= HIGHEST_KEY))

    def phrase(self, row: int) -> Phrase:
        """A segment, or the seed, as a phrase."""
        if row != SEED:
            return self.bundle.phrase(row)
        if self.seed is None:
            raise ValueError("this shelf has no seed")
        return self.seed

    @cached_property
    def _seed_description(self) -> Any:
        return describe(self.phrase(SEED))

    @property
    def _seed_layers(self) -> NDArray[np.uint8]:
        layers: NDArray[np.uint8] = self._seed_description.layers
        return layers


def in_ticks(phrase: Phrase) -> Phrase:
    """The phrase with its notes on ticks, as a seed comes back from the disk: edits of it have to
    come out the same for who has only that."""
    notes, pedals = phrase.notes.copy(), phrase.pedals.copy()
    start = np.rint(notes["onset"] * TICKS_PER_BEAT)
    end = np.rint((notes["onset"] + notes["duration"]) * TICKS_PER_BEAT)
    notes["onset"] = start / TICKS_PER_BEAT
    notes["duration"] = np.maximum(1, end - start) / TICKS_PER_BEAT
    pedals["beat"] = np.rint(pedals["beat"] * TICKS_PER_BEAT) / TICKS_PER_BEAT
    return replace(phrase, notes=sort_notes(notes), pedals=pedals)


def _order_after(phrase: Phrase, by: int) -> NDArray[np.int64]:
    """Where `rotate` takes each note from: the notes are numbered by their durations, which it
    leaves alone."""
    marked = phrase.notes.copy()
    marked["duration"] = np.arange(len(marked))
    return rotate_notes(marked, phrase.beats, by)["duration"].astype(np.int64)


def raised(material: Material, semitones: int) -> Material:
    """The same material, transposed."""
    notes = transpose(material.notes, semitones)
    return Material(notes, material.layers, material.pedals, material.beats, material.bar)
