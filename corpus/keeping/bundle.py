"""The bundle: a corpus made ready, as plain .npy files beside a manifest.

Any numpy user can read one (see corpus/README.md). It is written to a folder beside its place,
which it then takes in one step, so that a bundle is always the old one or the new one, whole.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.cutting.segment import Segment
from corpus.errors import BundleError
from corpus.hearing.chords import Chords
from corpus.hearing.describe import DESCRIPTION, Description, percentiles
from corpus.keeping import atomic
from corpus.keeping.columns import COLUMNS, TEXTS
from corpus.keeping.manifest import (
    FORMAT,
    MANIFEST,
    check_seal,
    is_name,
    manifest_bytes,
    manifest_text,
    own_files,
    read_manifest,
    stranger,
)
from corpus.keeping.npy import map_npy
from corpus.keeping.soundness import (
    POINTERS,
    check_neighbours,
    check_phrase,
    check_segments,
    check_shapes,
    check_values,
    damaged,
)
from corpus.neighbours import Neighbours
from models.embedder import Embedder, Vectors, make_embedder
from models.errors import ModelError
from models.notes import Phrase

ARRAYS = (
    "segments",
    "notes",
    "layers",
    "pedals",
    "chords",
    "percentiles",
    "embeddings",
    "neighbours",
)
LABEL_MARK = "|"  # between the labels of a segment


@dataclass(frozen=True, eq=False)
class Bundle:
    """An open bundle; its arrays are memory-mapped and read-only."""

    path: Path
    manifest: Mapping[str, Any]
    sha256: str
    segments: NDArray[Any]
    notes: NDArray[Any]
    layers: NDArray[np.uint8]
    pedals: NDArray[Any]
    chords: Chords
    percentiles: NDArray[Any]
    embeddings: NDArray[np.float16]
    neighbours: Neighbours
    verified: bool = False

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @property
    def embedder(self) -> str:
        return str(self.manifest["embedder"]["name"])

    def __len__(self) -> int:
        return len(self.segments)

    def phrase(self, row: int) -> Phrase:
        """The segment in a row, in memory; BundleError where it cannot be played.

        Unless the bundle was verified when it was opened, the row is now.
        """
        if not 0 <= row < len(self):
            raise BundleError(f"{self.path}: no segment in row {row} of {len(self)}")
        if self.verified:
            return self.phrase_of(self.segments[row])
        check_segments(self, self.segments[row : row + 1])
        phrase = self.phrase_of(self.segments[row])
        check_phrase(self.path, phrase, str(self.segments["id"][row]))
        return phrase

    def nearest(self, row: int) -> Neighbours:
        """The neighbours of the segment in a row, nearest first; BundleError as for `phrase`."""
        if not self.verified:
            check_neighbours(self, np.array([row]))
        found: Neighbours = self.neighbours[row]
        return found

    def phrase_of(self, segment: Any) -> Phrase:
        first, count = int(segment["first_note"]), int(segment["notes"])
        notes = np.array(self.notes[first : first + count])
        first, count = int(segment["first_pedal"]), int(segment["pedals"])
        pedals = np.array(self.pedals[first : first + count])
        beats, bpm, bar = (float(segment[field]) for field in ("beats", "bpm", "bar"))
        return Phrase(notes, pedals, beats, bpm, bar)

    def layers_of(self, row: int) -> NDArray[np.uint8]:
        """The layer (hearing.voices) of each note of a segment, in the order of its notes."""
        segment = self.segments[row]
        first = int(segment["first_note"])
        return np.array(self.layers[first : first + int(segment["notes"])])

    def chords_of(self, row: int) -> Chords:
        """The chord of each beat of a segment."""
        segment = self.segments[row]
        first = int(segment["first_chord"])
        return np.array(self.chords[first : first + int(segment["chords"])])

    def row(self, segment_id: str) -> int:
        """The row of a segment by its id; BundleError when there is none."""
        found = np.flatnonzero(self.segments["id"] == segment_id)
        if len(found) == 0:
            raise BundleError(
                f"{self.path}: no segment {segment_id!r}; ids look like {self.segments['id'][0]}"
            )
        return int(found[0])


@dataclass(frozen=True, eq=False)
class Described:
    """A segment as it goes into a bundle."""

    segment: Segment
    description: Description
    labels: tuple[str, ...] = ()


def write_bundle(
    out: Path,
    pieces: Sequence[Described],
    vectors: Vectors,
    neighbours: Neighbours,
    facts: Mapping[str, Any],
) -> None:
    """Write all of it or nothing; an older bundle at `out` is replaced, anything else is not.

    `facts` go into the manifest: at least `embedder` (name, sha256, dimension) and `tracks`,
    which `open_bundle` compares with the segments when it verifies.
    """
    check_replaceable(out)
    out = Path(os.path.abspath(out))  # "." and ".." have no name of their own
    arrays = _arrays(pieces, vectors, neighbours)
    new = atomic.begin(out, MANIFEST)
    for name, array in arrays.items():
        with (new / f"{name}.npy").open("wb") as file:
            np.save(file, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
    manifest = {
        "format": FORMAT,
        "name": out.name,
        "neighbours": {"k": neighbours.shape[1]},
        "left_out": [],
        "copies": 0,
        **facts,
        "counts": {name: len(array) for name, array in arrays.items()},
        "files": {f"{name}.npy": _sha256(new / f"{name}.npy") for name in ARRAYS},
    }
    with (new / MANIFEST).open("w", encoding="utf-8") as text:
        text.write(manifest_text(manifest))
        text.flush()
        os.fsync(text.fileno())
    atomic.finish(out)


def open_bundle(path: Path, verify: bool = False) -> Bundle:
    """Open a bundle by memory map; with `verify`, every hash and every value is checked first.

    BundleError names the file and the fault. Where a replacement was interrupted, what it left
    whole is opened.
    """
    path = atomic.find(path, MANIFEST)
    raw = manifest_bytes(path)
    manifest = read_manifest(path, raw)
    arrays = {name: _load(path / f"{name}.npy") for name in ARRAYS}
    bundle = Bundle(path, manifest, hashlib.sha256(raw).hexdigest(), **arrays, verified=False)
    check_shapes(bundle)
    if verify:
        check_seal(path, manifest)
        _check_files(path, manifest)
        check_values(bundle)
        bundle = replace(bundle, verified=True)
    return bundle


def embedder_of(bundle: Bundle) -> Embedder:
    """The embedder that made the bundle; BundleError where there is none that did."""
    try:
        embedder = make_embedder(bundle.embedder)
    except ModelError as error:
        raise BundleError(f"{bundle.path}: {error}") from error
    check_embedder(bundle, embedder)
    return embedder


def check_embedder(bundle: Bundle, embedder: Embedder) -> None:
    """BundleError unless this embedder made the bundle: vectors of two are never compared."""
    said = bundle.manifest["embedder"]
    if (said["name"], said["sha256"]) != (embedder.name, embedder.sha256):
        raise BundleError(
            f"{bundle.path}: made by another version of {said['name']}; build it again"
        )
    if bundle.embeddings.shape[1] != embedder.dimension:
        raise damaged(bundle.path, f"{embedder.name} gives {embedder.dimension} numbers a segment")


def check_replaceable(out: Path) -> None:
    """Raise BundleError unless a bundle can be written to `out`.

    It must be free, empty or an older bundle with nothing else in it, its name text, and the
    folder that it is in one that can be written.
    """
    place = Path(os.path.abspath(out))
    if not is_name(place.name):
        raise BundleError(f"{str(out)!a}: a name that cannot be written; choose another --out")
    _check_writable(out, place)
    if out.is_dir():
        _check_contents(out)
    elif out.exists() or out.is_symlink():
        raise BundleError(f"{out}: exists and is not a bundle; choose another --out")


def _check_writable(out: Path, place: Path) -> None:
    """Before hours of work; what is in the way is found again when it is written."""
    try:
        os.lstat(atomic.beside(place, atomic.NEW))  # the longest name that is written
    except (FileNotFoundError, NotADirectoryError):
        pass  # as it should be; what is no folder is named below
    except OSError as error:
        raise BundleError(f"{out}: {error.strerror}; choose another --out") from error
    folder = next(one for one in place.parents if os.path.lexists(one))
    if not folder.is_dir():
        raise BundleError(f"{out}: {folder} is not a folder; choose another --out")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BundleError(f"{out}: {folder} cannot be written; choose another --out")
    if own_files(folder):
        raise BundleError(f"{out}: inside of the bundle {folder}; choose another --out")


def _check_contents(out: Path) -> None:
    try:
        empty = not any(out.iterdir())
        own = own_files(out)
        other = None if empty else stranger(out, own)
    except OSError as error:
        raise BundleError(f"{out}: cannot be read: {error.strerror}") from error
    if not empty and not own:
        raise BundleError(f"{out}: exists and is not a bundle; choose another --out")
    if other is not None:
        raise BundleError(
            f"{out}: holds {other!a}, which is no part of a bundle; take it away, or choose"
            " another --out"
        )


def _arrays(
    pieces: Sequence[Described], vectors: Vectors, neighbours: Neighbours
) -> dict[str, NDArray[Any]]:
    phrases = [piece.segment.phrase for piece in pieces]
    rows = np.array([piece.description.row for piece in pieces], DESCRIPTION)
    return {
        "segments": _segment_table(pieces, rows),
        "notes": np.concatenate([phrase.notes for phrase in phrases]),
        "layers": np.concatenate([piece.description.layers for piece in pieces]),
        "pedals": np.concatenate([phrase.pedals for phrase in phrases]),
        "chords": np.concatenate([piece.description.chords for piece in pieces]),
        "percentiles": percentiles(rows),
        "embeddings": vectors.astype(np.float16),
        "neighbours": neighbours,
    }


def _segment_table(pieces: Sequence[Described], rows: NDArray[Any]) -> NDArray[Any]:
    segments = [piece.segment for piece in pieces]
    phrases = [segment.phrase for segment in segments]
    values: dict[str, Any] = {
        "id": [segment.id for segment in segments],
        "track": [segment.track for segment in segments],
        "labels": [LABEL_MARK.join(piece.labels) for piece in pieces],
        "start_beat": [segment.start_beat for segment in segments],
        "beats": [phrase.beats for phrase in phrases],
        "bar": [phrase.bar for phrase in phrases],
        "bpm": [phrase.bpm for phrase in phrases],
        "notes": [len(phrase.notes) for phrase in phrases],
        "pedals": [len(phrase.pedals) for phrase in phrases],
        "chords": [len(piece.description.chords) for piece in pieces],
        "loopability": [segment.loopability for segment in segments],
        "transposed": [segment.transposed for segment in segments],
        "rotated": [segment.rotated for segment in segments],
    }
    for first, count in POINTERS:
        values[first] = np.cumsum([0, *values[count][:-1]])
    longest = {name: max(1, *(len(text) for text in values[name])) for name in TEXTS}
    dtype = np.dtype([(n, f"<U{longest[n]}" if n in longest else t) for n, t, *_ in COLUMNS])
    table = np.zeros(len(pieces), dtype)
    for name in dtype.names or ():
        table[name] = values[name] if name in values else rows[name]
    return table


def _check_files(path: Path, manifest: Mapping[str, Any]) -> None:
    for name in ARRAYS:
        file = path / f"{name}.npy"
        if _sha256(file) != manifest["files"].get(file.name):
            raise damaged(path, f"{file.name} is not what it was when the bundle was written")
    other = stranger(path, frozenset({MANIFEST, *(f"{name}.npy" for name in ARRAYS)}))
    if other is not None:
        raise BundleError(f"{path}: holds {other!a}, which is no part of a bundle; take it away")


def _load(file: Path) -> NDArray[Any]:
    try:
        return map_npy(file)
    except (OSError, ValueError) as error:
        raise damaged(file.parent, f"{file.name} cannot be read") from error


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
